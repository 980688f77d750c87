"""The one data door: `open_images(anything)`."""

from __future__ import annotations

import dataclasses
import inspect
import os
import zipfile
from pathlib import Path
from typing import Any

from latente.errors import InputError, did_you_mean
from latente.images.arrays import open_array
from latente.images.container import Images
from latente.images.options import BUDGET, Options, Progress

__all__ = ["open_images"]


def open_images(
    source: Any,
    *,
    split: str | None = None,
    size: int | tuple[int, int] | None = None,
    crop: int | tuple[int, int] | None = None,
    channels: int | str | None = None,
    count: int | None = None,
    seed: int = 0,
    labels: Any = None,
    budget: float = BUDGET,
    progress: Progress | None = None,
) -> Images:
    """Open images from wherever they are, scan them, and return them in their own dtype with their columns.

    source: an array or torch tensor (N, H, W), (N, C, H, W), (N, H, W, C) or table (N, F); a .npy, .npz, idx
    or idx.gz file; a folder or zip of pictures (flat, class folders, train/val/test, pairs, good/defect with
    masks, a table of labels or attributes in it or beside it); a table whose first column names pictures; or
    a set's name (a bare name is a set where there is one; "./mnist" is a folder). `Images` come back as they
    are. split: the part to open; None is "train" where there are parts, else everything. size: (height,
    width), or the side of a square; pictures are scaled to cover it and cut around their centre. crop: cut
    this much out of the centre first. channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA for picture files;
    for arrays the number of channels, or "first" or "last" where it cannot be told which axis holds them.
    count: at most this many images, drawn by `seed`, in order. labels: the path of a table (pictures), or one
    label for each image (arrays). budget: the share of pictures that may be damaged; those are skipped, and
    named in `images.scan`. progress: called as progress(done, total, what).

    Pictures are decoded once, into the cache (see `latente.images.cache`), which later starts only map into
    memory. Raises InputError, naming the file or the option, where something is not usable.
    """
    if isinstance(source, Images):
        return source
    options = Options.check(
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
    text = os.fspath(source)
    images = _open_set(text, options) if _is_bare(source) else None
    kept = text
    if images is None:
        path = Path(text).expanduser().resolve()
        images, kept = _open_path(path, options), str(path)
    return dataclasses.replace(images, source=_repeatable(kept, options))


def _is_bare(source: str | os.PathLike[str]) -> bool:
    return isinstance(source, str) and not any(mark in source for mark in ("/", os.sep, "."))


def _open_set(name: str, options: Options) -> Images | None:
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


def _open_generated(name: str, options: Options) -> Images:
    from latente.images.arrays import find_layout, scan_array
    from latente.images.generated import GENERATED
    from latente.images.sizing import resize_arrays

    if options.labels is not None:
        raise InputError(f"{name} comes with its own labels; leave labels out")
    draw, size = GENERATED[name], options.size
    known = inspect.signature(draw).parameters
    asked: dict[str, Any] = {}
    if size and size[0] == size[1] and "size" in known:
        asked["size"] = size[0]
    if "progress" in known:
        asked["progress"] = options.progress
    images = draw(options.count, split=options.split or "train", seed=options.seed, **asked)
    channels = options.channels if isinstance(options.channels, int) else "first"
    find_layout(images.pixels.shape, channels, name)
    pixels = resize_arrays(images.pixels, options)
    if pixels is not images.pixels:
        images = dataclasses.replace(images, pixels=pixels, content_hash=None)
    images = dataclasses.replace(images, name=name)
    return scan_array(images, name, "drawn by code", found=len(images))


def _open_path(path: Path, options: Options) -> Images:
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


def _open_table(path: Path, options: Options) -> Images:
    """Open the pictures that a table names, which lie in its folder, or a table of nothing but numbers."""
    from latente.images.pictures import open_pictures
    from latente.images.tables import read_numbers

    numbers = read_numbers(path)
    if numbers is not None:
        images = open_array(numbers, options)
        return dataclasses.replace(images, name=path.stem)
    return open_pictures(path.parent, dataclasses.replace(options, labels=path), path.stem)


def _repeatable(source: str, options: Options) -> dict[str, Any]:
    """The keyword arguments that open the same images again; none where labels are an array in memory."""
    given = options.shown()
    if isinstance(options.labels, str | os.PathLike):
        given["labels"] = str(Path(options.labels).absolute())
    elif options.labels is not None:
        return {}
    return {"source": source, **given}
