"""A figure as pixels."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from latente.figures.fonts import legible

__all__ = ["on_white"]

DOTS_PER_INCH = 144
MARGIN = 0.08  # inches


def on_white(figure: Figure) -> np.ndarray:
    """Return a figure, cut to what is drawn, as pixels (H, W, 3) uint8 at 144 dots per inch, on white.

    Figures have a transparent ground, for pages of any colour; a picture file is looked at anywhere.
    """
    buffer = io.BytesIO()
    with legible(figure):
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=MARGIN)
    with Image.open(buffer) as drawn:
        ground = Image.new("RGBA", drawn.size, "white")
        return np.asarray(Image.alpha_composite(ground, drawn.convert("RGBA")).convert("RGB"))
