"""The one reader of table rows and text lines: CSV, TSV, JSON, Parquet, Excel workbooks, plain lists.

Content is streamed in blocks of rows. A file whose name ends in ``.gz`` is uncompressed on the way; ``-`` is standard
input. Errors name file, row, line and column, and the next move. Rows count from 1, a header included.
"""

from charrnn.corpus.rows.blocks import ArrowBlock, Block, Cell, RecordBlock, SheetBlock, TextBlock
from charrnn.corpus.rows.reading import read_blocks, read_columns, read_lines
from charrnn.corpus.rows.table_file import DELIMITERS, FORMATS, ReadOptions, TableFile, find_column, format_of

__all__ = [
    "DELIMITERS",
    "FORMATS",
    "ArrowBlock",
    "Block",
    "Cell",
    "ReadOptions",
    "RecordBlock",
    "SheetBlock",
    "TableFile",
    "TextBlock",
    "find_column",
    "format_of",
    "read_blocks",
    "read_columns",
    "read_lines",
]
