"""Plots of a classifier's predictions, drawn by matplotlib without a screen."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from charrnn.arrays import Floats, Ints

Image = NDArray[np.uint8]
INK, INDIGO = "#333333", "#4f46e5"
NUMBERED = 30
"""Labels up to which a confusion matrix has numbers; drawing more of them takes longer than an epoch on a GPU."""


def confusion_figure(matrix: Ints, labels: Sequence[str]) -> Figure:
    """A confusion matrix (labels, labels), each row in percent of its true label; of many labels, in colours alone."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = max(4.0, 1.5 + 0.3 * len(labels))
    figure = Figure(figsize=(size, size), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Purples", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlabel("predicted label", color=INK)
    axes.set_ylabel("true label", color=INK)
    for row, share in enumerate(shares if len(labels) <= NUMBERED else ()):
        for column in np.flatnonzero(share >= 0.005).tolist():
            colour = "white" if share[column] > 0.5 else INK
            percent = f"{100 * share[column]:.0f}"
            axes.text(column, row, percent, ha="center", va="center", fontsize=7, color=colour)
    axes.set_title("predictions in percent of each true label", fontsize=9, color=INK)
    return figure


def reliability_figure(bins: Floats) -> Figure:
    """A reliability diagram: accuracy against mean confidence of each bin, its area by the number of names.

    Args:
        bins: of :func:`charrnn.metrics.reliability_bins`, (3, bins).
    """
    names, confidence, hits = bins
    some = names > 0
    figure = Figure(figsize=(4.5, 4.5), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#aaaaaa", linewidth=1, label="perfectly calibrated")
    sizes = 8 + 250 * names[some] / names.sum()
    axes.scatter(confidence[some] / names[some], hits[some] / names[some], sizes, color=INDIGO, label="bins, by names")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    axes.set_xlabel("mean confidence", color=INK)
    axes.set_ylabel("accuracy", color=INK)
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    return figure


def to_image(figure: Figure) -> Image:
    """The pixels of a figure, (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def to_png(figure: Figure) -> bytes:
    """A figure as a PNG file; equal figures give equal bytes."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
