"""Where picture files lie: a folder or a zip archive, seen alike as names, sizes and bytes.

Nothing of an archive is ever unpacked to disk, and nothing outside the folder's own tree is reached except
through symbolic links that the user made.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from latente import words
from latente.errors import InputError
from latente.files import stamp_of
from latente.images.damage import Damaged
from latente.images.formats import HEAD, SUFFIXES, suffix_of
from latente.images.limits import MAX_BYTES, is_bomb
from latente.images.scan import listed
from latente.languages import say
from latente.words import brief

__all__ = ["FileStore", "FolderStore", "JoinedStore", "ListStore", "Store", "ZipStore", "open_store"]

# what systems, network drives and viewers put into folders: previews of the pictures, or what was thrown away
_NO_PICTURES = (
    "thumbs.db",
    "desktop.ini",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "lost+found",
)
_BOMB_BYTES = 2**20
_PICTURE_RATIO = 1000  # deflate reaches 1032 on zeros alone
_TEXT_RATIO = 200  # a table that packs better than this repeats itself


_UNPACKING_ERRORS = (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error)


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

    def head(self, name: str) -> bytes:
        """Return a file's first bytes, which tell what it is. Raises OSError or Damaged."""

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

    def open(self, name: str) -> BinaryIO:
        raise NotImplementedError(f"{type(self).__name__} must define open(name)")

    def head(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read(HEAD)

    def read(self, name: str) -> bytes:
        _check_bytes(self.names[name][0])
        try:
            with self.open(name) as file:
                return file.read()
        except OSError as error:
            raise Damaged(say("cannot be read: {reason}", reason=str(error.strerror))) from error


class FolderStore(_Files):
    """The files of a folder and its sub-folders, but for hidden ones.

    Links are followed; of a folder that several names lead to, the first one counts, and its own before any link.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "folder")
        self._known: dict[tuple[int, int], str] = {}
        self._again: list[str] = []
        links = [("", path)]
        while links:  # level by level of links, since whatever lies in the folder itself goes before them
            links = [link for prefix, folder in links for link in self._walk(prefix, folder)]
        if self._again:
            names = listed(map(brief, self._again), most=3)
            self.notes.append(f"folders that lead to one that is read already, and were not followed: {names}")
        self.names = dict(sorted(self.names.items()))

    def open(self, name: str) -> BinaryIO:
        return open(f"{self.path}/{name}", "rb")

    def _walk(self, prefix: str, folder: Path) -> list[tuple[str, Path]]:
        """Note the files below a folder, and return the links to folders among them: (name with "/", path)."""
        waiting = [(prefix, folder)]
        links: list[tuple[str, Path]] = []
        while waiting:
            prefix, folder = waiting.pop()
            try:
                identity = _identity(folder)
                if identity in self._known:
                    self._again.append(prefix.rstrip("/"))
                    continue
                self._known[identity] = prefix
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                if not prefix:
                    raise InputError(
                        say("{path} cannot be read: {reason}", path=str(folder), reason=str(error.strerror))
                    ) from error
                self.notes.append(f"{brief(prefix)} cannot be read ({error.strerror})")
                continue
            for entry in entries:
                if _is_hidden(entry.name):
                    continue
                name = prefix + entry.name
                try:
                    if entry.is_dir():
                        (links if entry.is_symlink() else waiting).append((f"{name}/", Path(entry.path)))
                    else:
                        self._add(name, entry)
                except OSError as error:
                    self.lost[name] = say("cannot be read: {reason}", reason=str(error.strerror))
        return sorted(links)

    def _add(self, name: str, path: Path | os.DirEntry[str]) -> None:
        try:
            status = path.stat()
        except OSError as error:
            self.lost[name] = say("cannot be read: {reason}", reason=str(error.strerror))
            return
        if stat.S_ISREG(status.st_mode):
            self.names[name] = stamp_of(status)
        else:
            self.lost[name] = say("not an ordinary file")


class FileStore(FolderStore):
    """One picture file, as a folder that holds nothing else."""

    def __init__(self, path: Path) -> None:
        _Files.__init__(self, path, "file")
        self._add(path.name, path)

    def open(self, name: str) -> BinaryIO:
        return self.path.open("rb")


class ListStore(_Files):
    """Files, or contents of files, in the order of a list: called by their number and their own name."""

    def __init__(self, entries: Sequence[tuple[str, Path | bytes]]) -> None:
        super().__init__(Path("list"), "list")
        self._entries: dict[str, Path | bytes] = {}
        for number, (own_name, entry) in enumerate(entries):
            name = f"{number:08} {own_name}"  # in which no two stand for classes, parts or pairs
            if isinstance(entry, bytes):
                self.names[name] = [len(entry), int.from_bytes(hashlib.sha256(entry).digest()[:8], "big")]
            else:
                try:
                    self.names[name] = stamp_of(entry.stat())
                except OSError as error:
                    reason = str(error.strerror)
                    raise InputError(
                        say("{path} cannot be opened: {reason}", path=brief(str(entry)), reason=reason)
                    ) from error
            self._entries[name] = entry

    def open(self, name: str) -> BinaryIO:
        entry = self._entries[name]
        return io.BytesIO(entry) if isinstance(entry, bytes) else entry.open("rb")


class ZipStore(_Files):
    """The files of a zip archive, read one by one in memory.

    Raises InputError where the archive is damaged or names files outside itself.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "zip archive")
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise InputError(
                say("{path} cannot be read as a zip archive: {reason}", path=str(path), reason=str(error))
            ) from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        changed, packed = path.stat().st_mtime_ns, 0
        for member in self._zip.infolist():
            if member.is_dir():
                continue
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            if not parts or ".." in parts or parts[0].endswith((":", "/")):
                outside = brief(member.filename)
                raise InputError(
                    say("{path} names a file outside itself ({outside}); refused", path=str(path), outside=outside)
                )
            if any(map(_is_hidden, parts)) or stat.S_ISLNK(member.external_attr >> 16):
                continue
            name = "/".join(parts)
            packed += member.compress_size
            self._members[name] = member
            self.names[name] = [member.file_size, changed, member.CRC]
        if packed > path.stat().st_size:
            template = "{path} is a decompression bomb: its members lie over one another; refused"
            raise InputError(say(template, path=str(path)))
        self.names = dict(sorted(self.names.items()))

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def head(self, name: str) -> bytes:
        with self._unpacking(name) as member, self._zip.open(member) as file:
            return file.read(HEAD)

    def read(self, name: str) -> bytes:
        member = self._members[name]
        _check_bytes(member.file_size)
        ratio = _PICTURE_RATIO if suffix_of(name) in SUFFIXES else _TEXT_RATIO
        if is_bomb(member.compress_size, member.file_size, _BOMB_BYTES, ratio):
            packed, whole = words.memory(member.compress_size), words.memory(member.file_size)
            raise Damaged(say("a decompression bomb: {packed} unpack to {whole}", packed=packed, whole=whole))
        with self._unpacking(name):
            return self._zip.read(member)

    @contextlib.contextmanager
    def _unpacking(self, name: str) -> Iterator[zipfile.ZipInfo]:
        """Yield a member, and turn whatever zipfile raises while it is read into Damaged."""
        member = self._members[name]
        if member.flag_bits & 1:
            raise Damaged(say("encrypted"))
        try:
            yield member
        except _UNPACKING_ERRORS as error:
            raise Damaged(say("cannot be unpacked: {reason}", reason=str(error))) from error


class JoinedStore:
    """Two stores seen as one: the files of the second are called ../its name/theirs."""

    def __init__(self, store: Store, other: Store) -> None:
        self.path, self.kind = store.path, store.kind
        self.prefix = f"../{other.path.name}/"
        self.names = {**store.names, **{self.prefix + name: stamp for name, stamp in other.names.items()}}
        self.lost = {**store.lost, **{self.prefix + name: why for name, why in other.lost.items()}}
        self.notes = [*store.notes, *other.notes]
        self._store, self._other = store, other

    def open(self, name: str) -> BinaryIO:
        store, name = self._of(name)
        return store.open(name)

    def head(self, name: str) -> bytes:
        store, name = self._of(name)
        return store.head(name)

    def read(self, name: str) -> bytes:
        store, name = self._of(name)
        return store.read(name)

    def _of(self, name: str) -> tuple[Store, str]:
        is_other = name.startswith(self.prefix)
        return (self._other, name[len(self.prefix) :]) if is_other else (self._store, name)


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        template = "{size} MiB is more than the limit of {most} MiB a file"
        raise Damaged(say(template, size=round(size / 2**20), most=MAX_BYTES // 2**20))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name.lower() in _NO_PICTURES


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
