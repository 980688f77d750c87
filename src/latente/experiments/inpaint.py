"""Photographs with gaps: writing, scratches, half of all pixels; a net beside the biharmonic equation.

Source: [BIHARMONIC] Damelin, Hoang: On Surface Completion and Image Inpainting by Biharmonic Functions (2018), as in
scikit-image.
Claim: none in figures; it is what one takes without training.
Ours: `Inpainter`, trained on t91 alone, on Set5 in colour, in dB above it: half of the pixels 1.40, scratches 0.80,
writing 0.37 (2026-12-01, seed 0). One net is for missing pixels, one for strokes, which is also given the writing.
Command: latente reproduce inpaint
Minutes: about 12 of one core that computes in bf16, 55 of another, with what the biharmonic equation takes.

Both methods are given the same masks, of three seeds. PSNR is of the whole picture, of which what is known comes back
unchanged from both, and beside it of the gaps alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.photographs import beside, means, open_five, open_t91
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from latente import Restorer

__all__ = ["MASKS", "biharmonic", "drawn_mask", "inpainter", "run"]

PIXELS, SCRATCHES, TEXT = "half of the pixels", "scratches", "writing"
MASKS = (PIXELS, SCRATCHES, TEXT)
TRAINED = {"pixels": "mask:0.5", "strokes": "strokes:12"}
NET_OF = {PIXELS: "pixels", SCRATCHES: "strokes", TEXT: "strokes"}
SEEDS = range(3)  # of the masks
TARGET = 0.5  # dB above the biharmonic equation, of half of the pixels
ROUNDS = 10
WORDS = "What was here before nobody knows any more "


def run(request: Request) -> Result:
    """Train both nets, and judge them and the biharmonic equation on the same masks."""
    train, data = open_t91(request.tiny)
    pairs, judged = open_five(2, request.tiny)
    lines: list[Line] = []
    figures = {}
    nets = {
        name: request.fit(name, inpainter(corruption, 0, tiny=request.tiny), train)
        for name, corruption in TRAINED.items()
    }
    for mask in MASKS:
        for seed in SEEDS[: 1 if request.tiny else len(SEEDS)]:
            for pair in pairs:
                hidden = drawn_mask(mask, (pair.clean.shape[1], pair.clean.shape[2]), seed)
                spoilt = np.where(hidden, 0, pair.clean).astype(np.uint8)
                made = {"biharmonic": biharmonic(spoilt, hidden), "ours": _filled(nets[NET_OF[mask]], spoilt, hidden)}
                line: Line = {"gaps": mask, "picture": pair.name, "mask": seed}
                line["missing, %"] = 100 * float(hidden.mean())
                for name, picture in made.items():
                    line |= {f"PSNR, {name}": _psnr(pair.clean, picture)}
                    line |= {f"PSNR of the gaps, {name}": _psnr(pair.clean[:, hidden], picture[:, hidden])}
                lines.append(line)
                if seed == 0 and pair is pairs[0]:
                    figures[mask] = beside({"given": spoilt, **made, "photograph": pair.clean})
        request.tell(f"{mask}: {_lead(lines, mask):+.2f} dB beside the biharmonic equation, on {judged}")
    return Result(
        data=f"{data}, judged on {judged}",
        claims=[
            Claim(f"dB by which ours leads the biharmonic equation, {mask}", "", _lead(lines, mask), target, True)
            for mask, target in zip(MASKS, (TARGET, None, None), strict=True)
        ],
        tables={"PSNR": means(lines, "gaps"), "by picture": means(lines, "gaps", "picture")},
        figures=figures,
    )


def inpainter(corruption: str, seed: int, *, tiny: bool = False) -> Restorer:
    """Return the net that fills in what a corruption hides, untrained."""
    from latente import Inpainter

    options: dict[str, Any] = {"epochs": ROUNDS}
    if tiny:
        options = {"width": 4, "depth": 1, "epochs": 1, "batch_size": 2, "augmentation": "crop:16"}
    return Inpainter(corruption, **options, random_state=seed)


def drawn_mask(kind: str, sides: tuple[int, int], seed: int) -> np.ndarray:
    """Return which pixels of a picture are missing (H, W): half of them, those under 12 scratches, or under writing."""
    import torch

    from latente.corruptions import Strokes

    if kind == PIXELS:
        return np.random.default_rng(seed).random(sides) < 0.5
    if kind == SCRATCHES:
        hidden = Strokes(12).hidden(torch.zeros(1, 1, *sides), torch.Generator().manual_seed(seed))
        return hidden[0, 0].numpy()
    return _writing(sides, seed)


def _writing(sides: tuple[int, int], seed: int) -> np.ndarray:
    """Return lines of writing, as matplotlib's font draws them."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    height, width = sides
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 16)
    page = Image.new("1", (width, height))
    pen, words = ImageDraw.Draw(page), WORDS.split()
    rng = np.random.default_rng(seed)
    for top in range(4, height, 28):
        order = [words[k] for k in rng.permutation(len(words))]
        pen.text((4, top), " ".join(order * 4), fill=1, font=font)
    return np.array(page)


def biharmonic(spoilt: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return a picture (3, H, W) uint8 whose gaps the biharmonic equation fills."""
    from skimage.restoration import inpaint_biharmonic

    # all gaps in one go, scikit-image 0.26 fails on gaps near the edge, whose rows it leaves unfilled
    filled = inpaint_biharmonic(np.moveaxis(spoilt, 0, -1), hidden, split_into_regions=True, channel_axis=-1)
    levels: np.ndarray = np.rint(255 * np.moveaxis(filled, -1, 0).clip(0, 1)).astype(np.uint8)
    return levels


def _filled(model: Restorer, spoilt: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    return np.asarray(model.restore(spoilt[None], mask=hidden))[0]


def _psnr(clean: np.ndarray, made: np.ndarray) -> float:
    from latente.metrics import psnr

    return float(psnr(clean[None], made[None], data_range=255)[0])


def _lead(lines: list[Line], mask: str) -> float:
    own = [line for line in lines if line["gaps"] == mask]
    return float(np.mean([line["PSNR, ours"] - line["PSNR, biharmonic"] for line in own]))
