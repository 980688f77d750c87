"""Sets of pictures: what is in them and what is wrong with it, found by the one data door in a process of its own."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from latente.errors import LatenteError, ModelError
from latente.files import read_json, replacing, write_json
from latente.studio import commands
from latente.studio.problems import Problem, in_other_languages
from latente.studio.uploads import files_of, names_of, pictures_folder
from latente.studio.workspace import Workspace

__all__ = ["Sets", "save_thumbnail"]

_SIDE = 256  # pixels of a thumbnail's longer side
_LARGE = 1400  # of a picture that is looked at alone
_MOST_WRONG = 1000  # entries of a list that the page shows
_LONGEST_NAME = 80


class Sets:
    """The sets of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._looks: set[str] = set()  # ids of the sets that are being looked through, or wait for it
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._decoding = threading.Semaphore(2)
        self._changing = threading.Lock()  # of what is read, changed and written: a key held down asks many at once

    def close(self) -> None:
        self._looker.shutdown(wait=False, cancel_futures=True)

    def new(self, name: str) -> dict[str, Any]:
        folder = self._workspace.new("sets")
        pictures_folder(folder).mkdir()
        write_json(folder / "set.json", {"name": name.strip()[:_LONGEST_NAME], "created": time.time()})
        return self.told(folder)

    def all(self) -> list[dict[str, Any]]:
        """Return the sets, the newest first."""
        sets = [self.told(folder) for folder in self._workspace.all("sets") if (folder / "set.json").exists()]
        return sorted(sets, key=lambda one: -one["created"])

    def told(self, folder: Path) -> dict[str, Any]:
        """Return what the page is told of a set, without the finding."""
        files = files_of(folder)
        first = next((str(entry[0]) for name, entry in sorted(files.items())), None)
        about = read_json(folder / "set.json")
        return {
            "id": folder.name,
            "name": about["name"],
            "created": about["created"],
            "files": len(files),
            "first": first,
        }

    def rename(self, folder: Path, name: str) -> None:
        write_json(folder / "set.json", {**read_json(folder / "set.json"), "name": name.strip()[:_LONGEST_NAME]})

    def look(self, folder: Path) -> None:
        """Have the set looked through, once whatever is looked through now is done; it is told by `finding`."""
        if folder.name not in self._looks and self._scan(folder) is None:
            self._looks.add(folder.name)
            self._looker.submit(self._look, folder)

    def finding(self, folder: Path) -> dict[str, Any]:
        """Return what was found in the set, as far as that is known.

        state: "none", "looking", "done" or "failed" (then with the reason). Where it is done: count, total, shape,
        sizes, groups, pairs (what the two sides are called, or None), wrong (a list of kind, name, sha256 and reason)
        and how many were left out by hand.
        """
        if folder.name in self._looks:
            return {"state": "looking"}
        scan = self._scan(folder)
        if scan is None:
            return {"state": "none"}
        if "error" in scan:
            return {"state": "failed", **_in_words(scan["error"])}
        facts, found = scan["facts"], scan["facts"]["scan"] or {}
        wrong, sums = _wrong(found), files_of(folder)
        excluded = set(self.excluded(folder))
        for one in wrong:
            one["sha256"] = sums.get(one["name"], [None])[0]
            one["left_out"] = one["name"] in excluded or one["kind"] == "damaged"
        return {
            "state": "done",
            "count": facts["count"],
            "total": found.get("total", facts["count"]),
            "shape": facts["shape"],
            "sizes": found.get("sizes", {}),
            "groups": self._counted(folder) or found.get("classes", {}),
            "pairs": _pairs(found),
            "near_copies": sum(one["count"] for one in facts.get("near_copies") or []),
            "wrong": wrong[:_MOST_WRONG],
            "wrong_count": len(wrong),
            "left_out": len({one["name"] for one in wrong if one["left_out"]} | excluded),
        }

    def excluded(self, folder: Path) -> list[str]:
        """Return the names that a person left out."""
        path = folder / "excluded.json"
        return list(read_json(path)["names"]) if path.exists() else []

    def exclude(self, folder: Path, names: list[str]) -> None:
        """Leave out these files, and no others; raises Problem where the set has no such file."""
        _refuse_unknown(folder, names)
        write_json(folder / "excluded.json", {"names": sorted(set(names))})

    def change_excluded(self, folder: Path, names: list[str], out: bool) -> None:
        """Leave out these files, or take them back, and leave others as they are; raises Problem as `exclude` does."""
        with self._changing:
            others = set(self.excluded(folder)) - set(names)
            self.exclude(folder, [*others, *names] if out else [*others])

    def left_out(self, folder: Path) -> list[str]:
        """Return the names of all files that a training leaves out: those excluded, and those that cannot be read."""
        scan = self._scan(folder) or {}
        damaged = (scan.get("facts", {}).get("scan") or {}).get("damaged", {})
        return sorted({*self.excluded(folder), *damaged})

    def groups(self, folder: Path) -> dict[str, str]:
        """Return the groups that a person made: file -> group."""
        path = folder / "groups.json"
        return dict(read_json(path)) if path.exists() else {}

    def folders(self, folder: Path) -> dict[str, str]:
        """Return the groups that the files' folders are, as they were found: file -> group."""
        scan = (self._scan(folder) or {}).get("facts", {}).get("scan") or {}
        known = scan.get("classes", {})
        groups = {name: next((part for part in name.split("/")[:-1] if part in known), "") for name in files_of(folder)}
        return {name: group for name, group in groups.items() if group}

    def group(self, folder: Path, names: list[str], group: str) -> None:
        """Put files into a group, or where that has no name into none; raises Problem where there is no such file."""
        _refuse_unknown(folder, names)
        own = dict.fromkeys(names, group.strip()) if group.strip() else {}
        with self._changing:
            others = {name: other for name, other in self.groups(folder).items() if name not in set(names)}
            write_json(folder / "groups.json", others | own)

    def _counted(self, folder: Path) -> dict[str, int]:
        out = set(self.left_out(folder))
        return dict(Counter(group for name, group in sorted(self.groups(folder).items()) if name not in out))

    def thumbnail(self, folder: Path, sha256: str, is_large: bool = False) -> Path:
        """Return a small picture of a file, or one that fills a page, made anew from its pixels.

        Raises Problem where it cannot be read.
        """
        name = next(iter(names_of(folder, sha256)), None)
        if name is None:
            raise Problem(404, "unknown", "the set has no such file", kind="files")
        path = folder / "thumbs" / f"{sha256}{'-large' * is_large}.webp"
        if not path.exists():
            with self._decoding:
                path.parent.mkdir(exist_ok=True)
                save_thumbnail(pictures_folder(folder) / name, path, _LARGE if is_large else _SIDE)
        return path

    def _look(self, folder: Path) -> None:
        state = _state_of(folder)
        try:
            arguments = ["data", "show", str(pictures_folder(folder)), "--json", "--budget", "1"]
            scan: dict[str, Any] = {"facts": commands.answer(arguments)}
        except LatenteError as error:
            scan = {"error": str(error)}
        try:
            write_json(folder / "scan.json", {**scan, "of": state})
        except LatenteError:
            pass  # the disk is full, or the set was thrown away: it stays without a finding
        finally:
            self._looks.discard(folder.name)

    def _scan(self, folder: Path) -> dict[str, Any] | None:
        """Return what a look found, unless files have come since."""
        try:
            scan = read_json(folder / "scan.json")
        except ModelError:
            return None
        return scan if scan.get("of") == _state_of(folder) else None


