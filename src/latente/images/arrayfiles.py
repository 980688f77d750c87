"""Array files -> Images: .npy as it lies on disk, .npz and idx by way of the cache."""

from __future__ import annotations

import dataclasses
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from latente.errors import InputError
from latente.files import stamp_of
from latente.images.arrays import check_finite, check_kind, label_column, scan_array
from latente.images.cache import Note, Writer, cached, key_of, mapped
from latente.images.container import Images, contents_of
from latente.images.folders import PART_ORDER
from latente.images.layouts import find_layout, from_layout
from latente.images.options import DoorOptions
from latente.images.sizing import keeps_size
from latente.images.streams import Rows, array_rows, idx_rows, npy_rows, reading, refuse_bomb
from latente.languages import say

__all__ = ["from_cache", "idx_sources", "is_idx", "open_idx", "open_npy", "open_npz", "stamp"]

# names of arrays in a .npz file -> what they are
_NPZ_NAMES = {
    "pixels": ("images", "image", "imgs", "pixels", "x", "data", "arr_0"),
    "label": ("labels", "label", "y"),
    "target": ("targets", "target"),
    "attributes": ("attributes",),
    "condition": ("conditions", "condition"),
    "mask": ("masks", "mask"),
    "label_names": ("label_names",),
    "attribute_names": ("attribute_names",),
}
_NPZ_PART = re.compile(r"(?:(train|val|test)_(.+)|(.+)_(train|val|test))$")
_IDX_NAME = re.compile(r"(?:(train|t10k|test|val)[-_.])?images?[-_.]idx[1-9][-_.]ubyte(?:\.gz)?$", re.IGNORECASE)
_MOST_IN_MEMORY = 2**26  # bytes of the images that --count draws
_IDX_PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "val"}


def stamp(path: Path) -> list[str | int]:
    """What changes when a file does: path, bytes, times."""
    return [str(path.resolve()), *stamp_of(path.stat())]


def open_npy(path: Path, options: DoorOptions) -> Images:
    """Open a .npy file: memory-mapped where its rows lie as ours do, else rearranged once into the cache.

    Raises InputError where it holds no images or objects instead of numbers, is damaged, or holds NaN or
    infinity.
    """
    options.part((), path.name)
    with reading(path.name):
        array = mapped(path)
    layout = find_layout(array.shape, options.channels, path.name)
    check_kind(array.dtype, path.name)
    pixels = from_layout(array, layout)
    keeps = pixels.ndim == 2 or keeps_size(pixels.shape[2:], options)
    if not (keeps and pixels.flags.c_contiguous and array.dtype.isnative):

        def rearrange(writer: Writer) -> Note:
            layout = array_rows(path.name, array).into(writer, "pixels", options)
            return {"layout": layout, "sides": pixels.shape[2:]}

        return from_cache(path, path.stem, ".npy file", [stamp(path)], rearrange, options)

    def check(writer: Writer) -> Note:
        check_finite(array, path.name)
        return {"content_hash": Images(pixels).fingerprint}

    note = cached(key_of("checked", stamp(path), layout), check, str(path)).note
    images = Images(pixels, layout=layout, name=path.stem, content_hash=note["content_hash"])
    return _finished(images, ".npy file", {}, options)


def open_npz(path: Path, options: DoorOptions) -> Images:
    """Open a .npz file: arrays called images (or x), label(s) or y, target, attributes, condition and mask.

    Names may carry a part (x_train, test_images). Raises InputError as `open_npy` does.
    """

    def build(writer: Writer) -> Note:
        with reading(path.name), zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        arrays, parts, others = _npz_arrays(path, names, options)
        if "pixels" not in arrays:
            template = "{name} holds no images: call them 'images' (it holds {others})"
            raise InputError(say(template, name=path.name, others=", ".join(names) or say("nothing")))
        rows = {column: _member(path, name) for column, name in arrays.items()}
        count = rows["pixels"].shape[0]
        layout = rows["pixels"].into(writer, "pixels", options)
        sides = rows["pixels"].shape[2:] if layout == "NCHW" else rows["pixels"].shape[1:3]
        keeps = layout == "NF" or keeps_size(sides, options)
        note: Note = {"layout": layout, "parts": parts, "others": others, "sides": [] if layout == "NF" else sides}
        for column, array in rows.items():
            if column == "label_names":
                note["label_names"] = array.read().astype(str).tolist()
            elif column == "attribute_names":
                note["attribute_names"] = array.read().astype(str).tolist()
            elif column != "pixels":
                _check_length(array, count)
                note |= _column_into(writer, column, array, keeps)
        return note

    return from_cache(path, path.stem, ".npz file", [stamp(path)], build, options)


