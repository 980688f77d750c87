"""Tomograms of few photons: what a critic adds to the pictures that are made of them, and what it loses.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders
Claim: generative networks serve tomography, where nothing that is real may be distorted (no figure).
Ours: not run in full yet.
Command: latente reproduce low-dose --out DIR
Minutes: about 25 of one core that computes in bf16.

A head drawn by ellipses (Shepp & Logan 1974, with the contrasts of Toft 1996: scikit-image's `shepp_logan_phantom`) is
seen from 90 sides by few photons, which arrive as chance has it (Poisson), and filtered back projection makes a noisy
picture of it. One network learns from such pictures of other heads, whose ellipses are moved and turned
and which have other small spots in other places, by the mean absolute error alone; the same network learns beside a
critic. Judged are both on the published head, and on heads that neither has seen.

PSNR and SSIM say little about what counts here. So each small spot is looked for where it is: it is lost where a
picture has less than half of its contrast, between the spot and a ring around it. And what is not in the head at all
is counted: a patch, as large as the least spot, that differs from the head by more than half of a spot's contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.machine import fast_precision
from latente.experiments.photographs import means
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images, Restorer

__all__ = ["HEAD", "Ellipse", "added", "drawn", "kept", "other_head", "restorer", "run", "seen"]

# what it adds to the brightness, half axes, centre, and degrees by which it is turned; the head lies within [-1, 1]
Ellipse = tuple[float, float, float, float, float, float]
HEAD: Sequence[Ellipse] = (  # Toft 1996, table B.3
    (1.0, 0.69, 0.92, 0.0, 0.0, 0.0),
    (-0.8, 0.6624, 0.874, 0.0, -0.0184, 0.0),
    (-0.2, 0.11, 0.31, 0.22, 0.0, -18.0),
    (-0.2, 0.16, 0.41, -0.22, 0.0, 18.0),
    (0.1, 0.21, 0.25, 0.0, 0.35, 0.0),
    (0.1, 0.046, 0.046, 0.0, 0.1, 0.0),
    (0.1, 0.046, 0.046, 0.0, -0.1, 0.0),
    (0.1, 0.046, 0.023, -0.08, -0.605, 0.0),
    (0.1, 0.023, 0.023, 0.0, -0.606, 0.0),
    (0.1, 0.023, 0.046, 0.06, -0.605, 0.0),
)
LARGE = 5  # of them; the others are spots
SIDE, ANGLES, PHOTONS = 160, 90, 1e3
DENSEST = 3.0  # what the longest way through the head weakens a ray by, as a logarithm
TRAIN, TEST, VIEWS = 200, 20, 10  # heads to learn from, others to judge by, and takes of the published one
KINDS = {"mean absolute error": 0.0, "with a critic": 0.01}
GIVEN, PUBLISHED, OTHERS = "as it is", "the published head", "heads not seen before"
CONTRAST = 0.1  # of a spot
FINER = 4  # places along each side of a pixel
BRIGHTEST = 0.5  # of what a figure shows: only the skull is brighter
ROUNDS = 15


def run(request: Request) -> Result:
    """Train with a critic and without, and count what of each head is lost, and what is added."""
    side, angles = (48, 12) if request.tiny else (SIDE, ANGLES)
    count, others, views = (4, 1, 1) if request.tiny else (TRAIN, TEST, VIEWS)
    rng = np.random.default_rng(0)
    heads = {
        PUBLISHED: [list(HEAD)] * views,
        OTHERS: [other_head(rng) for _ in range(others)],
    }
    train = _pairs([other_head(rng) for _ in range(count)], side, angles, rng)
    models = {
        kind: request.fit(kind.replace(" ", "-"), restorer(weight, tiny=request.tiny), train)
        for kind, weight in KINDS.items()
    }
    lines: list[Line] = []
    shown: dict[str, np.ndarray] = {}
    for which, few in heads.items():
        for head in few:
            clean, given = drawn(head, side), seen(head, side, angles, rng)
            made = {GIVEN: given} | {kind: _restored(model, given) for kind, model in models.items()}
            lines += [{"head": which, "picture": name, **_figures(clean, one, head)} for name, one in made.items()]
            if which == PUBLISHED:
                shown = made | {"the head": clean}
    table = means(lines, "head", "picture")
    for line in table:
        request.tell(
            f"{line['head']}, {line['picture']}: {line['PSNR, dB']:.2f} dB, {line['spots lost, %']:.0f} % of the spots "
            f"lost, {line['patches added']:.1f} patches added"
        )
    return Result(
        data=f"heads drawn by ellipses, {count} to learn from; {PHOTONS:,.0f} photons a ray, {angles} sides",
        claims=[
            Claim(f"{what}, {line['head']}, {line['picture']}", "[UAO] no figure", line[what])
            for line in table
            for what in ("PSNR, dB", "spots lost, %", "patches added")
        ],
        notes=[
            "A spot is lost where less than half of its contrast is left.",
            "Added: patches that differ from the head by more than half of a spot's contrast, and are as large as one.",
        ],
        tables={"what is lost and what is added": table},
        figures={"the published head": _row(shown)},
    )


def restorer(adversarial: float, *, tiny: bool = False, seed: int = 0) -> Restorer:
    """Return the network with a critic of this weight, 0 for none, untrained."""
    from latente import Restorer

    if tiny:
        small: dict[str, Any] = {"width": 4, "depth": 1, "epochs": 1, "batch_size": 2, "augmentation": "crop:16"}
        return Restorer(adversarial=adversarial, **small, random_state=seed)
    return Restorer(adversarial=adversarial, epochs=ROUNDS, precision=fast_precision(), random_state=seed)


def drawn(head: Sequence[Ellipse], side: int) -> np.ndarray:
    """Return a head as a picture (side, side), brightness in [0, 1]."""
    picture = sum(value * _inside(ellipse, FINER * side) for value, *ellipse in head)
    return _means(np.asarray(picture)).clip(0, 1)


def _means(places: np.ndarray) -> np.ndarray:
    """Return pixels, each the mean of the places in it."""
    side = len(places) // FINER
    pixels: np.ndarray = places.reshape(side, FINER, side, FINER).mean((1, 3))
    return pixels


def _inside(ellipse: Sequence[float], side: int, larger: float = 1.0) -> np.ndarray:
    """Return which of `side`^2 places lie in an ellipse whose half axes are so much larger."""
    across, upright, x, y, degrees = ellipse
    places = (2 * np.arange(side) + 1) / side - 1
    away_x, away_y = places[None] - x, -places[:, None] - y
    turn = np.deg2rad(degrees)
    along, beside = away_x * np.cos(turn) + away_y * np.sin(turn), away_y * np.cos(turn) - away_x * np.sin(turn)
    inside: np.ndarray = (along / across) ** 2 + (beside / upright) ** 2 <= larger**2
    return inside


def other_head(rng: np.random.Generator) -> list[Ellipse]:
    """Return a head like the published one: its large ellipses moved and turned a little, and six spots elsewhere."""
    head: list[Ellipse] = list(HEAD[:2])
    for value, across, upright, x, y, degrees in HEAD[2:LARGE]:
        moved = rng.uniform(-0.06, 0.06, 2)
        larger = rng.uniform(0.8, 1.2, 2)
        head.append(
            (value, across * larger[0], upright * larger[1], x + moved[0], y + moved[1], degrees + rng.uniform(-15, 15))
        )
    for _ in range(6):
        angle, away = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 0.8))
        axes = rng.uniform(0.023, 0.06, 2)
        head.append((CONTRAST, axes[0], axes[1], 0.6 * away * np.cos(angle), 0.8 * away * np.sin(angle), 0.0))
    return head


def seen(head: Sequence[Ellipse], side: int, angles: int, rng: np.random.Generator) -> np.ndarray:
    """Return what filtered back projection (side, side) makes of the photons that come through a head."""
    from skimage.transform import iradon, radon

    degrees = np.linspace(0, 180, angles, endpoint=False)
    ways = radon(drawn(head, side), degrees, circle=True)
    unit = DENSEST / ways.max()
    arrived = rng.poisson(PHOTONS * np.exp(-unit * ways))
    again = np.log(PHOTONS / np.maximum(arrived, 1)) / unit
    picture: np.ndarray = iradon(again, degrees, filter_name="ramp", circle=True)
    return picture.clip(0, 1)


def kept(head: Sequence[Ellipse], picture: np.ndarray) -> list[float]:
    """Return which part of each spot's contrast is left in a picture (side, side), 1 being all of it, 0 none."""
    clean, parts = drawn(head, len(picture)), []
    spots = np.any([_inside(spot, len(picture), 1.2) for _, *spot in head[LARGE:]], axis=0)
    for value, *spot in head[LARGE:]:
        inside = _inside(spot, len(picture))
        around = _inside(spot, len(picture), 2.0) & ~spots
        without = clean - value * _means(_inside(spot, FINER * len(picture)))
        own, all_of_it = (one[inside].mean() - one[around].mean() for one in (picture - without, clean - without))
        parts.append(float(own / all_of_it))
    return parts


