"""Many pictures in one go: out of a zip archive that a browser sends, or out of a folder of this machine."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anyio import to_thread

from latente.errors import InputError
from latente.images.damage import Damaged
from latente.images.stores import FolderStore, Store, ZipStore
from latente.studio.names import is_picture
from latente.studio.problems import Problem
from latente.studio.uploads import LARGEST, MOST_FILES, Announced, Uploads, files_of, pictures_folder
from latente.studio.workspace import PASSING, Workspace

__all__ = [
    "LARGEST_ARCHIVE",
    "RATIO",
    "Tell",
    "pack",
    "pack_files",
    "pack_folder",
    "packed",
    "receive",
    "take_archive",
    "take_folder",
]

LARGEST_ARCHIVE = 8 << 30  # bytes of a zip file
RATIO = 100  # to which pictures, which are packed themselves, may unpack as a whole
_AT_ONCE = 64 << 20  # bytes of pictures that are held before they are written

Tell = Callable[[int, int], None]  # is told how many of how many pictures have been read


async def take_archive(
    workspace: Workspace,
    uploads: Uploads,
    set_folder: Path,
    headers: Mapping[str, str],
    chunks: AsyncIterator[bytes],
    tell: Tell,
) -> dict[str, Any]:
    """Take the bytes of a zip archive, and its pictures into a set; return how many, and which were refused -> code.

    Raises Problem where it is no such archive, too large, or unpacks to more than pictures do; nothing of it is kept.
    """
    async with receive(workspace, headers, chunks) as path:
        return await to_thread.run_sync(_take, workspace, uploads, set_folder, path, tell)


@contextlib.asynccontextmanager
async def receive(
    workspace: Workspace, headers: Mapping[str, str], chunks: AsyncIterator[bytes]
) -> AsyncIterator[Path]:
    """Take the bytes of a zip file into one that is there for the time of the block; raises Problem of too many."""
    length = headers.get("content-length", "")
    if length.isdecimal():
        _refuse_size(int(length))
        workspace.refuse_full_disk(int(length))
    with TemporaryDirectory(prefix=PASSING, dir=workspace.path) as folder:
        path, size = Path(folder) / "archive.zip", 0
        with open(path, "wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                _refuse_size(size)
                file.write(chunk)
        yield path


def take_folder(
    workspace: Workspace, uploads: Uploads, set_folder: Path, folder: Path, shelf: Path, tell: Tell
) -> dict[str, Any]:
    """Copy the pictures below a folder of this machine into a set; links that lead out of `shelf` are left alone."""
    store, home = FolderStore(folder), shelf.resolve()
    names = [name for name in store.names if (folder / name).resolve().is_relative_to(home)]
    return _take_pictures(workspace, uploads, set_folder, store, names, tell)


def pack(workspace: Workspace, set_folder: Path, names: Sequence[str]) -> str:
    """Pack pictures of a set into a new zip file, and return the id by which `packed` finds it."""
    wanted = set(names)
    if unknown := wanted - files_of(set_folder).keys():
        raise Problem(404, "unknown", "the set has no such file", kind="files", count=len(unknown))
    home = pictures_folder(set_folder)
    return pack_files(workspace, {name: home / name for name in sorted(wanted) if (home / name).is_file()})


def pack_folder(workspace: Workspace, folder: Path) -> str:
    """Pack the files of a folder into a new zip file, and return the id by which `packed` finds it."""
    return pack_files(workspace, {path.name: path for path in sorted(folder.iterdir()) if path.is_file()})


def packed(workspace: Workspace, archive_id: str) -> Path:
    """Return the zip file that has an id, for whoever takes it away to remove; raises Problem where there is none."""
    for path in workspace.path.glob(f"{PASSING}*.zip"):
        if path.name == f"{PASSING}{archive_id}.zip":
            return path
    raise Problem(404, "unknown", "there is no such zip file", kind="archives")


def pack_files(workspace: Workspace, files: Mapping[str, Path]) -> str:
    """Pack files under names into a new zip file, and return the id by which `packed` finds it."""
    workspace.refuse_full_disk(sum(path.stat().st_size for path in files.values()))
    number = secrets.token_hex(8)
    with zipfile.ZipFile(workspace.path / f"{PASSING}{number}.zip", "w", zipfile.ZIP_STORED) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return number


def _refuse_size(size: int) -> None:
    if size > LARGEST_ARCHIVE:
        most = LARGEST_ARCHIVE
        raise Problem(413, "archive_too_large", f"a zip file has at most {most >> 30} GiB", most=most)


def _take(workspace: Workspace, uploads: Uploads, set_folder: Path, path: Path, tell: Tell) -> dict[str, Any]:
    try:
        store = ZipStore(path)
    except InputError as error:
        raise Problem(400, "no_archive", "this is no zip file, or a damaged one") from error
    pictures = [name for name in store.names if is_picture(name)]
    if sum(store.names[name][0] for name in pictures) > RATIO * path.stat().st_size:
        raise Problem(413, "archive_bomb", "this zip file unpacks to more than pictures do")
    return _take_pictures(workspace, uploads, set_folder, store, list(store.names), tell)


def _take_pictures(
    workspace: Workspace, uploads: Uploads, set_folder: Path, store: Store, names: list[str], tell: Tell
) -> dict[str, Any]:
    """Copy what can be a picture into the set, under names without the one folder that holds them all."""
    refused = {name: "no_picture" for name in names if not is_picture(name)} | dict.fromkeys(store.lost, "damaged")
    pictures = [name for name in names if name not in refused]
    if len(pictures) > MOST_FILES:
        raise Problem(413, "too_many_files", f"a set holds at most {MOST_FILES:,} files", most=MOST_FILES)
    workspace.refuse_full_disk(sum(store.names[name][0] for name in pictures))
    top = pictures[0].partition("/")[0] + "/" if pictures else "/"
    cut = len(top) if all(name.startswith(top) for name in pictures) else 0
    count = 0
    for some in _portions(store, pictures, refused, tell):
        listed = {name: Announced(name[cut:], hashlib.sha256(some[name]).hexdigest(), len(some[name])) for name in some}
        outside = uploads.announce(set_folder, listed.values())[1]
        by_sum = {one.sha256: some[name] for name, one in listed.items() if one.name not in outside}
        refused |= {name: outside[one.name] for name, one in listed.items() if one.name in outside}
        for sha256, content in by_sum.items():
            uploads.keep(set_folder, sha256, content)
        count += len(listed) - len(outside)
    return {"count": count, "refused": refused}


def _portions(store: Store, names: list[str], refused: dict[str, str], tell: Tell) -> Iterator[dict[str, bytes]]:
    """Yield the contents of files, as many as are held at once; note those that cannot be read, or are too large."""
    some: dict[str, bytes] = {}
    size = 0
    for number, name in enumerate(names, 1):
        tell(number, len(names))
        if store.names[name][0] > LARGEST:
            refused[name] = "too_large"
            continue
        try:
            some[name] = store.read(name)
        except Damaged:
            refused[name] = "damaged"
        size += len(some.get(name, b""))
        if size > _AT_ONCE:
            yield some
            some, size = {}, 0
    if some:
        yield some
