"""The figures of a ranking are scikit-learn's, or those of counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score, roc_curve

from latente import InputError
from latente.metrics import aupro, auroc, average_precision, best_threshold, rank_figures, with_interval

RNG = np.random.default_rng(0)
ODD = RNG.random(300) < 0.2
ODDNESS = (RNG.normal(size=300) + 1.5 * ODD).round(1)  # with ties


def test_auroc_and_average_precision_are_scikit_learn_s() -> None:
    assert auroc(ODD, ODDNESS) == roc_auc_score(ODD, ODDNESS)
    assert average_precision(ODD, ODDNESS) == average_precision_score(ODD, ODDNESS)
    pairs = ODDNESS[ODD][:, None] - ODDNESS[~ODD]
    assert auroc(ODD, ODDNESS) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_the_best_threshold_is_the_best_of_all() -> None:
    threshold, f1 = best_threshold(ODD, ODDNESS)
    every = [f1_score(ODD, level < ODDNESS) for level in np.unique(ODDNESS) - 0.05]
    assert f1 == pytest.approx(max(every)) == pytest.approx(f1_score(ODD, threshold < ODDNESS))


def test_alarms_and_misses_are_counted_at_the_threshold() -> None:
    figures = rank_figures(ODD, ODDNESS, 1.0)
    assert figures["false_alarms"] == (ODDNESS[~ODD] > 1).mean()
    assert figures["misses"] == (ODDNESS[ODD] <= 1).mean()
    assert figures["base_rate"] == ODD.mean()
    assert set(rank_figures(np.zeros(5, bool), ODDNESS[:5], 1.0)) == {"base_rate", "false_alarms"}
    assert set(rank_figures(np.ones(5, bool), ODDNESS[:5], 1.0)) == {"base_rate", "misses"}


@pytest.mark.parametrize("name", ["auroc", "average_precision"])
def test_the_interval_is_that_of_drawing_the_images_again(name: str) -> None:
    odd, oddness, rng = ODD[:80], ODDNESS[:80], np.random.default_rng(5)
    figure = {"auroc": roc_auc_score, "average_precision": average_precision_score}[name]
    sides = np.flatnonzero(odd), np.flatnonzero(~odd)
    rows = [np.concatenate([rng.choice(side, len(side)) for side in sides]) for _ in range(300)]
    low, high = np.quantile([figure(odd[row], oddness[row]) for row in rows], [0.025, 0.975])
    assert with_interval(name, odd, oddness).interval == pytest.approx((low, high), abs=0.02)


@pytest.mark.parametrize("name", ["auroc", "average_precision"])
def test_the_interval_holds_the_figure_and_narrows_with_more_images(name: str) -> None:
    figure = {"auroc": auroc, "average_precision": average_precision}[name]
    few, many = with_interval(name, ODD, ODDNESS), with_interval(name, np.tile(ODD, 9), np.tile(ODDNESS, 9))
    assert few.value == pytest.approx(many.value) == figure(ODD, ODDNESS)
    assert few.interval[0] < few.value < few.interval[1]
    # the standard error goes with the root of the number
    assert np.ptp(few.interval) == pytest.approx(3 * np.ptp(many.interval), rel=0.15)


def test_of_one_kind_alone_nothing_can_be_told() -> None:
    for odd in (np.ones(4, bool), np.zeros(4, bool)):
        with pytest.raises(InputError, match="give both"):
            auroc(odd, ODDNESS[:4])


def by_hand(masks: list[np.ndarray], maps: list[np.ndarray], regions: list[np.ndarray], limit: float) -> float:
    """Return the area under the curve of regions found against pixels falsely taken, threshold by threshold."""
    normal = np.concatenate([values[mask == 0] for mask, values in zip(masks, maps, strict=True)])
    levels = np.unique(np.concatenate([values.reshape(-1) for values in maps]))[::-1]
    alarms = np.array([0.0, *((normal >= level).mean() for level in levels)])
    found = np.array([0.0, *(np.mean([(region >= level).mean() for region in regions]) for level in levels)])
    # what is found at so many alarms stays found until there are more
    steps = np.clip(np.append(alarms[1:], 1.0), None, limit) - np.clip(alarms, None, limit)
    return float((found * steps).sum() / limit)


def test_the_overlap_of_regions_is_that_of_every_threshold() -> None:
    masks = [np.zeros((12, 12), np.uint8) for _ in range(2)]
    masks[0][1:3, 1:3], masks[0][6:11, 5:11], masks[1][4:5, 4:9] = 1, 255, 1
    rng = np.random.default_rng(3)
    maps = [rng.normal(size=(12, 12)) + (mask > 0) for mask in masks]
    regions = [maps[0][1:3, 1:3], maps[0][6:11, 5:11], maps[1][4:5, 4:9]]
    for limit in (0.05, 0.3, 1.0):
        assert aupro(masks, maps, limit) == pytest.approx(by_hand(masks, maps, regions, limit))
    assert aupro(masks, [(mask > 0).astype(float) for mask in masks]) == 1
    # of one pixel a region it is the AUROC of pixels
    dots = [np.zeros((9, 9), np.uint8)]
    dots[0][::4, ::4] = 1
    values = [rng.normal(size=(9, 9))]
    alarms, hits, _ = roc_curve(dots[0].reshape(-1), values[0].reshape(-1), drop_intermediate=False)
    assert aupro(dots, values, 1.0) == pytest.approx(np.trapezoid(hits, alarms))


def test_without_a_region_there_is_no_overlap() -> None:
    with pytest.raises(InputError, match="no odd region"):
        aupro([np.zeros((4, 4), np.uint8)], [np.ones((4, 4))])
