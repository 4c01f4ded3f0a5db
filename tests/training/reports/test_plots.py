import numpy as np
import pytest

from charrnn.training.reports.plots import confusion_figure, reliability_figure, to_image, to_png

LABELS = ["A", "B", "C"]
MATRIX = np.array([[6, 2, 0], [0, 1, 3], [0, 0, 0]])


def pixel(figure, image, x, y):
    """The colour of the image at a point of the axes."""
    (axes,) = figure.axes
    column, row = axes.transData.transform((x, y))
    return image[image.shape[0] - 1 - round(row), round(column)].astype(int)


def test_a_confusion_matrix_shows_each_row_in_percent():
    figure = confusion_figure(MATRIX, LABELS)
    (axes,) = figure.axes
    # A text stands at (column, row): the predicted label and the true one.
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "75", (1, 0): "25", (1, 1): "25", (2, 1): "75"}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == LABELS
    assert [tick.get_text() for tick in axes.get_yticklabels()] == LABELS
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted label", "true label")


def test_the_cells_of_a_confusion_matrix_are_the_darker_the_larger():
    figure = confusion_figure(MATRIX, LABELS)
    image = to_image(figure)
    # Beside the text, which stands in the middle of a cell.
    brightness = np.array([[pixel(figure, image, x + 0.35, y + 0.35).sum() for x in range(3)] for y in range(3)])
    shares = MATRIX / np.array([[8], [4], [1]])
    order = np.argsort(shares.ravel(), kind="stable")
    assert (np.diff(brightness.ravel()[order]) <= 0).all()
    assert brightness[0, 0] == brightness[1, 2] < brightness[0, 1] == brightness[1, 1] < brightness[2, 2]


def test_a_reliability_diagram_shows_confidence_accuracy_and_number_of_each_bin():
    bins = np.zeros((3, 15))
    bins[:, 3], bins[:, 14] = (30, 7.5, 9), (10, 9.8, 7)
    figure = reliability_figure(bins)
    (points,) = figure.axes[0].collections
    assert points.get_offsets().tolist() == [pytest.approx([0.25, 0.3]), pytest.approx([0.98, 0.7])]
    assert points.get_sizes().tolist() == pytest.approx([8 + 250 * 30 / 40, 8 + 250 * 10 / 40])
    image = to_image(figure)
    indigo, white = [0x4F, 0x46, 0xE5], [255, 255, 255]
    assert pixel(figure, image, 0.25, 0.3).tolist() == pixel(figure, image, 0.98, 0.7).tolist() == indigo
    assert pixel(figure, image, 0.3, 0.98).tolist() == white


def test_equal_numbers_give_equal_images_and_files():
    # A second drawing of one figure lays it out again; each is drawn once, as in a run.
    one, same, other = (to_image(confusion_figure(m, LABELS)) for m in (MATRIX, MATRIX.copy(), MATRIX[::-1]))
    assert one.dtype == np.uint8 and one.shape == other.shape
    assert (one == same).all() and (one != other).any()
    one_file, same_file, other_file = (to_png(confusion_figure(m, LABELS)) for m in (MATRIX, MATRIX, MATRIX[::-1]))
    assert one_file == same_file != other_file and one_file.startswith(b"\x89PNG")
