"""Names with their diacritics and in their own script, from the list to the page."""

import gzip
import json
import unicodedata

import pytest

from charrnn import train
from charrnn.cli import main as charrnn
from charrnn.corpus import Corpus
from charrnn.inference import load
from charrnn.service.models import ServedModels
from charrnn.service.page.classify_tab import answer_html
from charrnn.service.page.generate_tab import invent, names_html
from charrnn.service.page.texts import Texts
from charrnn.service.schemas import GenerateRequest
from charrnn.text import fold_latin

CYRILLIC = [
    stem + end
    for stem in ["Иван", "Петр", "Сидор", "Кузнец", "Попов", "Волк", "Соколов", "Лебед", "Новик", "Мороз"]
    for end in ("ов", "ова", "ев", "ева", "енко", "ский", "ская", "ин", "ина", "ович")
]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of a classifier and a generator of Czech, Irish and Russian names as they are written."""
    root = tmp_path_factory.mktemp("native")
    corpus = Corpus.read("names/surname")
    for label in ("Czech", "Irish"):
        own = [n for n, lab in zip(corpus.names, corpus.labels, strict=True) if lab == label]
        (root / "data" / f"{label}.txt").parent.mkdir(exist_ok=True)
        (root / "data" / f"{label}.txt").write_text("\n".join(own[::5]) + "\n", encoding="utf-8")
    (root / "data" / "Russian.txt").write_text("\n".join(CYRILLIC) + "\n", encoding="utf-8")
    for task in ("classifier", "generator"):
        flags = ["--epochs", "6", "--hidden", "32", "--batch-size", "32", "--learning-rate", "0.01", "--folds", "0"]
        out = ["--data", str(root / "data"), "--out", str(root / task), "--pipeline", "native"]
        assert train.main([task, *out, *flags]) == 0
    return root


def test_the_alphabet_holds_the_characters_of_the_list(models):
    for task, letters in (("classifier", "áříóи"), ("generator", "áříóИи")):
        config = load(models / task).config
        assert set(letters) <= set(config.alphabet) and config.pipeline.startswith("native")


def test_any_composition_and_case_is_read_alike(models):
    model = load(models / "classifier")
    spellings = ["Dvořáková", unicodedata.normalize("NFD", "Dvořáková"), "DVOŘÁKOVÁ", " dvořáková "]
    assert len({answer.predictions for answer in model.predict(spellings)}) == 1
    with_marks, without = model.probabilities(["Dvořáková", "Dvorakova"])
    assert abs(with_marks - without).max() > 1e-6


def test_scripts_are_classified_and_explained(models):
    model = load(models / "classifier")
    names = ["Кузнецова", "Ó Briain", "Dvořáková"]
    assert [a.predictions[0].label for a in model.predict(names)] == ["Russian", "Irish", "Czech"]
    assert model.explain("Ó Briain").characters == "ó briain"
    assert model.predict(["王小明"])[0].reason == "out-of-vocabulary"


def test_names_are_invented_as_they_are_written(models):
    model = load(models / "generator")
    czech, russian = ("".join(model.sample(label, 200, seed=1)) for label in ("Czech", "Russian"))
    assert set("áíř") & set(czech) and any("а" <= c <= "я" for c in russian)


def test_the_page_shows_them(models):
    served, texts = ServedModels.load(str(models)), Texts("en")
    answer = answer_html(served, "Dvořáková", texts)
    assert "Dvořáková" in answer and "Czech" in answer and ">ř</button>" in answer
    asked = GenerateRequest(label="Czech", n=100, seed=7)
    *names, _ = invent(served, asked)
    assert any(c in names_html(names, asked, texts) for c in "áíř")


def test_the_test_split_is_found_again_and_known_names_are_folded(models, capsys):
    for task, key in (("classifier", "accuracy"), ("generator", "nats_per_char")):
        folder = models / task
        arguments = ["--model", folder, "--data", models / "data", "--split", "test", "--format", "json"]
        assert charrnn(["evaluate", *map(str, arguments)]) == 0
        stored = load(folder).config.metrics["charrnn"][key]
        assert json.loads(capsys.readouterr().out)[key] == pytest.approx(stored, abs=1e-9)
        known = gzip.decompress((folder / "known.txt.gz").read_bytes()).decode().splitlines()
        assert known == sorted({fold_latin(name) for name in Corpus.read(models / "data").names})
        assert set("ия") <= set("".join(known)) and not set("áíř") & set("".join(known))


def test_a_tuned_model_reads_names_as_its_base_does_unless_told_otherwise(models, tmp_path):
    data = ["--data", str(models / "data" / "Russian.txt"), "--epochs", "1", "--init", str(models / "generator")]
    for name, flags, pipeline in (("a", [], "native"), ("b", ["--pipeline", "ascii"], "ascii")):
        assert train.main(["generator", *data, "--out", str(tmp_path / name), *flags]) == 0
        assert load(tmp_path / name).config.pipeline == pipeline
        # The card's command brings the same pipeline again.
        assert f"--pipeline {pipeline}" in (tmp_path / name / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_a_list_in_letters_that_a_model_lacks_profits_from_it(task, models, tmp_path):
    """It could not start from one at all: the base's alphabet had no place for them."""
    data = tmp_path / "data"
    data.mkdir()
    for path in (models / "data").glob("*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        (data / path.name).write_text("\n".join(lines[:40]), encoding="utf-8")
    arguments = [task, "--data", str(data), "--pipeline", "native", "--epochs", "3", "--out"]
    assert train.main([*arguments, str(tmp_path / "tuned"), "--init", f"names/{task}"]) == 0
    assert train.main([*arguments, str(tmp_path / "fresh")]) == 0
    base, tuned, fresh = (load(path) for path in (f"names/{task}", tmp_path / "tuned", tmp_path / "fresh"))
    alphabet = tuned.config.alphabet
    lacking = {"classifier": "áří", "generator": "Иа"}[task]
    assert alphabet.startswith(base.config.alphabet) and not set(lacking) & set(base.config.alphabet)
    assert set("říа") | set(lacking) <= set(alphabet)
    assert tuned.config.pipeline.startswith("native")
    key = {"classifier": "nll", "generator": "nats_per_char"}[task]
    losses = [model.config.metrics["charrnn"][key] for model in (tuned, fresh)]
    assert losses[0] < losses[1]


def test_names_that_are_left_out_are_compared_as_they_are_written(models, tmp_path, capsys):
    table = tmp_path / "names.csv"
    table.write_text("name,label\nعمر,Czech\nخالد,Irish\n", encoding="utf-8")
    arguments = ["--model", models / "classifier", "--data", table, "--exclude", table]
    assert charrnn(["evaluate", *map(str, arguments)]) == 2
    assert "no names are left" in capsys.readouterr().err
