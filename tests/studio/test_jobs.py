"""The queue: one at a time, what stops is kept, and nothing is lost by the end of whoever looks after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import studios
from latente import locks
from latente.studio import commands, processes, workspace
from latente.studio.processes import Process, Processes
from latente.studio.tickets import Ticket
from studios import Client, make_parts, wait_until


def start(client: Client, set_id: str, goal: str = "odd") -> str:
    answer = client.post("/api/jobs", json={"set": set_id, "goal": goal, "length": "quick"})
    assert answer.status_code == 201
    return answer.json()["id"]


def state(client: Client, job: str) -> str:
    client.parts.jobs.tick()
    return client.get(f"/api/jobs/{job}").json()["state"]


def reach(client: Client, job: str, wanted: str) -> None:
    wait_until(lambda: state(client, job) == wanted)


def enough(client: Client) -> Path:
    path: Path = client.parts.workspace.path / "enough"
    path.touch()
    return path


def test_a_training_starts_ends_and_is_used_for_what_it_was_for(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    reach(client, job, "running")
    enough(client)
    reach(client, job, "finished")
    told = client.get(f"/api/jobs/{job}").json()
    assert (told["verdict"]["level"], told["failures"], told["report"]) == ("good", {}, True)
    results = client.get(f"/api/jobs/{job}/results").json()
    assert [(row["name"], row["odd"]) for row in results["ranking"]] == [("b.png", True), ("a.png", False)]


def test_the_pages_of_a_training_are_in_the_language_of_who_asked_for_it(
    client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    def surroundings(language: str) -> dict[str, str]:
        seen.append(commands.surroundings(language).get("LATENTE_LANG"))
        return commands.surroundings(language)

    monkeypatch.setattr(processes, "surroundings", surroundings)
    enough(client)
    for language, named in (("es", "es"), ("x\0", None)):
        wish = {"set": set_id, "goal": "odd", "language": language}
        job = client.post("/api/jobs", json=wish).json()["id"]
        reach(client, job, "finished")
        assert len(seen) > 1
        assert set(seen) == {named}  # what follows a training, too
        seen.clear()


def test_one_trains_at_a_time_and_the_queue_can_be_changed(client: Client, set_id: str) -> None:
    first, second, third = (start(client, set_id) for _ in range(3))
    reach(client, first, "running")
    assert [state(client, job) for job in (second, third)] == ["queued", "queued"]
    assert client.post(f"/api/jobs/{third}/first").status_code == 204
    assert [client.get(f"/api/jobs/{job}").json()["place"] for job in (first, second, third)] == [None, 2, 1]
    assert client.post(f"/api/jobs/{first}/pause").status_code == 204
    reach(client, third, "running")
    assert (state(client, first), state(client, second)) == ("paused", "queued")


def test_who_waits_can_come_earlier_or_later(client: Client, set_id: str) -> None:
    running, *waiting = (start(client, set_id) for _ in range(4))
    reach(client, running, "running")

    def places() -> list[int]:
        return [client.get(f"/api/jobs/{job}").json()["place"] for job in waiting]

    for job, by, now in ((2, 1, [1, 3, 2]), (0, -1, [2, 3, 1]), (1, 99, [3, 1, 2]), (1, -99, [2, 3, 1])):
        assert client.post(f"/api/jobs/{waiting[job]}/move", params={"places": by}).status_code == 204
        assert places() == now
    assert client.post(f"/api/jobs/{running}/move", params={"places": 1}).json()["code"] == "not_waiting"


def test_what_is_paused_goes_on_where_it_was(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    run = client.parts.jobs.ticket(job).run(client.parts.workspace)
    wait_until(lambda: state(client, job) == "running" and run.lines())
    client.post(f"/api/jobs/{job}/pause")
    reach(client, job, "paused")
    done = len(run.lines())
    assert client.post(f"/api/jobs/{job}/continue").status_code == 204
    reach(client, job, "running")
    wait_until(lambda: len(run.lines()) > done)
    assert [line["step"] for line in run.lines()] == list(range(1, len(run.lines()) + 1))


def test_a_waiting_one_can_be_paused_and_goes_on(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    client.post(f"/api/jobs/{job}/pause")
    assert state(client, job) == "paused"
    assert client.post(f"/api/jobs/{job}/stop").json()["code"] == "nothing_to_keep"
    client.post(f"/api/jobs/{job}/continue")
    assert client.post(f"/api/jobs/{job}/continue").json()["code"] == "not_resting"
    reach(client, job, "running")


def test_what_is_stopped_is_kept_and_used(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    run = client.parts.jobs.ticket(job).run(client.parts.workspace)
    wait_until(lambda: state(client, job) == "running" and run.lines())
    client.post(f"/api/jobs/{job}/stop")
    reach(client, job, "finished")
    assert client.get(f"/api/jobs/{job}/pages/report").text == "late"
    assert client.get(f"/api/jobs/{job}").json()["verdict"]["level"] == "fair"
    assert client.get(f"/api/jobs/{job}/tables/ranking").text.startswith("file,score")


def test_what_is_stopped_before_there_is_anything_to_keep_rests_and_says_so(client: Client, set_id: str) -> None:
    (client.parts.workspace.path / "early").touch()
    job = start(client, set_id)
    run = client.parts.jobs.ticket(job).run(client.parts.workspace)
    wait_until(lambda: state(client, job) == "running" and run.lines())
    assert not client.get(f"/api/jobs/{job}").json()["too_early"]
    client.post(f"/api/jobs/{job}/stop")
    reach(client, job, "paused")
    assert client.get(f"/api/jobs/{job}").json()["too_early"]
    (client.parts.workspace.path / "early").unlink()
    client.post(f"/api/jobs/{job}/continue")
    reach(client, job, "running")
    assert not client.get(f"/api/jobs/{job}").json()["too_early"]
    wait_until((run.model / "model.json").exists)
    client.post(f"/api/jobs/{job}/stop")
    reach(client, job, "finished")


def test_a_failed_training_is_told_as_such_and_can_be_thrown_away(client: Client, set_id: str) -> None:
    (client.parts.workspace.path / "broken").touch()
    job = start(client, set_id)
    reach(client, job, "failed")
    told = client.get(f"/api/jobs/{job}").json()
    assert told["error"] == "fotos holds no picture that can be used: a.png (encrypted)"
    assert told["es"]["error"] == "fotos no contiene ninguna imagen que se pueda usar: a.png (cifrado)"
    trash = client.delete(f"/api/jobs/{job}").json()["trash"]
    assert client.get("/api/jobs").json() == []
    client.post(f"/api/trash/{trash}/restore")
    assert client.get(f"/api/jobs/{job}").json()["state"] == "failed"


def test_a_step_that_gives_nothing_is_told_and_ends_the_rest_no_less(client: Client, set_id: str) -> None:
    enough(client)
    job = start(client, set_id, "new")
    reach(client, job, "finished")
    assert client.get(f"/api/jobs/{job}").json()["failures"] == {"sample": "nothing can be done with this"}


def test_what_is_at_work_cannot_be_thrown_away_nor_its_pictures(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    reach(client, job, "running")
    assert client.delete(f"/api/jobs/{job}").json()["code"] == "at_work"
    assert client.delete(f"/api/sets/{set_id}").json()["code"] == "in_use"


def test_a_training_that_is_killed_rests_and_the_next_one_starts(client: Client, set_id: str) -> None:
    first, second = start(client, set_id), start(client, set_id)
    reach(client, first, "running")
    process = client.parts.jobs.ticket(first).process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    reach(client, second, "running")
    assert state(client, first) == "paused"


def test_a_run_that_another_hand_trains_is_left_alone_and_the_reason_is_told(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    run = client.parts.jobs.ticket(job).run(client.parts.workspace)
    wait_until(lambda: state(client, job) == "running" and run.lines())
    client.post(f"/api/jobs/{job}/pause")
    reach(client, job, "paused")
    done = run.lines()
    with locks.held(run.path):  # as by `latente resume` in a terminal
        client.post(f"/api/jobs/{job}/continue")
        wait_until(lambda: state(client, job) == "paused" and client.get(f"/api/jobs/{job}").json()["error"])
    assert "is being written by process" in client.get(f"/api/jobs/{job}").json()["error"]
    assert run.lines() == done
    client.post(f"/api/jobs/{job}/continue")
    reach(client, job, "running")
    assert client.get(f"/api/jobs/{job}").json()["error"] is None


def test_nothing_starts_on_a_full_disk_and_the_page_is_told_why(
    client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(client, set_id)
    client.post(f"/api/jobs/{job}/pause")
    monkeypatch.setattr(workspace, "_RESERVE", 1 << 62)
    for answer in (
        client.post("/api/jobs", json={"set": set_id, "goal": "odd"}),
        client.post(f"/api/jobs/{job}/continue"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert state(client, job) == "paused"


def test_what_is_left_out_when_it_is_asked_for_is_left_out(client: Client, set_id: str, facts: dict[str, Any]) -> None:
    client.put(f"/api/sets/{set_id}/left-out", json={"names": ["b.png"]})
    job = start(client, set_id)
    client.put(f"/api/sets/{set_id}/left-out", json={"names": []})
    [told] = client.get(f"/api/jobs/{job}").json()["commands"]
    assert Path(told[told.index("--exclude") + 1]).read_text() == "b.png\n"


SERVER = """
import sys, time
from pathlib import Path
from studios import make_parts
parts = make_parts(Path(sys.argv[1]))
while True:
    parts.jobs.tick()
    time.sleep(0.02)
