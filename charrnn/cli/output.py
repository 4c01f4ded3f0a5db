"""How ``charrnn classify`` prints single names: a table for people, JSON Lines or CSV for programs."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from charrnn.inference.answers import LabelScore, Prediction
    from charrnn.inference.explanation import Explanation

BLUES = (195, 153, 111, 69, 27)
ORANGES = (230, 223, 216, 209, 202)
"""Of the 256 colours of terminals, from faint to strong; blue and orange differ for colour-blind eyes, too."""
FAINTEST = 0.05
"""Attributions below this share of the largest one stay uncoloured."""


@dataclass(frozen=True)
class Row:
    """One name of the output.

    Attributes:
        prediction: the answer.
        explanation: if one is wanted and the name can be scored.
        family: of labels, where it is surer than the best label.
        members: labels of that family.
    """

    prediction: Prediction
    explanation: Explanation | None
    family: LabelScore | None = None
    members: Collection[str] = ()


@dataclass(frozen=True)
class Layout:
    """What CSV needs to know.

    Attributes:
        width: number of labels that a row shows at most.
        spreadsheet_safe: put an apostrophe before text that a spreadsheet would run as a formula.
        parts: tell what the parts of full names were taken for, in columns of their own.
    """

    width: int
    spreadsheet_safe: bool = False
    parts: bool = False


def write_table(rows: Iterable[Row], stream: TextIO, layout: Layout) -> None:
    """Lines for people; explanations are coloured on a terminal, and control characters shown as escapes.

    Args:
        rows: the answers, in the order of the names.
        stream: where to write.
        layout: not used here.
    """
    from charrnn.inference.full_names import joined
    from charrnn.text import printable

    colours = wants_colours(stream)
    for row in rows:
        prediction = row.prediction
        cells = [_cell(score) for score in prediction.predictions if not row.family or score.label not in row.members]
        if row.family:
            own = [_cell(score) for score in prediction.predictions if score.label in row.members]
            cells.insert(0, f"{_cell(row.family)}: {', '.join(own)}")
        cells += [f"abstains: {prediction.reason}"] if prediction.abstained else []
        told = [f"{part.kind} {part.text}" for part in joined(prediction.parts)]
        cells += [f"({', '.join(told)})"] if told else []
        stream.write(f"{printable(prediction.name):<20}  {printable('   '.join(cells))}\n")
        if row.explanation:
            stream.write(_explanation_line(row.explanation, colours))


def _cell(score: LabelScore) -> str:
    return f"{score.label} {score.probability:.1%}"


def write_jsonl(rows: Iterable[Row], stream: TextIO, layout: Layout) -> None:
    """One JSON object a name; arguments as for :func:`write_table`."""
    from charrnn.inference.answers import as_record
    from charrnn.text import printable_json

    for row in rows:
        record = as_record(row.prediction, row.explanation)
        stream.write(printable_json(json.dumps(record, ensure_ascii=False)) + "\n")


def write_csv(rows: Iterable[Row], stream: TextIO, layout: Layout) -> None:
    """``name`` and the columns of :func:`charrnn.inference.answers.answer_names`; as :func:`write_table`.

    Control characters are shown as escapes on a terminal; in a file they stay.
    """
    from charrnn.inference.answers import answer_names
    from charrnn.inference.full_names import text_by_kind
    from charrnn.text import printable, without_formula

    shown = printable if stream.isatty() else str
    guarded = without_formula if layout.spreadsheet_safe else str
    plain, quoted = (csv.writer(stream, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    plain.writerow(["name", *answer_names(layout.width, parts=layout.parts)])
    for row in rows:
        prediction = row.prediction
        cells = []
        for label, probability in prediction.predictions:
            cells += [guarded(shown(label)), f"{probability:.6f}"]
        cells += [""] * (2 * layout.width - len(cells))
        cells += ["true" if prediction.abstained else "false", prediction.reason or ""]
        if layout.parts:
            cells += [guarded(shown(text)) for text in text_by_kind(prediction.parts).values()]
        # Python's csv module forgets to quote carriage returns.
        writer = quoted if "\r" in prediction.name else plain
        writer.writerow([guarded(shown(prediction.name)), *cells])


WRITERS: dict[str, Callable[[Iterable[Row], TextIO, Layout], None]] = {
    "table": write_table,
    "jsonl": write_jsonl,
    "csv": write_csv,
}


def wants_colours(stream: TextIO) -> bool:
    """Whether to colour: FORCE_COLOR or a terminal, unless NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def coloured(text: str, strength: float) -> str:
    """The text on a background of strength -1 (orange: against the label) to 1 (blue: for it)."""
    if abs(strength) < FAINTEST:
        return text
    ramp = BLUES if strength > 0 else ORANGES
    background = ramp[min(int(abs(strength) * len(ramp)), len(ramp) - 1)]
    letters = 231 if background == BLUES[-1] else 16
    return f"\x1b[48;5;{background}m\x1b[38;5;{letters}m{text}\x1b[0m"


def _explanation_line(explanation: Explanation, colours: bool) -> str:
    from charrnn.text import printable

    largest = max(map(abs, explanation.attributions)) or 1.0
    pairs = list(zip(explanation.characters, explanation.attributions, strict=True))
    letters = "".join(coloured(printable(c), nats / largest) for c, nats in pairs) + "  " if colours else ""
    attributions = " ".join(f"{printable(c)}{nats:+z.1f}" for c, nats in pairs)
    decision = printable(f"{explanation.score:+z.1f} for {explanation.label} against {explanation.other}")
    memory = f"   list{explanation.memory:+z.1f}" if explanation.memory else ""
    line = f"{'':<22}{letters}{attributions}   rest{explanation.remainder:+z.1f}{memory}   = {decision}\n"
    return line + (f"{'':<22}listed under {printable(', '.join(explanation.listed))}\n" if explanation.listed else "")
