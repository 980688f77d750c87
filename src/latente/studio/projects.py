"""A finished piece of work as one file, pictures, model and results: out of one studio, into another."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from anyio import to_thread

from latente.errors import InputError, LatenteError
from latente.files import read_json, write_json
from latente.images.damage import Damaged
from latente.images.stores import ZipStore
from latente.studio.archives import RATIO, pack_files, receive
from latente.studio.goals import GOALS
from latente.studio.problems import Problem
from latente.studio.tickets import Ticket
from latente.studio.workspace import PASSING, Kind, Workspace

__all__ = ["pack_project", "take_project"]

_FORMAT = 1
_MOST_FILES = 300_000
_NOT_TAKEN = ("checkpoints", "tensorboard", "thumbs", "onnx")


def pack_project(workspace: Workspace, ticket: Ticket) -> str:
    """Pack a finished order with its pictures and what was trained; return the id by which it can be fetched, once."""
    if ticket.phase != "done":
        raise _not_done()
    homes = {"job": ticket.folder(workspace), "run": ticket.home(workspace)}
    homes |= {
        place: workspace.find("sets", set_id)
        for place, set_id in (("set", ticket.of), ("beside", ticket.beside))
        if set_id and (workspace.path / "sets" / set_id).is_dir()
    }
    files = {f"{place}/{name}": path for place, home in homes.items() for name, path in _files(home)}
    with TemporaryDirectory(prefix=PASSING, dir=workspace.path) as folder:
        about = Path(folder) / "project.json"
        write_json(about, {"format": _FORMAT, "sets": [place for place in ("set", "beside") if place in homes]})
        return pack_files(workspace, {"project.json": about, **files})


async def take_project(workspace: Workspace, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> str:
    """Take such a file, raw, as a new order of this studio with new ids, and return its id; nothing is replaced.

    Raises Problem where it is none; nothing of it is kept then.
    """
    async with receive(workspace, headers, chunks) as path:
        return await to_thread.run_sync(_take, workspace, path)


def _not_done() -> Problem:
    """Return why such an order is no project: what it still needs are places and processes of its own machine."""
    return Problem(409, "not_done", "a project is what is finished: wait for it, or stop it and keep what it has")


def _files(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder by their names in it, but for what can be made anew and what only resumes."""
    for path in sorted(home.rglob("*")):
        parts = path.relative_to(home).parts
        if path.is_file() and not path.is_symlink() and parts[0] not in _NOT_TAKEN and not path.name.startswith("."):
            yield "/".join(parts), path


def _take(workspace: Workspace, path: Path) -> str:
    refusal = Problem(400, "no_project", "this is no project that the studio packed, or a damaged one")
    try:
        store = ZipStore(path)
        about = json.loads(store.read("project.json"))
        ticket = json.loads(store.read("job/ticket.json"))
        places = [place for place in ("job", "run", *about["sets"]) if place in ("job", "run", "set", "beside")]
        known = {name for name in Ticket.__dataclass_fields__ if name in ticket}
        own = Ticket(**{name: ticket[name] for name in known})
        if about["format"] != _FORMAT or own.goal not in GOALS:
            raise refusal
        if own.phase != "done":
            raise _not_done()
    except (InputError, Damaged, ValueError, KeyError, TypeError) as error:
        raise refusal from error
    size = sum(stamp[0] for stamp in store.names.values())
    if len(store.names) > _MOST_FILES or size > RATIO * path.stat().st_size:
        raise refusal
    workspace.refuse_full_disk(size)
    made: dict[str, Path] = {}
    try:
        for place in places:
            made[place] = workspace.path / "runs" / made["job"].name if place == "run" else workspace.new(_KINDS[place])
            _unpack(store, place, made[place])
        _rename(own, made, workspace)
    except (LatenteError, Damaged, OSError, TypeError, ValueError) as error:
        for folder in made.values():
            shutil.rmtree(folder, ignore_errors=True)
        raise refusal from error
    return own.id


_KINDS: Mapping[str, Kind] = {"job": "jobs", "set": "sets", "beside": "sets"}


def _unpack(store: ZipStore, place: str, folder: Path) -> None:
    """Write what lies below a folder of the archive; the store has refused names that lead elsewhere."""
    for name in store.names:
        first, *rest = PurePosixPath(name).parts
        if first == place and rest and not any(part.startswith(".") for part in rest):
            path = folder.joinpath(*rest)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(store.read(name))


def _rename(own: Ticket, made: Mapping[str, Path], workspace: Workspace) -> None:
    """Give the order its new ids, and leave out what names places of the machine that it came from."""
    own.id = made["job"].name
    own.of, own.beside = (made[place].name if place in made else "" for place in ("set", "beside"))
    own.at = own.at if re.fullmatch(r"\d{3,5}", own.at) else ""
    own.model, own.process, own.told = ("" if not own.model else own.id), None, None
    (own.results(workspace)).mkdir(exist_ok=True)
    own.write(workspace)
    for place in ("set", "beside"):
        if place in made:
            about: dict[str, Any] = read_json(made[place] / "set.json")
            write_json(made[place] / "set.json", {"name": str(about["name"]), "created": float(about["created"])})
