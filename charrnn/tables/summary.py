"""What came of a job, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from charrnn.tables.job import MOST_TOLD, PartRecord


@dataclass(frozen=True)
class Summary:
    """What came of a job.

    Attributes:
        rows: number of rows.
        seconds: that this run took.
        resumed: rows of parts that an earlier run had finished.
        abstained: number of rows by the reason of their abstention.
        bad_rows: number of malformed rows that were left out.
        bad_rows_told: a line about each of the first of them.
        notes: other lines that the user should see.
    """

    rows: int
    seconds: float
    resumed: int = 0
    abstained: Counter[str] = field(default_factory=Counter)
    bad_rows: int = 0
    bad_rows_told: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self, output: str) -> list[str]:
        """What to tell about the job, whose output is named."""
        rate = (self.rows - self.resumed) / max(self.seconds, 1e-9)
        text = f"{self.rows:,} rows in {self.seconds:.1f} s ({rate:,.0f} rows/s)"
        text += f", {self.resumed:,} of them finished before" if self.resumed else ""
        if self.abstained:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.abstained.most_common())
            text += f"; {self.abstained.total():,} abstain: {reasons}"
        lines = [text if output == "-" else f"{output}: {text}"]
        if self.bad_rows:
            lines.append(f"{self.bad_rows:,} bad rows left out:")
            lines += [f"  {line}" for line in self.bad_rows_told[:MOST_TOLD]]
            if self.bad_rows > MOST_TOLD:
                lines.append(f"  and {self.bad_rows - MOST_TOLD:,} more")
        return lines + self.notes


def summarise(records: Iterable[PartRecord], seconds: float, resumed: int, notes: Iterable[str]) -> Summary:
    """The summary of a job, from the records of its parts in the order of the input."""
    abstained: Counter[str] = Counter()
    rows = bad_rows = 0
    told: list[str] = []
    for record in records:
        rows += record.rows
        abstained.update(record.abstained)
        bad_rows += record.bad_rows
        told += record.bad_rows_told[: MOST_TOLD - len(told)]
    return Summary(rows, seconds, resumed, abstained, bad_rows, told, [note for note in notes if note])