def _refuse_unknown(folder: Path, names: list[str]) -> None:
    if unknown := set(names) - files_of(folder).keys():
        raise Problem(404, "unknown", "the set has no such file", kind="files", count=len(unknown))


def save_thumbnail(picture: Path, path: Path, side: int = _SIDE) -> None:
    """Decode a picture as the door does, within its limits, and write its pixels small, as WebP.

    Raises Problem where it cannot be decoded.
    """
    from PIL import Image

    from latente.images.damage import Damaged
    from latente.images.reading import read_headers, read_picture
    from latente.images.sizing import Target

    try:
        with open(picture, "rb") as file:
            header = read_headers(file, picture.name)[0]
        height, width = header.size
        scale = min(1.0, side / max(height, width))
        size = max(1, round(scale * height)), max(1, round(scale * width))
        pixels = read_picture(picture.read_bytes(), Target(size, 1 if header.grey else 3), picture.name)
    except (Damaged, OSError) as error:
        raise Problem(404, "damaged", f"{picture.name} cannot be read", name=picture.name) from error
    image = Image.fromarray(pixels[0] if header.grey else pixels.transpose(1, 2, 0))
    with replacing(path, synced=False) as temporary:
        image.save(temporary, "WEBP", quality=85)


def _state_of(folder: Path) -> str:
    """Return what changes when the set's files do."""
    text = json.dumps(files_of(folder), sort_keys=True) + str(_newest(folder))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _newest(folder: Path) -> int:
    return max((path.stat().st_mtime_ns for path in pictures_folder(folder).rglob("*") if path.is_dir()), default=0)


def _pairs(scan: dict[str, Any]) -> list[str] | None:
    """Return what the two sides of the pairs are called, as the door spells it: targets (A -> B)."""
    for words in scan.get("partners", {}):
        if match := re.fullmatch(r"targets \((.+) -> (.+)\)", words):
            return [match[1], match[2]]
    return None


def _wrong(scan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is wrong with which files: kind, name, and the reason, in other languages under their names."""
    wrong = [{"kind": "damaged", "name": name, **_in_words(why)} for name, why in scan.get("damaged", {}).items()]
    doubled = [(name, group[0]) for group in scan.get("duplicates", []) for name in group[1:]]
    wrong += [{"kind": "doubled", "name": name, "reason": first} for name, first in doubled]
    wrong += [{"kind": "odd", "name": name, **_in_words(why)} for name, why in scan.get("odd", {}).items()]
    return wrong


def _in_words(why: str) -> dict[str, Any]:
    return {"reason": why, **in_other_languages({"reason": why})}