def added(head: Sequence[Ellipse], picture: np.ndarray) -> int:
    """Return how many patches of a picture (side, side) differ from a head as a spot would, where there is none."""
    from skimage.measure import label
    from skimage.morphology import opening

    least = min(across * upright for _, across, upright, *_ in head[LARGE:]) * np.pi * (len(picture) / 2) ** 2
    differs = np.abs(picture - drawn(head, len(picture))) > CONTRAST / 2
    for _, *spot in head[LARGE:]:  # what becomes of a spot is counted as lost or kept
        differs &= ~_inside(spot, len(picture), 2.0)
    patches = label(opening(differs, np.ones((3, 3))), connectivity=1)
    return int((np.bincount(patches.ravel())[1:] >= least).sum())


def _pairs(heads: Sequence[Sequence[Ellipse]], side: int, angles: int, rng: np.random.Generator) -> Images:
    """Return noisy pictures of heads with the heads themselves for targets."""
    from latente import open_images

    noisy = _levels(np.stack([seen(head, side, angles, rng) for head in heads]))
    return open_images(noisy, target=_levels(np.stack([drawn(head, side) for head in heads])))


def _levels(pictures: np.ndarray) -> np.ndarray:
    levels: np.ndarray = np.rint(255 * pictures).astype(np.uint8)
    return levels


def _restored(model: Restorer, picture: np.ndarray) -> np.ndarray:
    return np.asarray(model.restore(_levels(picture)[None]))[0] / 255


def _figures(clean: np.ndarray, made: np.ndarray, head: Sequence[Ellipse]) -> Line:
    from latente.metrics import psnr, ssim

    return {
        "PSNR, dB": float(psnr(clean[None, None], made[None, None], data_range=1.0)[0]),
        "SSIM": float(ssim(clean[None, None], made[None, None], data_range=1.0)[0]),
        "spots lost, %": 100 * float(np.mean([part < 0.5 for part in kept(head, made)])),
        "patches added": float(added(head, made)),
    }


def _row(pictures: dict[str, np.ndarray]) -> Figure:
    from latente.figures import strips

    stretched = np.stack([(picture / BRIGHTEST).clip(0, 1) for picture in pictures.values()])
    return strips(stretched[None, :, None], column_names=list(pictures))
