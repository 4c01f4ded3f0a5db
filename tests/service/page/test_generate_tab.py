import re

import pytest

from charrnn.inference import load
from charrnn.service.models import ServedModels
from charrnn.service.page.generate_tab import (
    _rounded,
    _shown_for_full_names,
    control_values,
    first_label,
    form_of,
    genders_of,
    invent,
    kinds_of,
    names_html,
)
from charrnn.service.page.link import FormError, NamesForm
from charrnn.service.page.texts import Texts
from charrnn.service.schemas import GenerateRequest


def shown(models, texts, **asked):
    request = GenerateRequest(**asked)
    *names, _ = invent(models, request)
    return names, names_html(names, request, texts)


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
    assert "looks" not in names[0] and ">looks" not in html


def test_for_any_label_nothing_is_said_about_looks(models, english):
    assert ">looks" not in shown(models, english, label="*", n=3, seed=7)[1]
    assert ">looks" in shown(models, english, label="Irish", n=3, seed=7)[1]


def test_names_and_labels_are_escaped(english):
    name = {"name": "<b>&", "log_probability": -3.0, "stamp": "x", "nearest": "<i>", "distance": 2, "looks": "<u>"}
    html = names_html([name], GenerateRequest(label='"<s>', seed=1), english)
    assert not re.search(r"<[bisu]>", html) and "&lt;b&gt;&amp;" in html


def test_lists_have_their_seed_to_keep(models, english):
    assert 'data-seed="7"' in shown(models, english, label="Irish", n=2, seed=7)[1]


@pytest.mark.parametrize("kind", [None, "female"])
def test_a_name_to_keep_has_its_kind_and_the_link_of_its_list(models, english, kind):
    asked = GenerateRequest(label="Irish", n=2, seed=7, kind=kind)
    *names, _ = invent(models, asked)
    html = names_html(names, asked, english, "?tab=generate&label=Irish")
    assert html.count(f'data-kind="{kind or ""}"') == 2 and 'data-link="?tab=generate&amp;label=Irish"' in html


def test_labels_are_told_in_the_readers_language(models):
    html = shown(models, Texts("zh-CN"), blend={"Irish": 1.0, "Czech": 1.0}, n=1, seed=7)[1]
    assert 'data-label="爱尔兰语 + 捷克语"' in html
    assert 'data-label="任意"' in shown(models, Texts("zh-CN"), label="*", n=1, seed=7)[1]


def test_what_is_beyond_a_billion_is_rare(english):
    name = {"name": "Aaaa", "log_probability": -40.0, "stamp": "x"}
    assert "rarer than 1 in a billion" in names_html([name], GenerateRequest(label="Irish", seed=1), english)


@pytest.mark.parametrize("tag", ["en", "zh-CN", "zh-TW"])
def test_it_is_written_in_each_language(models, tag):
    assert shown(models, Texts(tag), label="Irish", n=2, seed=7)[1]


def test_controls_show_a_form_and_are_read_as_it(models):
    usual = NamesForm(label=first_label(models.generator))
    for form in (usual, usual._replace(max_length=9, prefix="Mac", novel=False, kind="male", ascii=True)):
        assert form_of(control_values(form, models.generator), models.generator) == form


def test_without_a_list_nothing_is_asked_to_be_new(private):
    values = control_values(NamesForm(label="Irish"), private)
    assert values[NamesForm._fields.index("novel")] is False
    assert form_of([*values[:6], True, *values[7:]], private).novel is False
    *names, _ = invent(ServedModels(None, private), form_of(values, private).request(nearest=False))
    assert len(names) == 10


def test_odds_have_two_digits():
    assert [_rounded(x) for x in (1.0, 1.4, 12.3, 1234.0, 98765.0)] == [1, 1, 12, 1200, 99000]


def drawn(models, **controls):
    values = control_values(NamesForm(label="Czech", n=20, seed="7")._replace(**controls), models.generator)
    *names, _ = invent(models, form_of(values, models.generator).request(nearest=False))
    return [name["name"] for name in names]


def test_names_of_a_kind_and_without_diacritics_are_drawn(models):
    usual = drawn(models)
    assert not all(name.isascii() for name in usual)
    assert all(name.isascii() for name in drawn(models, ascii=True))
    assert drawn(models, kind="female") != usual != drawn(models, kind="male")


def test_full_names_are_those_of_the_gender(models, english):
    assert all(name.endswith("á") for name in drawn(models, kind="full", gender="female", n=5))
    assert not any(name.endswith("á") for name in drawn(models, kind="full", gender="male", n=5))
    # The gender of a control that is hidden is no part of the request.
    assert drawn(models, kind="female", gender="male") == drawn(models, kind="female")
    html = shown(models, english, label="Czech", kind="full", n=2, seed=7)[1]
    assert html.count('data-kind="full"') == 2 and "looks" in html and "once in" not in html


def test_genders_and_full_names_can_be_chosen_where_the_model_knows_them(models, plain_generator):
    assert kinds_of(models.generator) == ["female", "male", "surname", "full"]
    assert genders_of(models.generator) == ["female", "male"]
    assert kinds_of(plain_generator) == genders_of(plain_generator) == []
    shown_now = [component.visible for component in _shown_for_full_names("full")]
    hidden = [component.visible for component in _shown_for_full_names("female")]
    assert shown_now == [True, True] and hidden == [False, False]


@pytest.mark.parametrize("field", ["prefix", "suffix", "contains"])
def test_of_what_names_hold_the_ascii_form_counts_with_the_tick(models, field):
    generator = models.generator
    strange = "ǣ"
    assert strange not in generator.config.alphabet
    form = NamesForm(label="Czech")._replace(**{field: strange})
    with pytest.raises(FormError, match=f"^{field}$"):
        form_of(control_values(form, generator), generator)
    ticked = form._replace(ascii=True)
    assert form_of(control_values(ticked, generator), generator) == ticked
    for nothing_in_ascii in ("\N{SNOWMAN}", "\N{GRINNING FACE}"):
        with pytest.raises(FormError, match=f"^{field}$"):
            form_of(control_values(ticked._replace(**{field: nothing_in_ascii}), generator), generator)


def test_where_all_is_ascii_nothing_is_asked_to_become_it(plain_generator):
    form = NamesForm(label="Irish", ascii=True)
    assert control_values(form, plain_generator)[NamesForm._fields.index("ascii")] is False
    assert form_of(form, plain_generator).ascii is False


def test_what_names_look_like_is_asked_for_their_kind(with_kinds, monkeypatch):
    asked = []
    predict = with_kinds.classifier.predict
    monkeypatch.setattr(
        with_kinds.classifier,
        "predict",
        lambda *given, **more: (asked.append(more["kind"]), predict(*given, **more))[1],
    )
    for kind in ("female", "male", None):
        list(invent(with_kinds, GenerateRequest(label="Irish", n=1, seed=7, kind=kind)))
    assert asked == ["female", None, None]
