import errno
import os

import onnx
import pytest

from charrnn.errors import SettingsError, StorageError
from charrnn.onnx.export import export, quantise, require_int8


def test_equal_models_are_equal_bytes(shipped, tmp_path):
    paths = [export(shipped / "classifier", tmp_path / name) for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    onnx.checker.check_model(onnx.load(paths[0]), full_check=True)


def test_only_an_lstm_becomes_8_bit(shipped, tmp_path):
    require_int8("lstm")
    for cell in ("rnn", "gru"):
        with pytest.raises(SettingsError, match=f"no 8-bit {cell.upper()}"):
            require_int8(cell)
    path = export(shipped / "classifier", tmp_path)  # a GRU
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="left the LSTM as it was"):
        quantise(path)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.json", "model.onnx"]


def test_a_full_disk_is_told(shipped, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"--out .*: cannot be written \(No space left on device\)"):
        export(shipped / "classifier", tmp_path)
    assert list(tmp_path.iterdir()) == []
