"""Sets that were decoded once: memory-mapped arrays in the user's cache folder.

Each set is a folder `sets/KEY` of .npy files and one `set.json`; the key covers the path, the sizes and times
of the source's files, and the options. A set is written under a temporary name and renamed when it is whole;
it is taken up again only where every file still has the length and the time that were noted, so nothing is
decoded or hashed twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, cast

import numpy as np

from latente.errors import InputError, TrainingError
from latente.files import disk_errors, stamp_of
from latente.images.claims import claimed, is_abandoned
from latente.images.container import PLACES, Images, contents_of
from latente.images.limits import check_disk
from latente.languages import say

__all__ = [
    "Kept",
    "Note",
    "Stored",
    "Writer",
    "cache_folder",
    "cached",
    "clear",
    "kept",
    "key_of",
    "mapped",
    "writing_to",
]

_FORMAT = 5
_PART = ".part"  # of a set that is being made


def cache_folder() -> Path:
    """The folder for what can be made again: LATENTE_CACHE, or latente in XDG_CACHE_HOME or in ~/.cache."""
    if folder := os.environ.get("LATENTE_CACHE"):
        return Path(folder).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser() if shared else Path.home() / ".cache") / "latente"


class Note(TypedDict, total=False):
    """What is noted beside the arrays of a set, as far as it is known of it.

    sides: the (height, width) in which arrays came. parts: how many images each has. others: names in the source that
    were passed over. depth: the bits that the files state. content_hash: the images' fingerprint, which the writer
    adds; one that is there has to be it.
    """

    layout: str
    sides: Sequence[int]
    parts: dict[str, int]
    others: list[str]
    label_names: Sequence[str]
    attribute_names: Sequence[str]
    files: list[str]
    scan: dict[str, Any]
    depth: int | None
    content_hash: str


@dataclasses.dataclass(frozen=True)
class Stored:
    """A set from the cache: memory-mapped arrays, and what was noted beside them."""

    arrays: dict[str, np.ndarray]
    note: Note


class Writer:
    """Appends rows to the arrays of a set that is being made; only one row at a time need be in memory.

    Raises TrainingError, naming the folder and the cure, where the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = contextlib.ExitStack()
        self._files: dict[str, BinaryIO] = {}
        self._rows: dict[str, tuple[int, np.dtype, tuple[int, ...]]] = {}

    def check_room(self, size: int, what: str) -> None:
        """Raise InputError where `what` needs so many bytes, and the disk has fewer free."""
        check_disk(size, self._folder.parent, what)

    def append(self, name: str, rows: np.ndarray) -> None:
        """Append `rows` (B, ...) to the array `name`; dtype and shape are those of the first rows."""
        count, dtype, shape = self._rows.get(name, (0, rows.dtype, rows.shape[1:]))
        if (rows.dtype, rows.shape[1:]) != (dtype, shape):
            raise ValueError(f"{name}: rows of {rows.dtype} {rows.shape[1:]} after {dtype} {shape}")
        try:
            if name not in self._files:
                path = self._folder / f"{name}.npy"
                self._files[name] = file = self._open.enter_context(path.open("wb"))
                _write_header(file, 0, dtype, shape)
            self._files[name].write(np.ascontiguousarray(rows).data)
        except OSError:
            with writing_to(self._folder.parent):  # only now: rows are many, and its sentences take time to write
                raise
        self._rows[name] = (count + len(rows), dtype, shape)

    def append_picture(self, name: str, picture: np.ndarray) -> None:
        """Append a picture (C, H, W) of a size of its own to the flat array `name`, and where it lies to its places."""
        start = self._rows[name][0] if name in self._rows else 0
        self.append(name, picture.reshape(-1))
        self.append(name + PLACES, np.array([[start, *picture.shape[1:]]], np.int64))

    def finish(self, note: Note, label: str) -> None:
        """Complete the headers, bring everything to the disk and add the content's hash to the note.

        label: what people call the set.
        """
        stamps = {}
        with writing_to(self._folder.parent):
            for name, file in self._files.items():
                file.seek(0)
                _write_header(file, *self._rows[name])
                file.flush()
                os.fsync(file.fileno())
                file.close()
                stamps[name] = stamp_of((self._folder / f"{name}.npy").stat())
            if stamps:
                content_hash = _content_hash(self._folder, stamps)
                if note.get("content_hash", content_hash) != content_hash:
                    template = "{label} differs from it, which was changed while it was copied; try again"
                    raise InputError(say(template, label=label))
                note = note | Note(content_hash=content_hash)
            record = {"format": _FORMAT, "name": label, "arrays": stamps, "note": note}
            (self._folder / "set.json").write_text(json.dumps(record), encoding="utf-8")

    def close(self) -> None:
        """Close what is still open; what could not be written has been reported already."""
        with contextlib.suppress(OSError):
            self._open.close()


@dataclasses.dataclass(frozen=True)
class Kept:
    """What lies in the cache: the set's name, its bytes, and the seconds since it was made.

    state: "whole", "being made", or "left" by a process that died.
    """

    name: str
    size: int
    age: float
    state: str
    folder: Path


