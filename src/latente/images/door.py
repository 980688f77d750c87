"""The one data door: `open_images(anything)`."""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from latente.errors import InputError, did_you_mean
from latente.images.arrays import open_array
from latente.images.container import Images
from latente.images.options import DoorOptions, Keep, Progress
from latente.images.photographs import Photographs
from latente.languages import say

__all__ = ["Openable", "is_list_of_pictures", "open_images"]

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
    pairs: Sequence[str] | None = None,
    target: Openable | None = None,
    exclude: str | os.PathLike[str] | Sequence[str] | None = None,
    condition: Sequence[str] | None = None,
    frames: str = DoorOptions.frames,
    budget: float = DoorOptions.budget,
    progress: Progress | None = None,
) -> Images:
    """Open images from wherever they are, scan them, and return them in their own dtype with their columns.

    source: an array or torch tensor (N, H, W), (N, C, H, W), (N, H, W, C) or table (N, F); a .npy, .npz, idx or idx.gz
    file; a folder or zip of pictures (flat, class folders, train/val/test, pairs, good/defect with masks, a table of
    labels or attributes in it or beside it); a table whose first column names pictures; or a set's name (a bare name is
    a set where there is one; "./mnist" is a folder). `Images` come back as they are. split: the part to open; None is
    "train" where there are parts, else everything. size: (height, width), or the side of a square; pictures are scaled
    to cover it and cut around their centre. "keep" leaves pictures of a folder, an archive or a list as large as each
    is: see `Photographs`. crop: cut this much out of the centre first. channels: 1 grey, 2 grey and alpha, 3 RGB, 4
    RGBA for picture files; for arrays the number of channels, or "first" or "last" where it cannot be told which axis
    holds them. count: at most this many images, drawn by `seed`, in order. labels: the path of a table (pictures), or
    one label for each image (arrays). pairs: two words that tell inputs from targets, where the known ones (noisy,
    clean; low, high; input, target ...) do not: names of folders, or ends of files' names. target: what should come of
    the images, in another place: a folder in which targets are called like their images, or an array with one for each;
    size, channels and depth may differ. exclude: pictures to leave out, by the names that `images.files` has for them,
    or a text file that holds one a line. condition: names of columns of numbers, of the set's conditions or attributes,
    which become the condition of each image, in this order. frames: of picture files with several pages or frames the
    "first" one, or "all". budget: the share of pictures that may be damaged; those are skipped, and named in
    `images.scan`. progress: called as progress(done, total, what).

    Pictures are decoded once, into the cache (see `latente.images.cache`), which later starts only map into
    memory. Raises InputError, naming the file or the option, where something is not usable.
    """
    if isinstance(source, Images) and target is None:
        return source if condition is None else _with_condition(source, condition)
    if isinstance(source, str) and not source.strip():
        raise InputError(say("the images have no name: give a folder, a file or the name of a set"))
    options = DoorOptions(
        split=split,
        size=size,
        crop=crop,
        channels=channels,
        count=count,
        seed=seed,
        labels=labels,
        pairs=pairs,
        target=target,
        exclude=exclude,
        condition=condition,
        frames=frames,
        budget=budget,
        progress=progress,
    )
    if options.exclude is not None:
        options = dataclasses.replace(options, exclude=options.excluded)  # which reads a list once
    if isinstance(source, Images):
        return dataclasses.replace(_with_target(options, lambda _: source), source={})
    if not isinstance(source, str | os.PathLike):
        if is_list_of_pictures(source):
            from latente.images.lists import open_listed

            return _with_target(options, partial(open_listed, source))
        return _with_target(options, partial(open_array, source))
    name = os.fspath(source)
    images = _open_set(name, options) if _is_bare(source) else None
    if images is None:
        path = Path(name).expanduser().resolve()
        images, name = _open_path(path, options), str(path)
    if options.condition is not None:
        images = _with_condition(images, options.condition)
    return dataclasses.replace(images, source=options.source(name))


def _with_condition(images: Images, names: Sequence[str]) -> Images:
    """Return images whose condition is made of these columns of numbers.

    Raises InputError, naming what there is, where one of them is unknown.
    """
    known = {
        name: column
        for key, titles in (("attributes", images.attribute_names), ("condition", images.condition_names))
        if key in images.columns
        for name, column in zip(titles, images.columns[key].T, strict=True)
    }
    if not known:
        template = "{name} has no columns of numbers: name a table that has some by labels (--labels CSV)"
        raise InputError(say(template, name=images.name))
    for name in names:
        if name not in known:
            raise did_you_mean(f"column of {images.name}", name, list(known))
    condition = np.stack([known[name] for name in names], axis=1).astype(np.float32)
    columns = {**images.columns, "condition": condition}
    return dataclasses.replace(images, columns=columns, condition_names=tuple(names), content_hash=None)


