"""Generation: its speed, whether names keep the guarantees, and how near blends come to their weights.

Guarantees: 200 random constraints, up to 10,000 new names under each; every name matches, none is a training name,
none comes twice. Blends: the share that the classifier gives the first of two labels, against its weight, for mixed
embeddings (ours) and for a product of whole experts, a network for each label.
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
from charrnn.arrays import Floats, Floats32, Ints, log_softmax
from charrnn.errors import ImpossibleConstraint
from charrnn.generation.constraints import Constraints
from charrnn.generation.request import Request, draw_samples
from charrnn.generation.sampling import SLOTS, Sampling
from charrnn.inference.character_model import CharacterModel
from charrnn.inference.decoding import ConditionalDecoder
from charrnn.text import fold

NAMES, CONSTRAINTS = 10_000, 200
PAIRS = [("Irish", "Japanese"), ("Italian", "Russian"), ("German", "Spanish"), ("Greek", "Dutch"), ("Polish", "French")]
SHARES = (0.2, 0.4, 0.5, 0.6, 0.8)
PATTERNS = ["", "", "[A-Z][a-z]*", r"\w+( \w+)?", ".*[aeiou].*[aeiou].*", "[^x]*", "[A-Z](..)+", "(?i)[a-v' -]*"]


def random_constraints(rng: random.Random) -> Constraints:
    """Constraints that some name of most labels meets."""
    return Constraints(
        prefix=rng.choice(["", "", "M", "Ka", "De", "B"]),
        suffix=rng.choice(["", "", "a", "o", "ini", "n"]),
        contains=rng.choice(["", "", "r", "an", "l"]),
        pattern=rng.choice(PATTERNS),
        min_length=rng.randint(1, 7),
        max_length=rng.choice([None, None, 12, 15]),
    )


def matches(constraints: Constraints, name: str, longest: int) -> bool:
    """Whether a name meets the constraints, checked without an automaton."""
    return (
        name.startswith(constraints.prefix)
        and name.endswith(constraints.suffix)
        and constraints.contains in name
        and (not constraints.pattern or re.fullmatch(constraints.pattern, name) is not None)
        and constraints.min_length <= len(name) <= (constraints.max_length or longest)
    )


def count_violations(model: Any) -> dict[str, float]:
    """How many names break a guarantee, out of all."""
    rng = random.Random(0)
    total = wrong = known = twice = short = impossible = done = 0
    began = time.perf_counter()
    while done < CONSTRAINTS:
        constraints, label = random_constraints(rng), rng.choice(model.labels)
        try:
            names = model.sample(label, NAMES, rng.randrange(2**32), constraints=constraints, novel=True, resample=1)
        except ImpossibleConstraint:
            impossible += 1
            continue
        keys = [fold(name) for name in names]
        wrong += sum(not matches(constraints, name, model.config.max_length) for name in names)
        known += sum(key in model.training_names for key in keys)
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


class _ProductDecoder:
    """A blend as a product of whole experts, a decoder for each label, with the weights as exponents."""

    def __init__(self, model: CharacterModel, labels: list[int], weights: Floats) -> None:
        self.weights = weights
        self.decoders = [ConditionalDecoder(model, [label], np.ones(1)) for label in labels]
        self.conditions = [decoder.conditions[0] for decoder in self.decoders]

    def reset(self, slots: int) -> None:
        for decoder in self.decoders:
            decoder.reset(slots)

    def reset_slots(self, slots: Ints) -> None:
        for decoder in self.decoders:
            decoder.reset_slots(slots)

    def next_log_p(self, symbols: Ints) -> Floats32:
        logits = [w * decoder.next_log_p(symbols) for decoder, w in zip(self.decoders, self.weights, strict=True)]
        return log_softmax(np.sum(logits, axis=0)).astype(np.float32)

    def decode(self, symbols: list[int]) -> str:
        return self.decoders[0].decode(symbols)


def blends(model: Any, classifier: Any) -> dict[str, float]:
    results: dict[str, float] = {}
    guide = Constraints().compile(model.vocabulary.alphabet, model.config.max_length)
    for kind, decoder in (("mixed embeddings", ConditionalDecoder), ("product of experts", _ProductDecoder)):
        errors = []
        for first, second in PAIRS:
            indices = [model.label_index(first), model.label_index(second)]
            for share in SHARES:
                request = Request(seed=1, sampling=Sampling(0.8))
                weights = np.array([share, 1 - share])
                samples = draw_samples(decoder(model.model, indices, weights), guide, request)
                names = [sample.name for sample in islice(samples, 400)]
                p = classifier.probabilities(names, {first: 1, second: 1}, whole=True)
                errors.append(abs(p[:, classifier.labels.index(first)].mean() - share))
        results[f"blends, {kind}: mean error of the share"] = float(np.mean(errors))
    return results


def speed(model: Any) -> dict[str, float]:
    def rate(n: int = 10_000, **settings: Any) -> float:
        return n / median_seconds(lambda: model.sample("Italian", n, **settings), 3)

    results = {"names a second": rate(), "with top_p 0.9": rate(top_p=0.9)}
    constraints = Constraints(prefix="M", pattern="[A-Z][a-z]+")
    results["under a prefix and a pattern"] = rate(constraints=constraints, resample=1)
    results["the same, of the unconstrained"] = results["under a prefix and a pattern"] / results["names a second"]
    results["resampled from 16"] = rate(1000, constraints=constraints, resample=16)
    model.sample("Italian", 1)
    results["ten names, milliseconds"] = 1e3 * median_seconds(lambda: model.sample("Italian", 10), 20)
    results["slots"] = SLOTS
    return results


def main() -> int:
    model, classifier = charrnn.load("names/generator"), charrnn.load("names/classifier")
    results = speed(model) | blends(model, classifier) | count_violations(model)
    report("generation", results)
    violations = [key for key in results if key.startswith("names that") or key == "names of the training list"]
    return 1 if any(results[key] for key in violations) else 0


if __name__ == "__main__":
    sys.exit(main())
