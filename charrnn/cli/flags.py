"""Flags that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.errors import SettingsError

if TYPE_CHECKING:
    from charrnn.corpus import Corpus
    from charrnn.corpus.rows import ReadOptions
    from charrnn.inference import Classifier, Generator
    from charrnn.model_config import ModelConfig

DATA = (
    "names, names/latin, names/KIND, tutorial or makemore; a folder of <Label>.txt or <kind>/<Label>.txt; a text file; "
    "a table: .csv, .tsv, .jsonl, .json, .parquet, .xlsx"
)


def add_column_flags(command: argparse._ActionsContainer) -> None:
    """Which columns of a table hold names and labels."""
    command.add_argument(
        "--name-column", default="name", metavar="C", help="column of a table with the names. Default: name."
    )
    command.add_argument(
        "--label-column", default="label", metavar="C", help="column of a table with the labels. Default: label."
    )
    command.add_argument(
        "--kind-column",
        metavar="C",
        help="column of a table with the kinds of names, such as surname or female; an empty cell is any. "
        "Default: there are no kinds.",
    )
    add_reading_flags(command)


def add_reading_flags(command: argparse._ActionsContainer) -> None:
    """How to read files of rows."""
    command.add_argument(
        "--delimiter",
        metavar="D",
        help="between the cells of CSV and TSV. Default: found out among comma, semicolon, tab and pipe.",
    )
    command.add_argument(
        "--encoding", default="utf-8", metavar="E", help="of the text that is read, such as cp1252. Default: utf-8."
    )
    command.add_argument(
        "--bad-rows",
        choices=["refuse", "skip"],
        default="refuse",
        help="what to do with malformed rows: refuse the file, or leave them out and count them. Default: refuse.",
    )
    command.add_argument("--sheet", metavar="S", help="of an Excel workbook. Default: the first one.")


def read_options(flags: argparse.Namespace) -> ReadOptions:
    """The options of :func:`add_reading_flags`.

    Raises:
        SettingsError: an encoding that is not known, or a delimiter that cannot be one.
    """
    from charrnn.corpus.rows import ReadOptions

    return ReadOptions(flags.delimiter, flags.encoding, flags.bad_rows == "skip", flags.sheet)


def read_corpus(flags: argparse.Namespace, data: str, pipeline: str = "ascii", with_kinds: bool = True) -> Corpus:
    """Read a corpus as the flags of :func:`add_column_flags` tell.

    Args:
        flags: of the command.
        data: value of one of its flags; delimiter and encoding are those of ``flags.data``, other corpora are UTF-8.
        pipeline: of the model that the names are for.
        with_kinds: whether the column of kinds is read.

    Raises:
        CharRNNError: see :meth:`charrnn.corpus.Corpus.read`.
    """
    from charrnn.corpus import Corpus
    from charrnn.corpus.rows import ReadOptions

    options = read_options(flags)
    if data != flags.data:
        options = ReadOptions(skip_bad_rows=options.skip_bad_rows)
    kind_column = flags.kind_column if with_kinds else None
    return Corpus.read(data, flags.name_column, flags.label_column, pipeline, options, kind_column)


def add_model_flag(command: argparse.ArgumentParser, default: str) -> None:
    """Which model folder to load."""
    command.add_argument(
        "--model", default=default, metavar="DIR", help=f"model folder. Default: the shipped one, {default}."
    )


def add_prior_flag(command: argparse.ArgumentParser) -> None:
    """Which label frequencies a classifier assumes."""
    command.add_argument(
        "--prior",
        choices=["model", "uniform"],
        default="model",
        help="label frequencies: those of training, or all equal. Default: model.",
    )


def load_classifier(path: str, flag: str = "--model") -> Classifier:
    """The classifier of a model folder.

    Raises:
        SettingsError: it is a generator; the message names the flag.
        ModelFolderError: it cannot be read.
    """
    from charrnn.inference import Classifier, load

    model = load(path)
    if not isinstance(model, Classifier):
        raise _of_other_task(flag, path, "classifier")
    return model


def load_generator(path: str, flag: str = "--model") -> Generator:
    """As :func:`load_classifier`, for a generator."""
    from charrnn.inference import Generator, load

    model = load(path)
    if not isinstance(model, Generator):
        raise _of_other_task(flag, path, "generator")
    return model


def _of_other_task(flag: str, path: str, task: str) -> SettingsError:
    other = "generator" if task == "classifier" else "classifier"
    return SettingsError(f"{flag} {path}: is a {other}; this command needs a {task}.")


def answer_settings(flags: argparse.Namespace) -> dict[str, Any]:
    """The arguments of :meth:`Classifier.predict` that the flags of ``classify`` name."""
    labels = None if flags.labels is None else [label.strip() for label in flags.labels.split(",")]
    keys = ("top_k", "prior", "coverage", "min_probability", "kind", "level", "whole")
    return {key: getattr(flags, key) for key in keys} | {"labels": labels}


def read_test_split(config: ModelConfig, corpus: Corpus, flag: str, data: str, model: str) -> Corpus:
    """The test split of the data that a model was trained on, computed again from seed and fractions.

    Args:
        config: of the model.
        corpus: the data.
        flag: names ``data`` in the message of an error.
        data: where the corpus comes from, for the message.
        model: where the model comes from, for the message.

    Raises:
        SettingsError: it is other data.
    """
    from charrnn.corpus.split import split

    trained_on = config.data
    if corpus.fingerprint != trained_on["fingerprint"]:
        raise SettingsError(
            f"{flag}: {data} is not the data that {model} was trained on (fingerprints differ), so its test split is "
            "unknown. Give that data."
        )
    return split(corpus, trained_on["seed"], trained_on["validation_fraction"], trained_on["test_fraction"]).test


def check_out(out: Path) -> None:
    """Check that ``--out`` is absent or an empty folder.

    Raises:
        SettingsError: it is neither.
        StorageError: it cannot be looked into.
    """
    from charrnn.storage import storage_errors

    with storage_errors(f"--out {out}", "Choose another folder."):
        is_taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if is_taken:
        raise SettingsError(f"--out {out}: is not empty. Choose another folder, or empty this one.")