def _with_target(options: DoorOptions, open_one: Callable[[DoorOptions], Images]) -> Images:
    """Open what is no folder of pictures, and its targets where there are some, one for each in the same order.

    Raises InputError where they are not as many, or are to be scaled: they keep their own size.
    """
    if options.exclude is not None:
        template = (
            "exclude leaves pictures of a folder or an archive out by their names; take others out of the array itself"
        )
        raise InputError(say(template))
    if options.pairs is not None:
        raise InputError(
            say("pairs tells pictures of a folder or an archive apart; give target for what else there is")
        )
    if options.target is None:
        return open_one(options)
    if options.sides or options.window:
        raise InputError(say("targets go with the images' own size; leave size and crop out"))
    images = open_one(dataclasses.replace(options, target=None, count=None))
    target = open_images(
        options.target,
        split=options.split if isinstance(options.target, str | os.PathLike) else None,
        size=options.size,
        channels=options.channels if isinstance(options.channels, str) else None,
    )
    if len(target) != len(images) or target.is_table != images.is_table:
        template = "target holds {target} for {images}; give one for each, in the same order"
        raise InputError(say(template, target=repr(target), images=repr(images)))
    columns, partners = dict(images.columns), dict(images.partners)
    if images.is_photographs:
        content = target.content
        partners["target"] = Photographs.of_array(content) if isinstance(content, np.ndarray) else content
    elif not target.is_photographs:
        columns["target"] = target.pixels
    else:
        raise InputError(say("the targets have many sizes and the images have one; give size='keep' for both"))
    scan = images.scan and dataclasses.replace(images.scan, partners={"targets": len(images)})
    images = dataclasses.replace(images, columns=columns, partners=partners, scan=scan, content_hash=None)
    rows = options.sample(len(images))
    return images if rows is None else dataclasses.replace(images.take(rows), parts=images.parts)


def is_list_of_pictures(source: object) -> TypeGuard[Sequence[object]]:
    """Whether a list holds paths of pictures, or pictures of Pillow's, which is not imported to find out."""
    pillow = sys.modules.get("PIL.Image")
    kinds = (str, os.PathLike) if pillow is None else (str, os.PathLike, pillow.Image)
    return isinstance(source, list | tuple) and any(isinstance(entry, kinds) for entry in source)


def _is_bare(source: str | os.PathLike[str]) -> bool:
    return isinstance(source, str) and not any(mark in source for mark in ("/", os.sep, "."))


def _open_set(name: str, options: DoorOptions) -> Images | None:
    """Open the set of this name; None where there is none, but a file or folder that is called so."""
    from latente.images.catalog import entries, open_named
    from latente.images.generated import GENERATED

    if name in GENERATED:
        return _with_target(options, lambda options: _open_generated(name, options))
    named = [entry.name for entry in entries()]
    if name in named:
        return _with_target(options, lambda options: open_named(name, options))
    if Path(name).exists():
        return None
    raise did_you_mean("file, folder or image set", name, [*GENERATED, *named])


def _open_generated(name: str, options: DoorOptions) -> Images:
    from latente.images.arrays import scan_array
    from latente.images.generated import GENERATED
    from latente.images.layouts import find_layout
    from latente.images.sizing import resize_arrays

    if options.labels is not None:
        raise InputError(say("{name} comes with its own labels; leave labels out", name=name))
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
    sides, pixels = images.image_shape[1:], resize_arrays(images.pixels, options)
    if pixels is not images.pixels:
        columns = dict(images.columns)
        if "mask" in columns:
            columns["mask"] = (resize_arrays(columns["mask"] * np.uint8(255), options) > 127).astype(np.uint8)
        images = dataclasses.replace(images, content=pixels, columns=columns, content_hash=None)
    images = dataclasses.replace(images, name=name)
    notes = []
    if options.count is not None and options.count > len(images):
        notes = [f"{options.count:,} were asked for, and there are no more than these"]
    return scan_array(images, name, "drawn by code", total=len(images), sides=sides, notes=notes)


def _open_path(path: Path, options: DoorOptions) -> Images:
    from latente.images.arrayfiles import idx_sources, is_idx, open_idx, open_npy, open_npz

    try:
        path.stat()
    except OSError as error:
        template = "{path} cannot be opened: {reason}; give a file, a folder or a set's name"
        raise InputError(say(template, path=str(path), reason=str(error.strerror))) from error
    suffix = path.suffix.lower()
    if path.is_dir():
        if any(is_idx(name) for name in os.listdir(path)):
            return _with_target(options, lambda options: open_idx(idx_sources(path), options, path.name))
    elif not path.is_file():
        raise InputError(say("{path} is neither a file nor a folder", path=str(path)))
    elif suffix == ".npy":
        return _with_target(options, lambda options: open_npy(path, options))
    elif suffix == ".npz":
        return _with_target(options, lambda options: open_npz(path, options))
    elif is_idx(path.name) or suffix in (".idx", ".gz"):
        name = path.name.split(".")[0]
        return _with_target(options, lambda options: open_idx(idx_sources(path), options, name))
    elif suffix in (".csv", ".tsv", ".txt"):
        return _open_table(path, options)
    elif suffix == ".zip" and not zipfile.is_zipfile(path):
        raise InputError(say("{path} is no zip archive, or a damaged one; get or make it again", path=str(path)))
    from latente.images.pictures import open_pictures

    return open_pictures(path, options)


def _open_table(path: Path, options: DoorOptions) -> Images:
    """Open the pictures that a table names, which lie in its folder, or a table of nothing but numbers."""
    from latente.images.pictures import open_pictures
    from latente.images.tables import read_numbers

    numbers = read_numbers(path)
    if numbers is not None:
        images = _with_target(options, lambda options: open_array(numbers, options))
        return dataclasses.replace(images, name=path.stem)
    return open_pictures(path.parent, dataclasses.replace(options, labels=path), path.stem)
