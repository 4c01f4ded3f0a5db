import dataclasses
import errno
import gzip
import hashlib
import json
import os

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.errors import ModelFolderError, StorageError
from charrnn.model_config import conditions, embedding_rows
from charrnn.tables.job import config_hash
from tests.conftest import config


def sha256(content):
    return hashlib.sha256(content).hexdigest()


WEIGHTS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(4, np.float32)}


@pytest.fixture
def folder(tmp_path):
    model_folder.write(
        tmp_path / "m", config("classifier", cell="gru"), WEIGHTS, "# card\n", ["nowak", "sato", "nowak"]
    )
    return tmp_path / "m"


def test_what_is_written_is_read(folder):
    cfg, weights = model_folder.read(folder)
    assert cfg.labels == ["A", "B", "C"] and cfg.architecture == {"cell": "gru"}
    assert weights.keys() == WEIGHTS.keys()
    assert all((weights[k] == WEIGHTS[k]).all() for k in WEIGHTS)
    assert gzip.decompress((folder / "known.txt.gz").read_bytes()).decode() == "nowak\nsato\n"
    assert (folder / "README.md").read_text() == "# card\n"


def test_classes_are_the_kinds_of_each_label(folder):
    cfg = dataclasses.replace(config("classifier"), kinds=["given", "surname"], class_counts=[1, 2, 0, 4, 5, 0])
    model_folder.write(folder, dataclasses.replace(cfg, families={"A": "Slavic"}), WEIGHTS, "")
    read = model_folder.read_config(folder)
    assert (read.kinds, read.kind_count, read.class_counts) == (cfg.kinds, 2, cfg.class_counts)
    assert read.label_counts == [3, 4, 5] and read.families == {"A": "Slavic"}
    assert "label_counts" not in json.loads((folder / "config.json").read_text())


def test_without_kinds_a_class_is_a_label():
    cfg = config("classifier")
    assert cfg.kind_count == 1 and cfg.label_counts == cfg.class_counts


