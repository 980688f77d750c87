"""Sets: made, filled, looked through, and what is left out of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from latente.studio import archives, samples
from latente.studio.goals import suitable
from latente.studio.likeness import similar
from latente.studio.parts import Parts, TheParts
from latente.studio.problems import Problem
from latente.studio.uploads import Announced, files_of

__all__ = ["File", "Files", "Grouping", "LeavingOut", "Names", "Naming", "SetId", "router"]

router = APIRouter(tags=["sets"])

SetId = Annotated[str, Path(max_length=64)]
Sum = Annotated[str, Path(min_length=64, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class Naming(BaseModel):
    name: Name


class File(BaseModel):
    name: Name
    sha256: str = Field(max_length=64)
    size: int = Field(ge=0)


class Files(BaseModel):
    files: list[File] = Field(max_length=5000)


class Names(BaseModel):
    names: list[Name] = Field(max_length=200_000)


class LeavingOut(BaseModel):
    names: list[Name] = Field(max_length=200_000)
    out: bool = True


class Grouping(BaseModel):
    names: list[Name] = Field(max_length=200_000)
    group: str = Field(max_length=80)


@router.get("/sets")
def list_sets(parts: TheParts) -> list[dict[str, Any]]:
    return parts.sets.all()


@router.post("/sets", status_code=201)
def make_set(parts: TheParts, naming: Naming) -> dict[str, Any]:
    return parts.sets.new(naming.name)


@router.post("/sets/samples", status_code=201)
def make_sample_set(parts: TheParts, naming: Naming) -> dict[str, Any]:
    """Make a set of pictures that come with Latente, to try the studio with."""
    made = parts.sets.new(naming.name)
    samples.fill(parts.uploads, parts.workspace.find("sets", made["id"]))
    return made


@router.get("/sets/{set_id}")
def show_set(parts: TheParts, set_id: SetId) -> dict[str, Any]:
    """Return the set, what was found in it, and which goals these pictures do not fit, and why."""
    folder = parts.workspace.find("sets", set_id)
    finding = parts.sets.finding(folder)
    return {**parts.sets.told(folder), "finding": finding, "unfit": suitable(finding)}


@router.patch("/sets/{set_id}", status_code=204)
def rename_set(parts: TheParts, set_id: SetId, naming: Naming) -> None:
    parts.sets.rename(parts.workspace.find("sets", set_id), naming.name)


@router.delete("/sets/{set_id}")
def throw_set_away(parts: TheParts, set_id: SetId) -> dict[str, str]:
    """Move the set into the trash; return the id by which it comes back."""
    folder = parts.workspace.find("sets", set_id)
    if count := parts.jobs.needing(set_id):
        raise Problem(409, "in_use", "a training needs these pictures", count=count)
    return {"trash": parts.workspace.throw_away("sets", folder, {"name": parts.sets.told(folder)["name"]})}


@router.get("/sets/{set_id}/files")
def list_files(parts: TheParts, set_id: SetId) -> list[dict[str, Any]]:
    folder = parts.workspace.find("sets", set_id)
    out, groups = set(parts.sets.left_out(folder)), parts.sets.groups(folder)
    return [
        {"name": name, "sha256": entry[0], "left_out": name in out, "group": groups.get(name, "")}
        for name, entry in sorted(files_of(folder).items())
    ]


@router.post("/sets/{set_id}/files")
def announce_files(parts: TheParts, set_id: SetId, files: Files) -> dict[str, Any]:
    """Say which files are to come; return the sums of those that are not here yet, and those that are refused."""
    announced = [Announced(file.name, file.sha256, file.size) for file in files.files]
    missing, refused = parts.uploads.announce(parts.workspace.find("sets", set_id), announced)
    return {"missing": missing, "refused": refused}


@router.put("/sets/{set_id}/files/{sha256}", status_code=204)
async def take_file(parts: TheParts, set_id: SetId, sha256: Sum, request: Request) -> None:
    """Take the bytes of an announced file, raw."""
    folder = parts.workspace.find("sets", set_id)
    await parts.uploads.receive(folder, sha256, request.headers, request.stream())


@router.put("/sets/{set_id}/archive")
async def take_archive(parts: TheParts, set_id: SetId, request: Request) -> dict[str, Any]:
    """Take a zip file, raw, and the pictures in it; return how many, and which files were refused."""
    folder = parts.workspace.find("sets", set_id)
    with _told(parts, set_id) as tell:
        return await archives.take_archive(
            parts.workspace, parts.uploads, folder, request.headers, request.stream(), tell
        )


@router.get("/shelves")
def list_shelves(parts: TheParts) -> list[dict[str, Any]]:
    """Return the folders of this machine whose pictures may be taken into a set."""
    return [{"id": shelf.id, "name": shelf.name, "count": shelf.count} for shelf in parts.shelves.all()]


@router.post("/sets/{set_id}/shelves/{shelf_id}")
def take_shelf(parts: TheParts, set_id: SetId, shelf_id: SetId) -> dict[str, Any]:
    """Copy the pictures of a folder of this machine into the set; return how many, and which files were refused."""
    folder, shelf = parts.workspace.find("sets", set_id), parts.shelves.find(shelf_id)
    with _told(parts, set_id) as tell:
        return archives.take_folder(parts.workspace, parts.uploads, folder, shelf.path, shelf.home, tell)


@router.get("/sets/{set_id}/copying")
def show_copying(parts: TheParts, set_id: SetId) -> dict[str, int] | None:
    """Return how many of how many pictures were copied into the set out of an archive or a folder; null of none."""
    parts.workspace.find("sets", set_id)
    now = parts.copying.get(set_id)
    return None if now is None else {"done": now[0], "total": now[1]}


@contextlib.contextmanager
def _told(parts: Parts, set_id: str) -> Iterator[archives.Tell]:
    """Yield what is told how far copying into a set is, which pages may ask for meanwhile."""

    def tell(done: int, total: int) -> None:
        parts.copying[set_id] = (done, total)

    try:
        yield tell
    finally:
        parts.copying.pop(set_id, None)


@router.get("/sets/{set_id}/similar")
def find_similar(
    parts: TheParts,
    set_id: SetId,
    name: Annotated[str, Query(min_length=1, max_length=1000)],
    count: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[str]:
    """Return the names of the pictures that are most like this one, itself first."""
    parts.workspace.find("sets", set_id)
    return similar(parts.workspace, parts.jobs.tickets(), set_id, name, count)


@router.get("/sets/{set_id}/thumbs/{sha256}")
def show_thumbnail(parts: TheParts, set_id: SetId, sha256: Sum, large: bool = False) -> FileResponse:
    path = parts.sets.thumbnail(parts.workspace.find("sets", set_id), sha256, large)
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})


@router.post("/sets/{set_id}/look", status_code=202)
def look_through(parts: TheParts, set_id: SetId) -> dict[str, Any]:
    folder = parts.workspace.find("sets", set_id)
    parts.sets.look(folder)
    return parts.sets.finding(folder)


@router.post("/sets/{set_id}/groups", status_code=204)
def group(parts: TheParts, set_id: SetId, grouping: Grouping) -> None:
    """Put these files into a group; an empty name takes them out of theirs."""
    parts.sets.group(parts.workspace.find("sets", set_id), grouping.names, grouping.group)


@router.post("/sets/{set_id}/left-out", status_code=204)
def change_left_out(parts: TheParts, set_id: SetId, choice: LeavingOut) -> None:
    """Leave these files out, or take them back; others stay as they are."""
    parts.sets.change_excluded(parts.workspace.find("sets", set_id), choice.names, choice.out)


@router.post("/sets/{set_id}/archives", status_code=201)
def pack(parts: TheParts, set_id: SetId, names: Names) -> dict[str, str]:
    """Pack these files into a zip file; return the id under which it can be fetched, once."""
    return {"id": archives.pack(parts.workspace, parts.workspace.find("sets", set_id), names.names)}


@router.get("/archives/{archive_id}")
def take_packed(parts: TheParts, archive_id: SetId) -> FileResponse:
    path = archives.packed(parts.workspace, archive_id)
    away = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type="application/zip", filename="latente.zip", background=away)


@router.put("/sets/{set_id}/left-out", status_code=204)
def leave_out(parts: TheParts, set_id: SetId, names: Names) -> None:
    """Leave out these files, and no others."""
    parts.sets.exclude(parts.workspace.find("sets", set_id), names.names)
