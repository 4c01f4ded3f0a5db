"""Generation: its speed, whether it keeps what it promises, and how near blends come to what was asked.

Promises: 200 random constraints, up to 10,000 new names under each; every one must match, none may stand in the
training list, none may come twice. Blends: the share that the classifier gives the first of two labels, against what
was asked, for mixed embeddings (ours) and for a product of whole experts, a network for each label.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import random
import re
import sys
import time
from itertools import islice
from typing import Any

import numpy as np
from common import median_seconds, report

import charrnn
from charrnn.errors import ImpossibleConstraint
from charrnn.inference.constraints import Constraints
from charrnn.inference.drawing import Request, draw
from charrnn.inference.reader import LabelReader
from charrnn.inference.sampling import SLOTS, Sampling
from charrnn.text import fold

NAMES, CONSTRAINTS = 10_000, 200
PAIRS = [("Irish", "Japanese"), ("Italian", "Russian"), ("German", "Spanish"), ("Greek", "Dutch"), ("Polish", "French")]
SHARES = (0.2, 0.4, 0.5, 0.6, 0.8)
PATTERNS = ["", "", "[A-Z][a-z]*", r"\w+( \w+)?", ".*[aeiou].*[aeiou].*", "[^x]*", "[A-Z](..)+", "(?i)[a-v' -]*"]


def random_constraints(draw: random.Random) -> Constraints:
    """Some that most lists of names can meet."""
    return Constraints(
        prefix=draw.choice(["", "", "M", "Ka", "De", "B"]),
        suffix=draw.choice(["", "", "a", "o", "ini", "n"]),
        contains=draw.choice(["", "", "r", "an", "l"]),
        pattern=draw.choice(PATTERNS),
        min_length=draw.randint(1, 7),
        max_length=draw.choice([None, None, 12, 15]),
    )


def holds(asked: Constraints, name: str, longest: int) -> bool:
    """Whether a name is as asked, told without an automaton."""
    return (
        name.startswith(asked.prefix)
        and name.endswith(asked.suffix)
        and asked.contains in name
        and (not asked.pattern or re.fullmatch(asked.pattern, name) is not None)
        and asked.min_length <= len(name) <= (asked.max_length or longest)
    )


def promises(model: Any) -> dict[str, float]:
    """Names that break a promise, out of all."""
    rng = random.Random(0)
    total = wrong = known = twice = short = impossible = done = 0
    began = time.perf_counter()
    while done < CONSTRAINTS:
        asked, label = random_constraints(rng), rng.choice(model.labels)
        try:
            names = model.sample(label, NAMES, rng.randrange(2**32), constraints=asked, novel=True)
        except ImpossibleConstraint:
            impossible += 1
            continue
        keys = [fold(name) for name in names]
        wrong += sum(not holds(asked, name, model.config.max_length) for name in names)
        known += sum(key in model.known for key in keys)
        twice += len(keys) - len(set(keys))
        total, short, done = total + len(names), short + (len(names) < NAMES), done + 1
    return {
        "names under random constraints": total,
        "constraints": done,
        "of these, with fewer new names than asked": short,
        "refused as impossible besides": impossible,
        "names that do not match": wrong,
        "names of the training list": known,
        "names that come twice": twice,
        "new names a second under constraints": total / (time.perf_counter() - began),
    }


class _Product:
    """Whole experts, multiplied with the weights as exponents."""

    def __init__(self, model: Any, labels: list[int], weights: np.ndarray) -> None:
        self.labels, self.weights = labels, weights
        self.readers = [LabelReader(model, [label], np.ones(1)) for label in labels]

    def begin(self, slots: int) -> None:
        for reader in self.readers:
            reader.begin(slots)

    def begin_again(self, slots: np.ndarray) -> None:
        for reader in self.readers:
            reader.begin_again(slots)

    def read(self, symbols: np.ndarray) -> np.ndarray:
        logits = [w * reader.read(symbols) for reader, w in zip(self.readers, self.weights, strict=True)]
        return np.sum(logits, axis=0, dtype=np.float32)

    def spell(self, symbols: list[int]) -> str:
        return self.readers[0].spell(symbols)


def blends(model: Any, classifier: Any) -> dict[str, float]:
    figures: dict[str, float] = {}
    guide = Constraints().compile(model.vocabulary.alphabet, model.config.max_length)
    for kind, reader in (("mixed embeddings", LabelReader), ("product of experts", _Product)):
        errors = []
        for first, second in PAIRS:
            indices = [model.label_index(first), model.label_index(second)]
            for share in SHARES:
                request = Request(seed=1, sampling=Sampling(0.8))
                made = draw(reader(model, indices, np.array([share, 1 - share])), guide, request)
                names = [one.name for one in islice(made, 400)]
                p = classifier.probabilities(names, {first: 1, second: 1})
                errors.append(abs(p[:, classifier.labels.index(first)].mean() - share))
        figures[f"blends, {kind}: mean error of the share"] = float(np.mean(errors))
    return figures


def speed(model: Any) -> dict[str, float]:
    def rate(n: int = 10_000, **settings: Any) -> float:
        return n / median_seconds(lambda: model.sample("Italian", n, **settings), 3)

    figures = {"names a second": rate(), "with top_p 0.9": rate(top_p=0.9)}
    asked = Constraints(prefix="M", pattern="[A-Z][a-z]+")
    figures["under a prefix and a pattern"] = rate(constraints=asked)
    figures["the same, of the unconstrained"] = figures["under a prefix and a pattern"] / figures["names a second"]
    figures["resampled from 16"] = rate(1000, constraints=asked, resample=16)
    model.sample("Italian", 1)
    figures["ten names, milliseconds"] = 1e3 * median_seconds(lambda: model.sample("Italian", 10), 20)
    figures["slots"] = SLOTS
    return figures


def main() -> int:
    model, classifier = charrnn.load("names/generator"), charrnn.load("names/classifier")
    figures = speed(model) | blends(model, classifier) | promises(model)
    report("generation", figures)
    broken = [key for key in figures if key.startswith("names that") or key == "names of the training list"]
    return 1 if any(figures[key] for key in broken) else 0


if __name__ == "__main__":
    sys.exit(main())
