import json

import pytest

from charrnn.corpus import Corpus
from charrnn.corpus.audit import as_text, audit
from charrnn.corpus.plot import plot
from charrnn.errors import SettingsError, StorageError
from tests.conftest import SHARED


def kinds(corpus):
    return {finding["kind"]: finding for finding in audit(corpus)["findings"]}


def many(label, n=60):
    letters = "abcdefghij"
    names = [f"{label}{letters[i % 10]}{letters[i // 10 % 10]}{letters[i // 100]}o" for i in range(n)]
    return Corpus(names, [label] * n)


def joined(*parts):
    return Corpus([n for p in parts for n in p.names], [label for p in parts for label in p.labels])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tutorials' data is not beside this checkout")
def test_the_tutorials_data_has_its_known_flaws():
    report = audit(Corpus.read(SHARED / "tutorial"))
    assert (report["rows"], report["distinct"], report["cross_label"]) == (20_050, 17_411, 477)
    assert report["ceiling"] == pytest.approx(0.968, abs=0.0005)
    assert report["labels"]["Arabic"] == {"rows": 2000, "distinct": 108}
    (repeated,) = [f for f in report["findings"] if f["kind"] == "repeated"]
    assert "Arabic: 2,000 rows hold 108 names" in repeated["message"] and repeated["severity"] == "warning"


def test_the_bundled_corpus_is_sound():
    report = audit(Corpus.read("names", pipeline="native"))
    assert len(report["labels"]) >= 55
    assert {kind: own["labels"] for kind, own in report["kinds"].items()} == dict.fromkeys(
        ("female", "male", "surname"), len(report["labels"])
    )
    assert report["distinct"] >= 100_000
    assert [f["kind"] for f in report["findings"] if f["severity"] != "info"] == ["unsupported-script"]
    (smallest,) = [f for f in report["findings"] if f["kind"] == "smallest-lists"]
    assert "Wolof, surname: 2" in smallest["message"] and "Senegal" in smallest["message"]
    assert max(sizes["distinct"] for sizes in report["labels"].values()) <= 0.2 * report["distinct"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Nowak3", "suspicious-digits"),
        ("Q87256521", "suspicious-digits"),
        ("N/A", "suspicious-missing"),
        ("null", "suspicious-missing"),
        ("a.nowak@example.org", "suspicious-address"),
        ("Nowak, Jan", "suspicious-punctuation"),
        ("Ноwak", "suspicious-mixed-scripts"),
        ("\u2060Nowak", "lost-characters"),
        ("Dvořák", "transliterated"),
        ("प्रिया", "unsupported-script"),
    ],
)
def test_suspicious_lines_are_found(name, kind):
    corpus = joined(many("x"), Corpus([name], ["x"]))
    assert kinds(corpus)[kind]["count"] == 1
    assert kind not in kinds(many("x"))


def test_a_header_is_found_where_it_stands_first():
    assert "suspicious-header" in kinds(joined(Corpus(["Surname"], ["x"]), many("x")))
    assert "suspicious-header" not in kinds(joined(many("x"), Corpus(["Surname"], ["x"])))


def test_kana_and_chinese_characters_are_one_way_of_writing():
    assert "suspicious-mixed-scripts" not in kinds(
        joined(many("x"), Corpus(["佐々木", "井の上", "Вʼячеслав"], ["x"] * 3))
    )


def test_sizes_and_cross_label_names():
    corpus = joined(many("a", 600), many("b"), many("c", 10), Corpus(["abba", "abba"], ["b", "c"]))
    found = kinds(corpus)
    assert "c" in found["tiny-label"]["message"] and "Add names" in found["tiny-label"]["next"]
    assert found["cross-label"]["count"] == 1
    report = audit(corpus)
    assert report["ceiling"] == pytest.approx(report["distinct"] / (report["distinct"] + 1))


def test_what_was_dropped_is_told():
    corpus = Corpus(many("x").names, many("x").labels, dropped={"no-letters": 3})
    assert kinds(corpus)["dropped"]["count"] == 3


def test_near_duplicates_are_counted():
    twins = [w for i in range(100) for w in (f"{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10]}zzo",)]
    assert kinds(Corpus(twins, ["x"] * 100))["near-duplicates"]["count"] == 10
    far = ["".join(chr(97 + (i * k) % 26) for k in range(3, 12)) for i in range(1, 26)]
    assert kinds(Corpus(far, ["x"] * 25))["near-duplicates"]["count"] == 0


