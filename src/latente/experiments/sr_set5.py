"""Photographs enlarged twice, three and four times by a residual net that has seen 91 others.

Source: [SRCNN] Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks (2016).
Claim: PSNR on the luminance of Set5, mean of five photographs: bicubic 33.66 / 30.39 / 28.42, SRCNN 36.66 / 32.75 /
30.49; VDSR, of 291 photographs, 37.53 / 33.66 / 31.35; DRCN, of these 91 and days on a graphics card, 37.63 / 33.82 /
31.53 (Kim, Lee, Lee 2016, both).
Ours: `SuperResolver`, one net for each factor, trained on t91 alone: 37.46 / 33.69 / 31.41, with self-ensemble 37.62 /
    33.86 / 31.60 (2026-12-01, seed 0).
Command: latente reproduce sr-set5
Minutes: about 130 of one core in float32, 71 of them for x2.

The protocol: Y as MATLAB's rgb2ycbcr of uint8, rounded; `factor` pixels of border left out; enlarged are the given
small pictures, which are MATLAB's bicubic ones in every value (`latente.resampling`). All 91 are learned from, as they
are and shrunk, and the last step's average is what is judged. When the recipe was chosen, by short trials, Set5's
figures stood beside those of photographs that were held out and of four others (docs/results.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.photographs import beside, means, open_five, open_t91, with_smaller
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from latente import Restorer

__all__ = ["FACTORS", "bicubic", "enlarger", "restored", "run"]

FACTORS = (2, 3, 4)
TARGETS = {2: 37.50, 3: 33.55, 4: 31.25}
REPORTED = {
    "bicubic": (33.66, 30.39, 28.42),
    "SRCNN": (36.66, 32.75, 30.49),
    "VDSR": (37.53, 33.66, 31.35),
    "DRCN": (37.63, 33.82, 31.53),
}
WIDTH, DEPTH = 48, 10
ROUNDS = {2: 100, 3: 40, 4: 40}
SIDE = 24  # of the small pictures of a batch
SCALES = (0.8, 0.6)  # at which the photographs are learned from as well: +0.07 dB after 2,000 steps


def run(request: Request) -> Result:
    """Train a net for each factor and seed, and judge it on the five photographs beside bicubic enlargement."""
    photographs, data = open_t91(request.tiny)
    lines: list[Line] = []
    figures = {}
    judged = ""
    for factor in FACTORS:
        pairs, judged = open_five(factor, request.tiny)
        train = with_smaller(photographs, SCALES, SIDE * factor)
        for seed in range(request.seeds):
            model = request.fit(f"x{factor}-{seed}", enlarger(factor, seed, tiny=request.tiny), train)
            which = {"factor": factor, "seed": seed}
            lines += [{**which, "picture": pair.name, **_figures(model, pair, factor)} for pair in pairs]
            mean = np.mean([line["PSNR"] for line in lines if (line["factor"], line["seed"]) == (factor, seed)])
            request.tell(f"x{factor}, seed {seed}: {mean:.2f} dB on {judged}")
            if seed == 0:
                example = pairs[0]
                figures[f"enlarged {factor} times"] = beside(
                    {
                        "bicubic": bicubic(example.small, factor, example.clean.shape),
                        "ours": restored(model, example.small),
                        "the photograph": example.clean,
                    }
                )
    return Result(
        data=f"{data}, judged on {judged}",
        claims=_claims(means(lines, "factor", "seed")),
        tables={"by factor": means(lines, "factor"), "by picture": means(lines, "factor", "picture")},
        figures=figures,
    )


def enlarger(factor: int, seed: int, *, tiny: bool = False) -> Restorer:
    """Return the net of a factor, untrained."""
    from latente import SuperResolver

    options: dict[str, Any] = {"width": WIDTH, "depth": DEPTH, "epochs": ROUNDS[factor]}
    options |= {"augmentation": f"crop:{SIDE * factor},flips,turns", "validation": None}
    if tiny:
        options |= {"width": 4, "depth": 1, "epochs": 1, "batch_size": 2, "augmentation": f"crop:{8 * factor}"}
    return SuperResolver(factor, **options, random_state=seed)


def restored(model: Restorer, small: np.ndarray, **how: Any) -> np.ndarray:
    """Return what a model makes of one picture (3, H, W)."""
    from latente import Images

    result: np.ndarray = np.asarray(model.restore(Images(small[None]), **how))[0]
    return result


def bicubic(small: np.ndarray, factor: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return a picture (3, h, w) uint8 enlarged to a shape (3, H, W), as MATLAB's `imresize` does it."""
    import torch

    from latente.resampling import enlarged

    large = enlarged(torch.from_numpy(small.astype(np.float64))[None], factor)[0, :, : shape[1], : shape[2]]
    pixels: np.ndarray = large.add(0.5).floor().clamp(0, 255).numpy().astype(np.uint8)
    return pixels


def _figures(model: Restorer, pair: Any, factor: int) -> Line:
    from latente.metrics import measure_luminance

    height, width = pair.clean.shape[1:]
    made = {
        "bicubic": bicubic(pair.small, factor, pair.clean.shape),
        "": restored(model, pair.small)[:, :height, :width],
        "self-ensemble": restored(model, pair.small, self_ensemble=True)[:, :height, :width],
    }
    line: Line = {}
    for name, picture in made.items():
        figures = measure_luminance(pair.clean, picture, factor)
        line |= {f"PSNR {name}".strip(): figures["psnr"], f"SSIM {name}".strip(): figures["ssim"]}
    return line


def _claims(lines: list[Line]) -> list[Claim]:
    claims = []
    for place, factor in enumerate(FACTORS):
        own = [line for line in lines if line["factor"] == factor]
        said = ", ".join(f"{name} {figures[place]}" for name, figures in REPORTED.items() if name != "bicubic")
        least = min(line["PSNR"] for line in own)
        claims.append(Claim(f"dB on Set5, x{factor}, worst seed", said, least, TARGETS[factor], True))
        simple = own[0]["PSNR bicubic"]
        claims.append(Claim(f"dB of bicubic enlargement, x{factor}", str(REPORTED["bicubic"][place]), simple))
    return claims
