"""How well an oddness ranks what is odd above what is normal, of pictures and of pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy.ndimage import label
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from latente.errors import InputError
from latente.languages import say

__all__ = [
    "LEVEL",
    "PROTOCOLS",
    "IntervalEstimate",
    "aupro",
    "auroc",
    "average_precision",
    "best_threshold",
    "rank_figures",
    "with_interval",
]

PROTOCOLS = {
    "oddness": say("mean over images; 0 is a usual normal image, higher is odder"),
    "auroc": say("probability that an odd image is found odder than a normal one, ties counting half; 0.5 is chance"),
    "average_precision": say("mean precision over the odd images, from the oddest on; chance is the base rate"),
    "base_rate": say("share of the images that are odd"),
    "false_alarms": say("share of the normal images that are taken for odd"),
    "misses": say("share of the odd images that are taken for normal"),
    "pixel_average_precision": say("the same over all pixels of all images; chance is pixel_base_rate"),
    "pixel_base_rate": say("share of the pixels that are odd"),
    "aupro": say("mean share of each odd region that is found, over false alarms of pixels up to 0.3, divided by 0.3"),
}

LEVEL = 0.95  # of every interval
DRAWS = 1000
PRO_LIMIT = 0.3


@dataclasses.dataclass(frozen=True)
class IntervalEstimate:
    """A figure of some images, and the interval in which that of all such images lies by 95 %."""

    value: float
    interval: tuple[float, float]


def auroc(odd: Bool[np.ndarray, "n"], oddness: Float[np.ndarray, "n"]) -> float:
    """Return the area under the receiver operating characteristic, as scikit-learn has it.

    Raises InputError where all images are odd, or none is.
    """
    _require_both(odd)
    return float(roc_auc_score(odd, oddness))


def average_precision(odd: Bool[np.ndarray, "n"], oddness: Float[np.ndarray, "n"]) -> float:
    """Return the average precision, as scikit-learn has it; its chance level is the share of odd ones."""
    _require_both(odd)
    return float(average_precision_score(odd, oddness))


def with_interval(
    name: str, odd: Bool[np.ndarray, "n"], oddness: Float[np.ndarray, "n"], seed: int = 0
) -> IntervalEstimate:
    """Return "auroc" or "average_precision" with its 95 % interval: percentiles of 1,000 draws by the bootstrap.

    Odd and normal images are drawn apart, so that the base rate stays (Efron and Tibshirani 1993, chapter 13).
    """
    figure, area = _FIGURES[name]
    _require_both(odd)
    order = np.argsort(-oddness, kind="stable")
    is_odd = odd[order]
    ends = np.flatnonzero(np.append(np.diff(oddness[order]) != 0, True))  # images that tie come together
    rng, sides = np.random.default_rng(seed), (np.flatnonzero(is_odd), np.flatnonzero(~is_odd))
    values = []
    for _ in range(DRAWS):
        times = np.zeros(len(odd))
        for side in sides:
            times[side] = rng.multinomial(len(side), np.full(len(side), 1 / len(side)))
        values.append(area(np.cumsum(times * is_odd)[ends], np.cumsum(times * ~is_odd)[ends]))
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return IntervalEstimate(figure(odd, oddness), (float(low), float(high)))


def _roc_area(hits: np.ndarray, alarms: np.ndarray) -> float:
    """Return the area under hits over alarms, both counted from the oddest on."""
    return float(np.trapezoid(np.append(0, hits), np.append(0, alarms)) / (hits[-1] * alarms[-1]))


def _mean_precision(hits: np.ndarray, alarms: np.ndarray) -> float:
    """Return the mean over the hits of their share among all that is found by then."""
    return float((np.diff(hits, prepend=0) * hits / np.maximum(hits + alarms, 1)).sum() / hits[-1])


_FIGURES = {"auroc": (auroc, _roc_area), "average_precision": (average_precision, _mean_precision)}


def best_threshold(odd: Bool[np.ndarray, "n"], oddness: Float[np.ndarray, "n"]) -> tuple[float, float]:
    """Return the oddness from which on images are best taken for odd, by F1, and that F1.

    It lies halfway to the next image below, so that what is odder than the threshold is odd.
    """
    _require_both(odd)
    precision, recall, thresholds = precision_recall_curve(odd, oddness)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(np.float64).tiny)
    best = int(np.argmax(f1[:-1]))
    least = float(thresholds[best])
    below = oddness[oddness < least]
    return (least + float(below.max())) / 2 if len(below) else float(np.nextafter(least, -np.inf)), float(f1[best])


def aupro(
    masks: Sequence[Shaped[np.ndarray, "_ _"]], maps: Sequence[Float[np.ndarray, "_ _"]], limit: float = PRO_LIMIT
) -> float:
    """Return the area under the per-region overlap, up to a share `limit` of normal pixels taken for odd, over `limit`.

    masks: where each picture is odd, not 0. maps: how odd it is found there, of the same size. Each connected region
    (of 8 neighbours) counts as much as any other, however large (Bergmann et al. 2021, section 6.1). Raises InputError
    where there is no odd region, or no normal pixel.
    """
    normal, regions = [], []
    for mask, values in zip(masks, maps, strict=True):
        parts, count = label(mask != 0, structure=np.ones((3, 3)))
        normal.append(values[parts == 0])
        regions += [values[parts == number] for number in range(1, count + 1)]
    levels = np.sort(np.concatenate(normal)) if normal else np.empty(0)
    if not regions or not len(levels):
        raise InputError("there is no odd region, or no normal pixel, to tell from it; give masks of both")
    # each odd pixel adds the share that it is of its region, at the share of normal pixels that are as odd or odder
    odd = np.concatenate(regions)
    shares = np.concatenate([np.full(len(region), 1 / (len(region) * len(regions))) for region in regions])
    alarms = 1 - np.searchsorted(levels, odd, side="left") / len(levels)
    # the curve rises by the share at this place, and the area to its right, up to the limit, grows with it
    return float((shares * np.clip(limit - alarms, 0, None)).sum() / limit)


def rank_figures(odd: Bool[np.ndarray, "n"], oddness: Float[np.ndarray, "n"], threshold: float) -> dict[str, float]:
    """Return "auroc", "average_precision", "base_rate", "false_alarms" and "misses" at a threshold.

    What cannot be told where all images are odd, or none is, is left out.
    """
    figures: dict[str, float] = {}
    if odd.any() and not odd.all():
        figures |= {"auroc": auroc(odd, oddness), "average_precision": average_precision(odd, oddness)}
    figures["base_rate"] = float(odd.mean())
    above = oddness > threshold
    if not odd.all():
        figures["false_alarms"] = float(above[~odd].mean())
    if odd.any():
        figures["misses"] = float((~above)[odd].mean())
    return figures


def _require_both(odd: np.ndarray) -> None:
    if odd.all() or not odd.any():
        raise InputError(f"all images are {'odd' if odd.all() else 'normal'}: give both to see how they are told apart")
