"""Splits that do not leak: all entries of one name, whatever their case, marks or label, fall on one side."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from charrnn.corpus import Corpus
from charrnn.errors import CorpusError, SettingsError


class Split(NamedTuple):
    """Three corpora that share no name."""

    train: Corpus
    validation: Corpus
    test: Corpus


def split(corpus: Corpus, seed: int = 0, validation_fraction: float = 0.1, test_fraction: float = 0.1) -> Split:
    """Split by name, stratified by label, the same on every machine and Python version.

    A name belongs to the stratum of its first label in sorted order. In each stratum the names are ordered by
    SHA-256 of seed and name; the first ones are the test part, the next ones validation. At least one name of every
    stratum is for training.

    Raises:
        SettingsError: a fraction is negative, or both leave nothing to train on.
        CorpusError: a part that was asked for came out empty.
    """
    if not (0 <= validation_fraction < 1 and 0 <= test_fraction < 1 and validation_fraction + test_fraction < 1):
        raise SettingsError(
            f"validation fraction {validation_fraction} and test fraction {test_fraction}: each must be at least 0, "
            "and their sum below 1."
        )
    stratum_of: dict[str, str] = {}
    for key, label in zip(corpus.keys, corpus.labels, strict=True):
        if key not in stratum_of or label < stratum_of[key]:
            stratum_of[key] = label
    strata: defaultdict[str, list[str]] = defaultdict(list)
    for key, label in stratum_of.items():
        strata[label].append(key)

    side: dict[str, int] = {}
    for keys in strata.values():
        keys.sort(key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())
        held_out = len(keys) - 1
        tests = min(round(len(keys) * test_fraction), held_out)
        validations = min(round(len(keys) * validation_fraction), held_out - tests)
        for i, key in enumerate(keys):
            side[key] = 2 if i < tests else 1 if i < tests + validations else 0

    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for i, key in enumerate(corpus.keys):
        parts[side[key]].append(i)
    for part, fraction, what in ((parts[1], validation_fraction, "validation"), (parts[2], test_fraction, "test")):
        if fraction > 0 and not part:
            raise CorpusError(
                f"{corpus.source}: {len(stratum_of)} distinct names are too few for a {what} part of "
                f"{fraction:g}. Add names, or set --{what}-fraction."
            )
    return Split(*(corpus.select(part) for part in parts))


def write(parts: Split, folder: Path) -> None:
    """Write each part as a folder of ``<Label>.txt``; all parts appear together, or none does.

    Raises:
        CorpusError: a label is no file name, or the folder cannot be written.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        for name, part in parts._asdict().items():
            (temporary / name).mkdir(parents=True)
            by_label: dict[str, list[str]] = {label: [] for label in part.label_set}
            for entry, label in zip(part.names, part.labels, strict=True):
                by_label[label].append(entry)
            for label, names in by_label.items():
                if Path(label).name != label:
                    raise CorpusError(f"the label {label!r} is no file name. Rename it.")
                (temporary / name / f"{label}.txt").write_text("".join(f"{n}\n" for n in names), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be written ({error.strerror or error}). Choose another place.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
