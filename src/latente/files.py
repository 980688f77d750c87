"""Files that are either the old one or the new one, never a half-written one, and the one format of tensors on disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.errors import ModelError, TrainingError
from latente.machine import free_memory

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "disk_errors",
    "finite",
    "left_behind",
    "load_tensors",
    "own_memory",
    "read_json",
    "read_whole",
    "refuse_links",
    "replacing",
    "save_tensors",
    "stamp_of",
    "write_json",
]

_FORMAT = 1  # of a file of tensors
_DTYPES = {  # what a safetensors file calls them
    **{f"{kind}{bits}": f"{kind[0].upper()}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)},
    "bool": "BOOL",
    "bfloat16": "BF16",
    "complex64": "C64",
}
_LARGEST_JSON = 256 << 20
_MARK = ".latente-"
_UNWRITABLE = (
    *(errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOENT, errno.ENOTDIR),
    *(errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP),
)
_TEMPORARY = re.compile(rf"\..*{re.escape(_MARK)}[0-9a-f]{{12}}\.part", re.DOTALL)


@contextlib.contextmanager
def replacing(path: Path, *links: Path, keep: Path | None = None, synced: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well, its file becomes `path` in one atomic step.

    `links` are further names that the same new file gets, before `path` does; `keep` is the name under which the file
    that `path` was stays. The data reach the disk (fsync) before any name changes, unless it need not be `synced`: then
    a machine that loses power may lose the file. When the block fails, the temporary file is removed and every old file
    is as it was.
    Raises TrainingError, naming the file, where the disk is full or the folder cannot be written.
    """
    temporary = _beside(path)
    try:
        full = f"{path} was not written and the file before it is intact; free some space"
        with disk_errors(full, f"{path} cannot be written ({{}}); choose another folder"):
            yield temporary
            if synced:
                with open(temporary, "rb") as file:
                    os.fsync(file.fileno())
            for link in links:
                _link(temporary, link)
            if keep is not None and path.exists():
                _link(path, keep)
            os.replace(temporary, path)
            if synced:
                _sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):  # what went wrong before is what has to be told
            temporary.unlink(missing_ok=True)


def left_behind(folder: Path) -> list[Path]:
    """Return the temporary files of ours, in a folder and below, that a killed process left there.

    Nobody else's have such names; even so only what is known to be ours, such as a run, is to be cleared of them.
    """
    return [path for path in folder.rglob(f".*{_MARK}*.part") if _TEMPORARY.fullmatch(path.name) and path.is_file()]


def _beside(path: Path) -> Path:
    """Return a new name in the folder of `path` that says whose temporary file it is."""
    return path.with_name(f".{path.name[:40]}{_MARK}{uuid.uuid4().hex[:12]}.part")


def _link(old: Path, new: Path) -> None:
    """Give the file `old` the second name `new`, replacing whatever had it."""
    alias = _beside(new)
    os.link(old, alias)
    os.replace(alias, new)
    alias.unlink(missing_ok=True)  # renaming does nothing where both are names of one file already


