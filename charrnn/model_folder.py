"""The model folder: all that passes from training to inference.

::

    model.safetensors   weights, n-grams, and what the list says of its names; no metadata, so that equal weights are
                        equal bytes
    config.json         everything else; a folder without it is no model
    README.md           the model card
    reliability.png     of a classifier, on its test split or in cross-validation
    known.txt.gz        every name of the data, folded (absent if trained with --private)
    run/                what only the training run needs (state, TensorBoard events); never published

The files are replaced as one (see :mod:`charrnn.transaction`).
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ModelFolderError
from charrnn.model_config import EXPERTS, FORMAT_VERSION, ModelConfig
from charrnn.storage import storage_errors
from charrnn.transaction import FileSet

CONFIG, WEIGHTS, CARD, TRAINING_NAMES = "config.json", "model.safetensors", "README.md", "known.txt.gz"
FILES = (TRAINING_NAMES, "reliability.png", WEIGHTS, CARD, CONFIG)
"""Files that a model folder may hold."""
Weights = Mapping[str, NDArray[Any]]


def write(
    folder: Path,
    config: ModelConfig,
    weights: Weights,
    card: str,
    training_names: Collection[str] | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> ModelConfig:
    """Write a model folder as one: whatever happens, a reader finds the old model or the new one, whole.

    Args:
        folder: made if absent.
        config: its ``weights_sha256`` is filled in.
        weights: arrays by name.
        card: text of ``README.md``.
        training_names: names of the data, folded; None leaves them out.
        pictures: PNG files by name, which the card shows.

    Returns:
        The config as written.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
        ModelFolderError: what an earlier writing left is damaged.
    """
    from safetensors.numpy import save

    blob = save({name: np.ascontiguousarray(array) for name, array in weights.items()})
    config = dataclasses.replace(config, weights_sha256=hashlib.sha256(blob).hexdigest())
    text = json.dumps(dataclasses.asdict(config), indent=1, ensure_ascii=False) + "\n"
    files = {**(pictures or {}), WEIGHTS: blob, CARD: card.encode(), CONFIG: text.encode()}
    if training_names is not None:
        lines = "".join(f"{name}\n" for name in sorted(set(training_names)))
        # mtime=0: the same names are the same bytes.
        files = {TRAINING_NAMES: gzip.compress(lines.encode(), mtime=0)} | files
    with storage_errors(str(folder), "Free space or choose another --out."), _whole(folder):
        FileSet(folder, FILES).replace(files)
    return config


def finish_writing(folder: Path) -> None:
    """Let a folder hold the new model as plain files, if a process was ended while it moved them to their places.

    Raises:
        ModelFolderError: what it left is damaged.
    """
    with _whole(folder), suppress(OSError):  # a folder that is read only is read as it is
        FileSet(folder, FILES).finish()


def path_of(folder: str | Path, name: str) -> Path:
    """Where a file of a model folder is, which may be absent.

    Args:
        folder: of the model.
        name: one of :data:`FILES`.

    Raises:
        ModelFolderError: what an interrupted writing left is damaged.
    """
    with _whole(Path(folder)):
        try:
            return FileSet(Path(folder), FILES).path(name)
        except OSError:
            return Path(folder) / name


def read(folder: str | Path) -> tuple[ModelConfig, dict[str, NDArray[Any]]]:
    """Read and verify a model folder.

    Raises:
        ModelFolderError: it is absent, incomplete, altered (SHA-256), cut, or of another format version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = Path(folder)
    # Weights that do not fit their config may be those of a model that just takes the place of the other.
    for is_last in (False, False, True):
        config, path = read_config(folder), path_of(folder, WEIGHTS)
        try:
            blob = _read_bytes(folder, WEIGHTS)
        except OSError as error:
            if is_last:
                raise _broken(path, f"cannot be read ({error.strerror or error})") from error
            continue
        if hashlib.sha256(blob).hexdigest() == config.weights_sha256:
            break
        if is_last:
            raise _broken(path, "is cut or altered (its SHA-256 differs from the one in config.json)")
    try:
        return config, load(blob)
    except SafetensorError as error:
        raise _broken(path, f"is no safetensors file ({error})") from error


def read_config(folder: str | Path) -> ModelConfig:
    """Read ``config.json`` alone.

    Raises:
        ModelFolderError: as for :func:`read`.
    """
    path = path_of(folder, CONFIG)
    try:
        fields = json.loads(_read_bytes(folder, CONFIG))
    except (FileNotFoundError, NotADirectoryError) as error:
        begun = (Path(folder) / "run").is_dir()
        how = "Its training has not ended: go on with --resume" if begun else "Check the path, or train one"
        raise ModelFolderError(
            f"{folder}: no model folder (no config.json). {how}: python -m charrnn.train --help"
        ) from error
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read ({error})") from error
    if not isinstance(fields, dict):
        raise _broken(path, "holds no JSON object")
    version = fields.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelFolderError(
            f"{path}: format version {version!r}, this charrnn reads {FORMAT_VERSION}. "
            "Install the charrnn that wrote it, or train again."
        )
    return _validated(path, fields)


def read_training_names(folder: Path) -> frozenset[str] | None:
    """The names of the data, folded; None if the folder leaves them out.

    Raises:
        ModelFolderError: the list is damaged.
    """
    path = path_of(folder, TRAINING_NAMES)
    try:
        return frozenset(gzip.decompress(_read_bytes(folder, TRAINING_NAMES)).decode().splitlines())
    except FileNotFoundError:
        return None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ModelFolderError(f"{path}: cannot be read ({error}). Copy the model folder again.") from error


def _read_bytes(folder: str | Path, name: str) -> bytes:
    """The content of a file of a folder whose files may just be moved to their places.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return path_of(folder, name).read_bytes()
    except FileNotFoundError:
        return path_of(folder, name).read_bytes()


_TYPES = {"str": str, "int": int, "list[str]": list, "list[int]": list, "dict[str, Any]": dict}


def _validated(path: Path, fields: dict[str, Any]) -> ModelConfig:
    expected = {f.name: _TYPES[str(f.type)] for f in dataclasses.fields(ModelConfig)}
    if fields.keys() != expected.keys():
        odd = ", ".join(sorted(fields.keys() ^ expected.keys()))
        raise _broken(path, f"has missing or unknown keys: {odd}")
    for key, type_ in expected.items():
        if not isinstance(fields[key], type_):
            raise _broken(path, f"{key} is no {type_.__name__}")
    config = ModelConfig(**fields)
    words = [*config.labels, *config.kinds, *config.families.values()]
    if not all(isinstance(word, str) for word in words) or len(set(config.kinds)) < len(config.kinds):
        raise _broken(path, "labels, kinds or families are no texts, or a kind stands twice")
    if config.task not in EXPERTS:
        raise _broken(path, f"unknown task {config.task!r}")
    if len(set(config.alphabet)) != len(config.alphabet):
        raise _broken(path, "alphabet holds a character twice")
    if not config.labels or len(config.labels) * config.kind_count != len(config.class_counts):
        raise _broken(path, "labels, kinds and class_counts do not fit together, or are empty")
    return config


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise _broken(folder, str(error)) from error


def _broken(path: Path, what: str) -> ModelFolderError:
    return ModelFolderError(f"{path}: {what}. Copy or download the folder again, or train anew.")
