"""What came of a training: its ranking, the pictures it made, and everything of it in one file to take away."""

from __future__ import annotations

import csv
import os
import posixpath
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from latente.files import read_json
from latente.studio.names import is_picture
from latente.studio.orders import order_of
from latente.studio.plans import MADE, MAPS, Painting
from latente.studio.problems import Problem
from latente.studio.sets import save_thumbnail
from latente.studio.tickets import Ticket
from latente.studio.uploads import files_of
from latente.studio.workspace import Workspace
from latente.watching.news import PICTURE

__all__ = ["VARIED", "film", "gallery_of", "packed", "page", "picture", "sample", "table", "told"]

_PAGES = {"report": "report.html", "explorer": "explorer.html"}
VARIED = "varied-"  # begins the names of galleries that were made out of other pictures; a number follows
_SHOWN_GALLERIES = (MADE, "restored", "painted")
_GALLERIES = (*_SHOWN_GALLERIES, MAPS)
_TABLES = ("ranking", "sorted", "kept")
_SHOWN, _SIDE, _LARGE = 1000, 512, 1400
_FILMS = (".gif", ".webp", ".mp4")
_MOST_ALARMS = 20  # of 100 ordinary pictures, up to which the page may have them called odd
_NOT_TAKEN = ("checkpoints", "tensorboard")  # what resumes a training, and no one else's model is made of


def told(workspace: Workspace, ticket: Ticket) -> dict[str, Any]:
    """Return what there is to show.

    pages: which are there. galleries: the pictures that were made, each with its name and the sum of the picture that
    it was made of. ranking: the oddest pictures, the oddest first; maps: of how many of them there are maps; cuts: the
    score below which a picture is odd where so many of 100 ordinary ones may be called odd, for 0 and up. sorted:
    group -> its pictures. sheet: which painting is of which photograph in which style. claims: of an experiment, what
    was claimed and what was measured.
    """
    sums, order = _sums(workspace, ticket.of), order_of(workspace, ticket)
    ranking, cuts = _ranking(workspace, ticket, sums)
    return {
        "pages": {name: _page_file(workspace, ticket, name).is_file() for name in _PAGES},
        "galleries": {name: _shown(workspace, ticket, name, sums, order.inputs) for name in _SHOWN_GALLERIES},
        "ranking": ranking,
        "maps": len(gallery_of(workspace, ticket, MAPS)),
        "cuts": cuts,
        "sorted": _sorted(workspace, ticket, sums),
        "sheet": _sheet(workspace, ticket, sums, order.paintings),
        "claims": read_json(claims)["rows"] if (claims := ticket.home(workspace) / "result.json").is_file() else [],
        "film": any(ticket.run(workspace).samples.glob("step-*.png")),
    }


def page(workspace: Workspace, ticket: Ticket, name: str) -> Path:
    """Return the report, or the explorer; raises Problem where it is not there."""
    if name not in _PAGES:
        raise Problem(404, "unknown", "there is no such page", kind="pages")
    return _own_file(_page_file(workspace, ticket, name), ticket, workspace)


def table(workspace: Workspace, ticket: Ticket, name: str) -> Path:
    """Return the ranking, the groups, or what is kept, as CSV."""
    if name not in _TABLES:
        raise Problem(404, "unknown", "there is no such table", kind="tables")
    return _own_file(ticket.results(workspace) / f"{name}.csv", ticket, workspace)


def film(workspace: Workspace, ticket: Ticket, suffix: str) -> Path:
    """Return the film of the training, made where it is not there yet; raises Problem where none can be made."""
    from PIL import Image

    from latente import sheets

    if suffix not in _FILMS:
        raise Problem(404, "unknown", "there are no such films", kind="films")
    run, number = ticket.run(workspace), f"-{ticket.at}" if ticket.at else ""
    path = ticket.folder(workspace) / f"film{number}{suffix}"
    newest = max((file.stat().st_mtime for file in run.samples.glob("step-*.png")), default=None)
    if newest is None:
        raise Problem(404, "unknown", "there is nothing to make a film of", kind="films")
    if not path.exists() or path.stat().st_mtime < newest:
        try:
            sheets.film(run.samples, path)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # of a project file, say
            raise Problem(404, "damaged", "a picture of the training cannot be read", name=run.samples.name) from error
    return path


def sample(workspace: Workspace, ticket: Ticket, step: int) -> Path:
    """Return the picture that the training drew of itself at a step."""
    for path in ticket.run(workspace).samples.glob("step-*.png"):
        match = PICTURE.fullmatch(path.name)
        if match and int(match[1]) == step:
            return _own_file(path, ticket, workspace)
    raise Problem(404, "unknown", "there is no picture of that step", kind="samples")


