import pytest

from charrnn.corpus.rows import ReadOptions, TableFile, find_column, format_of
from charrnn.errors import InputError, SettingsError


@pytest.mark.parametrize(
    ("path", "table_format"),
    [
        ("a.csv", "csv"),
        ("A.TSV.gz", "tsv"),
        ("b.ndjson", "jsonl"),
        ("b.json", "json"),
        ("c.parquet", "parquet"),
        ("d.xlsx", "xlsx"),
        ("-", None),
        ("names.txt.gz", None),
        ("a.csv.zip", None),
        ("de.la.Cruz", None),
        ("csv", None),
    ],
)
def test_the_suffix_tells_the_format(path, table_format):
    assert format_of(path) == table_format


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "semicolon", "a", "§", "."])
def test_a_delimiter_is_one_character(delimiter):
    with pytest.raises(SettingsError, match=r"--delimiter .*: must be one sign"):
        ReadOptions(delimiter)


def test_a_tab_can_be_spelled():
    assert {ReadOptions(spelled).delimiter for spelled in ("\t", "\\t", "tab")} == {"\t"}


@pytest.mark.parametrize(
    ("options", "table_format", "message"),
    [
        ({"delimiter": ";"}, "jsonl", "--delimiter: is for CSV and TSV"),
        ({"delimiter": ";"}, None, "--delimiter: is for CSV and TSV"),
        ({"encoding": "cp1252"}, "parquet", "--encoding: is for text, not for parquet"),
        ({"encoding": "cp1252"}, "xlsx", "--encoding: is for text, not for xlsx"),
    ],
)
def test_options_that_a_format_has_no_use_for_are_refused(options, table_format, message):
    with pytest.raises(SettingsError, match=message):
        ReadOptions(**options).check_format(table_format)


def test_a_file_is_called_by_its_path_or_its_alias():
    names = [
        str(file) for file in (TableFile("a", "csv"), TableFile("-", "csv"), TableFile("/tmp/x", "csv", alias="b"))
    ]
    assert names == ["a", "standard input", "b"]


@pytest.mark.parametrize(
    ("columns", "wanted", "position"),
    [
        (["id", "name"], "name", 1),
        (["id", " Name "], "name", 1),
        (["NAME", "name"], "name", 1),
        (["x", "STRASSE"], "straße", 1),
        (["x", "x", "name"], "name", 2),
    ],
)
def test_letter_case_and_space_count_only_where_several_columns_fit(columns, wanted, position):
    assert find_column("t.csv", columns, wanted, "--name-column") == position


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["id", "surname"], "t.csv: no column 'name'; found id, surname. Set --name-column."),
        (["name", "name"], "t.csv: the column 'name' stands twice. Rename one of them."),
        (["Name", "Name"], "t.csv: the column 'Name' stands twice. Rename one of them."),
        (["Name", "NAME"], "t.csv: 'NAME' and 'Name' fit the column 'name'. Set --name-column to one of them."),
    ],
)
def test_a_column_that_is_not_found_or_found_twice_is_told(columns, message):
    with pytest.raises(InputError) as caught:
        find_column("t.csv", columns, "name", "--name-column")
    assert str(caught.value) == message
