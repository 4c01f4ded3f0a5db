import json

import pytest

from charrnn.corpus import Corpus
from charrnn.corpus.label_facts import label_facts
from charrnn.errors import CorpusError

ENTRY = {
    "iso639_3": "qya",
    "family": "Elvish",
    "scripts": ["Latin"],
    "order": "given father",
    "feminine": ["-iel"],
    "masculine": ["-ion"],
    "gender": None,
    "note": "From a book.",
}


@pytest.fixture
def folders(tmp_path):
    """A corpus of one label, with its facts."""
    (tmp_path / "latin" / "female").mkdir(parents=True)
    (tmp_path / "latin" / "female" / "Quenya.txt").write_text("Nerwen\n")
    (tmp_path / "native").mkdir()
    return tmp_path / "latin", tmp_path / "native"


def write(folders, table):
    (folders[0] / "labels.json").write_text(table if isinstance(table, str) else json.dumps(table))


def test_each_bundled_label_is_described():
    facts = label_facts()
    assert list(facts) == Corpus.read("names/surname").label_set and len(facts) >= 55
    assert all(len(own.iso639_3) == 3 and own.family and own.note.endswith((".", ")")) for own in facts.values())
    assert len({own.iso639_3 for own in facts.values()}) == len(facts)
    assert facts["Croatian"].family == facts["Serbian"].family == "South Slavic"
    assert facts["Icelandic"].feminine == ("-dóttir",) and facts["Hungarian"].order == "surname given"
    assert facts["Georgian"].scripts == ("Georgian", "Latin")


def test_most_forms_by_gender_are_those_of_surnames_in_the_lists():
    corpus = Corpus.read("names", pipeline="native")
    rows = zip(corpus.names, corpus.labels, corpus.kinds, strict=True)
    surnames = [(name.casefold(), label) for name, label, kind in rows if kind == "surname"]
    for label, own in label_facts().items():
        names = [name for name, lab in surnames if lab == label]
        forms = [form.casefold() for form in (*own.feminine, *own.masculine)]
        borne = [
            form
            for form in forms
            if any(n.endswith(form[1:]) if form[0] == "-" else n.startswith(form[:-1]) for n in names)
        ]
        assert len(borne) >= len(forms) / 2, f"{label}: {sorted({*forms} - {*borne})} are no forms of its surnames"


def test_no_form_of_one_gender_is_one_of_the_other():
    """Else a surname could be of both, and nobody's."""
    for label, own in label_facts().items():
        for form in own.feminine:
            for other in own.masculine:
                ends = form[0] == other[0] == "-" and (form.endswith(other[1:]) or other.endswith(form[1:]))
                begins = form[-1] == other[-1] == "-" and (form.startswith(other[:-1]) or other.startswith(form[:-1]))
                assert not ends and not begins, (label, form, other)


def test_facts_are_read(folders):
    write(folders, {"Quenya": ENTRY})
    own = label_facts(*folders)["Quenya"]
    assert own.scripts == ("Latin",) and own.feminine == ("-iel",) and own.gender is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "no JSON object"),
        ({}, "Quenya has lists of names, but no entry"),
        ({"Quenya": ENTRY, "Sindarin": ENTRY}, "Sindarin has no list of names"),
        ({"Quenya": ENTRY | {"scripts": ["Tengwar", "Latin"]}}, "written in Tengwar and Latin"),
        ({"Quenya": ENTRY | {"mood": "sad"}}, "other entries than"),
        ({"Quenya": ENTRY | {"note": None}}, "note of Quenya is no text"),
        ({"Quenya": ENTRY | {"feminine": "-iel"}}, "feminine of Quenya is no list"),
        ({"Quenya": ENTRY | {"order": "backwards"}}, "Quenya: order is none of"),
        ({"Quenya": ENTRY | {"feminine": ["iel"]}}, "Quenya: feminine holds 'iel', which is no ending"),
        ({"Quenya": []}, "other entries than"),
    ],
)
def test_facts_that_do_not_fit_are_refused_in_one_line(folders, table, message):
    write(folders, table)
    with pytest.raises(CorpusError, match=message) as raised:
        label_facts(*folders)
    assert "\n" not in str(raised.value) and "labels.json" in str(raised.value)


def test_missing_facts_are_refused(folders):
    with pytest.raises(CorpusError, match="cannot be read"):
        label_facts(*folders)
