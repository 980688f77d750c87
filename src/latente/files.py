"""Files that are either the old one or the new one, never a half-written one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from latente.errors import TrainingError

__all__ = ["finite", "replacing", "sha256_of", "write_json"]


@contextlib.contextmanager
def replacing(path: Path, *links: Path, keep: Path | None = None) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well, its file becomes `path` in one atomic step.

    `links` are further names that the same new file gets, before `path` does; `keep` is the name under which the file
    that `path` was stays. The data reach the disk (fsync) before any name changes. When the block fails, the temporary
    file is removed and every old file is as it was.
    Raises TrainingError, naming the file, where the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        with _explained(path):
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            for link in links:
                _link(temporary, link)
            if keep is not None and path.exists():
                _link(path, keep)
            os.replace(temporary, path)
            _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _link(old: Path, new: Path) -> None:
    """Give the file `old` the second name `new`, replacing whatever had it."""
    alias = new.with_name(f".{new.name}.{uuid.uuid4().hex[:12]}.part")
    os.link(old, alias)
    os.replace(alias, new)


def write_json(path: Path, value: Any) -> None:
    """Replace `path` atomically by `value` as indented JSON."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def finite(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN and infinity, for which it has no word, become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return finite(value.item()) if hasattr(value, "item") else value


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = f"the disk is full: {path} was not written and the file before it is intact; free some space"
        elif error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            reason = f"{path} cannot be written ({error.strerror}); choose another folder"
        else:
            raise
        raise TrainingError(reason) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is all there is
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