def test_a_generator_has_one_more_label_and_kind_where_there_are_several():
    assert [embedding_rows(count) for count in (1, 2, 3)] == [1, 3, 4]
    # Labels 0 and 1, kinds 0 and 1, and of each label the third condition for any kind.
    two, none = (dataclasses.replace(config("generator"), kinds=kinds) for kinds in (["f", "m"], []))
    assert conditions(two, np.arange(4)).tolist() == [0, 1, 3, 4]
    assert conditions(none, np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("missing", ["network", "ngrams", "prior", "memory"])
def test_every_expert_of_a_classifier_needs_a_weight(missing):
    weights = {"network": 0.5, "ngrams": 0.25, "prior": 0.125, "memory": 2.0}
    cfg = dataclasses.replace(config("classifier"), calibration={"weights": weights})
    assert cfg.expert_weights(has_ngrams=True) == (0.5, 0.25, 0.125, 2)
    del weights[missing]
    with pytest.raises(ModelFolderError, match="no weights"):
        cfg.expert_weights(has_ngrams=True)


def test_equal_models_are_equal_bytes(folder, tmp_path):
    model_folder.write(tmp_path / "again", config("classifier", cell="gru"), WEIGHTS, "# card\n", ["sato", "nowak"])
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()
    # Bytes 4 to 7 of a gzip file are its time of writing.
    assert (folder / "known.txt.gz").read_bytes()[4:8] == bytes(4)


def test_private_folder_holds_no_names(folder):
    model_folder.write(folder, config("classifier"), WEIGHTS, "")
    assert not (folder / "known.txt.gz").exists() and model_folder.read_training_names(folder) is None


def test_files_of_others_stay(folder):
    (folder / "run").mkdir()
    (folder / "notes.txt").write_text("mine")
    model_folder.write(folder, config("classifier"), WEIGHTS, "")
    assert (folder / "run").is_dir() and (folder / "notes.txt").read_text() == "mine"


def test_a_model_that_is_replaced_while_it_is_read_is_read_whole(folder, monkeypatch):
    read_config, new = model_folder.read_config, {"a": np.ones(3, np.float32)}
    writings = iter([True])

    def read_and_replace(path):
        found = read_config(path)
        if next(writings, False):
            model_folder.write(folder, config("generator"), new, "")
        return found

    monkeypatch.setattr(model_folder, "read_config", read_and_replace)
    cfg, weights = model_folder.read(folder)
    assert cfg.task == "generator" and weights["a"].tolist() == [1, 1, 1]


def test_a_damaged_commit_is_one_line(folder):
    (folder / ".commit.json").write_text("{}")
    for call in (model_folder.read, model_folder.read_training_names, model_folder.finish_writing):
        with pytest.raises(ModelFolderError, match=r"\.commit\.json is damaged"):
            call(folder)


def test_a_folder_is_read_though_a_writing_is_unfinished(folder, monkeypatch):
    monkeypatch.setattr(model_folder.FileSet, "finish", lambda self: None)
    model_folder.write(folder, config("generator"), {"a": np.ones(3, np.float32)}, "")
    assert model_folder.read(folder)[0].task == "generator" and model_folder.read_training_names(folder) is None
    assert config_hash(str(folder)) == sha256(model_folder.path_of(folder, "config.json").read_bytes())


def test_files_that_are_moved_between_a_look_and_the_reading_are_read(folder, monkeypatch):
    finish = model_folder.FileSet.finish
    monkeypatch.setattr(model_folder.FileSet, "finish", lambda self: None)
    model_folder.write(folder, config("generator"), {"a": np.ones(3, np.float32)}, "", ["sato"])
    monkeypatch.undo()
    path_of = model_folder.path_of
    looks = []

    def look(where, name):
        path = path_of(where, name)
        looks.append(name)
        if looks.count(name) == 1 + (name == "config.json"):
            finish(model_folder.FileSet(folder, model_folder.FILES))
        return path

    monkeypatch.setattr(model_folder, "path_of", look)
    assert model_folder.read(folder)[0].task == "generator"
    assert model_folder.read_training_names(folder) == {"sato"}


def flip_bit(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])


def edit(**changes):
    def change(folder):
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flip_bit, "cut or altered"),
        (cut, "cut or altered"),
        (lambda f: (f / "model.safetensors").unlink(), "cannot be read"),
        (lambda f: (f / "config.json").unlink(), "no model folder"),
        (lambda f: (f / "config.json").write_text('{"task": '), "cannot be read"),
        (lambda f: (f / "config.json").write_text("[]"), "no JSON object"),
        (edit(format_version=99), "format version 99, this charrnn reads 3"),
        (edit(format_version=2), "format version 2, this charrnn reads 3"),
        (edit(surprise=1), "unknown keys: surprise"),
        (edit(labels="ABC"), "labels is no list"),
        (edit(task="poet"), "unknown task"),
        (edit(labels=["A"]), "do not fit together"),
        (edit(labels=[], class_counts=[]), "are empty"),
        (edit(kinds=["given", "surname"]), "do not fit together"),
        (edit(alphabet="aba"), "alphabet holds a character twice"),
    ],
)
def test_damage_is_found_and_told_in_one_line(folder, damage, message):
    damage(folder)
    with pytest.raises(ModelFolderError, match=message) as caught:
        model_folder.read(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("failing", range(4))
def test_a_full_disk_leaves_the_folder_as_it_was(folder, tmp_path, monkeypatch, failing):
    """Whichever of the four files does not fit: an older model stays whole, a new folder stays empty."""
    real, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) == failing + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for target in (folder, tmp_path / "new"):
        calls.clear()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            model_folder.write(target, config("classifier"), {"a": np.ones(3, np.float32)}, "# other\n", ["x"])
        monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert model_folder.read(folder)[0].labels == ["A", "B", "C"]
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_whose_training_has_not_ended_says_so(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(ModelFolderError, match="go on with --resume"):
        model_folder.read(tmp_path)
