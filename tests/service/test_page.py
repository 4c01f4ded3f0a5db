import asyncio

import gradio as gr
import pytest

from charrnn.inference import load
from charrnn.inference.explanation import Explanation
from charrnn.service import page
from charrnn.service.core import Service
from charrnn.service.settings import ServiceSettings


@pytest.fixture(scope="module")
def models():
    return load("names/classifier"), load("names/generator")


def test_a_model_that_is_not_there_has_no_tab(tmp_path, shipped):
    (tmp_path / "generator").symlink_to(shipped / "generator")

    async def tabs(folder):
        # With a running event loop, for Gradio would leave one open that it starts itself.
        built = page.build(Service(ServiceSettings(models=folder)))
        return [block.label for block in built.blocks.values() if isinstance(block, gr.Tab)]

    assert asyncio.run(tabs(None)) == ["Classify", "Generate"]
    assert asyncio.run(tabs(str(tmp_path))) == ["Generate"]


def test_classify_answers_and_abstains(models):
    bars, sentence, _ = page.classify(*models, "Papadopoulos")
    assert max(bars, key=bars.get) == "Greek" and len(bars) == page.TOP_K
    assert "Greek" in sentence and "But" not in sentence
    assert page.classify(*models, "42") == ({}, page.REASONS["no-letters"], "")


def test_what_is_unlike_a_name_is_answered_with_a_warning(models):
    bars, sentence, _ = page.classify(*models, "Xqzwvkjx")
    assert bars and page.DOUBTS["unlike-training"] in sentence


def test_letters_are_escaped_and_coloured_by_what_they_say(models):
    explanation = Explanation("<i> 'x", "<i> 'x", "A&B", "C", (2.0, -1.0, 0.0, 0.0, 0.5, 0.1), 0.4, 2.0)
    shown = page.coloured_letters(explanation)
    assert "<i>" not in shown and "&lt;" in shown and "A&amp;B" in shown
    assert f"rgba({page.BLUE}, 0.75)" in shown and f"rgba({page.ORANGE}, 0.38)" in shown
    assert page.classify(*models, "O'Sullivan")[2].count("<span") == len("O'Sullivan")


def test_generate_repeats_with_its_seed(models):
    names, sentence = page.generate(models[1], "Irish", 5, 0.8, "7")
    assert len(names.splitlines()) == 5 and "Seed 7" in sentence
    assert page.generate(models[1], "Irish", 5, 0.8, "7")[0] == names


def test_without_a_seed_names_differ(models):
    assert page.generate(models[1], "Irish", 20, 0.8, "")[0] != page.generate(models[1], "Irish", 20, 0.8, None)[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("Elvish", 5, 0.8, "1"),
        (["Irish"], 5, 0.8, "1"),
        ("Irish", 0, 0.8, "1"),
        ("Irish", 10**6, 0.8, "1"),
        ("Irish", "five", 0.8, "1"),
        ("Irish", 5, float("nan"), "1"),
        ("Irish", float("nan"), 0.8, "1"),
        ("Irish", float("inf"), 0.8, "1"),
        ("Irish", 5, None, "1"),
        ("Irish", 5, 0.8, "-1"),
        ("Irish", 5, 0.8, "1.5"),
        ("Irish", 5, 0.8, "nan"),
    ],
)
def test_what_comes_over_http_is_checked(models, arguments):
    with pytest.raises(gr.Error):
        page.generate(models[1], *arguments)


def test_a_name_must_be_text(models):
    with pytest.raises(gr.Error):
        page.classify(*models, 42)
