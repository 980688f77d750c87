"""Gaussian noise on photographs: nets that have seen 91 others, beside classical filters that are told its strength.

Source: [DnCNN] Zhang, Zuo, Chen, Meng, Zhang: Beyond a Gaussian Denoiser (2017), whose protocol and noise these are.
Claim: nets lead BM3D by some 0.6 dB on grey photographs, whatever the noise (on other photographs, of 68).
Ours: `Denoiser` for each strength, trained on t91 alone, grey and in colour, on Set5; and one blind net for all three.
Command: latente reproduce denoise-photos
Minutes: about 110 of one core that computes in bf16, 13 for each of the eight nets.

Noise is added to levels of 0 to 255 and not clipped, for five seeds, the same for all methods. Grey is the luminance,
as MATLAB's rgb2ycbcr makes it of 8 bits, rounded. Filters are told the noise's standard deviation, and take what
scikit-image's documentation recommends for it. BM3D, whose licence forbids commercial use, is in `benchmarks/` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.photographs import beside, grey, means, open_five, open_t91
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from latente import Images, Restorer

__all__ = ["FILTERS", "SIGMAS", "denoiser", "noisy", "run"]

SIGMAS = (15, 25, 50)
SEEDS = range(5)  # of the noise
GREY, COLOUR = "grey", "colour"
TARGET, LEAD = 30.80, 0.15  # dB at sigma 25, grey, and above BM3D
BM3D = {15: 33.64, 25: 31.34, 50: 28.16}  # dB on the same noise on grey Set5 (benchmarks/denoising.py)
BLIND = "blind"
ROUNDS = 30


def run(request: Request) -> Result:
    """Train a net for each strength and kind of picture, and a blind one, and judge all on the same noise."""
    photographs, data = open_t91(request.tiny)
    pairs, judged = open_five(2, request.tiny)
    sigmas, seeds = (SIGMAS[1:2], SEEDS[:1]) if request.tiny else (SIGMAS, SEEDS)
    lines: list[Line] = []
    figures = {}
    for kind in (GREY, COLOUR):
        train = _as(photographs, kind)
        clean = [grey(pair.clean) if kind == GREY else pair.clean for pair in pairs]
        nets = {
            sigma: request.fit(f"{kind}-{sigma}", denoiser(sigma, 0, tiny=request.tiny), train)
            for sigma in (*sigmas, BLIND)
        }
        for sigma in sigmas:
            for seed in seeds:
                for pair, picture in zip(pairs, clean, strict=True):
                    seen = noisy(picture, sigma, seed)
                    made = {"as it is": seen, **{name: one(seen, sigma / 255) for name, one in FILTERS.items()}}
                    made |= {"ours": _denoised(nets[sigma], seen), "ours, blind": _denoised(nets[BLIND], seen)}
                    lines.append({"pictures": kind, "sigma": sigma, "picture": pair.name, "noise": seed})
                    lines[-1] |= {name: _psnr(picture, one) for name, one in made.items()}
                    if seed == seeds[0] and pair is pairs[0] and kind == COLOUR:
                        figures[f"sigma {sigma}"] = beside({"photograph": picture / 255, **made})
            request.tell(f"{kind}, sigma {sigma}: {_mean(lines, kind, sigma, 'ours'):.2f} dB on {judged}")
    table = means(lines, "pictures", "sigma")
    claims = _claims(table, sigmas, judged)
    claims += [
        Claim(
            f"dB by which ours leads the best filter, {line['pictures']}, sigma {line['sigma']}",
            "",
            _lead(line),
            0,
            True,
        )
        for line in table
    ]
    return Result(
        data=f"{data}, judged on {judged}",
        claims=claims,
        tables={"PSNR": table, "by picture": means(lines, "pictures", "sigma", "picture")},
        figures=figures,
    )


def denoiser(sigma: int | str, seed: int, *, tiny: bool = False) -> Restorer:
    """Return the net for a strength of noise, or the blind one, untrained."""
    from latente import Denoiser

    options: dict[str, Any] = {"epochs": ROUNDS}
    if tiny:
        options = {"width": 4, "depth": 1, "epochs": 1, "batch_size": 2, "augmentation": "crop:16"}
    return Denoiser(sigma, **options, random_state=seed)


def noisy(picture: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """Return a picture (C, H, W) of 8 bits with noise of `sigma` levels, in parts of 255, not clipped."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape)
    return (picture + sigma * noise) / 255


