"""TensorBoard as a person sees it: our tags, in its own tabs."""

import sys

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import open_page, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(trained):
    folder = trained["classifier"].parent
    with served(sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)) as address:
        yield address


@pytest.fixture(scope="module")
def context(browser):
    return browser.new_context(viewport={"width": 1280, "height": 900})


TABS = {
    "scalars": ["loss", "accuracy/validation", "learning_rate", "gradient_norm", "names_per_second", "macro_f1", "f1"],
    "images": ["confusion", "reliability"],
    "text": ["samples"],
    "hparams": ["learning_rate"],
}
# A colour that each tab draws: curves in TensorBoard's own blue, the confusion matrix in purple.
DRAWN = {"scalars": (0, 119, 187), "images": (75, 25, 135)}


@pytest.mark.parametrize("tab", TABS)
def test_the_tab_shows_our_tags(tab, context, address, tmp_path):
    page = open_page(context, f"{address}/#{tab}")
    for tag in TABS[tab]:
        expect(page.get_by_text(tag).first).to_be_visible(timeout=30_000)
    if tab in DRAWN:
        shot = tmp_path / f"{tab}.png"
        for _ in range(40):
            page.screenshot(path=shot)
            # Below the header and right of the list of runs, which has the same colours.
            pixels = np.asarray(Image.open(shot).convert("RGB")).astype(int)[100:, 300:]
            near = (abs(pixels - DRAWN[tab]).max(axis=2) < 30).sum()
            if near > 100:
                break
            page.wait_for_timeout(250)
        assert near > 100, f"nothing of this colour is drawn in {shot}"
    page.close()
