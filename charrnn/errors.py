"""Everything charrnn raises on purpose.

::

    CharRNNError
    ├── CorpusError            names that cannot be read, or not used for the task
    ├── SettingsError          a setting out of its range, or settings that contradict each other
    │   └── ImpossibleConstraint   no name can meet what is asked of generated names
    ├── UnknownLabelError      a label that the model was not trained on
    ├── ModelFolderError       a model folder that is absent, altered, cut or of another format
    ├── NonFiniteLossError     training diverged: the loss is NaN or infinite
    ├── StateError             a training state that cannot be written, is damaged, or belongs to another run
    ├── InterruptedRunError    a signal stopped training, and its state is saved (exit status 3)
    └── MissingExtraError      an optional dependency is not installed

A message is one line: what, where, and the next move. The command line prints it and exits with status 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CharRNNError(Exception):
    """The root of all errors that charrnn raises on purpose. What a message quotes cannot break its one line."""

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() else " " for c in message))


class CorpusError(CharRNNError):
    """Names that cannot be read, or that cannot be used for the task."""


class SettingsError(CharRNNError):
    """A setting out of its range, or settings that contradict each other."""


class ImpossibleConstraint(SettingsError):  # noqa: N818 - it names what is wrong
    """No name can meet what is asked of generated names."""


class UnknownLabelError(CharRNNError):
    """A label that the model was not trained on."""


class ModelFolderError(CharRNNError):
    """A model folder that is absent, altered, cut, or of another format."""


class NonFiniteLossError(CharRNNError):
    """Training diverged: the loss became NaN or infinite."""


class StateError(CharRNNError):
    """A training state that cannot be written, is damaged, or belongs to another run."""


class InterruptedRunError(CharRNNError):
    """A signal stopped training, and its state is saved."""


class MissingExtraError(CharRNNError):
    """An optional dependency is not installed."""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn an ImportError inside the block into a :class:`MissingExtraError` that names the remedy.

    Raises:
        MissingExtraError: a module of the extra cannot be imported.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "charrnn":
            raise
        raise MissingExtraError(
            f'{error.name} is not installed; it belongs to an extra. Run: pip install "charrnn[{extra}]"'
        ) from error
