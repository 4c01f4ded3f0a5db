import csv
import io
import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import printable, printable_json, printable_table, without_formula
from charrnn.text.escaping import FORMULA, NUMBER

TITLE = "\x1b]0;owned\x07"
CONTROL = [chr(i) for i in (*range(32), *range(127, 160), 0x2028, 0x2029, 0x202E, 0x2066, 0xD800)]


def test_a_terminal_gets_no_control_character():
    assert printable(f"Rossi{TITLE}") == "Rossi\\x1b]0;owned\\x07"
    assert printable("\u202eissoR\ud800\n") == "\\u202eissoR\\ud800\\n"
    assert not any(control in printable("".join(CONTROL)) for control in CONTROL)


@pytest.mark.parametrize("text", ["Nguyễn Văn", "O'Neil", "李\u3000明", "علی\u200cرضا", "a\u00a0b", "e\u0301"])
def test_names_of_all_scripts_stay_as_they_are(text):
    assert printable(text) == printable_table(text) == printable_json(text) == text


def test_a_table_keeps_its_rows():
    assert printable_table(f"a\tb\n{TITLE}\tc\r\n") == "a\tb\n\\x1b]0;owned\\x07\tc\\r\n"


@given(st.text())
def test_json_reads_as_the_same_value(text):
    shown = printable_json(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(shown) == {text: text} and not any(control in shown for control in CONTROL[32:])


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "+49 30 1234", "-", "--5", "+1-1", "-5\n"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert without_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5.3", "+49", "-1,234.5", "-.5", "-1e-9", "+12%", "Rossi", "a=1", "", "1-1", " =1"])
def test_numbers_and_other_text_stay_as_they_are(cell):
    assert without_formula(cell) == cell


@given(st.text("=+-@\t\r0123456789.,eE%\n a"))
def test_arrow_and_python_understand_the_patterns_alike(cell):
    marks = pc.match_substring_regex(pa.array([cell]), f"^{FORMULA}")
    numbers = pc.match_substring_regex(pa.array([cell]), f"^{NUMBER}$")
    guarded = pc.and_not(marks, numbers)[0].as_py()
    assert (without_formula(cell) != cell) == guarded


def test_a_guarded_cell_is_a_cell_of_csv():
    text = io.StringIO()
    csv.writer(text).writerow([without_formula("=1,2")])
    assert next(csv.reader(io.StringIO(text.getvalue()))) == ["'=1,2"]
