"""Everything charrnn raises on purpose, told apart by cause.

::

    CharRNNError
    ├── InputError                 bad input: a file, row, column or name that cannot be read or used
    │   └── CorpusError            names that can be read, but not used for the task
    ├── SettingsError              bad setting: out of its range, or in contradiction to another one
    │   ├── ImpossibleConstraint   no name can meet what is asked of generated names
    │   └── UnknownLabelError      a label that the model was not trained on
    ├── StorageError               a file or folder cannot be written: disk full, no permission
    ├── ModelFolderError           a model folder that is absent, altered, cut or of another format
    ├── CheckpointError            a training state that is damaged or does not fit this version
    ├── NonFiniteLossError         training diverged: the loss is NaN or infinite
    ├── WorkerError                a worker process or a cluster ended before its work was done
    ├── InterruptedRunError        stopped by a signal or a lost process; what is finished is saved (exit status 3)
    ├── StoppedError               a computation was stopped from outside: its time is over, or nobody waits for it
    └── MissingExtraError          an optional dependency is not installed

A message is one line: what, where, and the next move. The command line prints it and exits with status 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LONGEST = 4000
"""Characters of a message at most."""
MANY = 20
"""Words that a message lists at most."""
DISTRIBUTION = "charrnn-names"
"""Name on the Python package index. ``charrnn`` is another project there."""


def did_you_mean(word: object, known: Collection[str]) -> str:
    """The nearest known word as a question in parentheses, a space before it; empty if none is near.

    Args:
        word: that was given; letter case does not count.
        known: words.
    """
    from difflib import get_close_matches

    if not isinstance(word, str):
        return ""
    by_key = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_key, 1, 0.78)
    return f" (did you mean {by_key[found[0]]}?)" if found else ""


def shown(value: object, most: int = 60) -> str:
    """A value as a message shows it, cut after ``most`` characters."""
    try:
        text = repr(value)
    except Exception:  # a stranger's __repr__, or a whole number of more digits than Python writes
        text = f"a {type(value).__name__}"
    return text if len(text) <= most else f"{text[:most]}…"


class CharRNNError(Exception):
    """The root of all errors that charrnn raises on purpose.

    Args:
        message: characters that cannot be printed, such as a line break in a quoted name, become spaces; what is beyond
            :data:`LONGEST` characters is left out of its middle.
    """

    def __init__(self, message: str) -> None:
        if len(message) > LONGEST:
            message = f"{message[: LONGEST // 2]} … {message[-LONGEST // 2 :]}"
        super().__init__("".join(c if c.isprintable() else " " for c in message))


class InputError(CharRNNError):
    """A file, row, column or name that cannot be read or used."""


class CorpusError(InputError):
    """Names that can be read, but not used for the task."""


class SettingsError(CharRNNError):
    """A setting out of its range, or in contradiction to another one."""


class ImpossibleConstraint(SettingsError):  # noqa: N818 - it names what is wrong
    """No name can meet what is asked of generated names."""


def some_of(known: Sequence[str]) -> str:
    """The words, or of more than :data:`MANY` the first ones and how many there are."""
    if len(known) <= MANY:
        return ", ".join(known)
    return f"{', '.join(known[:3])} and {len(known) - 3} more, which charrnn info lists"


class UnknownLabelError(SettingsError):
    """A label that the model was not trained on."""

    @classmethod
    def of(cls, label: object, known: Sequence[str], setting: str = "") -> UnknownLabelError:
        """The error with the nearest known label, and those there are.

        Args:
            label: that was given.
            known: labels of the model.
            setting: that holds it, if it is not the label itself.
        """
        where = f"{setting}: " if setting else ""
        return cls(
            f"{where}unknown label {shown(label)}{did_you_mean(label, known)}; this model knows {some_of(known)}."
        )


class StorageError(CharRNNError):
    """A file or folder cannot be written: the disk is full, or permission is missing."""


class ModelFolderError(CharRNNError):
    """A model folder that is absent, altered, cut, or of another format."""


class CheckpointError(CharRNNError):
    """A training state that is damaged or does not fit this version."""


class NonFiniteLossError(CharRNNError):
    """Training diverged: the loss is NaN or infinite."""


class WorkerError(CharRNNError):
    """A worker process or a cluster ended before its work was done."""


class InterruptedRunError(CharRNNError):
    """Training or a table was stopped by a signal or the loss of another process; what is saved is intact."""


class StoppedError(CharRNNError):
    """A computation was stopped from outside: its time is over, or nobody waits for its result any more."""


class MissingExtraError(CharRNNError):
    """An optional dependency is not installed."""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a failed import inside the block into a :class:`MissingExtraError` that names the packages to install.

    Args:
        extra: of the distribution, such as ``tables``.

    Raises:
        MissingExtraError: a module outside charrnn cannot be imported.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "charrnn":
            raise
        packages = " ".join(f'"{requirement}"' for requirement in extra_requirements(extra))
        remedy = f"Run: pip install {packages}" if packages else f"Its extra in pyproject.toml is {extra!r}."
        raise MissingExtraError(f"{error.name} is not installed. {remedy}") from error


def extra_requirements(extra: str) -> list[str]:
    """The requirements of an extra, such as ``["pyarrow>=17"]``, from the distribution's metadata.

    A checkout that was never installed has no metadata; there they come from its ``pyproject.toml``. The list is empty
    where neither tells.
    """
    import re
    import tomllib
    from importlib import metadata

    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        path = Path(__file__).parent.parent / "pyproject.toml"
        if not path.exists():
            return []
        extras = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
        return [requirement.partition(";")[0].strip() for requirement in extras.get(extra, [])]
    of_extra = re.compile(rf"""\bextra\s*==\s*["']{re.escape(extra)}["']""")
    requirements = [line.partition(";") for line in lines]
    return [requirement.strip() for requirement, _, marker in requirements if of_extra.search(marker)]
