"""How ``charrnn classify`` prints single names: a table for people, JSON Lines or CSV for programs."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from charrnn.inference.answers import Prediction
    from charrnn.inference.explanation import Explanation

BLUES = (195, 153, 111, 69, 27)
ORANGES = (230, 223, 216, 209, 202)
"""Of the 256 colours of terminals, from faint to strong; blue and orange differ for colour-blind eyes, too."""
FAINTEST = 0.05
"""Attributions below this share of the largest one stay uncoloured."""
JSON_KEYS = {"attributions": "shares", "remainder": "rest"}
"""Keys in JSON Lines of the fields of an explanation; the other fields keep their names."""


@dataclass(frozen=True)
class Row:
    """One name of the output: the prediction, and its explanation if one is wanted and the name can be scored."""

    prediction: Prediction
    explanation: Explanation | None


def write_table(rows: Iterable[Row], stream: TextIO, width: int) -> None:
    """Lines for people; explanations are coloured on a terminal.

    Args:
        rows: the answers, in the order of the names.
        stream: where to write.
        width: number of labels that a row shows at most; only CSV needs it.
    """
    colours = wants_colours(stream)
    for row in rows:
        prediction = row.prediction
        cells = [f"{score.label} {score.probability:.1%}" for score in prediction.predictions]
        cells += [f"abstains: {prediction.reason}"] if prediction.abstained else []
        stream.write(f"{prediction.name:<20}  {'   '.join(cells)}\n")
        if row.explanation:
            stream.write(_explanation_line(row.explanation, colours))


def write_jsonl(rows: Iterable[Row], stream: TextIO, width: int) -> None:
    """One JSON object a name; arguments as for :func:`write_table`."""
    for row in rows:
        prediction = row.prediction
        record: dict[str, Any] = {
            "name": prediction.name,
            "predictions": [score._asdict() for score in prediction.predictions],
            "abstained": prediction.abstained,
            "reason": prediction.reason,
        }
        if row.explanation:
            fields = dataclasses.asdict(row.explanation)
            del fields["name"]
            record["explanation"] = {JSON_KEYS.get(key, key): value for key, value in fields.items()}
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_csv(rows: Iterable[Row], stream: TextIO, width: int) -> None:
    """``name``, ``label``, ``probability``, ``label_2``, … ``abstained``, ``reason``; as :func:`write_table`."""
    ranks = ["" if i == 1 else f"_{i}" for i in range(1, width + 1)]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", *(f"{c}{r}" for r in ranks for c in ("label", "probability")), "abstained", "reason"])
    for row in rows:
        prediction = row.prediction
        cells = [cell for score in prediction.predictions for cell in (score.label, f"{score.probability:.6f}")]
        cells += [""] * (2 * width - len(cells))
        abstained = "true" if prediction.abstained else "false"
        writer.writerow([prediction.name, *cells, abstained, prediction.reason or ""])


WRITERS: dict[str, Callable[[Iterable[Row], TextIO, int], None]] = {
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
    largest = max(map(abs, explanation.attributions)) or 1.0
    pairs = list(zip(explanation.characters, explanation.attributions, strict=True))
    letters = "".join(coloured(c, nats / largest) for c, nats in pairs) + "  " if colours else ""
    attributions = " ".join(f"{c}{nats:+z.1f}" for c, nats in pairs)
    decision = f"{explanation.score:+z.1f} for {explanation.label} against {explanation.other}"
    return f"{'':<22}{letters}{attributions}   rest{explanation.remainder:+z.1f}   = {decision}\n"
