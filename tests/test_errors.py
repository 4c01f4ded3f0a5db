import pytest

from charrnn import errors


def test_missing_extra_names_its_remedy():
    with pytest.raises(errors.MissingExtraError, match=r'pip install "charrnn\[train\]"'), errors.needs_extra("train"):
        import no_such_module  # noqa: F401


def test_a_message_is_one_line_whatever_it_quotes():
    assert str(errors.CorpusError("column 'a\n\x1bb\u2028'")) == "column 'a  b '"


def test_every_error_is_a_charrnn_error_and_stands_in_the_tree():
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    assert len(kinds) >= 7
    for kind in kinds:
        assert issubclass(kind, errors.CharRNNError)
        assert kind.__name__ in errors.__doc__
