"""``charrnn export``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.cli.flags import DATA, add_column_flags, own_test_split
from charrnn.errors import SettingsError, needs_extra
from charrnn.text import END, START

SHOWN = ("accuracy", "macro_f1", "nll", "ece", "nats_per_char")


def add_commands(commands: Any) -> None:
    """Add this module's command to the subparsers."""
    export = commands.add_parser("export", help="write a model as an ONNX graph")
    export.add_argument("--model", required=True, metavar="DIR")
    export.add_argument("--out", required=True, metavar="DIR", help="gets model.onnx and config.json")
    export.add_argument("--int8", action="store_true", help="weights of an LSTM as 8-bit integers; needs --data")
    export.add_argument(
        "--data", metavar="NAME|PATH", help=f"what the model was trained on, to tell what --int8 costs: {DATA}"
    )
    add_column_flags(export)
    export.set_defaults(run=run_export)


def run_export(flags: argparse.Namespace) -> int:
    """``charrnn export``."""
    from charrnn.corpus import Corpus
    from charrnn.inference import load, locate
    from charrnn.inference.evaluate import evaluate
    from charrnn.training.export import export, quantise, require_int8

    out = Path(flags.out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"--out {out}: is not empty. Choose another folder.")
    if flags.int8 != (flags.data is not None):
        raise SettingsError("--int8 and --data: go together; what is lost is measured on the data's test split.")
    model = load(flags.model)
    if not flags.int8:
        path = export(locate(flags.model), out)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
        return 0
    require_int8(model.config.architecture["cell"])
    columns = flags.name_column, flags.label_column, model.config.pipeline
    part = own_test_split(model.config, Corpus.read(flags.data, *columns), "--data", flags.data, flags.model)
    path = export(locate(flags.model), out)
    before = evaluate(model, part)
    # Advice on other kinds of networks.
    logging.getLogger().setLevel(logging.ERROR)
    quantise(path)
    after = evaluate(_in_onnx_runtime(model, path), part)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB; on the {after.get('n', after.get('names')):,} test names")
    for key in SHOWN:
        if key in before:
            print(f"{key:<14} {before[key]:.4f} as float, {after[key]:.4f} as int8")
    return 0


def _in_onnx_runtime(model: Any, path: Path) -> Any:
    """The model, its network computed by a graph."""
    with needs_extra("onnx"):
        from onnxruntime import InferenceSession
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def scores(chars: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        feed: dict[str, Any] = {"chars": chars, "lengths": lengths.astype(np.int32)}
        if "ngrams" in names:
            feed["ngrams"] = model.ngrams.scores(chars, lengths).astype(np.float32)
        (p,) = session.run(None, feed)
        return np.asarray(np.log(np.maximum(p.astype(np.float64), np.finfo(np.float64).tiny)))

    def steps(chars: NDArray[np.int64], lengths: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        targets = np.concatenate([chars[:, 1:], np.zeros((len(chars), 1), np.int64)], axis=1)
        targets[np.arange(len(chars)), lengths - 1] = END
        assert (chars[:, 0] == START).all()
        result = np.zeros(chars.shape)
        feed: dict[str, Any] = {"labels": labels, "state": model.layer.start(len(chars)), "context": labels}
        for t in range(chars.shape[1]):
            feed["symbols"] = chars[:, t]
            told = session.run(None, {name: feed[name] for name in names})
            logits, feed["state"] = told[0].astype(np.float64), told[1]
            feed["context"] = told[-1]
            logp = logits - np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
            logp -= logits.max(axis=1, keepdims=True)
            result[:, t] = logp[np.arange(len(chars)), targets[:, t]] * (t < lengths)
        return result

    if model.config.task == "classifier":
        model.scores = scores
    else:
        model._steps = steps
    return model
