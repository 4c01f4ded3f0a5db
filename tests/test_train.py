import dataclasses
import gzip
import json
import math
import os
import random
import shlex
import string
import subprocess
import sys
from collections import Counter

import pytest

from charrnn import model_folder, train
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import CorpusError, NonFiniteLossError
from charrnn.inference import Classifier, Generator, load
from charrnn.inference.evaluation import evaluate
from charrnn.text import PIPELINES
from charrnn.training.settings import MEMORY_WEIGHT, SETTINGS, from_flags

FAST = ["--epochs", "1", "--hidden", "8"]
FLAGS = {
    *("data", "name-column", "label-column", "kind-column", "score-on", "out", "init", "private", "resume"),
    *("delimiter", "encoding", "bad-rows", "sheet"),
    *("cell", "hidden", "dropout", "pipeline", "epochs", "batch-size", "learning-rate", "weight-decay", "ema"),
    *("schedule", "lr-factor", "lr-patience", "lr-threshold", "lr-min", "patience"),
    *("seed", "device", "precision", "parallel", "validation-fraction", "test-fraction", "folds"),
}
OWN_FLAGS = {"classifier": {"memory-weight"}, "generator": set()}


def refused(capsys, *arguments):
    """Run the command, which must refuse; gives its one line."""
    assert train.main([str(a) for a in arguments]) == 2
    captured = capsys.readouterr()
    line = captured.err.splitlines()[-1]
    assert "Traceback" not in captured.err
    return line


def test_the_list_of_flags_is_frozen():
    for task in SETTINGS:
        flags = {name.replace("_", "-") for name in vars(train.parse([task, "--data", "x", "--out", "y"]))} - {"task"}
        assert flags == FLAGS | OWN_FLAGS[task]
        assert len(flags) <= 36


def test_every_flag_explains_itself_in_its_group(capsys):
    for task, settings in SETTINGS.items():
        assert all(setting.metadata["help"].endswith(".") for setting in dataclasses.fields(settings))
        with pytest.raises(SystemExit):
            train.parse([task, "--help"])
        printed = capsys.readouterr().out
        without = {"data", "score-on", "out", "private", "resume"}
        assert printed.count("Default:") == len((FLAGS | OWN_FLAGS[task]) - without)
        for group in ("run:", "model:", "optimisation:", "schedule:", "machine:", "split:"):
            assert f"\n{group}\n" in printed


def test_a_folder_is_whole(trained):
    for task, folder in trained.items():
        files = {"config.json", "model.safetensors", "README.md", "known.txt.gz", "run"}
        assert {p.name for p in folder.iterdir()} == files | ({"reliability.png"} if task == "classifier" else set())
        assert any("tfevents" in p.name for p in (folder / "run").iterdir())
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert f"python -m charrnn.train {task}" in card and "--hidden 32" in card and "4-gram" in card
        assert "## Calibration" in card and "| Greek |" in card


def test_the_card_shows_coverage_and_scores_by_label(trained):
    card = (trained["classifier"] / "README.md").read_text(encoding="utf-8")
    config = load(trained["classifier"]).config
    assert (trained["classifier"] / "reliability.png").read_bytes().startswith(
        b"\x89PNG"
    ) and "(reliability.png)" in card
    for promised, found in config.calibration["test"].items():
        row = f"| {100 * float(promised):.0f} % | {100 * found['coverage']:.1f} % | {found['size']:.2f} |"
        assert row in card and 0.5 < found["coverage"] <= 1
    for label, scores in config.by_label.items():
        assert f"| {label} | " in card and f" | {scores['f1']:.2f} |" in card
    assert sum(scores["names"] for scores in config.by_label.values()) == config.data["test"]


def test_the_card_says_what_was_calibrated(trained):
    cards = {task: (folder / "README.md").read_text(encoding="utf-8") for task, folder in trained.items()}
    likeness = "those of 99.25 % of the validation names of its script; this is so for Latin."
    assert likeness in cards["classifier"] and likeness not in cards["generator"]
    characters = load(trained["generator"]).config.calibration["characters"]
    assert f"These powers were fitted on {characters:,} characters of validation names." in cards["generator"]