def test_too_few_names_are_a_finding_not_a_crash():
    assert "too-small" in kinds(Corpus(["ab"], ["x"]))


def test_a_report_is_json_and_text():
    report = audit(many("x"))
    json.dumps(report)
    text = as_text(report)
    assert "60 rows, 60 distinct names" in text and "next:" in text


def test_the_plot_is_a_picture(tmp_path):
    plot(many("x"), tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SettingsError, match="ends in"):
        plot(many("x"), tmp_path / "p.bmp")
    with pytest.raises(StorageError, match=r"--plot .* cannot be written.*Choose another place"):
        plot(many("x"), tmp_path / "absent" / "p.png")


def test_labels_that_repeat_the_most_of_their_rows_come_first():
    small = joined(Corpus(["Rossi"] * 9, ["small"] * 9), many("small", 3))
    large = joined(Corpus(["Nowak"] * 30, ["large"] * 30), many("large", 200))
    message = kinds(joined(small, large))["repeated"]["message"]
    assert message.index("small") < message.index("large")


def test_who_has_marks_is_told_how_to_keep_them():
    found = kinds(joined(Corpus(["Dvořák"], ["x"]), many("x")))
    assert "--pipeline native" in found["transliterated"]["next"]


def test_kinds_are_counted_by_label():
    one, two = many("A"), many("B")
    corpus = Corpus(
        one.names * 2 + two.names,
        one.labels * 2 + two.labels,
        kinds=["surname"] * 60 + ["female"] * 60 + ["surname"] * 60,
    )
    report = audit(corpus)
    assert report["labels"]["A"] == {"rows": 120, "distinct": 60, "kinds": {"female": 60, "surname": 60}}
    assert report["kinds"] == {
        "female": {"rows": 60, "distinct": 60, "labels": 1},
        "surname": {"rows": 120, "distinct": 120, "labels": 2},
    }
    found = kinds(corpus)
    # A name of two kinds is no repeat.
    assert "repeated" not in found
    assert "only A has names of the kind female" in found["kind-of-one-label"]["message"]
    told = as_text(report).splitlines()
    assert told[3].split() == ["label", "rows", "distinct", "share", "female", "surname"]
    assert told[4].split() == ["A", "120", "60", "50.0%", "60", "60"]
    assert told[6].split() == ["all", "180", "120", "60", "120"]


def test_kinds_of_the_only_label_are_no_finding():
    one = many("A")
    assert "kind-of-one-label" not in kinds(Corpus(one.names, one.labels, kinds=["male", "female"] * 30))


def test_a_corpus_without_kinds_has_none_in_its_audit():
    report = audit(many("A"))
    assert report["kinds"] == {} and "kinds" not in report["labels"]["A"]
    assert "kind" not in as_text(report)


def test_repeated_names_and_those_of_several_labels_are_named():
    corpus = joined(many("A"), many("B"), Corpus(["Popa", "Popa", "Aboe", "aboe", "Nagy"], ["A", "B", "A", "A", "A"]))
    found = kinds(corpus)
    assert found["repeated"]["message"].endswith("most of all Aboe 2 times")
    assert "such as Popa" in found["cross-label"]["message"]


def test_names_in_other_scripts_are_told_apart_and_kept_from_training_with_a_warning():
    corpus = joined(many("A"), many("B"), Corpus(["王伟", "汪威", "王威", "حسن"], ["A", "A", "A", "A"]))
    found = kinds(corpus)
    assert "repeated" not in found
    assert found["unsupported-script"]["severity"] == "warning" and found["unsupported-script"]["count"] == 4
    found = kinds(joined(many("A"), many("B"), Corpus(["حسن", "حصن"], ["C", "B"])))
    assert "cross-label" not in found or "حسن" not in found["cross-label"]["message"]
    assert found["unsupported-script"]["severity"] == "error"
    assert found["unsupported-script"]["message"].endswith("all names of C are among them")


def test_the_smallest_lists_are_told_of_the_bundled_corpus_alone():
    corpus = Corpus(["Ab", "Cd"], ["x", "y"], source="names", kinds=["a", "b"])
    assert "Wolof" not in str(audit(corpus)) and audit(Corpus(["Ab", "Cd"], ["x", "y"], source="names"))
