"""Pictures named one by one, by paths or as Pillow's images, as one set in the order of the list."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from latente.errors import InputError
from latente.images.arrays import label_column
from latente.images.container import Images
from latente.images.options import DoorOptions
from latente.images.pictures import of_store
from latente.images.stores import ListStore

__all__ = ["open_listed"]


def open_listed(pictures: Sequence[object], options: DoorOptions) -> Images:
    """Open a list of paths of picture files and of Pillow's images as one set, in its order.

    Raises InputError where one is neither, or more are damaged than the budget allows.
    """
    store = ListStore([_entry(picture, number) for number, picture in enumerate(pictures)])
    if options.labels is not None and len(np.asarray(options.labels)) != len(pictures):
        raise InputError(f"labels hold {len(np.asarray(options.labels))} entries for {len(pictures)} pictures")
    images = of_store(store, [], dataclasses.replace(options, labels=None, count=None), "list")
    places = np.array([int(file.partition(" ")[0]) for file in images.files])
    files = tuple(str(pictures[place]) if _is_path(pictures[place]) else f"picture {place}" for place in places)
    images = dataclasses.replace(images, files=files, content_hash=None)
    if options.labels is not None:
        label, names = label_column(np.asarray(options.labels)[places], len(images))
        images = dataclasses.replace(images, columns={**images.columns, "label": label}, label_names=names)
    rows = options.sample(len(images))
    return images if rows is None else images.take(rows)


def _is_path(picture: object) -> bool:
    return isinstance(picture, str | os.PathLike)


def _entry(picture: object, number: int) -> tuple[str, Path | bytes]:
    """Return how a picture of a list is called, and its file or, of one in memory, what its file would hold."""
    if isinstance(picture, str | os.PathLike):
        path = Path(picture).expanduser().absolute()
        return path.name, path
    if not isinstance(picture, Image.Image):
        raise InputError(f"entry {number} of the list is no path and no picture of Pillow's: {type(picture).__name__}")
    content = io.BytesIO()
    try:
        ImageOps.exif_transpose(picture).save(content, "TIFF")  # which keeps every mode, unpacked
    except (OSError, ValueError) as error:
        raise InputError(f"entry {number} of the list cannot be read: {error}") from error
    return f"{number}.tif", content.getvalue()
