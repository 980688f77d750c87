"""What came of a training, to look at and to take away."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from latente.studio import results
from latente.studio.guard import FRAMED
from latente.studio.parts import TheParts
from latente.studio.routes.jobs import JobId

__all__ = ["router"]

router = APIRouter(tags=["results"])

Word = Annotated[str, Path(max_length=32)]


@router.get("/jobs/{job_id}/results")
def show_results(parts: TheParts, job_id: JobId) -> dict[str, Any]:
    return results.told(parts.workspace, parts.jobs.ticket(job_id))


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
def show_picture(parts: TheParts, job_id: JobId, gallery: Word, number: int) -> FileResponse:
    path = results.picture(parts.workspace, parts.jobs.ticket(job_id), gallery, number)
    return FileResponse(path, media_type="image/webp")


@router.get("/jobs/{job_id}/ranking.csv")
def take_ranking(parts: TheParts, job_id: JobId) -> FileResponse:
    path = results.table(parts.workspace, parts.jobs.ticket(job_id))
    return FileResponse(path, media_type="text/csv", filename="ranking.csv")


@router.get("/jobs/{job_id}/results.zip")
def take_results(parts: TheParts, job_id: JobId) -> FileResponse:
    """Return results, report, pictures and model in one file."""
    path = results.packed(parts.workspace, parts.jobs.ticket(job_id))
    away = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type="application/zip", filename=f"latente-{job_id}.zip", background=away)
