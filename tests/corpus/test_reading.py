import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn.corpus import Corpus
from charrnn.errors import CorpusError, InputError
from tests.conftest import SHARED

DAMAGED = gzip.compress(b"")[:10] + b"\xff" * 20
"""A header of gzip, then no compressed data."""


def test_folder_of_labels(tmp_path):
    (tmp_path / "Greek.txt").write_bytes("\ufeffHatzis\r\n\r\n  Papas \r\n".encode())
    (tmp_path / "Czech.txt").write_bytes("Dvořák".encode())
    corpus = Corpus.read(tmp_path)
    assert list(zip(corpus.names, corpus.labels, strict=True)) == [
        ("Dvořák", "Czech"),
        ("Hatzis", "Greek"),
        ("Papas", "Greek"),
    ]
    assert corpus.dropped == {"missing-name": 1}


def write_kinds(folder):
    for path, names in (("surname/Czech.txt", "Novák\nDvořák"), ("female/Czech.txt", "Eva"), ("any/Irish.txt", "Mac")):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(names, encoding="utf-8")


def test_a_folder_of_kinds(tmp_path):
    write_kinds(tmp_path)
    (tmp_path / "empty").mkdir()  # no list, no kind
    corpus = Corpus.read(tmp_path)
    assert list(zip(corpus.names, corpus.labels, corpus.kinds, strict=True)) == [
        ("Mac", "Irish", "any"),
        ("Eva", "Czech", "female"),
        ("Novák", "Czech", "surname"),
        ("Dvořák", "Czech", "surname"),
    ]
    assert corpus.kind_counts == {"any": 1, "female": 1, "surname": 2}


def test_lists_beside_kinds_are_refused(tmp_path):
    write_kinds(tmp_path)
    (tmp_path / "Greek.txt").write_text("Papas")
    with pytest.raises(
        CorpusError, match=r"holds Greek\.txt beside any/Irish\.txt\. Put the former into a folder of its"
    ):
        Corpus.read(tmp_path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet", "xlsx"])
def test_a_table_of_kinds(suffix, tmp_path):
    rows = [("Novák", "Czech", "surname"), ("Eva", "Czech", ""), ("Aoife", "Irish", " female ")]
    frame = pd.DataFrame(rows, columns=["name", "label", "Sort"])
    path = tmp_path / f"names.{suffix}"
    if suffix == "csv":
        frame.to_csv(path, index=False)
    elif suffix in ("json", "jsonl"):
        frame.to_json(path, orient="records", lines=suffix == "jsonl")
    else:
        getattr(frame, {"parquet": "to_parquet", "xlsx": "to_excel"}[suffix])(path, index=False)
    assert Corpus.read(path, kind_column="sort").kinds == ["surname", "any", "female"]
    assert Corpus.read(path).kinds == []
    with pytest.raises(InputError, match="--kind-column"):
        Corpus.read(path, kind_column="absent")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("Ab,M\u0101ori,\nCd,Maori,", "labels Maori and Māori differ in letter case or marks alone"),
        ("Ab,A,female\nCd,A,Female", "kinds Female and female differ in letter case or marks alone"),
        ("Ab,A,Any\nCd,A,", "kinds Any and any differ in letter case or marks alone"),
    ],
)
def test_words_that_cannot_be_told_apart_are_refused(rows, message, tmp_path):
    (tmp_path / "names.csv").write_text(f"name,label,kind\n{rows}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        Corpus.read(tmp_path / "names.csv", kind_column="kind")


@pytest.mark.parametrize(
    "labels", [("\u0915\u093f", "\u0915\u0940"), ("\u043a\u0438", "\u043a\u0439"), ("\u0623\u062d", "\u0627\u062d")]
)
def test_marks_of_scripts_that_spell_with_them_tell_labels_apart(labels, tmp_path):
    (tmp_path / "names.csv").write_text(f"name,label\nAb,{labels[0]}\nCd,{labels[1]}\n", encoding="utf-8")
    assert len(Corpus.read(tmp_path / "names.csv").label_set) == 2


def test_what_has_no_kinds_gets_none(tmp_path):
    (tmp_path / "A.txt").write_text("Ab\nCd")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "A.txt").write_text("Ef")
    assert Corpus.read(tmp_path, kind_column="sort").kinds == Corpus.read(tmp_path).kinds == []


def test_file_is_one_label(tmp_path):
    (tmp_path / "names.txt").write_text("emma\nolivia\n12\n" + "x" * 101)
    corpus = Corpus.read(tmp_path / "names.txt")
    assert corpus.label_counts == {"names": 2}
    assert corpus.dropped == {"no-letters": 1, "too-long": 1}


def test_the_bundled_surnames_hardly_repeat():
    corpus = Corpus.read("names/surname")
    assert len(set(corpus.keys)) >= 65_000
    assert corpus.dropped == {}
    assert len(corpus.distinct_pairs()) >= 0.99 * len(corpus)  # some names are written with and without their marks


