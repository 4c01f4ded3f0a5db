"""What a list says of exactly one name, in nats: fitted where two sources of the bundled corpus hold the same names.

The sources are Faker, faker-js, and the lists that were written for this corpus. A classifier learns from some of them;
of the names that these hold, another source says which labels are right. That source is never learned from, so the fit
is crossed. An answer is as good as the probability of all right labels together, under a uniform prior. Two numbers
result:

- *all others*: learned from all sources but the one that judges: what the bundled list, which has several, says;
- *one*: learned from a single source: what a user's list says, the default of ``--memory-weight``.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import ROOT, report, write_table

from charrnn.corpus import Corpus
from charrnn.inference import Classifier
from charrnn.recipe import train
from charrnn.text import fold_latin
from charrnn.training.distributed import distributed_context
from charrnn.training.settings import ClassifierSettings
from charrnn.training.training_run import TrainingRun

sys.path.insert(0, str(ROOT / "data"))
import build
import packages

SETTINGS = ClassifierSettings(
    epochs=8,
    batch_size=512,
    schedule="one-cycle",
    learning_rate=8e-3,
    dropout=0.1,
    patience=0,
    test_fraction=0.0,
)
WEIGHTS = np.arange(0, 4.25, 0.25)


def sources() -> dict[str, Corpus]:
    """The names in Latin letters of each source, with labels and kinds."""
    all_sources, found = dict(build.SOURCES), {}
    for package in ("Faker", "faker-js", "written"):
        build.SOURCES = {
            label: own
            for label, sources in all_sources.items()
            if (own := [source for source in sources if source.startswith(f"{package} ")])
        }
        rows: list[tuple[str, str, str]] = []
        for label in sorted(path.stem for path in (ROOT / "data" / "names" / "surname").glob("*.txt")):
            for kind in packages.KINDS:
                written = build.lines(build.HERE / "written" / "names" / kind / f"{label}.txt")
                names = written if package == "written" else build.packaged(label, kind)[0]
                rows += [(name, label, kind) for name in sorted(names)]
        names_of, labels, kinds = zip(*rows, strict=True)
        found[package] = Corpus(list(names_of), list(labels), package, kinds=list(kinds))
    build.SOURCES = all_sources
    return found


def together(corpora: Sequence[Corpus]) -> Corpus:
    """All names of several corpora, less those of labels that have only one."""
    names, labels, kinds = (
        [value for corpus in corpora for value in column(corpus)]
        for column in (lambda c: c.names, lambda c: c.labels, lambda c: c.kinds)
    )
    whole = Corpus(names, labels, " and ".join(corpus.source for corpus in corpora), kinds=kinds)
    counts = whole.label_counts
    return whole.select([i for i, label in enumerate(labels) if counts[label] >= 10])


@dataclass(frozen=True)
class Fit:
    """The log-loss and the share of right answers under each of :data:`WEIGHTS`, of ``names`` names."""

    learned: str
    judged: str
    names: int
    nll: Any
    accuracy: Any

    @property
    def best(self) -> float:
        """The weight of least log-loss."""
        return float(WEIGHTS[self.nll.argmin()])


def fit(learned: Corpus, judge: Corpus) -> Fit:
    """Learn from one corpus, and let another judge the names that both hold."""
    with distributed_context(SETTINGS) as context:
        trained = train(TrainingRun("classifier", learned, SETTINGS, context))
    model = Classifier(trained.config, trained.weights)
    known = {fold_latin(name) for name in learned.names}
    right: dict[str, set[int]] = defaultdict(set)
    for name, label in zip(judge.names, judge.labels, strict=True):
        if (text := fold_latin(name)) in known and label in model.labels:
            right[text].add(model.labels.index(label))
    names = sorted(right)
    is_right = np.zeros((len(names), len(model.labels)), bool)
    for i, name in enumerate(names):
        is_right[i, list(right[name])] = True
    nll, accuracy = [], []
    for weight in WEIGHTS:
        model.memory_weight = float(weight)
        p = model.probabilities(names, "uniform", whole=True)
        nll.append(-np.log(np.maximum((p * is_right).sum(axis=1), 1e-12)).mean())
        accuracy.append(is_right[np.arange(len(names)), p.argmax(axis=1)].mean())
    return Fit(learned.source, judge.source, len(names), np.array(nll), np.array(accuracy))


def main() -> int:
    found = sources()
    single = [fit(together([a]), b) for a in found.values() for b in found.values() if a is not b]
    others = [fit(together([a for a in found.values() if a is not b]), b) for b in found.values()]
    results: dict[str, Any] = {}
    rows = ["| learned from | judged by | names | best weight | log-loss without, with | right without, with |"]
    rows += ["| --- | --- | --- | --- | --- | --- |"]
    for what, fits in (("one", single), ("all others", others)):
        names = sum(own.names for own in fits)
        pooled = np.sum([own.names * own.nll for own in fits], axis=0) / names
        accuracy = np.sum([own.names * own.accuracy for own in fits], axis=0) / names
        for own in [*fits, Fit(f"**{what}**", "", names, pooled, accuracy)]:
            at = own.nll.argmin()
            rows.append(
                f"| {own.learned} | {own.judged} | {own.names:,} | {own.best:.2f} | {own.nll[0]:.3f}, "
                f"{own.nll[at]:.3f} | {own.accuracy[0]:.3f}, {own.accuracy[at]:.3f} |"
            )
        results[f"{what}: weight"] = float(WEIGHTS[pooled.argmin()])
        results[f"{what}: names"] = names
    report("memory", results)
    write_table("memory", "\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