def write_json(path: Path, value: Any, *, synced: bool = True) -> None:
    """Replace `path` atomically by `value` as indented JSON, in which names that are no UTF-8 keep their bytes.

    synced: see `replacing`.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    with replacing(path, synced=synced) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # as JSON itself escapes such a byte


def stamp_of(status: os.stat_result) -> list[int]:
    """Return what changes when a file does: its bytes, and the times of its content and of its entry on the disk.

    Tools that copy and restore files set the first time back; nobody can set the second one.
    """
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def read_json(path: Path, cure: str = "") -> dict[str, Any]:
    """Return the JSON object in a file; raises ModelError, ending in the `cure`, where there is anything else in it."""
    advice = f"; {cure}" if cure else ""
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise ModelError(f"{path} is larger than any file of its kind ({_LARGEST_JSON >> 20} MiB){advice}")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ModelError(f"{path} cannot be read: {reason}{advice}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} cannot be read: it holds no JSON object{advice}")
    return value


def refuse_links(folder: Path, names: Iterable[str]) -> None:
    """Raise ModelError where one of these files or folders, or what is in them, is a link to a place outside `folder`.

    Who was given a folder by a stranger would else read, write or remove something elsewhere.
    """
    home = folder.resolve()
    for path in (folder / name for name in names):
        inside = path.rglob("*") if path.is_dir() else ()
        for place in (path, *inside):
            if place.is_symlink() and not place.resolve().is_relative_to(home):
                raise ModelError(f"{place} is a link to somewhere else: put what it points to in its place")


def finite(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN and infinity, for which it has no word, become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return finite(value.item()) if hasattr(value, "item") else value


def save_tensors(path: Path, tree: Mapping[str, Any], *links: Path, keep: Path | None = None) -> None:
    """Write a tree of tensors and JSON values to `path` atomically, with a hash over all of it (names: `replacing`).

    Straight from where they lie: a state may fill a good part of the memory.
    """
    tensors: dict[str, Tensor] = {}
    structure = json.dumps(_flatten(tree, "", tensors))
    metadata = {"format": str(_FORMAT), "structure": structure, "sha256": _digest(tensors, structure)}
    with replacing(path, *links, keep=keep) as temporary:
        needed = len(structure) + sum(tensor.nbytes for tensor in tensors.values())
        if shutil.disk_usage(path.parent).free < needed:  # else half of it would fill what is left first
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _write(temporary, tensors, metadata)


def _write(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file piece by piece; the library puts it together in memory, or under a name of its own."""
    import torch

    header: dict[str, Any] = {"__metadata__": metadata}
    names = sorted(tensors, key=lambda name: -tensors[name].itemsize)  # so that each begins at a multiple of its size
    place = 0
    for name in names:
        tensor, start = tensors[name], place
        place += tensor.nbytes
        dtype = _DTYPES[str(tensor.dtype).removeprefix("torch.")]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [start, place]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            file.write(tensors[name].reshape(-1).view(torch.uint8).numpy().data)


def load_tensors(path: Path) -> dict[str, Any]:
    """Return the tree that `save_tensors` wrote; raises ModelError where the file is damaged or of another kind."""
    import safetensors.torch

    try:
        content = read_whole(path)  # tensors mapped from the file would change, or crash, with it
        tensors = safetensors.torch.load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist") from None
    except ModelError:
        raise
    except (safetensors.SafetensorError, OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged or no safetensors file: {error}") from error
    metadata = header.get("__metadata__") or {}
    if metadata.get("format") != str(_FORMAT) or "structure" not in metadata:
        raise ModelError(f"{path} was not written by this version of latente")
    if metadata.get("sha256") != _digest(tensors, metadata["structure"]):
        raise ModelError(f"{path} is damaged: its content does not have the hash that was stored with it")
    try:
        tree = _unflatten(json.loads(metadata["structure"]), own_memory(tensors))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: what it says of its tensors cannot be read ({error})") from error
    if not isinstance(tree, dict):
        raise ModelError(f"{path} is damaged: it holds no names")
    return tree


def read_whole(path: Path) -> bytes:
    """Return a file's content; raises ModelError where no memory can hold it, as that of a sparse file may be."""
    size, free = path.stat().st_size, free_memory()
    if free is not None and size > free:
        raise ModelError(f"{path} has {size:,} bytes, but only {free:,} of memory are free: it cannot be read whole")
    return path.read_bytes()


def own_memory(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return copies of the tensors of a safetensors file, each in memory of its own, as torch allots it.

    In the file one begins wherever the one before ends, and a product of matrices may round otherwise where one does
    not begin at a multiple of 64 bytes: what was loaded would not compute, to the last bit, what was saved.
    """
    return {name: tensor.clone() for name, tensor in tensors.items()}


@contextlib.contextmanager
def disk_errors(full: str, locked: str) -> Iterator[None]:
    """Turn a full disk, and a folder that cannot be written, into a TrainingError with the sentence for it.

    The system's own word for the latter stands where `locked` has "{}".
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise TrainingError(f"the disk is full: {full}") from error
        if error.errno in _UNWRITABLE:
            raise TrainingError(locked.format(error.strerror)) from error
        raise


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is all there is
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _digest(tensors: Mapping[str, Tensor], structure: str) -> str:
    import torch

    digest = hashlib.sha256(structure.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _flatten(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of a tree into `tensors` and return the rest as JSON; dict keys may be strings or integers."""
    import torch

    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach().cpu().contiguous()
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {"dict": [[key, _flatten(item, f"{path}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_flatten(item, f"{path}/{i}", tensors) for i, item in enumerate(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{path} is a {type(value).__name__}: only tensors, numbers, strings, lists and dicts are saved")


def _unflatten(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _unflatten(item, tensors) for key, item in content}
    return [_unflatten(item, tensors) for item in content]