def test_the_same_seed_gives_the_same_weights(small_corpus_dir, tmp_path):
    for out in ("a", "b"):
        assert train.main(["classifier", "--data", str(small_corpus_dir), "--out", str(tmp_path / out), *FAST]) == 0
    a, b = (model_folder.read_config(tmp_path / out).weights_sha256 for out in ("a", "b"))
    assert a == b


def network_alone(folder):
    """The model of a folder without its n-grams, label frequencies, memory and calibration."""
    config, weights = model_folder.read(folder)
    weights = {name: array for name, array in weights.items() if not name.startswith(("ngrams.", "memory."))}
    model = Classifier if config.task == "classifier" else Generator
    return model(dataclasses.replace(config, calibration={}), weights)


def test_after_a_few_epochs_the_network_alone_beats_the_commonest_label(trained, small_corpus_dir):
    test = split(Corpus.read(small_corpus_dir).distinct_pairs("folded")).test
    scores = evaluate(network_alone(trained["classifier"]), test)
    commonest = max(test.label_counts.values()) / len(test)
    assert scores["accuracy"] > commonest + 0.35
    assert scores["balanced_accuracy"] > 2 / len(test.label_set)
    stored = load(trained["classifier"]).config.metrics["charrnn"]
    assert stored["nll"] < scores["nll"]


def test_after_a_few_epochs_the_network_alone_beats_the_frequencies_of_characters(trained, small_corpus_dir):
    model = network_alone(trained["generator"])
    splits = split(Corpus.read(small_corpus_dir))
    pipeline = PIPELINES[model.config.pipeline]
    training, test = (Counter(c for name in part.names for c in pipeline(name) + "$") for part in splits[::2])
    unigram = -sum(n * math.log(training[c] / training.total()) for c, n in test.items()) / test.total()
    scores = evaluate(model, splits.test)
    assert scores["characters"] == test.total()
    assert scores["nats_per_char"] < unigram - 0.6
    stored = load(trained["generator"]).config.metrics["charrnn"]
    assert stored["nats_per_char"] < scores["nats_per_char"]


def test_scores_stand_beside_the_baseline(small_corpus_dir, tmp_path, capsys):
    assert train.main(["generator", "--data", str(small_corpus_dir), "--out", str(tmp_path / "g"), *FAST]) == 0
    out = capsys.readouterr().out
    assert "| | charrnn | 4-gram |" in out and "nats per character" in out


def test_no_test_part_no_score(small_corpus_dir, tmp_path, capsys):
    arguments = ["classifier", "--data", str(small_corpus_dir), "--out", str(tmp_path / "m"), "--test-fraction", "0"]
    assert train.main([*arguments, *FAST]) == 0
    assert "charrnn | 4-gram" not in capsys.readouterr().out
    assert model_folder.read_config(tmp_path / "m").metrics == {}


