"""Which images of a set are normal, which of them show the same thing, and which are known to be odd."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from latente.errors import InputError
from latente.estimators import data
from latente.images import Images

__all__ = ["check_groups", "group_numbers", "kept_together", "known_odd", "masks_of", "name_of", "teaching", "with_odd"]

NORMAL = ("good", "normal", "ok")  # what a class of normal images may be called


def teaching(images: Images) -> np.ndarray | None:
    """Return 0 for each image of the class that is called good, normal or ok, and -1 for the others (N,).

    None where no class is called so, and all images count as normal. Raises InputError where that class is empty.
    """
    normal = _normal_label(images)
    if normal is None or images.labels is None:
        return None
    labels = np.where(images.labels == normal, 0, -1)
    if not (labels == 0).any():
        named = images.label_names[normal]
        raise InputError(f"{images.name} has no image of its class {named!r}, to learn what is normal")
    return labels


def name_of(images: Images, rows: np.ndarray) -> str | None:
    """Return the name of the class that these rows, the normal ones, are of; None where nobody knows."""
    normal = _normal_label(images)
    if normal is None and images.labels is not None:
        known = np.unique(images.labels[rows])
        normal = int(known[0]) if len(known) == 1 and known[0] >= 0 else None
    names = images.label_names
    return None if normal is None else names[normal] if normal < len(names) else str(normal)


def with_odd(parts: data.Split, labels: np.ndarray | None) -> data.Split:
    """Let the odd images of the set, -1 among the labels, judge beside the normal ones that are held out."""
    if labels is None or parts.held_out is not parts.images or not len(parts.held_out_rows):
        return parts
    return dataclasses.replace(parts, held_out_rows=np.union1d(parts.held_out_rows, np.flatnonzero(labels < 0)))


# -- groups


def check_groups(groups: Any) -> None:
    """Raise InputError where the option is a pattern, and no regular expression."""
    if isinstance(groups, str):
        try:
            re.compile(groups)
        except re.error as error:
            raise InputError(f"groups={groups!r} is no regular expression: {error}") from None


def group_numbers(images: Images, groups: Any) -> np.ndarray:
    """Return the number of each image's group (N,); without groups each is one of its own.

    groups: a pattern in the names of the files, or one name for each image. Raises InputError where it is neither.
    """
    if groups is None:
        return np.arange(len(images))
    if not isinstance(groups, str):
        names = np.asarray(groups)
        if names.shape != (len(images),):
            raise InputError(f"groups has the shape {names.shape} for {len(images)} images; give one name for each")
        return np.unique(names, return_inverse=True)[1]
    if not images.files:
        raise InputError(f"groups={groups!r} looks at file names, and {images.name} has none; give an array")
    found = [re.search(groups, name) for name in images.files]
    missing = [name for name, match in zip(images.files, found, strict=True) if match is None]
    if missing:
        raise InputError(f"groups={groups!r} is in no part of {len(missing)} of {len(images)} file names: {missing[0]}")
    return np.unique([match.group() for match in found if match is not None], return_inverse=True)[1]


def kept_together(parts: data.Split, groups: Any) -> data.Split:
    """Hold whole groups out: of one that judges, no image teaches. Raises InputError where all are held out then."""
    if groups is None or parts.held_out is not parts.images or not len(parts.held_out_rows):
        return parts
    numbers, everything = group_numbers(parts.images, groups), np.union1d(parts.rows, parts.held_out_rows)
    held_out = np.isin(numbers, np.unique(numbers[parts.held_out_rows]))[everything]
    if held_out.all():
        raise InputError(f"all images of {parts.images.name} are of groups that are held out; give more groups")
    return dataclasses.replace(parts, rows=everything[~held_out], held_out_rows=everything[held_out])


# -- what is known to be odd


def known_odd(images: Images, y: ArrayLike | None, normal: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the rows of which it is known whether they are odd, and whether they are; None where nobody knows.

    y: -1 for odd and 1 for normal ones; without it the labels tell, by `normal`, the name of the class that was learned
    from, else the masks. Raises InputError for another y.
    """
    if y is not None:
        marks = np.asarray(y)
        if marks.shape != (len(images),) or not np.isin(marks, (-1, 1)).all():
            raise InputError(f"y must be -1 (odd) or 1 (normal) for each of the {len(images)} images")
        return np.arange(len(images)), marks == -1
    if images.labels is not None and normal is not None:
        rows = np.flatnonzero(images.labels >= 0)
        names = images.label_names
        own = [names[k] if k < len(names) else str(k) for k in images.labels[rows].tolist()]
        return rows, np.array([name != normal for name in own], dtype=bool)
    if (masks := masks_of(images)) is not None:
        return np.arange(len(images)), np.array([mask.any() for mask in masks])
    return None


def masks_of(images: Images) -> list[np.ndarray] | None:
    """Return where each picture is damaged (H, W), bool; None where nobody knows."""
    masks = images.partners.get("mask", images.columns.get("mask"))
    return None if masks is None else [np.asarray(mask[0] != 0) for mask in masks]


def _normal_label(images: Images) -> int | None:
    """Return the label of the class that is called good, normal or ok; None where none is."""
    if images.labels is None:
        return None
    return next((k for k, name in enumerate(images.label_names) if name.casefold() in NORMAL), None)