def open_idx(
    sources: Mapping[str | None, tuple[Path, Path | None]],
    options: DoorOptions,
    name: str,
    *,
    label_names: Sequence[str] = (),
    sha256: Mapping[str, str] | None = None,
) -> Images:
    """Open idx files, compressed or not: part -> (images, labels); the part is None where there is only one.

    sha256: file name without .gz -> digest of the uncompressed content, checked on the way.
    Raises InputError where a file is damaged, or images and labels differ in number.
    """
    digests = sha256 or {}
    parts = tuple(part for part in sources if part is not None)
    images_file, labels_file = sources[options.part(parts, name)]

    def rows(path: Path) -> Rows:
        return idx_rows(path, digests.get(path.name.removesuffix(".gz")))

    def build(writer: Writer) -> Note:
        images = rows(images_file)
        layout = images.into(writer, "pixels", options)
        note: Note = {"layout": layout, "sides": images.shape[-2:] if layout != "NF" else []}
        if labels_file is not None:
            labels = rows(labels_file)
            _check_length(labels, images.shape[0])
            writer.append("label", labels.read().astype(np.int64))
        note["label_names"] = list(label_names)
        note["parts"] = {part: idx_rows(sources[part][0]).shape[0] for part in parts}
        return note

    files = [stamp(path) for path in (images_file, labels_file) if path is not None]
    return from_cache(
        images_file, name, "idx files", [*files, sorted(digests.items()), list(label_names)], build, options
    )


def is_idx(name: str) -> bool:
    """Say whether a file's name is that of images in the idx format."""
    return _IDX_NAME.search(name) is not None


def idx_sources(path: Path) -> dict[str | None, tuple[Path, Path | None]]:
    """Return part -> (images, labels) of an idx file, or of a folder of them; labels may be missing."""
    if not path.is_dir():
        return {None: (path, _idx_labels(path))}
    sources: dict[str | None, tuple[Path, Path | None]] = {}
    for file in sorted(path.iterdir()):
        if match := _IDX_NAME.search(file.name):
            part = _IDX_PARTS[match[1].lower()] if match[1] else None
            sources.setdefault(part, (file, _idx_labels(file)))
    return sources if len(sources) == 1 else {part: sources[part] for part in PART_ORDER if part in sources}


def from_cache(
    path: Path, name: str, kind: str, files: Sequence[object], build: Callable[[Writer], Note], options: DoorOptions
) -> Images:
    """Return the images that `build` writes into the cache, or wrote there on an earlier start.

    path: where it came from; files: what identifies the source. build returns a note with "layout", and with
    "parts" (counts), "label_names", "attribute_names" and "others" (names that were passed over) where there are any.
    """
    shape = [options.split, options.sides, options.window, options.channels]
    stored = cached(key_of(kind, *files, *shape), build, str(path))
    note = stored.note
    content, columns, partners = contents_of(stored.arrays)
    images = Images(
        content,
        columns,
        partners=partners,
        name=name,
        layout=note["layout"],
        label_names=tuple(note.get("label_names", ())),
        attribute_names=tuple(note.get("attribute_names", ())),
        parts=tuple(note.get("parts", ())),
        content_hash=note["content_hash"],
    )
    return _finished(images, kind, note, options)


def _finished(images: Images, kind: str, note: Note, options: DoorOptions) -> Images:
    """Draw the sample, put the caller's labels beside the images, and say what there is."""
    total, rows = len(images), options.sample(len(images))
    sample = images if rows is None else dataclasses.replace(_drawn(images, rows, options), parts=images.parts)
    if options.labels is not None:
        label, names = label_column(_load_labels(options.labels), total)
        columns = {**sample.columns, "label": label if rows is None else label[rows]}
        sample = dataclasses.replace(sample, columns=columns, label_names=names, content_hash=None)
    others = note.get("others")
    notes = [f"arrays passed over: {', '.join(others)}"] if others else []
    parts, sides = note.get("parts"), note.get("sides", ())
    return scan_array(sample, images.name, kind, total=total, parts=parts, notes=notes, sides=sides)


