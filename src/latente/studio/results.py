"""What came of a training: its ranking, the pictures it made, and everything of it in one file to take away."""

from __future__ import annotations

import csv
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latente.studio.names import is_picture
from latente.studio.problems import Problem
from latente.studio.sets import save_thumbnail
from latente.studio.tickets import Ticket
from latente.studio.uploads import files_of
from latente.studio.workspace import Workspace
from latente.watching.news import PICTURE

__all__ = ["packed", "page", "picture", "sample", "table", "told"]

_PAGES = {"report": "report.html", "explorer": "explorer.html"}
_GALLERIES = ("made", "restored")
_SHOWN, _SIDE = 120, 512
_NOT_TAKEN = ("checkpoints", "tensorboard")  # what resumes a training, and no one else's model is made of


def told(workspace: Workspace, ticket: Ticket) -> dict[str, Any]:
    """Return what there is to show: the oddest pictures, how many were made or restored, which pages there are."""
    pages = {name: _page_file(workspace, ticket, name).is_file() for name in _PAGES}
    galleries = {name: [path.name for path in _gallery(workspace, ticket, name)] for name in _GALLERIES}
    return {"pages": pages, "galleries": galleries, "ranking": list(_ranking(workspace, ticket))}


def page(workspace: Workspace, ticket: Ticket, name: str) -> Path:
    """Return the report, or the explorer; raises Problem where it is not there."""
    if name not in _PAGES:
        raise Problem(404, "unknown", "there is no such page", kind="pages")
    return _own_file(_page_file(workspace, ticket, name), ticket, workspace)


def table(workspace: Workspace, ticket: Ticket) -> Path:
    """Return the ranking as CSV."""
    return _own_file(ticket.results(workspace) / "ranking.csv", ticket, workspace)


def sample(workspace: Workspace, ticket: Ticket, step: int) -> Path:
    """Return the picture that the training drew of itself at a step."""
    for path in ticket.run(workspace).samples.glob("step-*.png"):
        match = PICTURE.fullmatch(path.name)
        if match and int(match[1]) == step:
            return _own_file(path, ticket, workspace)
    raise Problem(404, "unknown", "there is no picture of that step", kind="samples")


def picture(workspace: Workspace, ticket: Ticket, gallery: str, number: int) -> Path:
    """Return the n-th picture of a gallery, made anew from its pixels."""
    paths = _gallery(workspace, ticket, gallery) if gallery in _GALLERIES else []
    if not 0 <= number < len(paths):
        raise Problem(404, "unknown", "there is no such picture", kind="pictures")
    small = ticket.folder(workspace) / "thumbs" / f"{gallery}-{number}.webp"
    if not small.exists():
        small.parent.mkdir(exist_ok=True)
        save_thumbnail(_own_file(paths[number], ticket, workspace), small, _SIDE)
    return small


def packed(workspace: Workspace, ticket: Ticket) -> Path:
    """Return a new zip file with results, report, pictures and model, for whoever takes it away to remove."""
    handle, name = tempfile.mkstemp(".zip", "latente-", workspace.path)
    path = Path(name)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for source, place in _taken(workspace, ticket):
                archive.write(source, place)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _taken(workspace: Workspace, ticket: Ticket) -> Iterator[tuple[Path, str]]:
    """Yield what goes into the zip file, and where in it."""
    run, results = ticket.run(workspace).path, ticket.results(workspace)
    for folder, place in ((results, "results"), (run, "model-and-report")):
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if (
                path.is_file()
                and not path.is_symlink()
                and parts[0] not in _NOT_TAKEN
                and not path.name.startswith(".")
            ):
                yield path, "/".join((place, *parts))


def _ranking(workspace: Workspace, ticket: Ticket) -> Iterator[dict[str, Any]]:
    """Yield the oddest pictures, the oddest first, each with the sum under which its thumbnail is served."""
    path = ticket.results(workspace) / "ranking.csv"
    if not path.is_file():
        return
    folder = workspace.path / "sets" / ticket.of
    sums = files_of(folder) if folder.is_dir() else {}
    with open(path, encoding="utf-8", newline="") as file:
        for _, row in zip(range(_SHOWN), csv.DictReader(file), strict=False):
            name = row["file"]
            sha256 = sums.get(name, [None])[0]
            yield {"name": name, "sha256": sha256, "score": float(row["score"]), "odd": row["odd"] == "1"}


def _gallery(workspace: Workspace, ticket: Ticket, name: str) -> list[Path]:
    folder = ticket.results(workspace) / name
    return sorted(path for path in folder.rglob("*") if path.is_file() and is_picture(path.name))


def _page_file(workspace: Workspace, ticket: Ticket, name: str) -> Path:
    folder = ticket.run(workspace).path if name == "report" else ticket.results(workspace)
    return folder / _PAGES[name]


def _own_file(path: Path, ticket: Ticket, workspace: Workspace) -> Path:
    """Return a path; raises Problem where it is not there, or lies elsewhere behind a link."""
    homes = (ticket.folder(workspace).resolve(), ticket.run(workspace).path.resolve())
    if not path.is_file() or not any(path.resolve().is_relative_to(home) for home in homes):
        raise Problem(404, "unknown", "there is no such file", kind="files")
    return path
