"""Trainings: asked for, paused, gone on with, stopped, thrown away; and the events of a page."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse

from latente.studio import details, plans
from latente.studio.events import stream
from latente.studio.goals import GOALS, LENGTHS, goal_named, minutes_of
from latente.studio.orders import Wished
from latente.studio.parts import TheParts
from latente.watching.news import Portion, read_after

__all__ = ["JobId", "Use", "Wish", "router"]

router = APIRouter(tags=["trainings"])

JobId = Annotated[str, Path(max_length=64)]
Word = Annotated[str, Field(max_length=32)]


class Wish(BaseModel):
    """What is to be done: with which set, to which end, for how long; with which second set, or which experiment.

    language: of the report and of the explorer, "en" or "es"; of any other they are in English.
    """

    set: str = Field("", max_length=64)
    goal: Word
    length: Word = "quick"
    beside: str = Field("", max_length=64)
    experiment: Word = ""
    options: dict[Word, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict, max_length=100)
    language: Word = ""

    def wished(self) -> Wished:
        return Wished(self.set, self.goal, self.length, self.beside, self.experiment, self.options, self.language)


class Use(BaseModel):
    """Which set a finished training serves."""

    set: str = Field(max_length=64)


@router.get("/goals")
def list_goals(parts: TheParts) -> dict[str, Any]:
    """Return what there is to want, for how long, and why nothing is painted at once, where that is so."""
    shown = ("name", "least", "trains", "beside", "use")
    goals = [{name: getattr(goal, name) for name in shown} for goal in GOALS.values()]
    fault = None if parts.jobs.painter else {"code": "no_painter", "fields": {}}
    return {"goals": goals, "lengths": dict(LENGTHS), "at_once": fault}


@router.get("/goals/{name}/options")
def list_options(name: Word, count: int = 0, length: Word = "quick") -> list[dict[str, Any]]:
    """Return the options behind a goal, for so many pictures and that length, as the command line declares them."""
    goal = goal_named(name)
    minutes_of(goal, length)
    model = plans.model_of(goal, count, length)
    return details.shown(model) if model else []


@router.get("/experiments")
def list_experiments() -> list[dict[str, Any]]:
    """Return the published experiments that can be repeated: name, source, and minutes on an ordinary machine."""
    from latente.experiments import EXPERIMENTS

    return [{"name": name, "source": one.source, "minutes": one.minutes} for name, one in EXPERIMENTS.items()]


@router.post("/plan")
def plan(parts: TheParts, wish: Wish) -> dict[str, Any]:
    """Return what an order would take, by a dry run of its command: seconds, bytes of memory, parameters."""
    waiting = sum(one["state"] in ("queued", "running", "starting") for one in parts.jobs.all())
    return {**parts.jobs.plan(wish.wished()), "waiting": waiting}


@router.get("/jobs")
def list_jobs(parts: TheParts) -> list[dict[str, Any]]:
    return parts.jobs.all()


@router.post("/jobs", status_code=201)
def start_job(parts: TheParts, wish: Wish) -> dict[str, str]:
    return {"id": parts.jobs.new(wish.wished()).id}


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


@router.post("/jobs/{job_id}/move", status_code=204)
def move_job(parts: TheParts, job_id: JobId, places: Annotated[int, Query(ge=-1000, le=1000)]) -> None:
    """Let a waiting training come so many places earlier, or where that is below 0 later."""
    parts.jobs.move(job_id, places)


@router.post("/jobs/{job_id}/use", status_code=201)
def use_job(parts: TheParts, job_id: JobId, use: Use) -> dict[str, str]:
    """Let what it made serve the pictures of another set; return the id of that order."""
    return {"id": parts.jobs.use(job_id, use.set).id}


@router.delete("/jobs/{job_id}")
def throw_job_away(parts: TheParts, job_id: JobId) -> dict[str, str]:
    """Move the training into the trash; return the id by which it comes back."""
    return {"trash": parts.jobs.throw_away(job_id)}


@router.get("/events")
def hear(parts: TheParts, job: Annotated[str | None, Query(max_length=64)] = None) -> EventSourceResponse:
    """Tell how all trainings stand, and of one of them every line of its log, as they change."""
    if job is None:
        return EventSourceResponse(stream(parts.jobs.all))

    def log(mark: str) -> Portion:
        return read_after(parts.jobs.ticket(job).run(parts.workspace).metrics_file, mark)  # an order may have several

    return EventSourceResponse(stream(parts.jobs.all, partial(parts.jobs.one, job), log))
