"""What was read is read again where a file has changed, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from latente.studio.orders import Wished
from latente.studio.remembered import Remembered
from studios import Client


def test_a_file_is_read_once_until_it_changes_in_any_way(tmp_path: Path) -> None:
    path, other, count = tmp_path / "a", str(tmp_path / "b"), 0
    remembered = Remembered[int]()

    def read() -> int:
        nonlocal count
        count += 1
        return count

    def value() -> int:
        return remembered.of((str(path), other), read)

    assert [value(), value()] == [1, 1]  # of files that are not there, too
    path.write_text("x")
    assert [value(), value()] == [2, 2]
    path.write_text("xy")
    assert value() == 3
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert value() == 4
    (tmp_path / "new").write_text("xz")
    os.utime(tmp_path / "new", ns=(0, path.stat().st_mtime_ns))
    os.replace(tmp_path / "new", path)  # as large, and as old
    assert [value(), value()] == [5, 5]
    Path(other).write_text("")
    assert [value(), value()] == [6, 6]


def test_what_cannot_be_read_is_tried_again() -> None:
    remembered = Remembered[int]()
    with pytest.raises(ZeroDivisionError):
        remembered.of(("nowhere",), lambda: 1 // 0)
    assert remembered.of(("nowhere",), lambda: 1) == 1


def test_a_settled_training_is_told_from_memory_and_whatever_becomes_of_it_is_seen(
    client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, workspace = client.parts.jobs, client.parts.workspace
    ticket = jobs.new(Wished(set_id, "new"))
    jobs.pause(ticket.id)
    [own] = jobs.tickets()
    own.options["--epochs"] = "3"  # what still works may be changed by whoever is handed it
    assert jobs.tickets()[0].options == {}
    ticket.phase = "failed"
    ticket.write(workspace)
    assert jobs.all()[0]["state"] == "failed"
    with monkeypatch.context() as patch:
        patch.setattr("latente.studio.standing.told", lambda *arguments: pytest.fail("it was read again"))
        assert jobs.all()[0] is jobs.all()[0]
    run = ticket.run(workspace).path
    run.mkdir()
    (run / "status.json").write_text('{"state": "failed", "step": 1, "steps": 4}')
    assert jobs.all()[0]["part"] == 0.25
    jobs.go_on(ticket.id)
    assert jobs.all()[0]["state"] == "queued"
    jobs.pause(ticket.id)
    jobs.throw_away(ticket.id)
    assert jobs.all() == []
