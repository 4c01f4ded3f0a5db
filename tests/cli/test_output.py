import json
import sys

import pytest

from charrnn.cli.output import coloured


def test_letters_are_coloured_where_colours_are_wanted(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[48;5;" in run("classify", "O'Sullivan", "--explain")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("classify", "O'Sullivan", "--explain")[1]


def test_colours_tell_for_from_against_and_strong_from_faint():
    assert coloured("a", 0.01) == "a"
    shown = [coloured("a", s) for s in (-1, -0.3, 0.3, 1)]
    assert len(set(shown)) == 4
    assert coloured("a", -0.95) == shown[0] and coloured("a", 0.95) == shown[3]


ESCAPES = "Rossi\x1b]0;owned\x07\x9b1m"


@pytest.mark.parametrize("flags", [[], ["--explain"], ["--format", "jsonl"]])
def test_terminal_escapes_in_names_are_shown(run, flags):
    status, out, _ = run("classify", ESCAPES, *flags)
    assert status == 0 and not {"\x1b", "\x07", "\x9b"} & set(out) and "x1b" in out.replace("u001b", "x1b")
    if "jsonl" in flags:
        assert json.loads(out)["name"] == ESCAPES


def test_csv_shows_them_on_a_terminal_and_keeps_them_in_a_file(run, tmp_path, monkeypatch):
    assert run("classify", ESCAPES, "--format", "csv")[1].splitlines()[1].startswith(f"{ESCAPES},")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = run("classify", ESCAPES, "--format", "csv")[1]
    assert "Rossi\\x1b]0;owned\\x07\\x9b1m," in out and "\x1b" not in out


@pytest.mark.parametrize(("flags", "cell"), [([], "=1+1 Rossi"), (["--spreadsheet-safe"], "'=1+1 Rossi")])
def test_csv_guards_names_against_formulas_on_demand(run, flags, cell):
    assert run("classify", "=1+1 Rossi", "--format", "csv", *flags)[1].splitlines()[1].startswith(f"{cell},")


def test_a_name_that_is_no_text_is_refused(run):
    status, out, err = run("classify", "Rossi", "M\udcfcller")
    assert status == 2 and out == "" and "is not in the encoding of this terminal" in err and err.count("\n") == 1
