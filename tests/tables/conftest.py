import pytest

from charrnn.cli import main
from charrnn.corpus.rows import FORMATS, ReadOptions, TableFile, format_of
from charrnn.inference import load
from charrnn.inference.frames import NameColumns
from charrnn.tables import store
from charrnn.tables.plan import plan

SETTINGS = {
    "top_k": 3,
    "prior": "model",
    "coverage": None,
    "min_probability": 0.0,
    "kind": None,
    "level": "label",
    "whole": False,
    "labels": None,
}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    """Receipts of finished jobs lie in the cache folder."""
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(store, "PART_ROWS", 4)


@pytest.fixture
def run(trained, capsys):
    """Execute ``charrnn classify`` with the trained model; gives (status, output, error)."""

    def run(*arguments):
        status = main(["classify", "--model", str(trained["classifier"]), *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def job_for(trained, tmp_path):
    """Plan a job of files in the temporary folder."""

    def job_for(source, target, options=None, columns=("name",), **settings):
        names = [source] if isinstance(source, str) else source
        inputs = [TableFile(str(tmp_path / name), format_of(name), options or ReadOptions()) for name in names]
        output = target if target == "-" else str(tmp_path / target)
        chosen = format_of(target) or "csv"
        assert chosen in FORMATS.values()
        folder = str(settings.pop("model", trained["classifier"]))
        safe = settings.pop("spreadsheet_safe", False)
        return plan(inputs, output, chosen, load(folder), folder, NameColumns(*columns), SETTINGS | settings, safe)

    return job_for
