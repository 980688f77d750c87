"""Pictures on their way in: first their names and sums, then the bytes of those that are not here yet.

A browser says what it has, is told what is missing, and sends each file raw under its SHA-256. A file has its name only
once its sum was found right, so that nothing half-sent is ever a picture, and dropping the same folder again goes on
where it broke.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from latente.files import read_json, replacing, stamp_of, write_json
from latente.studio.names import cleaned, is_picture
from latente.studio.problems import Problem
from latente.studio.workspace import Workspace

__all__ = ["LARGEST", "MOST_FILES", "Announced", "Uploads", "files_of", "names_of", "pictures_folder"]

LARGEST = 64 << 20  # bytes of a file
MOST_FILES = 200_000  # of a set
_SUM = re.compile(r"[0-9a-f]{64}")


class Announced(NamedTuple):
    """A file that a browser has: its path there, its SHA-256 in hex, its size in bytes."""

    name: str
    sha256: str
    size: int


def pictures_folder(set_folder: Path) -> Path:
    """Return the folder that holds a set's pictures and nothing else."""
    return set_folder / "pictures"


def files_of(set_folder: Path) -> dict[str, list[str | int]]:
    """Return the files that a set was promised, not to be changed: path below its pictures -> [sum, size]."""
    return _read(set_folder)[0]


def names_of(set_folder: Path, sha256: str) -> list[str]:
    """Return the names, below its pictures, that a set was promised a content under; none where nobody did."""
    return _read(set_folder)[1].get(sha256, [])


def _read(set_folder: Path) -> tuple[dict[str, list[str | int]], dict[str, list[str]]]:
    """Return what a set was promised, by name and by sum; the file is read anew only where it has changed."""
    path = set_folder / "files.json"
    try:
        stamp = stamp_of(path.stat())
    except FileNotFoundError:
        return {}, {}
    return _parse(path, *stamp)


@functools.lru_cache(maxsize=8)
def _parse(path: Path, *stamp: int) -> tuple[dict[str, list[str | int]], dict[str, list[str]]]:
    files = read_json(path)
    by_sum: dict[str, list[str]] = {}
    for name, entry in files.items():
        by_sum.setdefault(str(entry[0]), []).append(name)
    return files, by_sum


class Uploads:
    """Takes files into sets."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._lock = workspace, threading.Lock()

    def announce(self, set_folder: Path, files: Iterable[Announced]) -> tuple[list[str], dict[str, str]]:
        """Note files of a set, and return the sums of those that are still to be sent, and those refused -> code.

        The same files may be announced again at any time.
        """
        files, refused = list(files), {}
        with self._lock:
            known = files_of(set_folder)
            folded = {name.casefold(): str(entry[0]) for name, entry in known.items()}
            wanted: dict[str, list[str | int]] = {}
            for file in files:
                name = cleaned(file.name)
                if code := _fault(name, file):
                    refused[file.name] = code
                    continue
                if folded.get(name.casefold(), file.sha256) != file.sha256:  # another file of the same name
                    stem, dot, suffix = name.rpartition(".")
                    name = f"{stem}-{file.sha256[:8]}{dot}{suffix}"
                folded[name.casefold()] = file.sha256
                wanted[name] = [file.sha256, file.size]
            if len(known.keys() | wanted.keys()) > MOST_FILES:
                raise Problem(413, "too_many_files", f"a set holds at most {MOST_FILES:,} files", most=MOST_FILES)
            missing = {
                str(sha256): int(size) for name, (sha256, size) in wanted.items() if not _is_here(set_folder, name)
            }
            self._workspace.refuse_full_disk(sum(missing.values()))
            if not wanted.keys() <= known.keys():
                write_json(set_folder / "files.json", known | wanted)
        return list(missing), refused

    async def receive(
        self, set_folder: Path, sha256: str, headers: Mapping[str, str], chunks: AsyncIterator[bytes]
    ) -> None:
        """Take the bytes of an announced file; raises Problem where they are not those, and keeps nothing of them."""
        first, *others = _places(set_folder, sha256)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > LARGEST:
            raise Problem(413, "too_large", f"a file has at most {LARGEST >> 20} MiB", most=LARGEST)
        self._workspace.refuse_full_disk(int(length) if length.isdecimal() else LARGEST)
        first.parent.mkdir(parents=True, exist_ok=True)
        with replacing(first, synced=False) as temporary:
            digest, size = hashlib.sha256(), 0
            with open(temporary, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > LARGEST:
                        raise Problem(413, "too_large", f"a file has at most {LARGEST >> 20} MiB", most=LARGEST)
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != sha256:
                raise Problem(400, "other_content", "what came is not what was announced: send it again")
        for other in others:
            _copy(first, other)

    def keep(self, set_folder: Path, sha256: str, content: bytes) -> None:
        """Take the content of an announced file, whose sum is known to be that."""
        first, *others = _places(set_folder, sha256)
        first.parent.mkdir(parents=True, exist_ok=True)
        with replacing(first, synced=False) as temporary:
            temporary.write_bytes(content)
        for other in others:
            _copy(first, other)


def _places(set_folder: Path, sha256: str) -> list[Path]:
    """Return where an announced content lies, or will; raises Problem where nobody announced it."""
    names = names_of(set_folder, sha256)
    if not names:
        raise Problem(404, "not_announced", "no file of this sum was announced")
    return [pictures_folder(set_folder) / name for name in names]


def _fault(name: str, file: Announced) -> str | None:
    if not name or not is_picture(name):
        return "no_picture"
    if not _SUM.fullmatch(file.sha256):
        return "no_sum"
    return "too_large" if file.size > LARGEST else None


def _is_here(set_folder: Path, name: str) -> bool:
    return (pictures_folder(set_folder) / name).is_file()


def _copy(path: Path, other: Path) -> None:
    """Give a file a second name, or where the disk has no such names a copy."""
    other.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        try:
            os.link(path, other)
        except FileExistsError:
            raise
        except OSError:
            with replacing(other, synced=False) as temporary:
                shutil.copyfile(path, temporary)
