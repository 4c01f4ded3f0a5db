"""A plot of a corpus: names per label, and lengths."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from charrnn.corpus.corpus import Corpus
from charrnn.errors import SettingsError, needs_extra
from charrnn.storage import storage_errors

MOST_BARS = 40


def plot(corpus: Corpus, path: Path) -> None:
    """Draw names per label (distinct ones dark) and the distribution of lengths, as PNG, SVG or PDF.

    Raises:
        MissingExtraError: matplotlib is not installed.
        SettingsError: the suffix of the file is no picture format.
        StorageError: the file cannot be written.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise SettingsError(f"--plot {path}: name a file that ends in .png, .svg or .pdf.")
    with needs_extra("train"):
        from matplotlib.figure import Figure
    distinct = Counter(corpus.distinct_pairs().labels)
    rows = corpus.label_counts
    labels = sorted(rows, key=lambda label: (-distinct[label], label))[:MOST_BARS]
    figure = Figure(figsize=(11, max(4, 0.28 * len(labels) + 1)), layout="constrained")
    bars, lengths = figure.subplots(1, 2)
    bars.barh(labels, [rows[label] for label in labels], color="#c7d2fe", label="rows")
    bars.barh(labels, [distinct[label] for label in labels], color="#4f46e5", height=0.5, label="distinct names")
    bars.invert_yaxis()
    bars.legend(frameon=False, loc="lower right")
    left_out = f", the largest {MOST_BARS} of {len(rows)}" if len(rows) > MOST_BARS else ""
    bars.set_title(f"Names per label{left_out}")
    counts = Counter(len(name) for name in corpus.names)
    lengths.bar(list(counts), list(counts.values()), color="#4f46e5")
    lengths.xaxis.get_major_locator().set_params(integer=True)
    lengths.set_title("Length in characters")
    for axes in (bars, lengths):
        axes.spines[["top", "right"]].set_visible(False)
    with storage_errors(f"--plot {path}", "Choose another place."):
        figure.savefig(path, dpi=120)
