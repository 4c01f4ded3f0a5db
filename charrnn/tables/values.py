"""The forms that values take on their way from one format to another.

Text stays as it is. What a format has no type for is written as text: truth values as ``true`` and ``false``, numbers
of JSON as they stand in the file, dates and times as in ISO 8601 with a space before the time, lists and objects as
JSON. What cannot be written so that it can be read back as the same value is refused, with row and column.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from charrnn.corpus.rows.json_rows import LiteralFloat
from charrnn.errors import SettingsError, needs_extra

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.compute as pc

EXACT_INTEGER = 2**53
"""Up to here, a float holds every integer."""
LONGEST_CELL = 32_767
"""Characters of a cell of Excel, those beyond U+FFFF counted twice."""
# XML has no place for these; and _x000D_ would be read as a carriage return.
_NOT_IN_EXCEL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")


def as_text(value: object) -> str:
    """The text form of a Python value.

    Raises:
        TypeError: it has none.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, LiteralFloat):
        return value.text
    if isinstance(value, bool | int | float | list | dict | tuple):
        return as_json(value)
    if isinstance(value, datetime.datetime):
        return str(value.date()) if value.time() == datetime.time() else value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta | decimal.Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no text form")


def as_json(value: object) -> str:
    """A Python value as JSON; what JSON has no type for becomes text.

    Raises:
        TypeError: it has no text form.
    """
    if isinstance(value, LiteralFloat):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_json(str(key))}: {as_json(own)}" for key, own in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=as_text)


def for_delimited(table: pa.Table, numbers: Sequence[int]) -> pa.Table:
    """A table whose columns CSV can hold, in their text form.

    Raises:
        SettingsError: it cannot hold a value; the message has row and column.
    """
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        column, kind = _decoded(column), _decoded(column).type
        if pa.types.is_nested(kind):
            column = pa.array(_each(column.to_pylist(), as_json, field, numbers, "CSV"), pa.string())
        elif _is_binary(kind):
            _refuse_all(column, field, numbers, "CSV")
            column = pa.nulls(len(column), pa.string())
        elif pa.types.is_temporal(kind):
            column = _as_string(column, field, numbers, "CSV")
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def for_json(table: pa.Table, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The rows of a table as objects that JSON can hold; errors are those of :func:`for_delimited`."""
    columns = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        column, kind = _decoded(column), _decoded(column).type
        if pa.types.is_floating(kind):
            _refuse_where(pc.invert(pc.is_finite(column)), column, field, numbers, "JSON")
        elif pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
            column = _as_string(column, field, numbers, "JSON")
        elif _is_binary(kind):
            _refuse_all(column, field, numbers, "JSON")
        values = column.to_pylist()
        if pa.types.is_nested(kind):
            _each(values, _strict_json, field, numbers, "JSON")
        columns[field.name] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def for_excel(table: pa.Table, numbers: Sequence[int]) -> list[list[Any]]:
    """The rows of a table as values that cells of Excel can hold; errors are those of :func:`for_delimited`."""
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        column, kind = _decoded(column), _decoded(column).type
        if _is_binary(kind):
            _refuse_all(column, field, numbers, "Excel")
        elif pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
            column = _as_string(column, field, numbers, "Excel")
        columns.append(_each(column.to_pylist(), excel_value, field, numbers, "Excel"))
    return [list(row) for row in zip(*columns, strict=True)]


def excel_value(value: object) -> object:
    """A Python value as text, number, truth value or None.

    Raises:
        ValueError: Excel cannot hold it.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value) or (isinstance(value, int) and abs(value) > EXACT_INTEGER):
            raise ValueError("a number of Excel is finite, and an integer at most 2 to the power of 53")
        return value
    text = as_text(value)
    if len(text) + sum(character > "\uffff" for character in text) > LONGEST_CELL:
        raise ValueError(f"a cell of Excel has at most {LONGEST_CELL:,} characters")
    if found := _NOT_IN_EXCEL.search(text):
        raise ValueError(f"a cell of Excel cannot hold {found[0]!r}")
    if text.startswith("<r>") and text.endswith("</r>"):
        raise ValueError("XlsxWriter takes a text from <r> to </r> for formatting")
    return text


def _strict_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=as_text, allow_nan=False)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without dictionary or run-end encoding, and without an extension type."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    return column.cast(pa.string()) if column.type == pa.string_view() else column


def _is_binary(kind: pa.DataType) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests)


def _as_string(column: pa.ChunkedArray, field: pa.Field, numbers: Sequence[int], target: str) -> pa.Array:
    if pa.types.is_duration(column.type):
        return pa.array(_each(column.cast(pa.duration("us"), safe=False).to_pylist(), as_text, field, numbers, target))
    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        return pa.array(_each(column.to_pylist(), as_text, field, numbers, target), pa.string())


def _each(
    values: list[Any], form: Callable[[Any], Any], field: pa.Field, numbers: Sequence[int], target: str
) -> list[Any]:
    """The form of each value that is there."""
    formed = []
    for number, value in zip(numbers, values, strict=True):
        try:
            formed.append(None if value is None else form(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise _refusal(number, field, target, str(error)) from error
    return formed


def _refuse_all(column: pa.ChunkedArray, field: pa.Field, numbers: Sequence[int], target: str) -> None:
    _refuse_where(pc.is_valid(column), column, field, numbers, target)


def _refuse_where(
    mask: pa.ChunkedArray, column: pa.ChunkedArray, field: pa.Field, numbers: Sequence[int], target: str
) -> None:
    """Refuse the first value where the mask is true.

    Raises:
        SettingsError: there is one.
    """
    first = pc.index(pc.fill_null(mask, False), True).as_py()
    if first >= 0:
        raise _refusal(numbers[first], field, target, f"{str(column[first].as_py())[:40]} of type {field.type}")


def _refusal(number: int, field: pa.Field, target: str, reason: str) -> SettingsError:
    return SettingsError(
        f"--output: row {number}, column {field.name!r}: {target} cannot hold it ({reason}). Take .parquet, or drop "
        "the column."
    )
