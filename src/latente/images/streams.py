"""Array files read a few megabytes at a time: .npy also inside archives, idx(.gz), CIFAR's batches."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np

from latente import words
from latente.errors import InputError
from latente.images.arrays import check_finite, check_kind
from latente.images.cache import Writer
from latente.images.formats import HEAD, describe
from latente.images.layouts import find_layout, from_layout
from latente.images.limits import MAX_BYTES, MAX_PIXELS, check_memory, is_bomb
from latente.images.options import DoorOptions
from latente.images.sizing import keeps_size, resize_arrays
from latente.languages import say

__all__ = ["Rows", "array_rows", "cifar_rows", "idx_rows", "npy_rows", "reading", "refuse_bomb"]

_CHUNK = 2**22  # bytes
_CIFAR_RECORD = 1 + 3 * 32 * 32
_DEFLATE = 1100  # deflate never reaches a higher ratio
_EMPTY = 1000  # deflate reaches 1032 on zeros alone
_COPIES = 4  # of a chunk that are in memory at once: as read, in our byte order, checked, and scaled

_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

_Opener = Callable[[], AbstractContextManager[IO[bytes]]]


@dataclasses.dataclass(frozen=True)
class Rows:
    """An array that is read in chunks of rows: its name, shape and dtype, and what yields the chunks."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    chunks: Callable[[], Iterator[np.ndarray]]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self) -> np.ndarray:
        """Return the whole array, for columns of a few bytes a row. Raises InputError where it cannot fit in memory."""
        check_memory(2 * self.nbytes, self.name)
        return np.concatenate(list(self.chunks()))

    def into(self, writer: Writer, column: str, options: DoorOptions) -> str:
        """Append the array to the writer's `column` as (N, C, H, W), or (N, F), and return its own layout.

        Raises InputError where its axes cannot be told apart, it holds NaN or infinity, or there is no room for it.
        """
        layout = find_layout(self.shape, options.channels, self.name)
        check_kind(self.dtype, self.name)
        self._check_room(writer, layout, options)
        done = 0
        for chunk in self.chunks():
            check_finite(chunk, self.name, start=done)
            pixels = from_layout(chunk, layout)
            writer.append(column, resize_arrays(pixels, options) if pixels.ndim == 4 else pixels)
            done += len(chunk)
            options.report(done, self.shape[0], "caching")
        return layout

    def _check_room(self, writer: Writer, layout: str, options: DoorOptions) -> None:
        """Raise InputError where an image is too large, or memory or disk too small, before a byte is read."""
        channels, sides = 1, self.shape[1:]
        if layout != "NF":
            last = layout == "NHWC"
            channels = 1 if layout == "NHW" else self.shape[3 if last else 1]
            sides = self.shape[1:3] if layout != "NCHW" else self.shape[2:]
            if math.prod(sides) > MAX_PIXELS:
                template = "{name}: images of {shape} have more than {most} pixels"
                raise InputError(say(template, name=self.name, shape=words.shape(sides), most=MAX_PIXELS))
        row = self.nbytes // self.shape[0]
        rows_at_once = min(self.shape[0], _rows_a_chunk(self.shape, self.dtype))
        check_memory(_COPIES * rows_at_once * row, self.name)
        if layout != "NF" and not keeps_size(sides, options):
            height, width = options.sides or options.window or sides
            row = channels * height * width * self.dtype.itemsize
        writer.check_room(self.shape[0] * row, self.name)


def array_rows(name: str, array: np.ndarray) -> Rows:
    """Read an array that is there already, such as a memory-mapped one."""

    def chunks() -> Iterator[np.ndarray]:
        step = _rows_a_chunk(array.shape, array.dtype)
        for start in range(0, len(array), step):
            part = array[start : start + step]
            yield part if part.dtype.isnative else part.astype(part.dtype.newbyteorder("="))

    return Rows(name, array.shape, array.dtype.newbyteorder("="), chunks)


def npy_rows(name: str, opened: _Opener, size: int) -> Rows:
    """Read what `opened` gives, which is `size` bytes long, as a .npy file.

    Raises InputError where it is damaged, of another length than its header says, or holds objects.
    """
    with reading(name), opened() as file:
        shape, fortran, dtype = _npy_header(file)
        offset = file.tell()
    if dtype.hasobject:
        raise InputError(say("{name} holds Python objects, which can carry code; save plain numbers", name=name))
    if min(shape, default=0) < 0 or offset + math.prod(shape) * dtype.itemsize != size:
        template = "{name} is damaged: {shape} of {dtype}, as its header says, are not {size} bytes"
        raise InputError(say(template, name=name, shape=words.shape(shape), dtype=str(dtype), size=size))
    if not shape or size == offset:
        template = "{name} is empty; it must hold a row for each image"
        if not shape:
            template = "{name} is a single number; it must hold a row for each image"
        raise InputError(say(template, name=name))
    if fortran:
        check_memory(2 * math.prod(shape) * dtype.itemsize, name)
        with reading(name), opened() as file:
            return array_rows(name, np.lib.format.read_array(file, allow_pickle=False))
    return _raw_rows(name, shape, dtype, opened, offset)


