"""Fetching a set's files: mirrors in turn, every digest checked before a file gets its name."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import tarfile
import urllib.request
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from latente.images.cache import writing_to
from latente.images.claims import claimed, is_abandoned
from latente.images.entries import Entry, File
from latente.images.options import Progress

__all__ = ["digest_of", "fetch"]

_TIMEOUT = 30.0  # seconds without a byte
_BLOCK = 2**18
_LARGEST = 2**30  # bytes; no file of the catalogue comes near

_FAILURES = (OSError, EOFError, http.client.HTTPException, zlib.error, tarfile.TarError, ValueError)


class _Wrong(ValueError):
    """What a mirror served is not the official file."""


def fetch(entry: Entry, folder: Path, progress: Progress | None = None) -> list[str]:
    """Fetch the set's files into `folder` and return why that failed, nothing if it did not.

    Raises TrainingError where the disk is full or the folder cannot be written.
    """
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob(".*.part.*"):
            if is_abandoned(path):
                path.unlink(missing_ok=True)
    for name in [entry.archive] if entry.archive else [file.name for file in entry.files]:
        failures = []
        for mirror in entry.mirrors:
            try:
                with _temporary(folder, name) as path:
                    _download(mirror + name, path, progress)
                    _install(entry, name, path, folder)
                break
            except _FAILURES as error:
                failures.append(f"{mirror}{name}: {error}")
        else:
            return failures
    return []


def digest_of(path: Path, of: str) -> str:
    """SHA-256 of a file, or of its content after decompression (`of` = "content"), in hexadecimal."""
    with gzip.open(path) if of == "content" and path.name.endswith(".gz") else path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(address: str, path: Path, progress: Progress | None) -> None:
    opener = urllib.request.build_opener()
    opener.addheaders = [("User-Agent", "latente")]
    with opener.open(address, timeout=_TIMEOUT) as answer:
        total, done = int(answer.headers.get("Content-Length") or 0), 0
        with writing_to(path.parent), path.open("wb") as file:
            while block := answer.read(_BLOCK):
                file.write(block)
                done += len(block)
                if done > _LARGEST:
                    raise _Wrong(f"more than {_LARGEST:,} bytes")
                if progress is not None:
                    progress(done, max(total, done), address.rpartition("/")[2])
        if total and done < total:
            raise _Wrong(f"{done:,} of {total:,} bytes came through")


def _install(entry: Entry, name: str, path: Path, folder: Path) -> None:
    """Check what was fetched, and give it its name; an archive's files each get theirs."""
    if not entry.archive:
        file = next(file for file in entry.files if file.name == name)
        _accept(path, file, folder)
        return
    missing = {file.name: file for file in entry.files}
    with tarfile.open(path) as archive:
        for member in archive:
            file_name = member.name.rpartition("/")[2]
            content = archive.extractfile(member) if member.isreg() and file_name in missing else None
            if content is not None:
                with _temporary(folder, file_name) as unpacked:
                    _copy(content, unpacked)
                    _accept(unpacked, missing.pop(file_name), folder)
    if missing:
        raise _Wrong(f"the archive lacks {', '.join(missing)}")


def _accept(path: Path, file: File, folder: Path) -> None:
    digest = digest_of(path, file.of)
    if digest != file.sha256:
        raise _Wrong(f"{file.name} has the SHA-256 {digest[:12]}... instead of {file.sha256[:12]}...")
    path.replace(folder / file.name)


def _copy(content: IO[bytes], path: Path) -> None:
    with writing_to(path.parent), path.open("wb") as file:
        while block := content.read(_BLOCK):
            file.write(block)


@contextlib.contextmanager
def _temporary(folder: Path, name: str) -> Iterator[Path]:
    """Yield a name beside the final one, with its ending; the file is gone when the block ends."""
    while True:
        path = folder / f".{uuid.uuid4().hex[:12]}.part.{name}"
        try:
            with writing_to(folder):
                path.touch()
            with claimed(path) as is_ours:
                if is_ours:
                    yield path
                    return
        finally:
            path.unlink(missing_ok=True)
