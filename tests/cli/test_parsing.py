import pytest

from charrnn import __version__, train
from charrnn.__main__ import main
from charrnn.errors import UnknownLabelError, did_you_mean


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["clasify", "Satoshi"], "(did you mean classify?)"),
        (["generate", "--lable", "Irish"], "unrecognized arguments: --lable Irish (did you mean --label?)"),
        (["generate", "--lable=Irish"], "(did you mean --label?)"),
        (["corpus", "adit", "names"], "(did you mean audit?)"),
        (["generate", "--format", "jsnl"], "(did you mean jsonl?)"),
        (["train", "clasifier"], "(did you mean classifier?)"),
        (["train", "classifier", "--data", "names/surname", "--out", "x", "--epohcs", "3"], "(did you mean --epochs?)"),
    ],
)
def test_what_was_probably_meant_is_suggested(arguments, told, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    err = capsys.readouterr().err
    assert caught.value.code == 2 and told in err and err.count("\n") == 1


def test_what_is_near_nothing_is_refused_without_a_guess(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--qqqq"])
    expected = "charrnn generate: unrecognized arguments: --qqqq. See charrnn generate --help.\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("word", "hint"), [("turkish", "Turkish"), ("Irsh", "Irish"), ("Elvish", ""), ("", ""), (3, "")]
)
def test_the_nearest_label_is_suggested(word, hint):
    assert did_you_mean(word, ["Irish", "Turkish"]) == (f" (did you mean {hint}?)" if hint else "")
    told = str(UnknownLabelError.of(word, ["Irish", "Turkish"], "prior"))
    assert told.startswith(f"prior: unknown label {word!r}") and told.endswith("this model knows Irish, Turkish.")


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0 and capsys.readouterr().out == f"charrnn {__version__}\n"


def test_charrnn_train_is_the_training_command(capsys, monkeypatch):
    called = []
    monkeypatch.setattr(train, "train", lambda flags, settings: called.append((flags.task, settings.hidden)) or "done")
    assert main(["train", "generator", "--data", "names/surname", "--out", "x", "--hidden", "9"]) == 0
    assert called == [("generator", 9)] and capsys.readouterr().out == "done\n"
    for arguments in (["train", "--help"], ["--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
    helps = capsys.readouterr().out
    assert "usage: charrnn train" in helps and "see charrnn train --help" in helps
