"""The folder in which the studio keeps sets, trainings and runs; requests name what is in it by ids, never by paths."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any, Literal

from latente.errors import InputError, ModelError
from latente.files import read_json, write_json
from latente.studio.problems import Problem

__all__ = ["DAYS_IN_TRASH", "PASSING", "Kind", "Workspace"]

Kind = Literal["sets", "jobs", "runs", "trash"]
KINDS: tuple[Kind, ...] = ("sets", "jobs", "runs", "trash")
DAYS_IN_TRASH = 7
PASSING = ".archive-"  # begins the names of what is on its way, in or out

_LETTERS, _LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 8  # without those that are taken for one another
_RESERVE = 1 << 30  # bytes of the disk that no upload takes: trainings, and the machine, need them


class Workspace:
    """A folder with sets/, jobs/, runs/ and trash/, each holding a folder a thing, whose name is its id.

    What a request calls something is looked for among the names that are there: it is never joined to a path.
    """

    def __init__(self, path: Path) -> None:
        """Make the folders; raises InputError where they cannot be made."""
        self.path = path.absolute()
        try:
            for kind in KINDS:
                (self.path / kind).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the workspace {path} cannot be made: {error.strerror}; name another folder") from error

    def ids(self, kind: Kind) -> list[str]:
        """Return the ids of what there is of a kind, sorted."""
        with os.scandir(self.path / kind) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def all(self, kind: Kind) -> list[Path]:
        """Return the folders of a kind, sorted by their ids."""
        return [self.path / kind / name for name in self.ids(kind)]

    def find(self, kind: Kind, name: str) -> Path:
        """Return the folder of what has the id `name`; raises Problem where there is none."""
        for own in self.ids(kind):
            if own == name:
                return self.path / kind / own
        raise Problem(404, "unknown", f"there is none of that id among the {kind}", kind=kind)

    def new(self, kind: Kind) -> Path:
        """Make a folder under a new id, and return it."""
        while True:
            folder = self.path / kind / "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder

    def refuse_full_disk(self, more: int) -> None:
        """Raise Problem where `more` bytes would leave less than a gigabyte of the disk free."""
        free = shutil.disk_usage(self.path).free
        if free - more < _RESERVE:
            raise Problem(507, "disk_full", f"only {free:,} bytes of the disk are free", free=free)

    def throw_away(self, kind: Kind, folder: Path, about: dict[str, Any], *more: Path) -> str:
        """Move folders into the trash as one thing, and return its id there; the first gives the thing its kind."""
        place = self.new("trash")
        write_json(place / "what.json", {**about, "kind": kind, "id": folder.name, "thrown": time.time()})
        for each in (folder, *more):
            if each.exists():
                os.replace(each, place / each.parent.name)
        return place.name

    def thrown(self) -> list[dict[str, Any]]:
        """Return what lies in the trash, the newest first, each with the `trash` id to take it out by."""
        things = []
        for place in self.all("trash"):
            try:
                things.append({**read_json(place / "what.json"), "trash": place.name})
            except ModelError:
                continue
        return sorted(things, key=lambda thing: -thing["thrown"])

    def take_back(self, name: str) -> dict[str, Any]:
        """Move what lies in the trash under this id back to where it was, and return what it is."""
        place = self.find("trash", name)
        what = read_json(place / "what.json")
        for kind in ("sets", "runs", "jobs"):
            if (place / kind).is_dir():
                os.replace(place / kind, self.path / kind / what["id"])
        shutil.rmtree(place)
        return what

    def sweep(self) -> None:
        """Remove what was on its way in or out when an earlier studio was ended."""
        for path in self.path.glob(f"{PASSING}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def empty_trash(self, days: float = DAYS_IN_TRASH) -> None:
        """Remove for good what has lain in the trash for so many days."""
        for thing in self.thrown():
            if time.time() - thing["thrown"] > days * 86400:
                shutil.rmtree(self.path / "trash" / thing["trash"], ignore_errors=True)