def test_fine_tuning_on_other_labels(trained, small_corpus_dir, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for old, new in (("Greek", "Greek"), ("Polish", "Slavic")):
        content = (small_corpus_dir / f"{old}.txt").read_text(encoding="utf-8")
        (data / f"{new}.txt").write_text("\n".join(content.splitlines()[:60]), encoding="utf-8")
    for task, folder in trained.items():
        out = tmp_path / task
        arguments = ["--data", str(data), "--out", str(out), "--init", str(folder), "--epochs", "2"]
        assert train.main([task, *arguments]) == 0
        config = model_folder.read_config(out)
        assert config.labels == ["Greek", "Slavic"]
        assert config.architecture["hidden"] == 32
        assert config.alphabet == model_folder.read_config(folder).alphabet
    start = model_folder.read(trained["generator"])[1]["embed.weight"]
    tuned = model_folder.read(tmp_path / "generator")[1]["embed.weight"]
    assert 0 < abs(start - tuned).max() < 1


def test_another_source_is_scored_without_the_names_of_the_first(small_corpus_dir, tmp_path):
    stems = [f"z{a}{b}z" for a in "abcdef" for b in "aeiou"]
    other = tmp_path / "other"
    other.mkdir()
    shared = (small_corpus_dir / "Greek.txt").read_text(encoding="utf-8")
    for label, end, more in (
        ("Greek", "os", shared),
        ("Polish", "ski", ""),
        ("Elvish", "iel", ""),
        ("Italian", "o", ""),
    ):
        names = [stem + end for stem in stems][: 29 if label == "Italian" else None]
        (other / f"{label}.txt").write_text("\n".join(names) + "\n" + more, encoding="utf-8")
    for task, scored in (("classifier", 60), ("generator", 89)):
        arguments = ["--data", str(small_corpus_dir), "--out", str(tmp_path / task), "--score-on", str(other)]
        assert train.main([task, *arguments, *FAST]) == 0
        # Elvish is unknown; 29 Italian names are too few to count for a classifier.
        assert model_folder.read_config(tmp_path / task).out_of_source["names"] == scored
        assert "none of them in the training list" in (tmp_path / task / "README.md").read_text(encoding="utf-8")
    assert set(model_folder.read_config(tmp_path / "classifier").out_of_source["recall"]) == {"Greek", "Polish"}


def test_another_architecture_than_that_of_init_is_refused(capsys, trained, small_corpus_dir, tmp_path):
    """--hidden was ignored."""
    for flags, told in ((["--hidden", "33"], "--hidden 33"), (["--cell", "lstm"], "--cell lstm")):
        data = ("--data", small_corpus_dir, "--out", tmp_path / "x")
        line = refused(capsys, "classifier", *data, "--init", trained["classifier"], *flags)
        assert told in line and "which is kept" in line and not (tmp_path / "x").exists()
    parsed = train.parse(["classifier", *map(str, data), "--init", "x", "--hidden", "32"])
    assert (parsed.hidden, parsed.cell) == (32, None)


def test_init_of_the_other_task_is_refused(capsys, trained, small_corpus_dir, tmp_path):
    line = refused(
        capsys, "generator", "--data", small_corpus_dir, "--out", tmp_path / "x", "--init", trained["classifier"]
    )
    assert "is a classifier, not a generator" in line
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "no such file or folder"),
        ({"A.txt": ""}, "A.txt: no names"),
        ({"A.txt": "Ab\nCd\nEf"}, "one label only (A)"),
        ({"A.txt": "Ab\nCd\nEf", "B.txt": "Gh"}, "only one name for B"),
        ({"A.txt": "Ab\nCd", "B.txt": b"\xfcber"}, "B.txt, line 1, column 1: not UTF-8"),
    ],
)
def test_bad_data_is_one_line_and_leaves_nothing(capsys, tmp_path, files, message):
    data = tmp_path / "data"
    if files is not None:
        data.mkdir()
        for name, content in files.items():
            (data / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused(capsys, "classifier", "--data", data, "--out", tmp_path / "out")
    assert message in line
    assert not (tmp_path / "out").exists()


def test_a_list_too_short_to_be_split_is_refused(capsys, tmp_path):
    for label in "AB":
        (tmp_path / f"{label}.txt").write_text(f"{label}b\n{label}cd", encoding="utf-8")
    line = refused(capsys, "classifier", "--data", tmp_path, "--out", tmp_path / "out", "--folds", "0")
    assert "4 distinct names are too few" in line


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--folds", "1"], "--folds 1: must be 0 or at least 2"),
        (["--epochs", "0"], "--epochs 0: must be at least 1"),
        (["--learning-rate", "nan"], "--learning-rate nan"),
        (["--dropout", "1"], "--dropout 1.0"),
        (["--validation-fraction", "0"], "--validation-fraction 0.0"),
        (["--device", "abacus"], "--device abacus: not usable here"),
        (["--init", "absent"], "absent: no model folder"),
    ],
)
def test_bad_settings_are_refused(capsys, small_corpus_dir, tmp_path, flags, message):
    line = refused(capsys, "classifier", "--data", small_corpus_dir, "--out", tmp_path / "out", *flags)
    assert message in line
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_left_alone(capsys, small_corpus_dir, tmp_path):
    (tmp_path / "mine").write_text("x")
    assert "is not empty" in refused(capsys, "classifier", "--data", small_corpus_dir, "--out", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_diverged_run_leaves_nothing(capsys, small_corpus_dir, tmp_path, monkeypatch):
    def diverge(*_):
        raise NonFiniteLossError("the loss is nan at epoch 1, batch 3; nothing was written. Lower --learning-rate.")

    monkeypatch.setattr("charrnn.training.trainer.Trainer.step", diverge)
    out = tmp_path / "out"
    out.mkdir()
    assert "the loss is nan" in refused(capsys, "classifier", "--data", small_corpus_dir, "--out", out)
    assert list(out.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs a device file")
def test_an_output_that_cannot_be_made_is_refused(capsys, small_corpus_dir):
    line = refused(capsys, "classifier", "--data", small_corpus_dir, "--out", "/dev/null/x", *FAST)
    assert "/dev/null/x" in line


def test_the_configuration_tells_the_whole_story(trained):
    config = json.loads((trained["classifier"] / "config.json").read_text())
    assert config["training"]["settings"]["hidden"] == 32
    assert config["data"]["train"] + config["data"]["validation"] + config["data"]["test"] == config["data"]["names"]
    # What the final fit learned from: training and validation names.
    assert sum(config["class_counts"]) == config["data"]["train"] + config["data"]["validation"]


def test_the_weight_of_the_list_is_set_and_told(small_corpus_dir, tmp_path, capsys):
    for flags, weight in (([], MEMORY_WEIGHT), (["--memory-weight", "1.5"], 1.5), (["--memory-weight", "0"], 0)):
        out = tmp_path / str(weight)
        assert train.main(["classifier", "--data", str(small_corpus_dir), "--out", str(out), *FAST, *flags]) == 0
        assert model_folder.read_config(out).calibration["weights"]["memory"] == weight
        told = f"has exactly the name gains {weight:.2f} nats; the names that are scored here are scored without"
        assert (told in (out / "README.md").read_text(encoding="utf-8")) == (weight > 0)
    line = refused(capsys, "classifier", "--data", small_corpus_dir, "--out", tmp_path / "x", "--memory-weight", "-1")
    assert "--memory-weight -1.0: must be at least 0 and finite" in line


def test_a_folder_of_kinds_is_trained_on_and_a_flat_list_is_tuned_from_it(small_corpus_dir, tmp_path):
    data = tmp_path / "data"
    for path in small_corpus_dir.glob("*.txt"):
        names = path.read_text(encoding="utf-8").splitlines()
        for kind, own in (("given", names[:60]), ("surname", names[60:120])):
            (data / kind).mkdir(parents=True, exist_ok=True)
            (data / kind / path.name).write_text("\n".join(own), encoding="utf-8")
    for task in ("classifier", "generator"):
        assert train.main([task, "--data", str(data), "--out", str(tmp_path / task), *FAST]) == 0
        config = model_folder.read_config(tmp_path / task)
        assert config.kinds == ["given", "surname"] and len(config.class_counts) == 8
        assert config.families == {}
        init = ["--data", str(small_corpus_dir), "--init", str(tmp_path / task), "--epochs", "1"]
        assert train.main([task, *init, "--out", str(tmp_path / "flat" / task)]) == 0
        assert load(tmp_path / "flat" / task).config.kinds == []


def test_facts_of_the_bundled_labels_are_known():
    facts = train._facts("names/surname")
    assert facts["Polish"].family == facts["Czech"].family != facts["Greek"].family
    assert facts["Hungarian"].name_forms.order == "surname given"
    assert train._facts("names.csv") == {}


def test_a_private_model_holds_no_names_and_no_ngrams(small_corpus_dir, tmp_path):
    for task in ("classifier", "generator"):
        out = tmp_path / task
        assert train.main([task, "--data", str(small_corpus_dir), "--out", str(out), "--private", *FAST]) == 0
        config, weights = model_folder.read(out)
        assert not (out / "known.txt.gz").exists() and not any(
            name.startswith(("ngrams", "memory")) for name in weights
        )
        assert not config.calibration["weights"].get("memory")
        assert config.calibration["weights"]["ngrams"] == 0 and config.calibration["weights"]["network"] > 0
        assert "n-grams to the power" not in (out / "README.md").read_text(encoding="utf-8")
        assert load(out).config.metrics["charrnn"]


def test_tables_of_any_delimiter_and_encoding_are_trained_on(small_corpus_dir, tmp_path, capsys):
    rows = ["Name;Label"]
    for path in sorted(small_corpus_dir.glob("*.txt")):
        rows += [f"{name};{path.stem}é" for name in path.read_text(encoding="utf-8").splitlines()]
    (tmp_path / "in.csv").write_bytes("\n".join([*rows[:9], "bad", *rows[9:]]).encode("cp1252", "ignore"))
    flags = ["--delimiter", ";", "--encoding", "cp1252", "--bad-rows", "skip", "--epochs", "1", "--hidden", "8"]
    assert train.main(["classifier", "--data", str(tmp_path / "in.csv"), "--out", str(tmp_path / "m"), *flags]) == 0
    captured = capsys.readouterr()
    assert "1 bad-row" in captured.out and "in.csv, row 10: 1 cells where the header has 2" in captured.err
    assert shlex.join(flags[:6]) in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_a_private_folder_holds_no_name_in_any_byte(task, tmp_path):
    """Nor within what is compressed."""
    draw = random.Random(5)
    names = ["".join(draw.choices(string.ascii_lowercase, k=8)).title() for _ in range(180)]
    data = tmp_path / "data"
    data.mkdir()
    for i, label in enumerate("ABC"):
        (data / f"{label}.txt").write_text("\n".join(names[i::3]) + "\n")
    out = tmp_path / "out"
    flags = ["--data", str(data), "--out", str(out), "--hidden", "4", "--batch-size", "32", "--epochs"]
    assert train.main([task, *flags, "2", "--private"]) == 0
    contents = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    contents += [gzip.decompress(content) for content in contents if content[:2] == b"\x1f\x8b"]
    assert len(contents) > 5
    everything = b"\n".join(contents).lower()
    assert [name for name in names if name.lower().encode() in everything] == []
    # The test would find them: a folder that is not private holds them all.
    assert train.main([task, *flags[:2], "--out", str(tmp_path / "open"), *flags[4:], "1"]) == 0
    known = gzip.decompress((tmp_path / "open" / "known.txt.gz").read_bytes())
    assert all(name.lower().encode() in known for name in names)


ELVISH = ["Aelindra", "Thalorien", "Miriwen", "Caladhel", "Elarion", "Nimrethil", "Faenorin", "Ithilwen"]


@pytest.mark.parametrize("task", ["classifier", "generator"])
@pytest.mark.parametrize(
    ("flags", "taken"),
    [
        ([], True),
        (["--init", "none"], False),
        (["--hidden", "8"], False),
        (["--pipeline", "native"], False),
    ],
)
def test_a_short_list_starts_from_the_shipped_model(task, flags, taken, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "Elvish.txt").write_text("\n".join([*ELVISH, "Maria", "Anna"]), encoding="utf-8")
    (tmp_path / "data" / "Orcish.txt").write_text("Grukash\nUrzog\nSnaga\nBolg\nDorghu", encoding="utf-8")
    command = [task, "--data", str(tmp_path / "data"), "--out", str(tmp_path / "m"), "--epochs", "1", *flags]
    assert train.main(command) == 0
    printed = capsys.readouterr()
    assert ("under 200 names of Elvish, Orcish: reads names as names/" in printed.err) is taken
    config = model_folder.read_config(tmp_path / "m")
    assert (config.training["init_sha256"] is not None) is taken is ("from the weights of" in printed.out)
    assert ("--init names/" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")) is taken
    # The shipped models know Maria and Anna.
    assert ("charrnn, names new to --init" in config.metrics) is taken
    # It goes on as it was begun.
    assert train.main([*command, "--resume"]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_list_with_names_enough_starts_from_random_weights(tmp_path, capsys):
    names = [f"{a}{b}{c}{d}" for a in "bdgk" for b in "aeiou" for c in "lmnr" for d in "aeo"]
    (tmp_path / "A.txt").write_text("\n".join(names), encoding="utf-8")
    flags = ["--data", str(tmp_path / "A.txt"), "--out", str(tmp_path / "m"), "--epochs", "1"]
    assert train.main(["generator", *flags]) == 0
    assert "--init" not in capsys.readouterr().err
    assert model_folder.read_config(tmp_path / "m").training["init"] is None


def test_what_is_odd_about_the_list_is_said(tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    for label in ("A", "B"):
        (data / f"{label}.txt").write_text("\n".join(f"{label}o{c}{d}" for c in "abcdef" for d in "klmnop"))
    with (data / "A.txt").open("a") as stream:
        stream.write("\nQ87256521\nN/A\n")
    assert train.main(["classifier", "--data", str(data), "--out", str(tmp_path / "out"), *FAST, "--init", "none"]) == 0
    told = capsys.readouterr().err
    assert "warning: 1 names hold digits (Q87256521)" in told
    assert "warning: 1 names are what programs write where a name is missing (N/A)" in told
    assert "warning: under 50 distinct names: A, B" in told
    init = ["--init", str(tmp_path / "out")]
    assert (
        train.main(["classifier", "--data", str(data), "--out", str(tmp_path / "tuned"), "--epochs", "1", *init]) == 0
    )
    told = capsys.readouterr().err
    assert "hold digits" in told and "under 50" not in told


@pytest.mark.parametrize("given", [{}, {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "ACTIVE"}])
def test_threads_sleep_and_are_few_unless_the_environment_says_otherwise(given):
    """Threads that spin between operations made two trainings on two cores take three times as long."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "OPENBLAS_"))} | given
    code = (
        "import os, sys; from charrnn import train; train.train = lambda *a: ''\n"
        "train.main(['classifier', '--data', 'names', '--out', 'x'])\n"
        "assert 'torch' not in sys.modules; import torch\n"
        "print(torch.get_num_threads(), os.environ['OMP_WAIT_POLICY'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    threads, policy = done.stdout.split()
    assert policy == given.get("OMP_WAIT_POLICY", "PASSIVE")
    assert int(threads) == 1 if given else 1 <= int(threads) <= train.MAX_THREADS


@pytest.mark.parametrize(("task", "key"), [("classifier", "accuracy"), ("generator", "nats_per_char")])
def test_scores_over_few_names_are_told_with_their_interval(task, key, small_corpus_dir, tmp_path, capsys):
    out = tmp_path / "out"
    assert train.main([task, "--data", str(small_corpus_dir), "--out", str(out), *FAST]) == 0
    scores = model_folder.read_config(out).metrics["charrnn"]
    assert scores[f"{key}_low"] < scores[key] < scores[f"{key}_high"]
    told = f"would be between {scores[f'{key}_low']:.2f} and {scores[f'{key}_high']:.2f}."
    assert told in capsys.readouterr().out and told in (out / "README.md").read_text()


@pytest.mark.parametrize(
    ("names", "pipeline", "told"),
    [
        (
            ["Zoë", "Ana"],
            "ascii",
            "1 of 2 names have letters with marks, which are left out. Keep them by --pipeline latin.",
        ),
        (["Zoë", "Ana"], "latin", ""),
        (["Zoë", *["Ana"] * 100], "ascii", ""),
        (["Анна", "Ана", "Ana"], "latin", "2 of 3 names are in other letters than Latin ones"),
        (["Анна", "Ана", "Ana"], "native", ""),
    ],
)
def test_what_a_generator_would_lose_is_told(names, pipeline, told, tmp_path, capsys, monkeypatch):
    def stop(run):
        raise CorpusError("stop")

    monkeypatch.setattr("charrnn.recipe.train", stop)
    (tmp_path / "names.txt").write_text("\n".join(f"{name}" for name in names), encoding="utf-8")
    arguments = ["generator", "--data", str(tmp_path / "names.txt"), "--out", str(tmp_path / "m"), "--init", "none"]
    train.main([*arguments, "--pipeline", pipeline])
    err = capsys.readouterr().err
    assert told in err if told else "--pipeline" not in err


def test_the_command_of_the_card_reads_the_names_as_this_one_did():
    reading = ["--name-column", "n", "--label-column", "l", "--kind-column", "k", "--delimiter", ";"]
    reading += ["--encoding", "cp1252", "--bad-rows", "skip", "--sheet", "People of 2024"]
    flags = train.parse(["generator", "--data", "a b.xlsx", "--out", "m", "--init", "none", *reading])
    words = shlex.split(train.command_line(flags, from_flags(SETTINGS["generator"], flags), "none"))
    assert words[:3] == ["python", "-m", "charrnn.train"]
    assert vars(train.parse(words[3:])) == vars(flags)
