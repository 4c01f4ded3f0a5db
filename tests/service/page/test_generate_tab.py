import re

import pytest

from charrnn.inference import load
from charrnn.service.models import ServedModels
from charrnn.service.page.generate_tab import _rounded, control_values, first_label, form_of, invent, names_html
from charrnn.service.page.link import NamesForm
from charrnn.service.page.texts import Texts
from charrnn.service.schemas import GenerateRequest


def shown(models, texts, **asked):
    request = GenerateRequest(**asked)
    *names, end = invent(models, request)
    return names, names_html(names, request, end["seed"], texts)


def test_names_come_with_what_they_mean_to_a_writer(models, english):
    names, html = shown(models, english, label="Irish", n=5, seed=7, nearest=True)
    assert len(names) == 5 and all(name["looks"] in models.classifier.labels for name in names)
    for name in names:
        assert f'data-stamp="{name["stamp"]}"' in html and f'<span class="name">{name["name"]}</span>' in html
    assert "about 1 in" in html and re.search(r"letters? from|a known name", html)


def test_the_same_seed_gives_the_same_page(models, english):
    asked = {"label": "Irish", "n": 5, "seed": 7}
    assert shown(models, english, **asked) == shown(models, english, **asked)


def test_without_a_classifier_nothing_is_said_about_looks(english):
    alone = ServedModels(None, load("names/generator"))
    names, html = shown(alone, english, label="Irish", n=3, seed=7)
    assert "looks" not in names[0] and "looks" not in html


def test_for_any_label_nothing_is_said_about_looks(models, english):
    assert "looks" not in shown(models, english, label="*", n=3, seed=7)[1]


def test_names_and_labels_are_escaped(english):
    name = {"name": "<b>&", "log_probability": -3.0, "stamp": "x", "nearest": "<i>", "distance": 2, "looks": "<u>"}
    html = names_html([name], GenerateRequest(label='"<s>'), 1, english)
    assert not re.search(r"<[bisu]>", html) and "&lt;b&gt;&amp;" in html


def test_no_names_is_a_state_of_its_own(english):
    assert "No names yet." in names_html([], GenerateRequest(label="Irish"), None, english)


def test_only_whole_lists_have_a_seed_to_keep(models, english):
    names, html = shown(models, english, label="Irish", n=2, seed=7)
    assert 'data-seed="7"' in html
    growing = names_html(names, GenerateRequest(label="Irish"), None, english)
    assert 'data-tool="copy"' in growing and "data-seed" not in growing


@pytest.mark.parametrize("tag", ["en", "zh-CN", "zh-TW"])
def test_it_is_written_in_each_language(models, tag):
    assert shown(models, Texts(tag), label="Irish", n=2, seed=7)[1]


def test_controls_show_a_form_and_are_read_as_it(models):
    usual = NamesForm(label=first_label(models.generator))
    for form in (usual, usual._replace(max_length=9, prefix="Mac", novel=False)):
        assert form_of(control_values(form, models.generator), models.generator) == form


def test_odds_have_two_digits():
    assert [_rounded(x) for x in (1.0, 1.4, 12.3, 1234.0, 98765.0)] == [1, 1, 12, 1200, 99000]