def idx_rows(path: Path, sha256: str | None = None) -> Rows:
    """Read an idx file, compressed or not.

    sha256: of the uncompressed content, checked when the last row was read.
    Raises InputError where the file is damaged, shorter or longer than its header says, or another one.
    """

    def opened() -> AbstractContextManager[IO[bytes]]:
        return cast(IO[bytes], gzip.open(path)) if path.name.endswith(".gz") else path.open("rb")

    with reading(path.name), opened() as file:
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES or not head[3]:
            raise InputError(say("{name} is {what}", name=str(path), what=_otherwise(path) or say("no idx file")))
        shape = tuple(np.frombuffer(file.read(4 * head[3]), ">u4").tolist())
        offset = file.tell()
    dtype = np.dtype(_IDX_TYPES[head[2]])
    claimed = offset + math.prod(shape) * dtype.itemsize
    if len(shape) != head[3] or claimed > path.stat().st_size * (_DEFLATE if path.name.endswith(".gz") else 1):
        template = "{path} is damaged: it is too short for the {claimed} bytes that its header claims"
        raise InputError(say(template, path=str(path), claimed=claimed))
    refuse_bomb(path.name, path.stat().st_size, claimed)
    return _raw_rows(path.name, shape, dtype, opened, offset, sha256)


def _otherwise(path: Path) -> str | None:
    """What a file that holds no idx data is, where its name does not say that it should."""
    with path.open("rb") as file:
        return None if "idx" in path.name else describe(file.read(HEAD), path.name)


def cifar_rows(paths: Sequence[Path], sha256: Sequence[str | None]) -> tuple[Rows, Callable[[], np.ndarray]]:
    """Read CIFAR-10's binary batches: the images (N, 3, 32, 32), and what gives the labels (N,)."""
    records = [_cifar_batch(path, digest) for path, digest in zip(paths, sha256, strict=True)]

    def chunks() -> Iterator[np.ndarray]:
        for rows in records:
            for chunk in rows.chunks():
                yield chunk[:, 1:].reshape(-1, 3, 32, 32)

    def labels() -> np.ndarray:
        return np.concatenate([chunk[:, 0] for rows in records for chunk in rows.chunks()])

    count = sum(rows.shape[0] for rows in records)
    return Rows("cifar10", (count, 3, 32, 32), np.dtype(np.uint8), chunks), labels


def _cifar_batch(path: Path, sha256: str | None) -> Rows:
    """One record is a label and 3 x 32 x 32 pixels."""
    shape = (path.stat().st_size // _CIFAR_RECORD, _CIFAR_RECORD)
    return _raw_rows(path.name, shape, np.dtype(np.uint8), lambda: path.open("rb"), 0, sha256)


def refuse_bomb(name: str, packed: int, unpacked: int) -> None:
    """Raise InputError where an array that large can only be empty; small ones may well hold nothing but zeros."""
    if is_bomb(packed, unpacked, MAX_BYTES, _EMPTY):
        template = (
            "{name} is a decompression bomb: {packed} unpack to {whole}, more than any picture does; store it unpacked"
        )
        raise InputError(say(template, name=name, packed=words.memory(packed), whole=words.memory(unpacked)))


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Say of which file it is that a reader stumbled."""
    try:
        yield
    except InputError:
        raise
    except (OSError, EOFError, ValueError, SyntaxError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(say("{name} is damaged or cannot be read: {reason}", name=name, reason=str(error))) from error


def _raw_rows(
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    opened: _Opener,
    offset: int,
    sha256: str | None = None,
) -> Rows:
    """Read rows of plain numbers that begin at `offset`; nothing may follow them."""

    def chunks() -> Iterator[np.ndarray]:
        step, digest = _rows_a_chunk(shape, dtype), hashlib.sha256()
        row_bytes = math.prod(shape[1:]) * dtype.itemsize
        with reading(name), opened() as file:
            digest.update(file.read(offset))
            for start in range(0, shape[0], step):
                rows = min(step, shape[0] - start)
                data = file.read(rows * row_bytes)
                if len(data) < rows * row_bytes:
                    last = start + len(data) // row_bytes
                    raise InputError(say("{name} is truncated: it ends in row {row}", name=name, row=last))
                if sha256:
                    digest.update(data)
                yield (np.frombuffer(data, dtype).reshape(rows, *shape[1:]).astype(dtype.newbyteorder("="), copy=False))
            if file.read(1):
                template = "{name} is damaged: it holds more than the {count} rows that its header claims"
                raise InputError(say(template, name=name, count=shape[0]))
        if sha256 and digest.hexdigest() != sha256:
            raise InputError(say("{name} is not the official file: its SHA-256 differs; get it again", name=name))

    return Rows(name, shape, dtype.newbyteorder("="), chunks)


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    number = ".".join(map(str, version))
    raise InputError(say("it is a .npy file of version {number}; save it again with plain numbers", number=number))


def _rows_a_chunk(shape: Sequence[int], dtype: np.dtype) -> int:
    return max(1, _CHUNK // max(1, math.prod(shape[1:]) * dtype.itemsize))
