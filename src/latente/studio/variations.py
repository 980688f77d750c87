"""New pictures gone on from: near one, between two, along what sets some apart from the rest; and those that are kept.

What was drawn first, and each row that was made of it since, is a gallery among the results: a folder of pictures, with
their codes beside it. A picture is called by its gallery and its file.
"""

from __future__ import annotations

import csv
import os
import threading
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from latente.errors import ModelError
from latente.files import read_json, replacing, write_json
from latente.studio import archives, commands
from latente.studio.goals import goal_named
from latente.studio.plans import MADE, method_of
from latente.studio.problems import Problem
from latente.studio.results import VARIED, gallery_of
from latente.studio.sets import Sets
from latente.studio.tickets import Ticket
from latente.studio.uploads import pictures_folder
from latente.studio.workspace import PASSING, Workspace

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Way", "groups_of", "keep", "pack_kept", "told", "vary"]

Way = Literal["near", "between", "along"]

_NEAR, _BETWEEN = 12, 8
_NEEDED: Mapping[Way, int] = {"near": 1, "between": 2, "along": 1}  # pictures that are gone on from
_LEAST = 2  # pictures on either side of what sets some apart
_SOUGHT = 300  # codes of one's own pictures, where each has to be searched for
_HEAD = ("picture", "way", "of", "along")
_making = threading.Lock()  # one at a time: each takes a core, and the next number
_changing = threading.Lock()  # of what is kept, which is read, changed and written


def told(workspace: Workspace, sets: Sets, ticket: Ticket) -> dict[str, Any]:
    """Return the rows of pictures that there are, the newest first, which are kept, and the groups to go along.

    Of a row: its gallery, its way ("new" of the first ones), what it was made of, along what, and its pictures. Those
    of before they had codes are shown, and nothing can be made of them (is_open).
    """
    _refuse_others(ticket)
    rows = _rows(workspace, ticket)
    return {
        "rows": rows,
        "kept": _kept(workspace, ticket, rows),
        "groups": sorted(set(groups_of(workspace, sets, ticket.of).values())),
        "is_open": (ticket.results(workspace) / f"{MADE}.npz").is_file(),
    }


def vary(
    workspace: Workspace, sets: Sets, ticket: Ticket, way: Way, of: Sequence[str], share: float, group: str
) -> str:
    """Make a row of new pictures out of others, in a process of its own, and return its gallery.

    share: how far from the picture those near it are. group: of one's own pictures, for the way along what sets it
    apart from the other groups; where it is empty, along what sets those that are kept apart from the rest.
    Raises Problem where there are no such pictures, or too few on either side.
    """
    _refuse_others(ticket)
    if len(of) != _NEEDED[way]:
        raise Problem(409, "other_number", f"this takes {_NEEDED[way]} of the pictures", count=_NEEDED[way])
    with _making, TemporaryDirectory(prefix=PASSING, dir=workspace.path) as place:
        results, folder = ticket.results(workspace), Path(place)
        rows = _rows(workspace, ticket)
        number = max((int(row["gallery"].removeprefix(VARIED)) for row in rows[:-1]), default=0) + 1
        gallery = f"{VARIED}{number:03}"
        _write_codes(folder / "of.npz", _codes(workspace, ticket, of))
        how = {
            "near": ["-n", str(_NEAR), "--share", f"{share:g}", "--seed", str(number)],
            "between": ["--between", str(_BETWEEN)],
            "along": ["--more", str(folder / "more.npz"), "--less", str(folder / "less.npz")],
        }[way]
        if way == "along":
            more, less = _sides(workspace, sets, ticket, group, folder)
            _write_codes(folder / "more.npz", more)
            _write_codes(folder / "less.npz", less)
        run, made, codes = ticket.home(workspace), folder / "made", folder / "made.npz"
        commands.run(["vary", str(run), str(folder / "of.npz"), *how, "--out", str(made), "--codes", str(codes)])
        note = {"gallery": gallery, "way": way, "of": list(of), "along": group if way == "along" else ""}
        try:
            os.replace(codes, results / f"{gallery}.npz")
            os.replace(made, results / gallery)
            write_json(results / "variations.json", {"rows": [note, *_notes(results)]})
        except FileNotFoundError as error:  # it was thrown away meanwhile
            raise Problem(404, "unknown", "this training is not here any more", kind="jobs") from error
    return gallery


def keep(workspace: Workspace, ticket: Ticket, names: Sequence[str], is_kept: bool) -> None:
    """Keep these pictures, or no longer, and leave others as they are; raises Problem where there are no such.

    They are a table among the results: what is kept, in which way it was made, of what, along what.
    """
    _refuse_others(ticket)
    rows = _rows(workspace, ticket)
    homes = {name: row for row in rows for name in row["pictures"]}
    _refuse_unknown(names, homes)
    with _changing:
        others = [name for name in _kept(workspace, ticket, rows) if name not in set(names)]
        lines = [(name, homes[name]) for name in ([*others, *dict.fromkeys(names)] if is_kept else others)]
        path = ticket.results(workspace) / "kept.csv"
        with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [_HEAD, *((name, row["way"], " ".join(row["of"]), row["along"]) for name, row in lines)]
            )


def pack_kept(workspace: Workspace, ticket: Ticket) -> str:
    """Pack what is kept, with its table, into a new zip file; return the id by which it can be fetched, once."""
    _refuse_others(ticket)
    results = ticket.results(workspace)
    kept = _kept(workspace, ticket, _rows(workspace, ticket))
    if not kept:
        raise Problem(409, "none_kept", "keep some of the pictures first")
    return archives.pack_files(workspace, {name: results / name for name in (*kept, "kept.csv")})


