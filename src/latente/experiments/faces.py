"""What faces show, and of which faces an autoencoder makes least: for the experiments with CelebA or drawn faces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.record import Line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images
    from latente.estimators.abilities import Samples
    from latente.metrics import Group

__all__ = [
    "LONG_OR_BLOND",
    "LOOKS",
    "NEAR",
    "SHARES",
    "error_bars",
    "errors_by_look",
    "hair",
    "having",
    "lines_of_errors",
    "lines_of_samples",
    "looks_of",
    "near_background",
]

LONG_OR_BLOND, NEAR = "long or blond hair", "hair near the background"
CORNER = 8  # pixels: the side of the squares in the two upper corners, where no face reaches
NEAREST = 0.25  # of the faces: those whose hair is called near the background in colour
EXAMPLES = 5_000  # training faces that the classifier of attributes learns from
LOOKS = (
    "Squared errors are means per value, in the range of 1; the difference to faces without the attribute is given "
    "with its 95 % interval (Welch's t). Hair near the background: the quarter of the drawn faces whose hair's colour, "
    "in even light, is nearest to the mean of the picture's two upper corners (root mean square over red, green and "
    "blue)."
)
SHARES = (
    "Attributes of samples are told by a logistic regression each, on 16x16 means, that learned from training faces "
    "and was tried on the test faces; shares come with their 95 % interval (Wilson's). An attribute of which it leaves "
    "more than half of the errors of the commoner answer has no share."
)


def hair(images: Images) -> np.ndarray:
    """Return for each face 1 where its hair is blond, -1 where it is black, 0 where it is neither, or both (N,)."""
    black, blond = (having(images, f"{colour}_hair") for colour in ("black", "blond"))
    return blond.astype(np.int64) - black.astype(np.int64)


def having(images: Images, attribute: str) -> np.ndarray:
    """Return which faces have an attribute (N,), whose words the set may name in any order; none where it lacks it."""
    names = [set(name.lower().split("_")) for name in images.attribute_names]
    if set(attribute.split("_")) not in names:
        return np.zeros(len(images), bool)
    own: np.ndarray = images.columns["attributes"][:, names.index(set(attribute.split("_")))] > 0
    return own


def looks_of(images: Images) -> tuple[np.ndarray, list[str]]:
    """Return what faces show, (N, A) booleans, and its names: attributes, long or blond hair, hair near the background.

    The last of them only of drawn faces; see `near_background`.
    """
    own, names = images.columns["attributes"] > 0, list(images.attribute_names)
    more = {LONG_OR_BLOND: having(images, "long_hair") | having(images, "blond_hair")}
    if "condition" in images.columns:
        more[NEAR] = near_background(images)
    return np.column_stack([own, *more.values()]), [*names, *more]


def near_background(images: Images) -> np.ndarray:
    """Return which drawn faces (N,) have hair whose colour is near that of the background: the nearest quarter of them.

    The distance is the root mean square over red, green and blue between the hair's colour in even light, as its
    lightness and redness make it, and the mean of the two upper corners of the picture, 8 by 8 pixels each.
    """
    from latente.images.generated.faces_colours import hair_colour

    values = dict(zip(images.condition_names, images.columns["condition"].T, strict=True))
    made_of = zip(values["hair_lightness"].tolist(), values["hair_redness"].tolist(), strict=True)
    colours = np.array([hair_colour(lightness, redness) for lightness, redness in made_of])
    upper = images.pixels[:, :, :CORNER]
    corners = np.concatenate([upper[..., :CORNER], upper[..., -CORNER:]], axis=3)
    distances = np.sqrt(((colours - corners.mean(axis=(2, 3), dtype=np.float64)) ** 2).mean(axis=1))
    near: np.ndarray = distances <= np.quantile(distances, NEAREST)
    return near


def errors_by_look(errors: np.ndarray, images: Images) -> list[Group]:
    """Return the errors (N,) of faces by what they show, hardest first."""
    from latente.metrics import by_attribute

    return by_attribute(errors, *looks_of(images))


def lines_of_errors(groups: Sequence[Group]) -> list[Line]:
    """Return the groups as lines of a table."""
    return [
        {
            "attribute": group.name,
            "faces": group.counts[0],
            "squared error": group.means[0],
            "of the others": group.means[1],
            "difference": group.gap,
            "from": group.gap_interval[0],
            "to": group.gap_interval[1],
        }
        for group in groups
    ]


def lines_of_samples(model: Samples, train: Images, test: Images, count: int | None = None) -> list[Line]:
    """Return the share of each attribute among samples, by default 10,000, as lines of a table.

    A classifier tells them that learned from at most 5,000 faces of `train`, spread evenly, and was tried on `test`.
    """
    from latente.weaknesses import examples_of, shares_among_samples

    few = train.take(np.linspace(0, len(train) - 1, min(len(train), EXAMPLES)).astype(int))
    names, in_data = train.attribute_names, (train.columns["attributes"] > 0).mean(axis=0)
    shares = shares_among_samples(model, examples_of(few), examples_of(test), names, in_data=in_data, count=count)
    nothing = (math.nan, math.nan)
    return [
        {
            "attribute": share.name,
            "told right": share.accuracy,
            "commoner answer": share.commoner,
            "in the data": share.in_data,
            "said of test faces": share.called,
            "of samples": math.nan if share.in_samples is None else share.in_samples,
            "from": (share.interval or nothing)[0],
            "to": (share.interval or nothing)[1],
        }
        for share in ([] if shares is None else shares.shares)
    ]


def error_bars(groups: Sequence[Group]) -> Figure:
    """Draw the mean error of each group with its interval, and a stroke where the others stand."""
    from latente.figures import interval_bars

    return interval_bars(
        {group.name: (group.means[0], group.interval) for group in groups},
        {group.name: group.means[1] for group in groups},
        "mean squared error",
        legend=("faces with it, 95 % interval", "all other faces"),
        bright=[group.name for group in groups if group.is_higher],
    )
