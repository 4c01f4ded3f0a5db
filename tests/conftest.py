"""Shared fixtures: a small real corpus, models trained on it for a few epochs, networks of every shape."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
# TensorBoard and Gradio import packages that warn on import; these warnings are not about this code.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    import torch.utils.tensorboard

import hypothesis

from charrnn.corpus import Corpus
from charrnn.inference import PRETRAINED
from charrnn.model_config import ModelConfig
from charrnn.training import modules

# How long an example takes depends on the machine and on what else it does.
hypothesis.settings.register_profile("charrnn", deadline=None)
hypothesis.settings.load_profile("charrnn")

ROOT = Path(__file__).parent.parent
LONG = ["browser/test_page.py", "training/test_interruption.py", "service/test_server.py", "tables/test_ray_engine.py"]
"""Files of tests that take a minute or more."""
SHARED = ROOT.parent / "shared" / "data"
CLASSIFIER_CASES = [
    (cell, bidirectional, pooling)
    for cell in ("rnn", "gru", "lstm")
    for bidirectional in (False, True)
    for pooling in ("last", "mean", "max", "mean-last")
]
KINDS = {"kinds": ["given", "surname"], "class_counts": [5, 3, 2, 1, 4, 2]}
"""What a config of three labels and two kinds has in place of its class counts."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first, so that in the end no process waits for another's."""
    items.sort(key=lambda item: not item.nodeid.startswith(tuple(f"tests/{file}" for file in LONG)))


@pytest.fixture(scope="session")
def small_corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sixth name of four labels of the bundled corpus, as a folder."""
    folder = tmp_path_factory.mktemp("small")
    corpus = Corpus.read("names/surname")
    for label in ("Italian", "Japanese", "Polish", "Greek"):
        own = [n for n, lab in zip(corpus.names, corpus.labels, strict=True) if lab == label]
        (folder / f"{label}.txt").write_text("\n".join(own[::6]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def trained(small_corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders of both tasks, trained for a few epochs by the real command."""
    from charrnn.train import main

    out = tmp_path_factory.mktemp("trained")
    for task in ("classifier", "generator"):
        flags = ["--epochs", "4", "--hidden", "32", "--batch-size", "32", "--learning-rate", "0.01"]
        assert main([task, "--data", str(small_corpus_dir), "--out", str(out / task), *flags]) == 0
    return {task: out / task for task in ("classifier", "generator")}


@pytest.fixture(scope="session")
def shipped() -> Path:
    return PRETRAINED / "names"


def config(task: str, **architecture: object) -> ModelConfig:
    """The config of a small network over a 28-letter alphabet and three labels."""
    return ModelConfig(
        task=task,
        architecture=architecture,
        alphabet=" '" + "abcdefghijklmnopqrstuvwxyz",
        labels=["A", "B", "C"],
        class_counts=[5, 3, 2],
        pipeline="ascii-folded" if task == "classifier" else "ascii",
        max_length=20,
    )


def network(cfg: ModelConfig, seed: int = 0) -> tuple[torch.nn.Module, dict[str, np.ndarray]]:
    """A torch module with random weights, in evaluation mode, and the same weights as arrays."""
    torch.manual_seed(seed)
    module = modules.build(cfg).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(-0.6, 0.6)
    return module, {k: v.numpy().copy() for k, v in module.state_dict().items()}


def random_names(n: int, longest: int = 30, seed: int = 0) -> list[str]:
    """Names of random letters with lengths from 1 to ``longest``, some characters outside the alphabet."""
    rng = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz'9")
    lengths = [1 + i % longest for i in range(n)]
    return ["a" + "".join(rng.choice(letters, length - 1)) for length in lengths]
