"""Pictures and figures as text that can stand inside an HTML page."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from latente.figures import GRID, INK, MUTED, legible
from latente.sheets import to_rgb, to_uint8

__all__ = ["LONGEST_SIDE", "error_maps", "gif", "heat_maps", "heat_palette", "pictures", "svg", "window"]

LONGEST_SIDE = 96  # larger images are shown reduced to this, so that the page stays small
LARGEST_EXACT = 32  # up to this side PNG is about as small as anything
WEBP = {"quality": 90, "method": 6}
LARGEST_GIF = 1_500_000


def window(images: np.ndarray) -> tuple[float, float]:
    """Return the scaled values to show as black and white: 0 and 1, or the images' own extremes.

    Pictures of 16 bits often use so small a part of their range that they would all look black.
    """
    low, high = float(images.min()), float(images.max())
    return (0.0, 1.0) if low >= 0 and 0.4 < high <= 1 else (low, high if high > low else low + 1)


def pictures(
    images: np.ndarray, limits: tuple[float, float], *, exact: bool = True, side: int = LONGEST_SIDE
) -> list[str]:
    """Return scaled images (N, C, H, W) as data URIs, their longer side at most `side` pixels.

    They are PNG; where they need not be exact and a side is above 32 pixels, WebP, an eighth of the size.
    """
    uris = []
    for pixels in to_rgb(to_uint8(images, *limits)):
        image = Image.fromarray(pixels)
        if images.shape[1] in (1, 2) or images.shape[1] > 4:
            image = image.convert("L")
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        uris.append(_png(image) if exact or max(image.size) <= LARGEST_EXACT else _webp(image))
    return uris


def error_maps(originals: np.ndarray, reconstructions: np.ndarray) -> tuple[list[str], float]:
    """Return where scaled images (N, C, H, W) differ, as PNG data URIs, and the difference drawn white.

    An error is the absolute difference, averaged over the channels; the 99.5 % quantile of all is the
    brightest.
    """
    maps = np.abs(originals - reconstructions).mean(axis=1)
    peak = float(np.quantile(maps, 0.995)) or 1.0
    return heat_maps(maps, (0.0, peak)), peak


def heat_maps(maps: np.ndarray, limits: tuple[float, float], *, side: int = LONGEST_SIDE) -> list[str]:
    """Return maps (N, H, W) in one scale of colours, from black to nearly white, as PNG data URIs."""
    uris = []
    for values in to_uint8(maps, *limits):
        image = Image.fromarray(values)
        image.thumbnail((side, side), Image.Resampling.BOX)
        image.putpalette(heat_palette())
        uris.append(_png(image))
    return uris


def heat_palette() -> bytes:
    """Return the 256 colours of heat maps, as Pillow's palettes hold them."""
    return (mpl.colormaps["magma"](np.arange(256))[:, :3] * 255).astype(np.uint8).tobytes()


def svg(figure: Figure, name: str) -> Markup:
    """Return `figure` as inline SVG in the page's font and colours; `name` keeps its ids apart.

    What it is called, for those who do not see it, are its panels' titles, else what stands along their axes.
    """
    titles = [panel.get_title("left") or " · ".join(filter(None, _along(panel))) for panel in figure.axes]
    label = escape(", ".join(filter(None, titles)) or name)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), legible(figure, spells=False):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", dpi=200, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)  # HTML knows them without
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    text = re.sub(
        r'(<svg[^>]*?) width="([\d.]+)pt"',
        lambda start: f'{start[1]} role="img" aria-label="{label}" style="max-width:{start[2]}pt"',
        text,
        count=1,
    )
    text = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", text, count=1)
    text = re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1sans-serif", text)
    for colour, variable in ((INK, "--ink"), (MUTED, "--muted"), (GRID, "--line")):
        text = text.replace(colour, f"var({variable})")
    return Markup(text)  # matplotlib has escaped the text in it


def _along(panel: Axes) -> tuple[str, str]:
    return panel.get_xlabel(), panel.get_ylabel()


def gif(path: Path) -> str | None:
    """Return the GIF at `path` as a data URI; None where there is none, or one too large for a page."""
    if not path.is_file() or path.stat().st_size > LARGEST_GIF:
        return None
    data = path.read_bytes()
    return _uri("gif", data) if data.startswith(b"GIF8") else None


def _png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return _uri("png", buffer.getvalue())


def _webp(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **WEBP)
    return _uri("webp", buffer.getvalue())


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
