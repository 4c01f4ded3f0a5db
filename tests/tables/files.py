"""Tables of every format, written and read back by other programs than charrnn."""

import csv
import gzip
import io
import json

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

DELIMITERS = {"csv": ",", "tsv": "\t"}


def format_of(path):
    return path.name.removesuffix(".gz").rsplit(".", 1)[1]


def write(path, records, delimiter=None, encoding="utf-8"):
    """Write a list of dicts with equal keys."""
    table_format, columns = format_of(path), list(records[0])
    if table_format in DELIMITERS:
        text = io.StringIO()
        writer = csv.writer(
            text, delimiter=delimiter or DELIMITERS[table_format], lineterminator="\n", quoting=csv.QUOTE_ALL
        )
        writer.writerow(columns)
        writer.writerows([row[column] for column in columns] for row in records)
        content = text.getvalue().encode(encoding)
    elif table_format == "jsonl":
        content = "".join(json.dumps(record) + "\n" for record in records).encode(encoding)
    elif table_format == "json":
        content = json.dumps(records, indent=1).encode(encoding)
    elif table_format == "xlsx":
        workbook = openpyxl.Workbook()
        for row in (columns, *(list(record.values()) for record in records)):
            workbook.active.append(["" for _ in row])
            for cell, value in zip(workbook.active[workbook.active.max_row], row, strict=True):
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # a text that starts with = is no formula
        workbook.save(path)
        return path
    else:
        pq.write_table(pa.Table.from_pylist(records), path)
        return path
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def read(path, delimiter=None):
    """The rows of a table as dicts."""
    table_format = format_of(path)
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    if table_format == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    if table_format == "json":
        return json.loads(content)
    if table_format == "parquet":
        return pq.read_table(path).to_pylist()
    if table_format == "xlsx":
        header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
        return [dict(zip(header, map(_unescaped, row), strict=True)) for row in rows]
    text = io.StringIO(content.decode(), newline="")
    return list(csv.DictReader(text, delimiter=delimiter or DELIMITERS[table_format], strict=True))


def append(path, text):
    """Add text to a file."""
    with path.open("a") as stream:
        stream.write(text)


def _unescaped(value):
    # openpyxl leaves the carriage returns of a workbook as they stand in its XML.
    return value.replace("_x000D_", "\r") if isinstance(value, str) else value
