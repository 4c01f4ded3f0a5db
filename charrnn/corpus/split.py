"""Splits without leaks: all entries of one name, whatever their case, marks or label, fall on one side."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from charrnn.corpus.corpus import Corpus
from charrnn.errors import CorpusError, SettingsError
from charrnn.storage import atomic_folder, storage_errors


class Split(NamedTuple):
    """Three corpora that share no name."""

    train: Corpus
    validation: Corpus
    test: Corpus


def split(corpus: Corpus, seed: int = 0, validation_fraction: float = 0.1, test_fraction: float = 0.1) -> Split:
    """Split by name, stratified by label and kind, the same on every machine and Python version.

    A name belongs to the stratum of its first label and kind in sorted order. In each stratum the names are ordered by
    SHA-256 of seed and name; the first ones go to test, the next ones to validation. At least one name of every
    stratum is for training.

    Args:
        corpus: the names; :attr:`Corpus.keys` decides which spellings are one name.
        seed: of the order of names.
        validation_fraction: of the names of each label and kind.
        test_fraction: of the names of each label and kind.

    Raises:
        SettingsError: a fraction is negative, or both leave nothing to train on.
        CorpusError: validation or test is empty although its fraction is above 0.
    """
    if not (0 <= validation_fraction < 1 and 0 <= test_fraction < 1 and validation_fraction + test_fraction < 1):
        raise SettingsError(
            f"validation fraction {validation_fraction} and test fraction {test_fraction}: each must be at least 0, "
            "and their sum below 1."
        )
    strata = _strata(corpus, seed)
    side: dict[str, int] = {}  # 0 train, 1 validation, 2 test
    for keys in strata:
        held_out = len(keys) - 1
        tests = min(round(len(keys) * test_fraction), held_out)
        validations = min(round(len(keys) * validation_fraction), held_out - tests)
        for i, key in enumerate(keys):
            side[key] = 2 if i < tests else 1 if i < tests + validations else 0

    indices: tuple[list[int], list[int], list[int]] = ([], [], [])
    for i, key in enumerate(corpus.keys):
        indices[side[key]].append(i)
    for own, fraction, what in ((indices[1], validation_fraction, "validation"), (indices[2], test_fraction, "test")):
        if fraction > 0 and not own:
            raise CorpusError(
                f"{corpus.source}: {len(side)} distinct names are too few for a {what} split of "
                f"{fraction:g}. Add names, or set --{what}-fraction."
            )
    return Split(*(corpus.select(own) for own in indices))


def folds(corpus: Corpus, seed: int, count: int) -> list[Split]:
    """Splits for cross-validation, without validation names: each name is tested once, in one of them.

    By name and stratified, as :func:`split`. The name of a stratum that has no other is never tested.

    Args:
        corpus: the names.
        seed: of the order of names.
        count: of splits, at least 2; fewer where there are fewer names to test.

    Raises:
        CorpusError: fewer than two names can be tested.
    """
    fold_of: dict[str, int] = {}
    tested = 0
    for keys in _strata(corpus, seed):
        for key in keys:
            fold_of[key] = tested % count if len(keys) > 1 else -1
            tested += len(keys) > 1
    if tested < 2:
        raise CorpusError(
            f"{corpus.source}: {len(fold_of)} distinct names are too few for cross-validation. Add names, or set "
            "--folds 0 and --test-fraction."
        )
    rows = [fold_of[key] for key in corpus.keys]
    nothing = corpus.select([])
    return [
        Split(
            corpus.select([i for i, own in enumerate(rows) if own != fold]),
            nothing,
            corpus.select([i for i, own in enumerate(rows) if own == fold]),
        )
        for fold in range(min(count, tested))
    ]


def _strata(corpus: Corpus, seed: int) -> list[list[str]]:
    """The names of each label and kind, in an order that only seed and names decide; each name in one stratum."""
    stratum_of: dict[str, tuple[str, str]] = {}
    for key, label, kind in zip(corpus.keys, corpus.labels, corpus.kinds or repeat(""), strict=False):
        if key not in stratum_of or (label, kind) < stratum_of[key]:
            stratum_of[key] = label, kind
    strata: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key, stratum in stratum_of.items():
        strata[stratum].append(key)
    for keys in strata.values():
        keys.sort(key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())
    return list(strata.values())


def write_split(splits: Split, folder: Path) -> None:
    """Write train, validation and test as folders of ``<Label>.txt``, or ``<kind>/<Label>.txt``; all appear, or none.

    Args:
        splits: what to write.
        folder: absent, or empty.

    Raises:
        CorpusError: a label or a kind is no file name.
        StorageError: the folder cannot be written.
    """
    with storage_errors(str(folder), "Choose another place."), atomic_folder(folder) as temporary:
        for side, corpus in splits._asdict().items():
            (temporary / side).mkdir()
            names_of: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
            for name, label, kind in zip(corpus.names, corpus.labels, corpus.kinds or repeat(""), strict=False):
                names_of[kind, label].append(name)
            for (kind, label), names in names_of.items():
                for what, word in (("label", label), *([("kind", kind)] if corpus.kinds else [])):
                    if Path(word).name != word or word in ("", ".", ".."):
                        raise CorpusError(f"the {what} {word!r} is no file name. Rename it.")
                own_folder = temporary / side / kind
                own_folder.mkdir(exist_ok=True)
                content = "".join(f"{name}\n" for name in names)
                (own_folder / f"{label}.txt").write_text(content, encoding="utf-8")
