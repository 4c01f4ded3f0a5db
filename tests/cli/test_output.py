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
