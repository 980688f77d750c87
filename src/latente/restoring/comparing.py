"""Pictures before and after: how far each is from the clean one, and a page with a slider from one to the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from markupsafe import Markup

import latente
from latente import pages, words
from latente.formulas import decibels
from latente.images import Scaling
from latente.images.damage import Damaged, pillow_rules
from latente.images.kept import Picture, read_picture
from latente.languages import say, speaking
from latente.metrics import mse
from latente.pages.embedding import pictures as embedded
from latente.restoring.folder import Place, by_stem, find_pictures, stem_of
from latente.restoring.through import enlarge

__all__ = ["MOST_SHOWN", "Comparison", "compare", "write_page"]

MOST_SHOWN = 12  # pictures on a page
SIDE = 384  # pixels of the parts that it shows, which are taken from the middle
_ROWS = 256  # of large pictures that are measured at once

TEMPLATES = Path(__file__).parent / "templates"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A picture before and after. name: of its file. factor: by how much its result is larger.

    input_psnr, psnr: of the picture, enlarged bicubically where the result is larger, and of the result, in dB; None
    where no clean one is known. before, after: parts of both as data URIs, "" where they are not shown.
    """

    name: str
    factor: int
    input_psnr: float | None = None
    psnr: float | None = None
    before: str = ""
    after: str = ""


def compare(
    places: Sequence[Place], results: Mapping[str, Path], clean: Path | None, *, shown: int = 0
) -> tuple[list[Comparison], dict[str, str]]:
    """Compare pictures with their results as these lie on disk, and both with the clean ones where these are given.

    clean: a folder of pictures called like them, or the one picture. shown: how many of the pictures are shown. PSNR is
    over all colour values of a picture, the peak being white, after rounding to the values that its file can hold.
    Returns the comparisons, and by name why a picture cannot be measured.
    """
    known = {} if clean is None else by_stem(find_pictures([clean]))
    only = next(iter(known.values())) if clean is not None and not clean.is_dir() else None
    comparisons: list[Comparison] = []
    lost: dict[str, str] = {}
    with pillow_rules():
        for place in places:
            is_shown = len(comparisons) < shown
            if place.name not in results or (clean is None and not is_shown):
                continue
            try:
                target = only or known.get(stem_of(place.name))
                if clean is not None and target is None:
                    raise Damaged(f"has no clean picture in {clean}, which would be called like it")
                comparisons.append(_compared(place, results[place.name], target, is_shown))
            except Damaged as reason:
                lost[place.name] = str(reason)
    return comparisons, lost


def _compared(place: Place, result: Path, target: Place | None, is_shown: bool) -> Comparison:
    before = read_picture(place.read(), place.name)
    after = read_picture(result.read_bytes(), result.name)
    factor = max(1, after.sides[0] // before.sides[0])
    if after.sides != (factor * before.sides[0], factor * before.sides[1]):
        raise Damaged(f"is {words.shape(before.sides)}, and what lies in its place {words.shape(after.sides)}")
    large = enlarge(before.colours, factor, _units(before))
    one = Comparison(place.name, factor)
    if target is not None:
        wanted = read_picture(target.read(), target.name)
        input_psnr = _psnr(wanted, large, before.peak, factor)
        one = dataclasses.replace(one, input_psnr=input_psnr, psnr=_psnr(wanted, after.colours, after.peak, factor))
    if is_shown:
        one = dataclasses.replace(one, before=_look(large, before.peak), after=_look(after.colours, after.peak))
    return one


def _units(picture: Picture) -> Scaling:
    return Scaling((0.0,), (picture.peak,), picture.colours.dtype.name, True)


def _psnr(wanted: Picture, values: np.ndarray, peak: float, factor: int) -> float:
    """Return how near values are to a clean picture, in dB; rows and columns beyond that one's sides do not count."""
    height, width = wanted.sides
    beyond = values.shape[1] - height, values.shape[2] - width
    if not all(0 <= more < factor for more in beyond):  # sides that were shrunk may have been rounded up
        raise Damaged(f"becomes {words.shape(values.shape[1:])}, and its clean picture is {words.shape(wanted.sides)}")
    if len(values) != len(wanted.colours):
        raise Damaged(f"has {words.count(len(values), 'channel')} of colour, its clean picture {len(wanted.colours)}")
    error = 0.0
    for top in range(0, height, _ROWS):
        rows = slice(top, min(top + _ROWS, height))
        part = wanted.colours[None, :, rows] / wanted.peak, values[None, :, rows, :width] / peak
        error += float(mse(*part)[0]) * (rows.stop - top) / height
    return float(decibels(torch.tensor(error, dtype=torch.float64), 1.0))


def _look(values: np.ndarray, peak: float) -> str:
    """Return the middle of a picture as a data URI."""
    top, left = (max(0, side - SIDE) // 2 for side in values.shape[1:])
    part = values[:, top : top + SIDE, left : left + SIDE] / np.float32(peak)
    return embedded(part[None], (0.0, 1.0), side=SIDE)[0]


def write_page(
    out: Path, model: str, comparisons: Sequence[Comparison], facts: Mapping[str, str], language: str | None = None
) -> Path:
    """Write a page on which a slider goes over each picture that is shown, and return its path.

    model: what the page is called by. facts: lines at its head. language: "en" or "es"; None is that of LATENTE_LANG,
    else English. One file without anything from outside.
    """
    style = pages.STYLE + (TEMPLATES / "comparing.css").read_text(encoding="utf-8")
    script = pages.inline((TEMPLATES / "comparing.js").read_text(encoding="utf-8"))
    page = {
        "policy": pages.policy(style, [script], pictures=True),
        "style": Markup(style),
        "script": Markup(script),
        "model": model,
        "facts": facts,
        "comparisons": [one for one in comparisons if one.before],
        "figures": {one.name: _in_words(one) for one in comparisons},
        "version": latente.__version__,
    }
    with speaking(language):
        text = pages.lay_out("comparing.html.j2", page, TEMPLATES)
    return pages.write(out, text)


def _in_words(one: Comparison) -> str:
    if one.psnr is None or one.input_psnr is None:
        return ""
    return say("{input} before, {result} after", input=words.decibels(one.input_psnr), result=words.decibels(one.psnr))
