"""Where picture files lie: a folder or a zip archive, seen alike as names, sizes and bytes.

Nothing of an archive is ever unpacked to disk, and nothing outside the folder's own tree is reached except
through symbolic links that the user made.
"""

from __future__ import annotations

import dataclasses
import io
import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from latente.errors import InputError
from latente.images.reading import MAX_BYTES, SUFFIXES, Damaged
from latente.images.scan import printable

__all__ = ["FileStore", "FolderStore", "Store", "ZipStore", "open_store"]

_BOMB_RATIO = 1000  # deflate reaches 1032 on zeros alone
_BOMB_BYTES = 2**20


class Store(Protocol):
    """path: what the caller gave; kind: what that is; names: files by relative path with "/" -> [bytes, time
    ...]; lost: files that cannot be read -> why.
    """

    path: Path
    kind: str
    names: dict[str, list[int]]
    lost: dict[str, str]
    notes: list[str]

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading. Raises OSError or Damaged."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes. Raises Damaged with the reason."""


def open_store(path: Path) -> Store:
    """Open a folder, a zip archive, or the one-file folder that a single picture is."""
    if path.is_dir():
        return FolderStore(path)
    if path.suffix.lower() not in SUFFIXES and zipfile.is_zipfile(path):
        return ZipStore(path)
    return FileStore(path)


@dataclasses.dataclass
class _Files:
    path: Path
    kind: str
    names: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    lost: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)


class FolderStore(_Files):
    """The files of a folder and its sub-folders, but for hidden ones; links are followed, loops are not."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "folder")
        self._walk(path, "", (_identity(path),))
        self.names = dict(sorted(self.names.items()))

    def open(self, name: str) -> BinaryIO:
        return (self.path / name).open("rb")

    def read(self, name: str) -> bytes:
        _check_bytes(self.names[name][0])
        try:
            with self.open(name) as file:
                return file.read()
        except OSError as error:
            raise Damaged(f"cannot be read: {error.strerror}") from error

    def _walk(self, folder: Path, prefix: str, above: tuple[tuple[int, int], ...]) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            if not prefix:
                raise InputError(f"{folder} cannot be read ({error.strerror})") from error
            self.notes.append(f"{printable(prefix)} cannot be read ({error.strerror})")
            return
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            name, path = prefix + entry.name, Path(entry.path)
            try:
                if entry.is_dir():
                    identity = _identity(path)
                    if identity in above:
                        self.notes.append(f"link {printable(name)} leads back to a folder above it; not followed")
                    else:
                        self._walk(path, f"{name}/", (*above, identity))
                else:
                    self._add(name, path)
            except OSError as error:
                self.lost[name] = f"cannot be read: {error.strerror}"

    def _add(self, name: str, path: Path) -> None:
        try:
            status = path.stat()
        except OSError as error:
            self.lost[name] = f"cannot be read: {error.strerror}"
            return
        if stat.S_ISREG(status.st_mode):
            self.names[name] = [status.st_size, status.st_mtime_ns]
        else:
            self.lost[name] = "not an ordinary file"


class FileStore(FolderStore):
    """One picture file, as a folder that holds nothing else."""

    def __init__(self, path: Path) -> None:
        _Files.__init__(self, path, "file")
        self._add(path.name, path)

    def open(self, name: str) -> BinaryIO:
        return self.path.open("rb")


class ZipStore(_Files):
    """The files of a zip archive, read one by one in memory.

    Raises InputError where the archive is damaged or names files outside itself.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "zip archive")
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise InputError(f"{path} cannot be read as a zip archive: {error}") from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        changed = path.stat().st_mtime_ns
        for member in self._zip.infolist():
            if member.is_dir():
                continue
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            if not parts or ".." in parts or parts[0].endswith((":", "/")):
                raise InputError(f"{path} names a file outside itself ({printable(member.filename)}); refused")
            if any(map(_is_hidden, parts)) or stat.S_ISLNK(member.external_attr >> 16):
                continue
            name = "/".join(parts)
            self._members[name] = member
            self.names[name] = [member.file_size, changed, member.CRC]
        self.names = dict(sorted(self.names.items()))

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def read(self, name: str) -> bytes:
        member = self._members[name]
        _check_bytes(member.file_size)
        if member.file_size > max(_BOMB_BYTES, _BOMB_RATIO * member.compress_size):
            raise Damaged(f"unpacks to more than {_BOMB_RATIO} times its size: a decompression bomb")
        if member.flag_bits & 1:
            raise Damaged("encrypted")
        try:
            return self._zip.read(member)
        except (
            OSError,
            EOFError,
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            zlib.error,
        ) as error:
            raise Damaged(f"cannot be unpacked: {error}") from error


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise Damaged(f"{size / 2**20:,.0f} MiB is more than the limit of {MAX_BYTES // 2**20} MiB a file")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name.lower() in ("thumbs.db", "desktop.ini")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
