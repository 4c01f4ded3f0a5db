"""Checks of what a caller passes, so that every wrong value ends in a line of charrnn's own."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from charrnn.errors import CharRNNError, InputError, SettingsError, shown

T = TypeVar("T")


def integer(name: str, value: Any, what: str, least: int, most: int | None = None) -> int:
    """A whole number within bounds; one of NumPy becomes Python's.

    Args:
        name: of the argument, for the message.
        value: that was given.
        what: it must be, for the message.
        least: smallest that is allowed.
        most: largest that is allowed; None for any.

    Raises:
        SettingsError: it is something else.
    """
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        raise SettingsError(f"{name} {shown(value)}: must be {what}.")
    return int(value)


def number(name: str, value: Any, what: str, least: float, most: float = math.inf) -> float:
    """A finite number within bounds; arguments and errors as for :func:`integer`."""
    try:
        found = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        found = math.inf
    if not math.isfinite(found) or not least <= found <= most:
        raise SettingsError(f"{name} {shown(value)}: must be {what}.")
    return found


def boolean(name: str, value: Any) -> bool:
    """True or False, of Python or NumPy.

    Raises:
        SettingsError: it is something else.
    """
    return bool(instance(name, value, (bool, np.bool_), "True or False", SettingsError))


def instance(name: str, value: Any, kinds: type[T] | tuple[type[T], ...], what: str, error: type[CharRNNError]) -> T:
    """The value, of one of the types.

    Raises:
        CharRNNError: ``error``, where it is of another one.
    """
    if not isinstance(value, kinds):
        raise error(f"{name} {shown(value)}: must be {what}.")
    return value


def text(name: str, value: Any, error: type[CharRNNError] = SettingsError) -> str:
    """A text; arguments and errors as for :func:`instance`."""
    return instance(name, value, str, "a text", error)


def listed(name: str, values: Any, error: type[CharRNNError] = SettingsError) -> list[Any]:
    """The items of a sequence or another collection.

    Raises:
        CharRNNError: ``error``, where it is none, or is a single text, whose characters would be taken for items.
    """
    if isinstance(values, str | bytes):
        raise error(f"{name}: {shown(values)} is one text, not a sequence of them. Call it with [{shown(values)}].")
    if isinstance(values, Mapping) or not isinstance(values, Iterable):
        raise error(f"{name} {shown(values)}: must be a sequence.")
    return list(values)


def texts(name: str, values: Any, error: type[CharRNNError] = SettingsError) -> list[str]:
    """The items of a collection, all of them texts; arguments and errors as for :func:`listed`."""
    items = listed(name, values, error)
    if other := [item for item in items if not isinstance(item, str)]:
        raise error(f"{name}: {shown(other[0])} is no text.")
    return items


def choice(name: str, value: Any, known: Collection[str]) -> str:
    """One of the known words.

    Raises:
        SettingsError: it is another one.
    """
    if not isinstance(value, str) or value not in known:
        raise SettingsError(f"{name} {shown(value)}: must be one of {', '.join(known)}.")
    return value


def path(name: str, value: Any) -> Path:
    """A path of the file system.

    Raises:
        InputError: it is no path, or holds a character that none can hold.
    """
    checked: Any = instance(name, value, (str, os.PathLike), "a path", InputError)
    try:
        os.fsencode(checked)
        found = Path(checked)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} {shown(value)}: is no path.") from error
    if "\0" in str(found):
        raise InputError(f"{name} {shown(value)}: is no path.")
    return found


def weights(name: str, values: Mapping[Any, Any], what: str, least: float) -> dict[str, float]:
    """Numbers by text.

    Args:
        name: of the argument, for the message.
        values: that were given.
        what: weights must be, for the message.
        least: smallest that is allowed.

    Raises:
        SettingsError: a key is no text, a value is no finite number of at least ``least``, or there is none.
    """
    if not values:
        raise SettingsError(f"{name}: holds no label. Name one.")
    return {text(name, k): number(f"{name} {shown(k)}: weight", v, what, least) for k, v in values.items()}
