"""Trainings: asked for, paused, gone on with, stopped, thrown away; and the events of a page."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse

from latente.studio import commands, plans
from latente.studio.events import stream
from latente.studio.parts import TheParts
from latente.studio.uploads import pictures_folder
from latente.watching.news import read_after

__all__ = ["JobId", "Wish", "router"]

router = APIRouter(tags=["trainings"])

JobId = Annotated[str, Path(max_length=64)]
Word = Annotated[str, Field(max_length=32)]


class Wish(BaseModel):
    """What is to be trained: on which set, to which end, for how long."""

    set: str = Field(max_length=64)
    goal: Word
    length: Word = "quick"


@router.get("/goals")
def list_goals() -> dict[str, Any]:
    goals = [{"name": goal.name, "least": goal.least, "trains": goal.trains} for goal in plans.GOALS.values()]
    return {"goals": goals, "lengths": dict(plans.LENGTHS)}


@router.post("/plan")
def plan(parts: TheParts, wish: Wish) -> dict[str, Any]:
    """Return what a training would take, by a dry run of its command: seconds, bytes of memory, parameters."""
    folder = parts.workspace.find("sets", wish.set)
    goal = plans.goal_named(wish.goal)
    arguments = plans.fit(goal, wish.length, pictures_folder(folder), parts.workspace.path / "runs" / "plan", None)
    told = commands.answer([*arguments, "--budget", "1", "--dry-run"])
    minutes = plans.minutes_of(goal, wish.length)
    return {
        "seconds": told.get("seconds_estimate") if minutes is None else 60 * minutes,
        "memory": told.get("memory_estimate_bytes"),
        "parameters": told.get("parameters"),
        "waiting": sum(one["state"] in ("queued", "running", "starting") for one in parts.jobs.all()),
    }


@router.get("/jobs")
def list_jobs(parts: TheParts) -> list[dict[str, Any]]:
    return parts.jobs.all()


@router.post("/jobs", status_code=201)
def start_job(parts: TheParts, wish: Wish) -> dict[str, str]:
    return {"id": parts.jobs.new(wish.set, wish.goal, wish.length).id}


@router.get("/jobs/{job_id}")
def show_job(parts: TheParts, job_id: JobId) -> dict[str, Any]:
    return parts.jobs.one(job_id)


@router.post("/jobs/{job_id}/pause", status_code=204)
def pause_job(parts: TheParts, job_id: JobId) -> None:
    parts.jobs.pause(job_id)


@router.post("/jobs/{job_id}/continue", status_code=204)
def continue_job(parts: TheParts, job_id: JobId) -> None:
    parts.jobs.go_on(job_id)


@router.post("/jobs/{job_id}/stop", status_code=204)
def stop_job(parts: TheParts, job_id: JobId) -> None:
    """Let it save and end; what it has learned is kept."""
    parts.jobs.stop(job_id)


@router.post("/jobs/{job_id}/first", status_code=204)
def put_job_first(parts: TheParts, job_id: JobId) -> None:
    parts.jobs.first(job_id)


@router.delete("/jobs/{job_id}")
def throw_job_away(parts: TheParts, job_id: JobId) -> dict[str, str]:
    """Move the training into the trash; return the id by which it comes back."""
    return {"trash": parts.jobs.throw_away(job_id)}


@router.get("/events")
def hear(parts: TheParts, job: Annotated[str | None, Query(max_length=64)] = None) -> EventSourceResponse:
    """Tell how all trainings stand, and of one of them every line of its log, as they change."""
    if job is None:
        return EventSourceResponse(stream(parts.jobs.all))
    log = parts.jobs.ticket(job).run(parts.workspace).metrics_file
    return EventSourceResponse(stream(parts.jobs.all, partial(parts.jobs.one, job), partial(read_after, log)))
