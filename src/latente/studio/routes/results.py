"""What came of a training, to look at and to take away."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from latente.studio import archives, commands, projects, results, variations
from latente.studio.guard import FRAMED
from latente.studio.parts import TheParts
from latente.studio.routes.jobs import JobId

__all__ = ["Keeping", "Variation", "router"]

router = APIRouter(tags=["results"])

_FILMS = {"gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4"}

Word = Annotated[str, Path(max_length=32)]
PictureName = Annotated[str, Field(min_length=1, max_length=200)]


class Variation(BaseModel):
    """What new pictures are to be made of which others. share: how far off those near one are; group: to go along."""

    way: variations.Way
    of: list[PictureName] = Field(max_length=2)
    share: float = Field(0.35, gt=0, le=1)
    group: str = Field("", max_length=1000)


class Keeping(BaseModel):
    names: list[PictureName] = Field(max_length=100_000)
    keep: bool = True


@router.get("/jobs/{job_id}/results")
def show_results(parts: TheParts, job_id: JobId) -> dict[str, Any]:
    return results.told(parts.workspace, parts.jobs.ticket(job_id))


@router.get("/jobs/{job_id}/variations")
def show_variations(parts: TheParts, job_id: JobId) -> dict[str, Any]:
    """Return the new pictures row by row, which of them are kept, and what can be gone along."""
    return variations.told(parts.workspace, parts.sets, parts.jobs.ticket(job_id))


@router.post("/jobs/{job_id}/variations", status_code=201)
def vary(parts: TheParts, job_id: JobId, wish: Variation) -> dict[str, str]:
    """Make a row of new pictures out of others; return the name of its gallery."""
    ticket = parts.jobs.ticket(job_id)
    made = variations.vary(parts.workspace, parts.sets, ticket, wish.way, wish.of, wish.share, wish.group)
    return {"gallery": made}


@router.post("/jobs/{job_id}/kept", status_code=204)
def keep(parts: TheParts, job_id: JobId, keeping: Keeping) -> None:
    """Keep these of the new pictures, or no longer; others stay as they are."""
    variations.keep(parts.workspace, parts.jobs.ticket(job_id), keeping.names, keeping.keep)


@router.post("/jobs/{job_id}/kept/archive", status_code=201)
def pack_kept(parts: TheParts, job_id: JobId) -> dict[str, str]:
    """Pack what is kept, with its table; return the id under which it can be fetched as a zip file, once."""
    return {"id": variations.pack_kept(parts.workspace, parts.jobs.ticket(job_id))}


@router.get("/jobs/{job_id}/samples/{step}")
def show_sample(parts: TheParts, job_id: JobId, step: int) -> FileResponse:
    """Return the picture that the training drew of itself at a step."""
    return FileResponse(results.sample(parts.workspace, parts.jobs.ticket(job_id), step), media_type="image/png")


@router.get("/jobs/{job_id}/pages/{name}")
def show_page(parts: TheParts, job_id: JobId, name: Word) -> FileResponse:
    """Return the report or the explorer, for a frame that is nobody's."""
    path = results.page(parts.workspace, parts.jobs.ticket(job_id), name)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": FRAMED})


@router.get("/jobs/{job_id}/pictures/{gallery}/{number}")
def show_picture(parts: TheParts, job_id: JobId, gallery: Word, number: int, large: bool = False) -> FileResponse:
    path = results.picture(parts.workspace, parts.jobs.ticket(job_id), gallery, number, large)
    return FileResponse(path, media_type="image/webp")


@router.get("/jobs/{job_id}/tables/{name}")
def take_table(parts: TheParts, job_id: JobId, name: Word) -> FileResponse:
    """Return the ranking, the groups, or what is kept, as CSV."""
    path = results.table(parts.workspace, parts.jobs.ticket(job_id), name)
    return FileResponse(path, media_type="text/csv", filename=path.name)


@router.get("/jobs/{job_id}/films/{kind}")
def take_film(parts: TheParts, job_id: JobId, kind: Literal["gif", "webp", "mp4"]) -> FileResponse:
    """Return the film of what the training drew of itself, made where it is not there yet."""
    path = results.film(parts.workspace, parts.jobs.ticket(job_id), f".{kind}")
    return FileResponse(path, media_type=_FILMS[kind], filename=f"latente-{job_id}.{kind}")


@router.post("/jobs/{job_id}/onnx", status_code=201)
def export(parts: TheParts, job_id: JobId) -> dict[str, str]:
    """Write the model for other programs; return the id under which it can be fetched as a zip file, once."""
    ticket = parts.jobs.ticket(job_id)
    folder = ticket.folder(parts.workspace) / "onnx"
    commands.answer(["export", str(ticket.run(parts.workspace).path), "--out", str(folder), "--force", "--json"])
    return {"id": archives.pack_folder(parts.workspace, folder)}


@router.post("/jobs/{job_id}/project", status_code=201)
def pack(parts: TheParts, job_id: JobId) -> dict[str, str]:
    """Pack pictures, model and results; return the id under which it can be fetched as a zip file, once."""
    return {"id": projects.pack_project(parts.workspace, parts.jobs.ticket(job_id))}


@router.put("/projects", status_code=201)
async def take(parts: TheParts, request: Request) -> dict[str, str]:
    """Take a project that a studio packed, raw; return the id of the order that it is here."""
    return {"id": await projects.take_project(parts.workspace, request.headers, request.stream())}


@router.get("/jobs/{job_id}/results.zip")
def take_results(parts: TheParts, job_id: JobId) -> FileResponse:
    """Return results, report, pictures and model in one file."""
    path = results.packed(parts.workspace, parts.jobs.ticket(job_id))
    away = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type="application/zip", filename=f"latente-{job_id}.zip", background=away)
