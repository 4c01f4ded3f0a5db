import dataclasses
import json

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from charrnn import train
from charrnn.training.metric_accumulator import MetricAccumulator
from charrnn.training.reports.tensorboard import TensorBoard, sample_table
from tests.conftest import config, network

COMMON = {"loss/train", "loss/validation", "accuracy/validation", "learning_rate", "gradient_norm", "names_per_second"}
LABELS = ["Greek", "Italian", "Japanese", "Polish"]
CLASSIFIER = {"macro_f1/validation", "calibration_error/validation", *(f"f1/{label}" for label in LABELS)}
FINAL = {
    "classifier": {"accuracy", "balanced_accuracy", "top3_accuracy", "macro_f1", "nll", "ece", "n"},
    "generator": {"nats_per_char", "names", "characters"},
}
EPOCHS = [1, 2, 3, 4]


@pytest.fixture(params=["classifier", "generator"])
def run(request, trained):
    return request.param, trained[request.param] / "run"


@pytest.fixture
def events(run):
    accumulator = EventAccumulator(str(run[1]), size_guidance={"images": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def test_every_scalar_of_every_epoch_is_in_the_event_file(run, events):
    tags = set(events.Tags()["scalars"])
    own = CLASSIFIER if run[0] == "classifier" else {"nats_per_char/validation"}
    assert tags == COMMON | own | {f"final/{key}" for key in FINAL[run[0]]}
    for tag in COMMON | own:
        assert [e.step for e in events.Scalars(tag)] == EPOCHS
        assert np.isfinite([e.value for e in events.Scalars(tag)]).all()
    losses = [e.value for e in events.Scalars("loss/validation")]
    assert losses[-1] < losses[0]


def test_plots_samples_graph_and_settings_are_there(run, events):
    tags = events.Tags()
    assert tags["graph"]
    assert "_hparams_/session_start_info" in events.summary_metadata
    if run[0] == "classifier":
        assert set(tags["images"]) == {"confusion", "reliability"}
        for tag in tags["images"]:
            assert [e.step for e in events.Images(tag)] == EPOCHS
    else:
        assert tags["images"] == []
        samples = events.Tensors("samples/text_summary")
        assert [e.step for e in samples] == EPOCHS
        text = samples[-1].tensor_proto.string_val[0].decode()
        assert [line.split("|")[1].strip() for line in text.splitlines()[2:]] == LABELS


def test_embeddings_have_a_name_for_each_row(run):
    folder = run[1]
    projector = (folder / "projector_config.pbtxt").read_text()
    for tag in ("characters", "labels"):
        assert f'tensor_path: "00004/{tag}/tensors.tsv"' in projector
        rows = (folder / "00004" / tag / "tensors.tsv").read_text().splitlines()
        names = (folder / "00004" / tag / "metadata.tsv").read_text().splitlines()
        assert len(rows) == len(names)
        assert (
            names == LABELS + ["*"] * (run[0] == "generator")
            if tag == "labels"
            else {"padding", "start", "'a'"} < set(names)
        )


def test_plain_metrics_are_a_line_an_epoch(run):
    lines = [json.loads(line) for line in (run[1] / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == EPOCHS
    assert {"train_loss", "validation_loss", "learning_rate", "gradient_norm", "names_per_second"} < lines[0].keys()


def test_the_events_of_a_private_run_hold_no_samples(small_corpus_dir, tmp_path):
    """Some sampled names are training names."""
    flags = ["--data", str(small_corpus_dir), "--epochs", "1", "--hidden", "8", "--private"]
    assert train.main(["generator", *flags, "--out", str(tmp_path)]) == 0
    events = EventAccumulator(str(tmp_path / "run"), {"tensors": 0})
    events.Reload()
    assert events.Tags()["scalars"] and "samples/text_summary" not in events.Tags()["tensors"]


def test_samples_are_names_in_the_alphabet_and_leave_torchs_random_state_alone():
    cfg = config("generator", cell="gru", hidden=6, embedding=4, label_embedding=3)
    module, _ = network(cfg)
    before = torch.get_rng_state()
    table = sample_table(module, cfg, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    assert table == sample_table(module, cfg, seed=1) != sample_table(module, cfg, seed=2)
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert [label for label, *_ in rows] == ["A", "B", "C"]
    assert all(len(names[0].split(", ")) == 4 for _, *names in rows)
    assert set("".join(names[0] for _, *names in rows)) <= set(cfg.alphabet) | {","}


ARCHITECTURES = {
    "classifier": {"cell": "gru", "hidden": 6, "embedding": 4},
    "generator": {"cell": "gru", "hidden": 6, "embedding": 4, "label_embedding": 3},
}


def with_kinds(task):
    cfg = config(task, **ARCHITECTURES[task])
    cfg = dataclasses.replace(cfg, kinds=["given", "surname"], class_counts=[1] * 6)
    return cfg, network(cfg)[0]


@pytest.mark.parametrize(
    ("task", "rows"),
    [
        ("classifier", ["A given", "A surname", "B given", "B surname", "C given", "C surname"]),
        ("generator", ["A", "B", "C", "*"]),
    ],
)
def test_with_kinds_rows_are_named_by_class_and_scores_by_label(task, rows, tmp_path):
    cfg, module = with_kinds(task)
    validation = MetricAccumulator(cfg.kind_count)
    if task == "classifier":
        validation.add(torch.eye(6), torch.arange(6))
    with TensorBoard(tmp_path, cfg) as board:
        board.on_epoch({"epoch": 1}, validation, module)
        board.on_end(module)
    assert (tmp_path / "00001" / "labels" / "metadata.tsv").read_text().splitlines() == rows
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert events.Tags()["scalars"] == ([f"f1/{label}" for label in "ABC"] if task == "classifier" else [])


@torch.no_grad()
def test_samples_are_of_any_kind():
    cfg, module = with_kinds("generator")
    before = sample_table(module, cfg, seed=1)
    module.embed_kind.weight[:2] = 9
    assert sample_table(module, cfg, seed=1) == before
    module.embed_kind.weight[2] = 9
    assert sample_table(module, cfg, seed=1) != before
