import builtins
import re
import tomllib
from importlib import metadata

import pytest

from charrnn import errors
from tests.conftest import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra != "dev"])
def test_a_missing_extra_names_the_packages_to_install(extra):
    with pytest.raises(errors.MissingExtraError) as caught, errors.needs_extra(extra):
        import no_such_module  # noqa: F401
    message, packages = str(caught.value).split("pip install ")
    assert message == "no_such_module is not installed. Run: "
    assert sorted(packages.split(" ")) == sorted(f'"{needed.partition(";")[0]}"' for needed in EXTRAS[extra])


def test_the_packages_come_from_the_metadata_of_the_distribution(monkeypatch):
    asked = []

    def requires(name):
        asked.append(name)
        return [
            "numpy>=2.0",
            "pyarrow>=17; extra == 'ray'",
            'ray[data]>=2.40; extra == "ray"',
            'pyarrow>=17; extra == "tables"',
        ]

    monkeypatch.setattr(metadata, "requires", requires)
    assert errors.extra_requirements("ray") == ["pyarrow>=17", "ray[data]>=2.40"]
    assert asked == ["charrnn-names"]


def test_where_nothing_tells_the_packages_the_extra_is_named(monkeypatch, tmp_path):
    """A copy of the package alone, without metadata and without pyproject.toml."""

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", absent)
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "charrnn" / "errors.py"))
    message = "no_such_module is not installed. Its extra in pyproject.toml is 'ray'."
    with pytest.raises(errors.MissingExtraError, match=message), errors.needs_extra("ray"):
        import no_such_module  # noqa: F401


def test_a_missing_module_of_our_own_is_a_mistake_and_no_missing_extra():
    with pytest.raises(ModuleNotFoundError), errors.needs_extra("train"):
        import charrnn.no_such_module  # noqa: F401


def test_a_message_is_one_line_whatever_it_quotes():
    assert str(errors.CorpusError("column 'a\n\x1bb\u2028'")) == "column 'a  b '"


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


def test_every_error_stands_in_the_tree_below_its_parent():
    depth, tree = {}, {}
    for line in errors.__doc__.splitlines():
        if found := re.match(r"    ([│├└─\s]*)(\w+)", line):
            depth[len(found[1])] = found[2]
            above = [name for indent, name in sorted(depth.items()) if indent < len(found[1])]
            tree[found[2]] = above[-1] if above else "Exception"
    assert tree == {kind.__name__: kind.__base__.__name__ for kind in KINDS}


def test_causes_are_told_apart():
    """Bad input, bad setting, storage, model folder, interruption: none is a kind of another one."""
    causes = (
        errors.InputError,
        errors.SettingsError,
        errors.StorageError,
        errors.ModelFolderError,
        errors.InterruptedRunError,
    )
    for kind in KINDS:
        assert sum(issubclass(kind, cause) for cause in causes) <= 1
    assert not any(issubclass(kind, (OSError, ValueError)) for kind in KINDS)
    assert not {kind.__name__ for kind in KINDS} & vars(builtins).keys()
