"""The pictures of a folder by how odd they are among each other, where none is known to be normal."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import torch

from latente.culling.maps import Maps, MapsOf, maps_of
from latente.culling.ranking import Ranking, ranked
from latente.culling.sizes import reduced, reduced_size
from latente.errors import InputError
from latente.estimators.detection import AnomalyDetector
from latente.estimators.recipes import settled
from latente.images import Images, Scaling
from latente.images.options import Progress
from latente.languages import say
from latente.latents.oddity import Spread, draw_references, picture_numbers
from latente.networks.windows import centres, windows
from latente.normality import Nearest

__all__ = ["FEWEST", "LONGEST_SIDE", "rank_among"]

LONGEST_SIDE = 256  # pixels; larger pictures are looked at reduced to this
FEWEST = 3  # pictures, of which one can be unlike two that are alike


def rank_among(images: Images, seed: int = 0, progress: Progress | None = None) -> tuple[Ranking, MapsOf]:
    """Return how odd each image is among the others, and what makes the maps of where, of the images at some rows.

    Small pictures, of which no side is above 48 pixels, and tables are ranked by what a detector that learns from all
    of them says of each for the others. Of larger ones, and of pictures of many sizes, each window of 15x15 pixels is
    compared with those of all other pictures (of more than 400 pictures with those of 400, drawn by `seed`); the score
    is minus the larger of two robust z-values, of the mean of a picture's 4 largest distances and of the mean of all.
    An odd picture does not vouch for itself, though two that are odd in the same way can vouch for each other.
    Raises InputError for fewer than 3 images.
    """
    if len(images) < FEWEST:
        raise InputError(f"{images.name} holds {len(images)} images; which of them is odd takes {FEWEST} or more")
    by_windows = images.is_photographs or settled("auto", "auto", images.image_shape)[1] == "windows"
    return _by_windows(images, seed, progress) if by_windows else _by_detector(images, seed)


def _by_detector(images: Images, seed: int) -> tuple[Ranking, MapsOf]:
    unlabelled = dataclasses.replace(images, columns={}, label_names=())  # a class called good is not all that counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a promise of false alarms, which nobody asks for here
        detector = AnomalyDetector(validation=None, random_state=seed).fit(unlabelled)
    return ranked(images, -detector.left_out_), lambda rows, side: maps_of(detector, images.take(rows), side)


def _by_windows(images: Images, seed: int, progress: Progress | None) -> tuple[Ranking, MapsOf]:
    scaling = Scaling.fit(images.content, depth=images.depth)
    grids = []
    for row in range(len(images)):
        if progress is not None:
            progress(row, len(images), "looking at windows")
        grids.append(windows(reduced(torch.from_numpy(scaling.to_range(images.content[row][None])), LONGEST_SIDE))[0])
    counts = [grid.shape[0] * grid.shape[1] for grid in grids]
    owners = torch.arange(len(grids)).repeat_interleave(torch.tensor(counts))
    rows = torch.cat([grid.flatten(0, 1) for grid in grids])
    known = draw_references(owners, torch.Generator().manual_seed(seed))
    nearest = Nearest()
    nearest.memory = rows[known]
    parts = []
    for row, own in enumerate(rows.split(counts)):
        if progress is not None:
            progress(row, len(images), "comparing with the others")
        parts.append(nearest.closest(own, owners[known] == row).sqrt())
    distances = torch.cat(parts)
    numbers = picture_numbers(distances, owners)
    scores = -Spread.of(numbers).oddity(numbers).double().numpy()
    places = [each.view(grid.shape[:2]).numpy() for each, grid in zip(distances.split(counts), grids, strict=True)]

    def maps(rows: np.ndarray, side: int | None) -> Maps:
        values = [_at_pixels(places[row], images.content[row].shape[1:], side) for row in rows.tolist()]
        return Maps(values, say("how far each place is from the nearest in any other picture"))

    return ranked(images, scores), maps


def _at_pixels(grid: np.ndarray, sides: tuple[int, ...], longest: int | None) -> np.ndarray:
    """Return values at the middles of windows (h, w) at every pixel of the picture (H, W), float32, linear between.

    sides: the picture's; longest: what it is reduced to, if it is.
    """
    shown = sides if longest is None else reduced_size(sides, longest)
    for axis, (side, looked_at) in enumerate(zip(shown, reduced_size(sides, LONGEST_SIDE), strict=True)):
        middles = centres(looked_at) * side / looked_at
        columns = np.moveaxis(grid, axis, -1).reshape(-1, len(middles))
        spread = np.stack([np.interp(np.arange(side), middles, column) for column in columns])
        grid = np.moveaxis(spread.reshape(*np.moveaxis(grid, axis, -1).shape[:-1], side), -1, axis)
    return grid.astype(np.float32)
