import gzip
import shutil

import pytest

from charrnn.errors import ModelFolderError, SettingsError
from charrnn.service.models import ServedModels


def test_the_shipped_models_are_served_by_default(shipped):
    default, named = ServedModels.load(None), ServedModels.load(str(shipped))
    assert default.hashes == named.hashes and default.hashes.keys() == {"classifier", "generator"}


def test_either_model_may_be_absent_but_not_both(tmp_path, shipped):
    (tmp_path / "classifier").symlink_to(shipped / "classifier")
    only = ServedModels.load(str(tmp_path))
    assert only.generator is None and only.hashes.keys() == {"classifier"}
    with pytest.raises(SettingsError, match="holds neither"):
        ServedModels.load(str(tmp_path / "classifier"))


def test_exchanged_folders_are_told(tmp_path, shipped):
    (tmp_path / "classifier").symlink_to(shipped / "generator")
    with pytest.raises(SettingsError, match="folder of the other task"):
        ServedModels.load(str(tmp_path))


def test_a_damaged_list_of_training_names_is_told_at_the_start(tmp_path, shipped):
    shutil.copytree(shipped / "generator", tmp_path / "generator")
    names = tmp_path / "generator" / "known.txt.gz"
    names.write_bytes(gzip.compress(b"a\nb\n")[:-9])
    with pytest.raises(ModelFolderError):
        ServedModels.load(str(tmp_path))


def test_a_model_without_such_a_list_is_served(tmp_path, shipped):
    shutil.copytree(shipped / "generator", tmp_path / "generator")
    (tmp_path / "generator" / "known.txt.gz").unlink()
    assert ServedModels.load(str(tmp_path)).generator is not None
