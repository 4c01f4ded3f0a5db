"""Tables in memory, of pandas, Polars or Arrow: names out of a column, answers into further ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from charrnn.corpus.rows import find_column
from charrnn.errors import InputError, needs_extra
from charrnn.text import MISSING_NAMES, is_missing


class NameColumns(NamedTuple):
    """The columns of a table that hold its names.

    Attributes:
        name: the column of names; of given names, where surnames have a column of their own.
        surname: the column of surnames; None if they have none.
        flags: what names the two columns, for messages: arguments, or flags of the command line.
    """

    name: str
    surname: str | None = None
    flags: tuple[str, str] = ("name_column", "surname_column")

    @property
    def wanted(self) -> list[str]:
        """The names of the one column, or of the two."""
        return [self.name] if self.surname is None else [self.name, self.surname]

    def find(self, where: str, columns: Sequence[str]) -> list[int]:
        """The positions of the columns (see :func:`charrnn.corpus.rows.find_column`).

        Args:
            where: the table, for messages.
            columns: names of its columns.

        Raises:
            InputError: a column is absent, fits twice, or is wanted for both.
        """
        found = [find_column(where, columns, own, flag) for own, flag in zip(self.wanted, self.flags, strict=False)]
        if len(set(found)) < len(found):
            raise InputError(f"{where}: {self.flags[0]} and {self.flags[1]} are one column. Set one of them.")
        return found

    def texts(self, values: Sequence[Sequence[Any]]) -> list[Any]:
        """The names of rows, None for missing ones (see :func:`without_missing`).

        Args:
            values: of the columns, in the order of :meth:`find`.

        Returns:
            The values of the one column, or of each row surname and given name with a comma between them, which the
            parser of full names knows; where one is missing, the other one; where one is no text, that one.
        """
        columns = [without_missing(own) for own in values]
        return columns[0] if len(columns) == 1 else [_with_surname(*pair) for pair in zip(*columns, strict=True)]


def _with_surname(given: Any, surname: Any) -> Any:
    if given is None or surname is None:
        return given if surname is None else _surname_alone(surname)
    if not isinstance(given, str) or not isinstance(surname, str):
        return surname if isinstance(given, str) else given
    given, surname = (unicodedata.normalize("NFKC", text).replace(",", " ").strip() for text in (given, surname))
    return f"{surname}, {given}" if given and surname else given or _surname_alone(surname)


def _surname_alone(surname: Any) -> Any:
    """Two words of which no given name is known are a surname all the same: García López, N. N."""
    return f"{surname}, N. N." if isinstance(surname, str) and " " in surname.strip() else surname


_KINDS = {("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table"), ("pyarrow", "RecordBatch")}


def library_of(table: Any) -> str:
    """``pandas``, ``polars`` or ``pyarrow``: the library that a table is of.

    Raises:
        InputError: it is of none of these.
    """
    for own in type(table).__mro__:
        library = own.__module__.split(".")[0]
        if (library, own.__name__) in _KINDS:
            return library
    kind = type(table).__name__
    remedy = (
        "Call its collect() first." if kind == "LazyFrame" else "Give a frame of pandas or Polars, or an Arrow table."
    )
    raise InputError(f"table: {kind} is no table that can be read. {remedy}")


def columns_of(table: Any) -> list[Any]:
    """The names of its columns."""
    return list(table.column_names if library_of(table) == "pyarrow" else table.columns)


def taken_names(table: Any) -> set[Any]:
    """The names that no further column may have: of columns with several levels, those of the first."""
    return {name[0] if isinstance(name, tuple) else name for name in columns_of(table)}


def names_of(table: Any, name_columns: NameColumns, where: str = "table") -> list[Any]:
    """The names in a table; None for missing ones, which include the texts :data:`charrnn.text.MISSING_NAMES`.

    Args:
        table: a frame or an Arrow table.
        name_columns: which columns hold the names.
        where: the table, for messages.

    Raises:
        InputError: a column is absent, fits twice, or holds no text.
    """
    positions = name_columns.find(where, [str(column) for column in columns_of(table)])
    found = zip(positions, name_columns.flags, strict=False)
    return name_columns.texts([_values(table, position, where, flag) for position, flag in found])


def _values(table: Any, position: int, where: str, flag: str) -> list[Any]:
    """The values of a column of a table, which must hold some text, if any."""
    library, columns = library_of(table), columns_of(table)
    if library == "pandas":
        column = table.iloc[:, position]
        values = column.astype(object).where(column.notna(), None).tolist()
    elif library == "polars":
        values = table.to_series(position).to_list()
    else:
        kind = getattr(table.schema.field(position).type, "value_type", table.schema.field(position).type)
        if str(kind) not in ("string", "large_string", "string_view", "null"):
            raise no_text(where, str(columns[position]), kind, flag)
        try:
            values = table.column(position).to_pylist()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{where}: the column {str(columns[position])!r} holds bytes that are no UTF-8."
            ) from error
    there = [value for value in without_missing(values) if value is not None]
    if there and not any(isinstance(value, str) for value in there):
        raise no_text(where, str(columns[position]), there[0], flag)
    return list(values)


def without_missing(values: Sequence[Any]) -> list[Any]:
    """Values of a column of names, None for missing ones."""
    return [
        (None if value in MISSING_NAMES else value) if isinstance(value, str) else None if is_missing(value) else value
        for value in values
    ]


def no_text(where: str, column: str, value: object, flag: str) -> InputError:
    """The error about a column of names that holds no text, but this value or type."""
    return InputError(f"{where}: the column {column!r} holds no text but {str(value)[:40]}. Set {flag}.")


def with_columns(table: Any, columns: Mapping[str, NDArray[Any]]) -> Any:
    """The table with further columns, of the same library; the index of pandas stays.

    Args:
        table: a frame or an Arrow table.
        columns: of :func:`charrnn.inference.answers.answer_columns`.
    """
    library = library_of(table)
    if library == "pandas":
        import pandas as pd

        answers = pd.DataFrame(
            {name: pd.Series(values, index=table.index, dtype=values.dtype) for name, values in columns.items()},
            index=table.index,
        )
        rest = [""] * (table.columns.nlevels - 1)
        if rest:
            answers.columns = pd.MultiIndex.from_tuples([(name, *rest) for name in columns])
        # All at once: pandas warns of a hundred columns that are set one by one, as all labels of a model may be.
        copied = table.copy()
        answered = pd.concat([copied, answers], axis=1).__finalize__(copied)
        answered.columns.names = table.columns.names
        return answered
    if library == "polars":
        import polars as pl

        types = {"O": pl.String, "f": pl.Float64, "b": pl.Boolean}
        series = [pl.Series(name, plain(values), types[values.dtype.kind]) for name, values in columns.items()]
        return table.with_columns(series)
    return with_arrow_columns(table, columns)


def plain(values: NDArray[Any]) -> list[Any]:
    """An answer column as Python values, None where there is none."""
    listed: list[Any] = values.tolist()
    return [None if value != value else value for value in listed] if values.dtype.kind == "f" else listed


def with_arrow_columns(table: Any, columns: Mapping[str, NDArray[Any]]) -> Any:
    """As :func:`with_columns`, of an Arrow table or record batch; the metadata of the schema stays."""
    with needs_extra("tables"):
        import pyarrow as pa
    types = {"O": pa.string(), "f": pa.float64(), "b": pa.bool_()}
    added = [pa.array(values, types[values.dtype.kind], from_pandas=True) for values in columns.values()]
    fields = [pa.field(name, array.type) for name, array in zip(columns, added, strict=True)]
    schema = pa.schema([*table.schema, *fields], metadata=table.schema.metadata)
    return type(table).from_arrays([*table.columns, *added], schema=schema)
