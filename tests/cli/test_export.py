import json

import onnx
import pytest

from charrnn import train


@pytest.fixture(scope="module")
def lstms(small_corpus_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("lstms")
    for task in ("classifier", "generator"):
        flags = ["--cell", "lstm", "--epochs", "2", "--hidden", "16", "--batch-size", "32"]
        assert train.main([task, "--data", str(small_corpus_dir), "--out", str(out / task), *flags]) == 0
    return out


def test_a_graph_and_its_config_are_written(run, trained, tmp_path):
    status, out, _ = run("export", "--model", trained["classifier"], "--out", tmp_path / "onnx")
    assert status == 0 and "model.onnx" in out
    assert sorted(path.name for path in (tmp_path / "onnx").iterdir()) == ["config.json", "model.onnx"]


@pytest.mark.parametrize(("task", "key"), [("classifier", "accuracy"), ("generator", "nats_per_char")])
def test_int8_tells_what_it_costs(task, key, run, lstms, small_corpus_dir, tmp_path):
    out = tmp_path / "onnx"
    status, told, err = run("export", "--model", lstms / task, "--out", out, "--int8", "--data", small_corpus_dir)
    assert (status, err) == (0, "")
    (line,) = [line for line in told.splitlines() if line.startswith(key)]
    before, after = float(line.split()[1]), float(line.split()[4])
    stored = json.loads((lstms / task / "config.json").read_text())["metrics"]["charrnn"][key]
    assert before == pytest.approx(stored, abs=1e-4) and after == pytest.approx(before, abs=0.05)
    assert any(node.op_type == "DynamicQuantizeLSTM" for node in onnx.load(out / "model.onnx").graph.node)
    assert sorted(path.name for path in out.iterdir()) == ["config.json", "model.onnx"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--int8"], "go together"),
        (["--data", "names/surname"], "go together"),
        (["--int8", "--data", "names/surname"], "no 8-bit GRU. Train with --cell lstm"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(flags, message, run, trained, tmp_path):
    status, _, err = run("export", "--model", trained["generator"], "--out", tmp_path / "onnx", *flags)
    assert status == 2 and message in err and err.count("\n") == 1
    assert not (tmp_path / "onnx").exists()


def test_other_data_and_a_full_folder_are_refused(run, lstms, tmp_path):
    flags = ["export", "--model", lstms / "classifier", "--out"]
    assert "fingerprints differ" in run(*flags, tmp_path / "onnx", "--int8", "--data", "names/surname")[2]
    (tmp_path / "notes.txt").touch()
    assert "is not empty" in run(*flags, tmp_path)[2]
