import re

import pytest

from charrnn.service.models import ServedModels
from charrnn.service.page.about_tab import about_html
from charrnn.service.page.texts import Texts


@pytest.mark.parametrize("tag", ["en", "zh-CN", "zh-TW"])
def test_the_cards_are_shown_in_each_language(models, tag):
    html = about_html(models, Texts(tag))
    assert all(model.config.weights_sha256 in html for model in (models.classifier, models.generator))
    labels = len(models.classifier.labels)
    assert len(re.findall(r'<td style="--share', html)) == labels**2
    assert html.count("<circle") == sum(
        1 for names, _, _ in models.classifier.config.calibration["reliability"] if names
    )


def test_the_figures_are_those_of_the_card(models, english):
    html = about_html(models, english)
    accuracy = models.classifier.config.metrics["charrnn"]["accuracy"]
    assert (
        f"<td>{100 * accuracy:.1f}\N{NO-BREAK SPACE}%</td>" in html
        and f"Measured on {models.classifier.config.metrics['charrnn']['n']:,} names" in html
    )


def test_rows_of_the_confusion_matrix_are_shares_of_the_label(models):
    for label, report in models.classifier.config.by_label.items():
        answers = report["answers"]
        assert sum(answers.values()) == report["names"]
        assert answers[label] / report["names"] == pytest.approx(report["recall"])


def test_models_that_tell_nothing_of_themselves_are_shown_all_the_same(changed, english):
    html = about_html(changed(metrics={}, by_label={}, out_of_source={}, data={}), english)
    assert "does not hold these figures" in html and "confusion" not in html


def test_the_bundled_list_is_named_and_credited(models, english):
    for served, source in ((models, "names"), (ServedModels(None, models.generator), "names/latin")):
        html = about_html(served, english)
        assert (
            f"names of the data set “{source}”. It is joined from packages under the MIT licence; data/README.md"
            in html
        )


def test_a_folder_of_data_is_named_without_the_way_to_it(changed, english):
    html = about_html(changed(data={"source": "/home/me/secret/clients.csv", "names": 1}), english)
    assert "clients.csv" in html and "secret" not in html and "MIT licence; data" not in html


def test_the_summary_names_the_best_and_the_worst(models, english):
    html = about_html(models, english)
    reports = models.classifier.config.by_label
    best, *_, worst = sorted(reports, key=lambda label: -reports[label]["recall"])
    right, told_best, told_worst = re.search(
        r"it is right about (\d+)\. Best at ([^;]+); worst at ([^.]+)\.", html
    ).groups()
    assert int(right) == round(100 * models.classifier.config.metrics["charrnn"]["accuracy"])
    assert best in told_best and worst in told_worst