"""


def test_a_training_outlives_the_server_and_is_found_again(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    place = client.parts.workspace
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(studios.__file__).parent), *sys.path])),
    }
    with subprocess.Popen([sys.executable, "-c", SERVER, str(place.path)], env=environment) as server:
        run = client.parts.jobs.ticket(job).run(place)
        wait_until(lambda: run.options_file.exists() and locks.is_held(run.path) and run.lines())
        server.send_signal(signal.SIGKILL)
    done, process = len(run.lines()), client.parts.jobs.ticket(job).process
    parts = make_parts(place.path)  # the next start
    wait_until(lambda: len(run.lines()) > done)
    parts.jobs.tick()
    [told] = parts.jobs.all()
    assert (told["state"], parts.jobs.ticket(job).process) == ("running", process)
    parts.jobs.pause(job)
    wait_until(lambda: (parts.jobs.tick(), parts.jobs.all()[0]["state"] == "paused")[1])
    assert [line["step"] for line in run.lines()] == list(range(1, len(run.lines()) + 1))


def test_a_number_that_another_process_has_by_now_is_not_ours(tmp_path: Path) -> None:
    processes = Processes()
    with open(tmp_path / "log", "wb"):
        own = processes.start([sys.executable, "-c", "input()"], tmp_path / "out", tmp_path / "log")
    wait_until(lambda: not processes.is_alive(own))  # it has no input, and is waited for
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        stale = Process(other.pid, own.began)
        assert not processes.is_alive(stale)
        processes.ask_to_stop(stale)
        processes.end(stale)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_ticket_of_a_later_version_is_read(client: Client, set_id: str) -> None:
    ticket = client.parts.jobs.ticket(start(client, set_id))
    path = ticket.folder(client.parts.workspace) / "ticket.json"
    path.write_text(path.read_text().replace("{", '{"later": 1,', 1))
    assert Ticket.read(path.parent) == ticket


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"id": 1}'])
def test_a_damaged_ticket_hides_no_other(client: Client, set_id: str, damage: str) -> None:
    job, other = start(client, set_id), start(client, set_id)
    (client.parts.workspace.find("jobs", other) / "ticket.json").write_text(damage)
    assert [one["id"] for one in client.get("/api/jobs").json()] == [job]
