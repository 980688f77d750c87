"""The one data door: `open_images(anything)`."""

from __future__ import annotations

import dataclasses
import inspect
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from latente.errors import InputError, did_you_mean
from latente.images.arrays import open_array
from latente.images.container import Images
from latente.images.options import DoorOptions, Keep, Progress

__all__ = ["Openable", "open_images"]

# what the door opens: a path or name, or what lives in memory (torch tensors and tables of pandas are arrays too)
Openable = str | os.PathLike[str] | Images | ArrayLike


@np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")  # whatever the calling program has set
def open_images(
    source: Openable,
    *,
    split: str | None = None,
    size: int | Sequence[int] | Keep | None = None,
    crop: int | Sequence[int] | None = None,
    channels: int | str | None = None,
    count: int | None = None,
    seed: int = 0,
    labels: str | os.PathLike[str] | ArrayLike | None = None,
    budget: float = DoorOptions.budget,
    progress: Progress | None = None,
) -> Images:
    """Open images from wherever they are, scan them, and return them in their own dtype with their columns.

    source: an array or torch tensor (N, H, W), (N, C, H, W), (N, H, W, C) or table (N, F); a .npy, .npz, idx
    or idx.gz file; a folder or zip of pictures (flat, class folders, train/val/test, pairs, good/defect with
    masks, a table of labels or attributes in it or beside it); a table whose first column names pictures; or
    a set's name (a bare name is a set where there is one; "./mnist" is a folder). `Images` come back as they
    are. split: the part to open; None is "train" where there are parts, else everything. size: (height,
    width), or the side of a square; pictures are scaled to cover it and cut around their centre. "keep" leaves
    pictures of a folder, an archive or a list as large as each is: see `Photographs`. crop: cut this much out
    of the centre first. channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA for picture files;
    for arrays the number of channels, or "first" or "last" where it cannot be told which axis holds them.
    count: at most this many images, drawn by `seed`, in order. labels: the path of a table (pictures), or one
    label for each image (arrays). budget: the share of pictures that may be damaged; those are skipped, and
    named in `images.scan`. progress: called as progress(done, total, what).

    Pictures are decoded once, into the cache (see `latente.images.cache`), which later starts only map into
    memory. Raises InputError, naming the file or the option, where something is not usable.
    """
    if isinstance(source, Images):
        return source
    options = DoorOptions(
        split=split,
        size=size,
        crop=crop,
        channels=channels,
        count=count,
        seed=seed,
        labels=labels,
        budget=budget,
        progress=progress,
    )
    if not isinstance(source, str | os.PathLike):
        return open_array(source, options)
    name = os.fspath(source)
    images = _open_set(name, options) if _is_bare(source) else None
    if images is None:
        path = Path(name).expanduser().resolve()
        images, name = _open_path(path, options), str(path)
    return dataclasses.replace(images, source=options.source(name))


def _is_bare(source: str | os.PathLike[str]) -> bool:
    return isinstance(source, str) and not any(mark in source for mark in ("/", os.sep, "."))


def _open_set(name: str, options: DoorOptions) -> Images | None:
    """Open the set of this name; None where there is none, but a file or folder that is called so."""
    from latente.images.catalog import entries, open_named
    from latente.images.generated import GENERATED

    if name in GENERATED:
        return _open_generated(name, options)
    named = [entry.name for entry in entries()]
    if name in named:
        return open_named(name, options)
    if Path(name).exists():
        return None
    raise did_you_mean("file, folder or image set", name, [*GENERATED, *named])


def _open_generated(name: str, options: DoorOptions) -> Images:
    from latente.images.arrays import scan_array
    from latente.images.generated import GENERATED
    from latente.images.layouts import find_layout
    from latente.images.sizing import resize_arrays

    if options.labels is not None:
        raise InputError(f"{name} comes with its own labels; leave labels out")
    draw, size = GENERATED[name], options.sides
    known = inspect.signature(draw).parameters
    extras: dict[str, int | Progress | None] = {}
    if size and size[0] == size[1] and "size" in known:
        extras["size"] = size[0]
    if "progress" in known:
        extras["progress"] = options.progress
    images = draw(options.count, split=options.split or "train", seed=options.seed, **extras)
    channels = options.channels if isinstance(options.channels, int) else "first"
    find_layout(images.pixels.shape, channels, name)
    sides, pixels = images.shape[1:], resize_arrays(images.pixels, options)
    if pixels is not images.pixels:
        images = dataclasses.replace(images, content=pixels, content_hash=None)
    images = dataclasses.replace(images, name=name)
    return scan_array(images, name, "drawn by code", total=len(images), sides=sides)


def _open_path(path: Path, options: DoorOptions) -> Images:
    from latente.images.arrayfiles import idx_sources, is_idx, open_idx, open_npy, open_npz

    try:
        path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}; give a file, a folder or a set's name") from error
    suffix = path.suffix.lower()
    if path.is_dir():
        if any(is_idx(name) for name in os.listdir(path)):
            return open_idx(idx_sources(path), options, path.name)
    elif not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder")
    elif suffix == ".npy":
        return open_npy(path, options)
    elif suffix == ".npz":
        return open_npz(path, options)
    elif is_idx(path.name) or suffix in (".idx", ".gz"):
        return open_idx(idx_sources(path), options, path.name.split(".")[0])
    elif suffix in (".csv", ".tsv", ".txt"):
        return _open_table(path, options)
    elif suffix == ".zip" and not zipfile.is_zipfile(path):
        raise InputError(f"{path} is no zip archive, or a damaged one; get or make it again")
    from latente.images.pictures import open_pictures

    return open_pictures(path, options)


def _open_table(path: Path, options: DoorOptions) -> Images:
    """Open the pictures that a table names, which lie in its folder, or a table of nothing but numbers."""
    from latente.images.pictures import open_pictures
    from latente.images.tables import read_numbers

    numbers = read_numbers(path)
    if numbers is not None:
        images = open_array(numbers, options)
        return dataclasses.replace(images, name=path.stem)
    return open_pictures(path.parent, dataclasses.replace(options, labels=path), path.stem)
