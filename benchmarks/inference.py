"""How fast the shipped models answer, on one thread, beside other ways to do it on the same machine.

Peers: the tutorial's loop over single names, logistic regression on character n-grams, PyTorch (our own network, sorted
by length, in batches of 512), ONNX Runtime (the exported graph, the same batches), makemore's GRU. Needs the
tutorials' and makemore's data beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gc
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import SHARED, median_seconds, report
from numpy.typing import NDArray
from peers import LogisticNGrams, MakemoreGRU, TutorialLoop, makemore_split

import charrnn
from charrnn import model_folder
from charrnn.inference import Classifier, locate
from charrnn.onnx.export import export
from charrnn.text import fold, prefix_levels
from charrnn.training import modules

BATCH = 512
Batches = list[tuple[NDArray[np.int64], NDArray[np.int64]]]


def process_seconds(*arguments: str) -> float:
    # As for most users, bytecode is kept: the first run, which is not timed, writes what is missing.
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    return median_seconds(lambda: subprocess.run(command, check=True, capture_output=True, env=own))


def batches(model: Classifier, names: list[str]) -> Batches:
    """Names as arrays, sorted by length."""
    texts = sorted(model.reader.read(names)[0], key=len)
    return [model.vocabulary.encode_batch(texts[first : first + BATCH]) for first in range(0, len(texts), BATCH)]


def in_torch(model: Classifier) -> Callable[[list[str]], None]:
    """Our network with PyTorch's own layers, without the n-grams."""
    network = modules.build(model.config).eval()
    weights = model_folder.read(locate("names/classifier"))[1]
    network.load_state_dict({key: torch.from_numpy(weights[key].copy()) for key in network.state_dict()})

    @torch.no_grad()
    def run(names: list[str]) -> None:
        for chars, lengths in batches(model, names):
            torch.softmax(network(torch.from_numpy(chars), torch.from_numpy(lengths)), -1)

    return run


def in_onnx_runtime(model: Classifier) -> Callable[[list[str]], None]:
    """The exported graph, n-grams included."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = export(locate("names/classifier"), Path(folder))
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(names: list[str]) -> None:
        for chars, lengths in batches(model, names):
            assert model.model.ngrams is not None
            ngrams = model.model.ngrams.scores(chars, lengths).astype(np.float32)
            session.run(None, {"chars": chars, "lengths": lengths.astype(np.int32), "ngrams": ngrams})

    return run


def product_peak() -> float:
    """Multiplications and additions a second in a large matrix product, one thread."""
    a = np.random.default_rng(0).random((1536, 1536), np.float32)
    return 2 * 1536**3 / median_seconds(lambda: a @ a)


def products(model: Classifier, names: list[str]) -> float:
    """Multiplications and additions of the recurrent matrix products, shared prefixes counted once."""
    texts, _ = model.reader.read(names)
    directions = [model.vocabulary.encode_batch(batch) for batch in (texts, [text[::-1] for text in texts])]
    total = 0
    for layer, (chars, lengths) in zip(model.model.layers, directions, strict=True):
        levels = itertools.chain.from_iterable(prefix_levels(chars, lengths, len(model.vocabulary)))
        total += sum(len(level.names) for level in levels) * 2 * layer.state_weights.size
    return float(total)


def distinct(names: list[str]) -> Iterator[str]:
    """The names, then the names with one letter added, then with two, and so on."""
    letters = "aeinorst"
    for size in itertools.count():
        for ending in itertools.product(letters, repeat=size):
            yield from (name + "".join(ending) for name in names)


def main() -> None:
    torch.set_num_threads(1)
    corpus = charrnn.Corpus.read(SHARED / "tutorial")
    names = sorted(set(corpus.keys))
    classifier, generator = charrnn.load("names/classifier"), charrnn.load("names/generator")
    assert isinstance(classifier, Classifier)
    command = process_seconds("-m", "charrnn", "classify", "Satoshi")
    torch_import = process_seconds("-c", "import torch")
    results: dict[str, Any] = {
        "charrnn classify Satoshi, seconds": command,
        "python -c 'import torch', seconds": torch_import,
        "ratio": command / torch_import,
    }
    torch_names, onnx_names = in_torch(classifier), in_onnx_runtime(classifier)
    for who, one in (
        ("charrnn", lambda: classifier.predict(["Satoshi"])),
        ("PyTorch, network alone", lambda: torch_names(["Satoshi"])),
        ("ONNX Runtime", lambda: onnx_names(["Satoshi"])),
    ):
        results[f"one name, milliseconds: {who}"] = 1e3 * median_seconds(one, 300)
    labels = sorted(set(corpus.labels))
    index = [labels.index(label) for label in corpus.labels]
    loop = TutorialLoop(corpus.names, index)  # untrained: it is as fast
    logistic = LogisticNGrams([fold(name) for name in corpus.names], index, len(labels))
    # Without this, each collection while answers are built also scans every object that the peers loaded.
    gc.freeze()
    seconds = {
        "charrnn": median_seconds(lambda: classifier.predict(names)),
        "charrnn, as arrays": median_seconds(lambda: classifier.rank(names)),
        "tutorial's loop": median_seconds(lambda: loop.probabilities(names[:1000]), 3) * len(names) / 1000,
        "n-gram logistic regression": median_seconds(lambda: logistic.probabilities(names)),
        "PyTorch, network alone": median_seconds(lambda: torch_names(names)),
        "ONNX Runtime": median_seconds(lambda: onnx_names(names)),
    }
    results["distinct names"] = len(names)
    for who, taken in seconds.items():
        results[f"names classified a second: {who}"] = len(names) / taken
    peak = product_peak()
    results["matrix product, GFLOP a second"] = peak / 1e9
    results["names a second that matrix products alone allow"] = len(names) * peak / products(classifier, names)
    results["share of that"] = products(classifier, names) / peak / seconds["charrnn"]
    for count in (1_000, 10_000, 100_000, 1_000_000):
        batch = list(itertools.islice(distinct(names), count))
        began = time.perf_counter()
        classifier.rank(batch)
        results[f"microseconds a name, of {count:,}"] = 1e6 * (time.perf_counter() - began) / count
    makemore = MakemoreGRU(makemore_split(SHARED / "makemore" / "names.txt")[0])
    makemore.train(200)  # enough for names to end
    results["names invented a second: charrnn"] = 5000 / median_seconds(lambda: generator.sample("Italian", 5000))
    results["names invented a second: makemore's GRU"] = 1000 / median_seconds(lambda: makemore.sample(1000))
    report("inference", results)


if __name__ == "__main__":
    main()