def test_the_latin_corpus_is_that_of_all_kinds_in_latin_letters():
    latin = Corpus.read("names/latin")
    kinds = {kind: Corpus.read(f"names/{kind}") for kind in ("female", "male", "surname")}
    assert latin.kind_counts == {kind: len(own) for kind, own in kinds.items()}
    assert Counter(latin.names) == sum((Counter(own.names) for own in kinds.values()), Counter())


def test_lists_that_a_pipeline_cannot_read_are_counted_if_their_label_has_others(tmp_path):
    for kind, label, names in (("a", "X", "Anna"), ("b", "X", "محمد\nعلي"), ("b", "Y", "Olga")):
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{label}.txt").write_text(names, encoding="utf-8")
    corpus = Corpus.read(tmp_path)
    assert corpus.names == ["Anna", "Olga"] and corpus.dropped == {"unsupported-script": 2}
    assert len(Corpus.read(tmp_path, pipeline="native")) == 4
    (tmp_path / "a" / "X.txt").unlink()
    with pytest.raises(CorpusError, match=r"X\.txt: none of its names can be used \(unsupported-script\)"):
        Corpus.read(tmp_path)


def test_a_folder_named_as_a_bundled_list_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names" / "female").mkdir(parents=True)
    (tmp_path / "names" / "female" / "Elvish.txt").write_text("Arwen\n")
    assert "Welsh" in Corpus.read("names/female").label_set
    assert capsys.readouterr().err == (
        "names/female: the list of that name, not the one at ./names/female. Give ./names/female for that.\n"
    )
    assert Corpus.read(Path("names/female")).label_set == ["Elvish"]
    assert Corpus.read("./names/female").label_set == ["Elvish"] and capsys.readouterr().err == ""


