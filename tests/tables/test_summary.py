from charrnn.tables.job import PartRecord
from charrnn.tables.summary import summarise


def test_records_are_added_up_and_the_first_bad_rows_listed():
    records = [
        PartRecord(5, "", "", {"too-long": 2}, 12, [f"row {i}" for i in range(12)]),
        PartRecord(3, "", "", {"too-long": 1, "no-letters": 1}, 1, ["row 99"]),
    ]
    summary = summarise(records, 0.5, 4, ["", "a note"])
    first, *others = summary.lines("out.csv")
    assert (
        first == "out.csv: 8 rows in 0.5 s (8 rows/s), 4 of them finished before; 4 abstain: 3 too-long, 1 no-letters"
    )
    assert others == ["13 bad rows left out:", *(f"  row {i}" for i in range(10)), "  and 3 more", "a note"]
    assert summarise([], 0.0, 0, []).lines("-") == ["0 rows in 0.0 s (0 rows/s)"]
