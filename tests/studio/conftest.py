"""A studio on a folder of its own, with a stand-in for the trainings, and its page's own requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra studio")

from latente.studio import commands
from latente.studio.parts import Parts
from latente.studio.processes import Processes
from studios import Client, make_parts, png, wait_until


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the door finds in any set; a test may change it."""
    scan = {"total": 60, "damaged": {}, "odd": {}, "duplicates": [], "sizes": {"9x12": 60}, "classes": {}}
    facts = {"count": 60, "shape": [3, 9, 12], "scan": scan, "near_copies": []}
    monkeypatch.setattr(commands, "answer", lambda arguments: [] if arguments[0] == "doctor" else facts)
    return facts


@pytest.fixture
def parts(tmp_path: Path, facts: dict[str, Any]) -> Iterator[Parts]:
    parts = make_parts(tmp_path / "workspace")
    yield parts
    (parts.workspace.path / "enough").touch()
    for ticket in parts.jobs.tickets():
        ticket.wish = "pause" if ticket.phase == "train" else ticket.wish
        ticket.write(parts.workspace)
        if ticket.process:
            Processes().end(ticket.process)

    def rests() -> bool:
        parts.jobs.tick()
        return not any(ticket.process for ticket in parts.jobs.tickets())

    wait_until(rests)
    parts.sets.close()


@pytest.fixture
def stranger(parts: Parts) -> Client:
    return Client(parts)


@pytest.fixture
def client(stranger: Client) -> Client:
    stranger.enter()
    return stranger


@pytest.fixture
def set_id(client: Client) -> str:
    """A set of two pictures that was looked through."""
    one = client.post("/api/sets", json={"name": "Fotos"}).json()["id"]
    client.give(one, {"a.png": png(0), "b.png": png(1)})
    client.look(one)
    return one
