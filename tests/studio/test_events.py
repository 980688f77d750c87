"""What a page hears: everything first, then what changes, and each line of the log once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from latente.studio.events import stream
from latente.watching.news import read_after


def hear(count: int, jobs: Callable[[], Any], job: Callable[[], Any], log: Path, between: Callable[[int], None]) -> Any:
    """Return the first events as (name, value, id); `between` acts after each."""
    heard: list[tuple[str, Any, str]] = []

    async def listen() -> None:
        events = stream(jobs, job, partial(read_after, log), every=0.001)
        async for event in events:
            heard.append((str(event.event), json.loads(str(event.data)), str(event.id)))
            between(len(heard))
            if len(heard) == count:
                break
        await events.aclose()

    anyio.run(listen)
    return heard


def line(step: int, time: float = 0.0) -> str:
    return json.dumps({"part": "train", "epoch": 1, "step": step, "loss": 1.0, "other": 2.0, "time": time}) + "\n"


def test_a_snapshot_comes_first_and_then_what_is_new(tmp_path: Path) -> None:
    log, jobs = tmp_path / "metrics.jsonl", [{"id": "a", "state": "running"}]
    log.write_text(line(1) + line(2))

    def act(heard: int) -> None:
        if heard == 1:
            log.write_text(line(1) + line(2) + line(3))
        elif heard == 2:
            jobs[0] = {"id": "a", "state": "finished"}
        elif heard == 3:
            log.write_text(line(1, 9.0) + line(2, 9.0))  # a training that goes on from a checkpoint cuts its log

    snapshot, lines, changed, reset, again = hear(5, lambda: list(jobs), lambda: {"id": "a"}, log, act)
    assert (snapshot[0], snapshot[2]) == ("snapshot", "2")
    assert [one["step"] for one in snapshot[1]["lines"]] == [1, 2]
    assert (snapshot[1]["jobs"][0]["state"], snapshot[1]["job"]) == ("running", {"id": "a"})
    assert (lines[0], [one["step"] for one in lines[1]], lines[2]) == ("lines", [3], "3")
    assert (changed[0], changed[1][0]["state"]) == ("jobs", "finished")
    assert reset[0] == "reset"
    assert (again[0], [one["step"] for one in again[1]], again[2]) == ("lines", [1, 2], "2")
    assert "other" not in lines[1][0]


def test_a_page_of_no_training_hears_of_all(tmp_path: Path) -> None:
    async def first() -> Any:
        events = stream(lambda: [{"id": "a"}], every=0.001)
        event = await anext(events)
        await events.aclose()
        return event.event, json.loads(str(event.data))

    assert anyio.run(first) == ("snapshot", {"jobs": [{"id": "a"}], "job": None, "lines": []})