def test_an_unknown_kind_of_the_bundled_corpus_names_those_there_are():
    with pytest.raises(InputError, match="'names', 'names/latin', 'names/female', 'names/male', 'names/surname'"):
        Corpus.read("names/nickname")


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ({}, InputError, "no <Label>.txt"),
        ({"A.txt": b"Nowak", "B.txt": b"\n"}, CorpusError, r"B\.txt: no names"),
        ({"A.txt": b""}, CorpusError, r"A\.txt: no names"),
        ({"A.txt": b"ok\nM\xfcller\n"}, InputError, r"A\.txt, line 2, column 2: not UTF-8 \(byte 0xfc\)"),
        ({"A.txt": b"x", "a.txt": b"y"}, CorpusError, "labels A and a differ in letter case or marks alone"),
        ({"A.txt": "Nowak".encode("utf-16")}, InputError, r"A\.txt, line 1: not UTF-8 but UTF-16"),
        ({"A.txt": b"ab\n\x89PNG\0\0"}, InputError, r"A\.txt, line 2, column 1: binary data"),
        ({"A.txt": b"ab\n\0\0"}, InputError, r"A\.txt, line 2, column 1: binary data"),
        ({"A.txt": b"ab\n" + b"x" * 1_000_002}, InputError, r"A\.txt, line 2: longer than 1,000,000 characters"),
        ({"A.txt.gz": gzip.compress(b"Nowak\n" * 9999)[:-20]}, InputError, r"A\.txt\.gz: the gzip data is cut off"),
        ({"A.txt.gz": DAMAGED}, InputError, r"A\.txt\.gz: the gzip data is cut off or damaged"),
        ({"A.txt.gz": b"no gzip"}, InputError, r"A\.txt\.gz: the gzip data is cut off or damaged"),
    ],
)
def test_bad_folders_say_what_and_where(tmp_path, files, error, message):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        Corpus.read(tmp_path)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_missing_path_names_the_choices(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        Corpus.read(tmp_path / "absent")


ROWS = [
    ("Nowak", "Polish"),
    ("Müller", "German"),
    ("", "German"),
    ("O'Brien, Jr", "Irish"),
    ("42", "Irish"),
    ("Li", ""),
]


def write_table(path, rows):
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        names, labels = zip(*rows, strict=True)
        pq.write_table(pa.table({"id": list(range(len(rows))), "name": names, "label": labels}), path)
        return
    open_ = gzip.open if path.suffix == ".gz" else open
    with open_(path, "wt", encoding="utf-8", newline="") as stream:
        if ".jsonl" in path.name:
            stream.writelines(json.dumps({"name": n, "label": label}) + "\n" for n, label in rows)
        else:
            writer = csv.writer(stream, delimiter="\t" if ".tsv" in path.name else ",")
            writer.writerows([("id", "name", "label"), *((i, *row) for i, row in enumerate(rows))])


@pytest.mark.parametrize("file", ["t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.csv.gz", "t.jsonl.gz", "T.CSV"])
def test_tables_in_every_format(tmp_path, file):
    write_table(tmp_path / file, ROWS)
    corpus = Corpus.read(tmp_path / file)
    assert list(zip(corpus.names, corpus.labels, strict=True)) == [ROWS[0], ROWS[1], ROWS[3]]
    assert corpus.dropped == {"missing-name": 1, "no-letters": 1, "missing-label": 1}


def test_columns_of_other_names(tmp_path):
    (tmp_path / "t.csv").write_text("\ufeffsurname;x,country\nNowak,PL\n")
    corpus = Corpus.read(tmp_path / "t.csv", "surname;x", "country")
    assert (corpus.names, corpus.labels) == (["Nowak"], ["PL"])


def test_values_that_are_no_text_are_counted(tmp_path):
    rows = ['{"name": null, "label": "A"}', '{"name": 5, "label": "A"}', '{"name": NaN, "label": "A"}']
    rows += ['{"name": "Li", "label": "A"}', '{"name": "Li", "label": null}']
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    corpus = Corpus.read(tmp_path / "t.jsonl")
    assert len(corpus) == 1
    assert corpus.dropped == {"missing-name": 2, "not-text": 1, "missing-label": 1}


def test_a_row_is_left_out_for_its_first_reason(tmp_path):
    (tmp_path / "t.csv").write_text("name,label\n,\n42,\nLi,\nSato,A\n")
    assert Corpus.read(tmp_path / "t.csv").dropped == {"missing-name": 1, "no-letters": 1, "missing-label": 1}


def test_the_pipeline_decides_which_scripts_are_read(tmp_path):
    (tmp_path / "Amharic.txt").write_text("ሰላም\nSato\n")
    assert Corpus.read(tmp_path).dropped == {"unsupported-script": 1}
    assert Corpus.read(tmp_path, pipeline="native").names == ["ሰላም", "Sato"]


@pytest.mark.parametrize(
    ("file", "content", "error", "message"),
    [
        (
            "t.csv",
            "surname,label\nNowak,A\n",
            InputError,
            r"no column 'name'; found surname, label\. Set --name-column",
        ),
        (
            "t.csv",
            "name,country\nNowak,A\n",
            InputError,
            r"no column 'label'; found name, country\. Set --label-column",
        ),
        ("t.csv", "name,label\nNowak,A\nLi\n", InputError, r"row 3: 1 cells where the header has 2"),
        ("t.csv", "name,label,name\na,b,c\n", InputError, r"t\.csv: the column 'name' stands twice"),
        ("t.csv", 'name,label\nab,A\n"cd,A\nef,A\n', InputError, r"row 3 \(line 3, column 1\): malformed"),
        ("t.csv", "", InputError, "row 1: it is empty"),
        ("t.csv", "name,label\n", CorpusError, "no names in it"),
        ("t.jsonl", '{"name": "Li", "label": "A"}\n{"name": ', InputError, r"row 2, column 9: no JSON"),
        ("t.jsonl", "[1]\n", InputError, r"row 1: no JSON object"),
        ("t.jsonl", '{"name": "Li"}\n', InputError, r"t\.jsonl: no column 'label'"),
        ("t.parquet", "PAR1 not at all", InputError, "no readable Parquet file"),
        ("t.csv", "name,label\nab,A\ncd,a\n", CorpusError, "labels A and a differ in letter case or marks alone"),
        (
            "t.csv",
            "name,label\n" + "".join(f"ab,L{i}\n" for i in range(10_000)),
            CorpusError,
            "over 1,000 distinct labels",
        ),
    ],
)
def test_bad_tables_say_what_and_where(tmp_path, file, content, error, message):
    (tmp_path / file).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        Corpus.read(tmp_path / file)
    assert type(caught.value) is error
    assert str(tmp_path / file) in str(caught.value) and "\n" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([".txt", ".csv", ".tsv", ".jsonl", ".parquet", ".txt.gz", ".csv.gz"]),
    st.binary(max_size=200) | st.text('name,label"\n\r\t{}:é ab').map(str.encode),
    st.sampled_from([b"", b"name,label\n", b"\xef\xbb\xbf", b"\x1f\x8b"]),
)
def test_any_bytes_are_a_corpus_or_an_input_error(tmp_path, suffix, content, start):
    file = tmp_path / f"bytes{suffix}"
    file.write_bytes(start + content)
    try:
        corpus = Corpus.read(file)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert len(corpus) > 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tutorials' data is not beside this checkout")
def test_tutorial_data_has_the_published_numbers():
    corpus = Corpus.read(SHARED / "tutorial")
    assert len(corpus) == 20_050
    assert len(set(corpus.keys)) == 17_411
    assert 17_980 <= len(corpus.distinct_pairs()) <= 17_986