def _non_local_means(x: np.ndarray, sigma: float) -> np.ndarray:
    """Return non-local means (Buades et al. 2005) of a picture (C, H, W)."""
    from skimage.restoration import denoise_nl_means

    h = 0.6 * sigma
    last = np.moveaxis(x, 0, -1)
    return _like(x, denoise_nl_means(last, patch_size=5, patch_distance=6, h=h, sigma=sigma, channel_axis=-1))


def _wavelets(x: np.ndarray, sigma: float) -> np.ndarray:
    """Return the picture (C, H, W) whose wavelet coefficients are thresholded by BayesShrink (Chang et al. 2000)."""
    from skimage.restoration import denoise_wavelet

    return _like(x, denoise_wavelet(np.moveaxis(x, 0, -1), sigma=sigma, channel_axis=-1, rescale_sigma=True))


def _total_variation(x: np.ndarray, sigma: float) -> np.ndarray:
    """Return the picture (C, H, W) of least total variation (Chambolle 2004)."""
    from skimage.restoration import denoise_tv_chambolle

    return _like(x, denoise_tv_chambolle(np.moveaxis(x, 0, -1), weight=1.2 * sigma, channel_axis=-1))


FILTERS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "non-local means": _non_local_means,
    "wavelets": _wavelets,
    "total variation": _total_variation,
}


def _like(x: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Return what a filter made, with the channels of x (C, H, W) first again; of a single one it may drop the axis."""
    return np.moveaxis(made.reshape(*x.shape[1:], len(x)), -1, 0)


def _as(images: Images, kind: str) -> Images:
    """Return photographs as they are, or their luminance."""
    from latente import Images
    from latente.images import Photographs

    if kind == COLOUR:
        return images
    pictures = Photographs.of([grey(np.asarray(picture)) for picture in images.content])
    return Images(pictures, name=f"{images.name}, grey")


def _denoised(model: Restorer, x: np.ndarray) -> np.ndarray:
    """Return what a model makes of a noisy picture (C, H, W) in parts of 255, which no 8 bits can hold."""
    import torch

    with torch.no_grad():
        return np.asarray(model.objective_.restore(torch.from_numpy(x[None]).float())[0])


def _psnr(clean: np.ndarray, made: np.ndarray) -> float:
    from latente.metrics import psnr

    return float(psnr(clean[None] / 255, np.clip(made, 0, 1)[None], data_range=1.0)[0])


def _mean(lines: list[Line], kind: str, sigma: float, method: str) -> float:
    return float(np.mean([line[method] for line in lines if (line["pictures"], line["sigma"]) == (kind, sigma)]))


def _lead(line: Line) -> float:
    return float(line["ours"] - max(line[name] for name in FILTERS))


def _claims(table: list[Line], sigmas: tuple[int, ...], judged: str) -> list[Claim]:
    sigma = 25 if 25 in sigmas else sigmas[0]
    line = next(line for line in table if (line["pictures"], line["sigma"]) == (GREY, sigma))
    claims = [Claim(f"dB on grey {judged}, sigma {sigma}", "", line["ours"], TARGET, True)]
    if judged == "Set5":
        lead = line["ours"] - BM3D[sigma]
        claims.append(Claim(f"dB by which ours leads BM3D, grey, sigma {sigma}", "", lead, LEAD, True))
    return claims