def groups_of(workspace: Workspace, sets: Sets, set_id: str) -> dict[str, str]:
    """Return the groups of a set's pictures, made by hand or else by folders: file -> group; none of a set that went.

    One group alone is none: it has nothing to differ from.
    """
    folder = workspace.path / "sets" / set_id
    if not set_id or not folder.is_dir():
        return {}
    out = set(sets.left_out(folder))
    groups = sets.groups(folder) or sets.folders(folder)
    told = {name: group for name, group in groups.items() if name not in out}
    return told if len(set(told.values())) > 1 else {}


def _rows(workspace: Workspace, ticket: Ticket) -> list[dict[str, Any]]:
    """Return the rows of pictures, the newest first; last those that were drawn."""
    notes = [*_notes(ticket.results(workspace)), {"gallery": MADE, "way": "new", "of": [], "along": ""}]
    rows = []
    for note in notes:
        files = [path.name for path in gallery_of(workspace, ticket, note["gallery"])]
        rows.append({**note, "pictures": [f"{note['gallery']}/{name}" for name in files]})
    return rows


def _notes(results: Path) -> list[dict[str, Any]]:
    """Return how the rows were made, the newest first; of a damaged file, as of none, nothing."""
    try:
        notes: list[dict[str, Any]] = [
            {**{name: str(note[name]) for name in ("gallery", "way", "along")}, "of": list(map(str, note["of"]))}
            for note in read_json(results / "variations.json")["rows"]
        ]
    except (ModelError, KeyError, TypeError):
        return []
    return [note for note in notes if note["gallery"].removeprefix(VARIED).isdecimal()]


def _kept(workspace: Workspace, ticket: Ticket, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    path = ticket.results(workspace) / "kept.csv"
    if not path.is_file():
        return []
    known = {name for row in rows for name in row["pictures"]}
    with open(path, encoding="utf-8", newline="") as file:
        names = [row.get("picture", "") for row in csv.DictReader(file)]
    return [name for name in names if name in known]


def _refuse_others(ticket: Ticket) -> None:
    if ticket.goal != "new" or ticket.phase != "done":
        raise Problem(409, "nothing_to_vary", "this training has made no new pictures to go on from")


def _refuse_unknown(names: Sequence[str], known: Mapping[str, Any]) -> None:
    if unknown := set(names) - known.keys():
        raise Problem(404, "unknown", "there is no such picture", kind="pictures", count=len(unknown))


def _codes(workspace: Workspace, ticket: Ticket, names: Sequence[str]) -> np.ndarray:
    """Return the codes (N, D) of pictures; raises Problem where there are none."""
    import numpy as np

    found: dict[str, np.ndarray] = {}
    for gallery in dict.fromkeys(name.partition("/")[0] for name in names):
        if gallery != MADE and not gallery.removeprefix(VARIED).isdecimal():
            continue
        codes, files = _read_codes(ticket.results(workspace) / f"{gallery}.npz")
        found |= {f"{gallery}/{file}": code for file, code in zip(files, codes, strict=True)}
    _refuse_unknown(names, found)
    return np.stack([found[name] for name in names])


def _sides(workspace: Workspace, sets: Sets, ticket: Ticket, group: str, place: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of what has it, and of what lacks it."""
    if not group:
        rows = _rows(workspace, ticket)
        having = _kept(workspace, ticket, rows)
        lacking = [name for row in rows for name in row["pictures"] if name not in set(having)]
        _refuse_few(len(having), len(lacking), "few_kept")
        return _codes(workspace, ticket, having), _codes(workspace, ticket, lacking)
    groups = groups_of(workspace, sets, ticket.of)
    if group not in groups.values():
        raise Problem(404, "unknown", "there is no such group", kind="groups")
    own = ticket.folder(workspace) / "own.npz"
    if not own.exists():
        is_search = method_of(goal_named("new"), ticket.count, ticket.length) == "gan"
        pictures = pictures_folder(workspace.path / "sets" / ticket.of)
        few = ["--count", str(_SOUGHT)] if is_search else []
        where = ["--out", str(place / "own.npz"), "--budget", "1"]
        commands.run(["encode", str(ticket.home(workspace)), str(pictures), *few, *where])
        os.replace(place / "own.npz", own)
    codes, files = _read_codes(own)
    having_rows, lacking_rows = (
        [row for row, file in enumerate(files) if file in groups and (groups[file] == group) is has_it]
        for has_it in (True, False)
    )
    _refuse_few(len(having_rows), len(lacking_rows), "few_in_group")
    return codes[having_rows], codes[lacking_rows]


def _refuse_few(having: int, lacking: int, code: str) -> None:
    if min(having, lacking) < _LEAST:
        raise Problem(409, code, f"it takes {_LEAST} pictures on either side", least=_LEAST)


def _read_codes(path: Path) -> tuple[np.ndarray, list[str]]:
    """Return the codes in a file, and the names of their pictures; raises Problem where there are none."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            codes, files = arrays["codes"], arrays["files"]
            return codes.reshape(len(files), -1), [str(file) for file in files]
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise Problem(409, "no_codes", "these pictures were made without their codes: train again") from error


def _write_codes(path: Path, codes: np.ndarray) -> None:
    import numpy as np

    np.savez(path, codes=codes)