def kept() -> list[Kept]:
    """Return what the cache holds of decoded sets, the newest first."""
    found = []
    for folder in (cache_folder() / "sets").glob("*"):
        with contextlib.suppress(OSError):  # another process was quicker to remove it
            size = sum(path.stat().st_size for path in folder.iterdir())
            age = max(0.0, time.time() - folder.stat().st_mtime)
            found.append(Kept(_name_of(folder), size, age, _state(folder), folder))
    return sorted(found, key=lambda one: (one.age, one.folder))


def clear() -> list[Kept]:
    """Remove the decoded sets, except those that are being made, and return what was removed.

    A training that has a set mapped goes on with it. Raises TrainingError where the folder cannot be changed.
    """
    removed = [one for one in kept() if one.state != "being made"]
    with writing_to(cache_folder() / "sets"):
        for one in removed:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(one.folder)
    return removed


def _state(folder: Path) -> str:
    if not folder.name.endswith(_PART):
        return "whole"
    return "left" if is_abandoned(folder) else "being made"


def _name_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / "set.json").read_bytes())["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder.name.lstrip(".").partition(".")[0]


def cached(key: str, build: Callable[[Writer], Note], name: str) -> Stored:
    """Return the set of this key, from the cache where it lies whole, else made by `build` and kept.

    name: what people call it, for the list of what is kept. `build` appends to the writer and returns what is to be
    noted. Whatever it raises leaves no file behind.
    Raises TrainingError where the disk is full or the cache folder cannot be written.
    """
    final = cache_folder() / "sets" / key
    stored = _load(final)
    if stored is None:
        with _building(final) as writer:
            writer.finish(build(writer), name)
        stored = _load(final)
    if stored is None:
        raise TrainingError(f"the cache in {final} changes while it is read; set LATENTE_CACHE elsewhere")
    return stored


def key_of(*described: object) -> str:
    """Return the key of a set that is made from these JSON-able values."""
    digest = hashlib.sha256()
    for value in (_FORMAT, *described):
        digest.update(json.dumps(value).encode())
    return digest.hexdigest()[:32]


def mapped(path: Path) -> np.ndarray:
    """Map the .npy file `path` into memory, copy-on-write: the file is never changed."""
    try:
        return np.lib.format.open_memmap(path, mode="c")
    except OSError as error:
        # a private mapping counts against the memory of the machine, a read-only one does not
        if error.errno != errno.ENOMEM:
            raise
        return np.lib.format.open_memmap(path, mode="r")


def _load(folder: Path) -> Stored | None:
    """The set in `folder`, or None where it is missing, damaged or of another format."""
    try:
        record = json.loads((folder / "set.json").read_bytes())
        if record["format"] != _FORMAT:
            return None
        arrays = {}
        for name, stamp in record["arrays"].items():
            path = folder / f"{name}.npy"
            if stamp_of(path.stat()) != stamp:
                return None
            arrays[name] = mapped(path)
        return Stored(arrays, cast(Note, record["note"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@contextlib.contextmanager
def _building(final: Path) -> Iterator[Writer]:
    """Yield the writer of a set that becomes `final` when the block ends well, and vanishes otherwise."""
    with writing_to(final.parent):
        final.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(final.parent)
    with _part_of(final) as part:
        writer = Writer(part)
        try:
            yield writer
            _install(part, final)
        finally:
            writer.close()
            shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def _part_of(final: Path) -> Iterator[Path]:
    """Make the folder in which `final` is made, and hold its lock."""
    while True:
        part = final.with_name(f".{final.name}.{uuid.uuid4().hex[:12]}{_PART}")
        with writing_to(final.parent):
            part.mkdir()
        with claimed(part) as is_ours:
            if is_ours:
                yield part
                return


def _install(part: Path, final: Path) -> None:
    """Rename the finished `part` to `final`; of several processes that make a set at once, the first one's is kept.

    A damaged set there is put away first; whoever has it mapped keeps it.
    """
    old = part.with_suffix(f".old{_PART}")
    # what is whole is never moved: another process is about to open it
    if final.exists() and _load(final) is None:
        with contextlib.suppress(FileNotFoundError):
            final.rename(old)
    with contextlib.suppress(OSError):  # another process was quicker
        part.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for path in folder.glob(f".*{_PART}"):
        if is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _write_header(file: BinaryIO, count: int, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    # NumPy leaves room in the header for the first axis to grow, so that it can be written again at the end
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, header)


def _content_hash(folder: Path, names: Iterable[str]) -> str:
    arrays = {name: mapped(folder / f"{name}.npy") for name in names}
    content, columns, partners = contents_of(arrays)
    return Images(content, columns, partners=partners).fingerprint


def writing_to(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Return the context in which the cache, or what it is made from, is written; its errors say how to move it."""
    cure = "LATENTE_CACHE to another folder"
    return disk_errors(
        f"the images could not be cached in {folder}; free some space or set {cure}",
        f"the cache folder {folder} cannot be written ({{}}); set {cure}",
    )