def picture(workspace: Workspace, ticket: Ticket, gallery: str, number: int, is_large: bool = False) -> Path:
    """Return the n-th picture of a gallery, made anew from its pixels."""
    is_known = gallery in _GALLERIES or gallery.removeprefix(VARIED).isdecimal()
    paths = gallery_of(workspace, ticket, gallery) if is_known else []
    if not 0 <= number < len(paths):
        raise Problem(404, "unknown", "there is no such picture", kind="pictures")
    small = ticket.folder(workspace) / "thumbs" / f"{gallery}-{number}{'-large' * is_large}.webp"
    if not small.exists():
        small.parent.mkdir(exist_ok=True)
        save_thumbnail(_own_file(paths[number], ticket, workspace), small, _LARGE if is_large else _SIDE)
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
    run, results = ticket.home(workspace), ticket.results(workspace)
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


def _sums(workspace: Workspace, set_id: str) -> dict[str, str]:
    """Return the sum of each file of a set, by which its thumbnail is served; of a set that is gone none."""
    folder = workspace.path / "sets" / set_id
    return {name: str(entry[0]) for name, entry in files_of(folder).items()} if set_id and folder.is_dir() else {}


def _rows(workspace: Workspace, ticket: Ticket, name: str) -> list[dict[str, str]]:
    path = ticket.results(workspace) / f"{name}.csv"
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _ranking(workspace: Workspace, ticket: Ticket, sums: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[float]]:
    rows = _rows(workspace, ticket, "ranking")
    if not rows:
        return [], []
    scores = [float(row["score"]) for row in rows]
    ordinary = sorted(score for score, row in zip(scores, rows, strict=True) if row["odd"] != "1") or scores
    cuts = [ordinary[min(len(ordinary) - 1, len(ordinary) * alarms // 100)] for alarms in range(_MOST_ALARMS + 1)]
    told = [
        {"name": row["file"], "sha256": sums.get(row["file"]), "score": score, "odd": row["odd"] == "1"}
        for row, score in zip(rows[:_SHOWN], scores, strict=False)
    ]
    return told, cuts


def _sorted(workspace: Workspace, ticket: Ticket, sums: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(workspace, ticket, "sorted"):
        one = {"name": row["file"], "sha256": sums.get(row["file"]), "sure": float(row["probability"])}
        groups.setdefault(row["class"], []).append(one)
    return dict(sorted(groups.items()))


def _sheet(
    workspace: Workspace, ticket: Ticket, sums: Mapping[str, str], paintings: Sequence[Painting]
) -> dict[str, Any] | None:
    """Return the photographs, the styles, and for each of both the place of the painting in the gallery, or None."""
    if not paintings:
        return None
    places = {path.stem: place for place, path in enumerate(gallery_of(workspace, ticket, "painted"))}
    styles = _sums(workspace, ticket.beside)
    contents, names = (list(dict.fromkeys(getattr(one, kind) for one in paintings)) for kind in ("content", "style"))
    painted = {(one.content, one.style): places.get(one.name) for one in paintings}
    return {
        "contents": [{"name": name, "sha256": sums.get(name)} for name in contents],
        "styles": [{"name": name, "sha256": styles.get(name)} for name in names],
        "cells": [[painted.get((content, style)) for style in names] for content in contents],
    }


def _shown(
    workspace: Workspace, ticket: Ticket, name: str, sums: Mapping[str, str], inputs: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the pictures of a gallery; inputs: single files, whose results are called like them alone."""
    folder = ticket.results(workspace) / name
    before = {posixpath.basename(file): sums[file] for file in inputs if file in sums} or sums
    stems = {posixpath.splitext(file)[0]: sha256 for file, sha256 in before.items()} if name == "restored" else {}
    paths = gallery_of(workspace, ticket, name)
    titles = [path.relative_to(folder).as_posix() for path in paths]
    return [{"title": title, "before": stems.get(posixpath.splitext(title)[0])} for title in titles]


def gallery_of(workspace: Workspace, ticket: Ticket, name: str) -> list[Path]:
    """Return the pictures of a gallery, in their order; of one that is not there, none."""
    folder = ticket.results(workspace) / name
    pictures = (path for path in folder.rglob("*") if path.is_file() and is_picture(path.name))
    return sorted(path for path in pictures if name != MAPS or not path.stem.endswith("-mask"))


def _page_file(workspace: Workspace, ticket: Ticket, name: str) -> Path:
    folder = ticket.run(workspace).path if name == "report" else ticket.results(workspace)
    return folder / _PAGES[name]


def _own_file(path: Path, ticket: Ticket, workspace: Workspace) -> Path:
    """Return a path; raises Problem where it is not there, or lies elsewhere behind a link."""
    homes = (ticket.folder(workspace).resolve(), ticket.home(workspace).resolve())
    if not path.is_file() or not any(path.resolve().is_relative_to(home) for home in homes):
        raise Problem(404, "unknown", "there is no such file", kind="files")
    return path