def _drawn(images: Images, rows: np.ndarray, options: DoorOptions) -> Images:
    """Return the images at `rows`: of few a copy in memory, of many one in the cache, mapped as the set itself is."""
    size = sum(array.nbytes for array in (images.content, *images.columns.values())) // len(images)
    if size * len(rows) <= _MOST_IN_MEMORY:
        return images.take(rows)
    arrays = {"pixels": images.pixels, **images.columns}
    step = max(1, _MOST_IN_MEMORY // (8 * size))

    def build(writer: Writer) -> Note:
        for start in range(0, len(rows), step):
            for name, array in arrays.items():
                writer.append(name, array[rows[start : start + step]])
            options.report(min(start + step, len(rows)), len(rows), "caching")
        return {}

    name = f"{len(rows):,} of {images.name}"
    stored = cached(key_of("drawn", images.fingerprint, len(rows), options.seed), build, name)
    columns = {name: array for name, array in stored.arrays.items() if name != "pixels"}
    content_hash = stored.note["content_hash"]
    return dataclasses.replace(images, content=stored.arrays["pixels"], columns=columns, content_hash=content_hash)


def _load_labels(labels: object) -> object:
    """Labels of an array file: an array, or the path of a .npy or idx file."""
    if not isinstance(labels, str | os.PathLike):
        return labels
    path = Path(labels)
    if not path.is_file():
        template = "labels={labels} is no file; give a .npy or idx file with one label for each image"
        raise InputError(say(template, labels=repr(str(labels))))
    if path.suffix == ".npy":
        with reading(path.name):
            return np.load(path, allow_pickle=False)
    return idx_rows(path).read()


def _npz_arrays(
    path: Path, names: Sequence[str], options: DoorOptions
) -> tuple[dict[str, str], dict[str, int], list[str]]:
    """Return column -> array of the part to open, the parts' counts, and the arrays of no known name."""
    known = {name: column for column, spellings in _NPZ_NAMES.items() for name in spellings}
    columns_of: dict[str | None, dict[str, str]] = {}
    others = []
    for name in names:
        match = _NPZ_PART.match(name.lower())
        part = (match[1] or match[4]) if match else None
        column = known.get((match[2] or match[3]) if match else name.lower())
        if column is None or column in columns_of.get(part, {}):
            others.append(name)
        else:
            columns_of.setdefault(part, {})[column] = name
    parts = {
        part: _member(path, columns_of[part]["pixels"]).shape[0]
        for part in PART_ORDER
        if "pixels" in columns_of.get(part, {})
    }
    part = options.part(tuple(parts), path.name)
    return columns_of.get(None, {}) | columns_of.get(part, {}), parts, others


def _column_into(writer: Writer, column: str, rows: Rows, keeps: bool) -> Note:
    """Write one column beside the images, and return what is to be noted of it."""
    if column in ("target", "mask"):
        if not keeps:
            raise InputError(say("{name} goes with the images' own size; leave size and crop out", name=rows.name))
        if column == "target":
            rows.into(writer, column, DoorOptions())
            return {}
        array = rows.read()
        array = array if array.ndim == 4 else array[:, None]
        writer.append(column, (array != 0).astype(np.uint8))
        return {}
    array = rows.read()
    if column == "label":
        label, names = label_column(array, len(array))
        writer.append(column, label)
        return {"label_names": list(names)} if names else {}
    check_kind(array.dtype, rows.name)
    check_finite(array, rows.name)
    writer.append(column, array.reshape(len(array), -1))
    return {}


def _check_length(rows: Rows, count: int) -> None:
    if rows.shape[0] != count:
        template = "{name} has {rows} rows for {count} images; they must be as many"
        raise InputError(say(template, name=rows.name, rows=rows.shape[0], count=count))


def _member(path: Path, name: str) -> Rows:
    """One array of a .npz file. Raises InputError where it is damaged, a bomb, or holds objects."""

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            yield file

    full_name = f"{path.name}, {name}"
    with reading(path.name), zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
    refuse_bomb(full_name, member.compress_size, member.file_size)
    return npy_rows(full_name, opened, member.file_size)


def _idx_labels(images: Path) -> Path | None:
    """The file of labels that belongs to a file of images, whichever of the two is compressed."""
    name = re.sub(r"idx\d", "idx1", re.sub("image", "label", images.name.removesuffix(".gz")))
    return next((path for path in (images.with_name(name), images.with_name(f"{name}.gz")) if path.is_file()), None)
