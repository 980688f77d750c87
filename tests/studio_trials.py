"""Trials of the studio by inputs nobody thought of: any requests, and any order of what a person, and fate, may do."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import random
import signal
import tempfile
import unittest.mock
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from latente.studio import commands
from latente.studio.goals import GOALS
from latente.studio.processes import Processes
from latente.studio.uploads import files_of, pictures_folder
from studios import TOKEN, Client, make_parts, png, wait_until

LEFT_OUT = "/api/events"  # which never ends: `test_events.py` hears it
CHANCE = st.integers(0, 2**32).map(random.Random)  # draws that depend on the state are no part of the input


@contextlib.contextmanager
def stand_in() -> Iterator[None]:
    """Answer in the place of the verbs that look at pictures and at the machine, for the time of the block."""
    scan = {"total": 60, "damaged": {}, "odd": {}, "duplicates": [], "sizes": {"9x12": 60}, "classes": {}}
    facts = {"count": 60, "shape": [3, 9, 12], "scan": scan, "near_copies": []}

    def answer(words: list[str]) -> Any:
        if words[0] == "export":
            Path(words[words.index("--out") + 1]).mkdir(parents=True, exist_ok=True)
        return [] if words[0] == "doctor" else facts

    with unittest.mock.patch.object(commands, "answer", answer):
        yield


def ask_anything(client: Client, count: int, seed: int) -> Counter[int]:
    """Send `count` requests, of the kinds that the API describes and of others; return how often which status came.

    What they name is there as often as not. Raises AssertionError, with the request, at an answer that is the server's
    own fault.
    """
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    operations = [result.ok() for result in schema.get_all_operations()]
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    cases = st.one_of(
        operation.as_strategy(generation_mode=mode)
        for operation in operations
        if operation.path != LEFT_OUT
        for mode in modes
    )
    counts: Counter[int] = Counter()
    chance = random.Random(seed)  # what there is to name depends on what came before: no part of the input

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def ask(case: Any) -> None:
        _name_what_is_there(client, case, chance)
        with contextlib.suppress(UnicodeError, ValueError):  # what no client can send
            answer = client.request(**_sent(case))
            counts[answer.status_code] += 1
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if chance.random() < 0.2:
            client.parts.jobs.tick()

    ask()
    return counts


def _sent(case: Any) -> dict[str, Any]:
    sent = case.as_transport_kwargs(base_url="")
    kept = {
        name: value for name, value in sent.items() if name in ("method", "url", "params", "json", "data", "content")
    }
    data = kept.pop("data", None)
    if data is not None:
        kept["content"] = data if isinstance(data, bytes | str) else str(data)
    return {**kept, "headers": {"Content-Type": "application/json"} if "json" not in kept else {}}


def _name_what_is_there(client: Client, case: Any, chance: random.Random) -> None:
    """Let a request name sets, trainings and files that there are, more often than not."""
    workspace = client.parts.workspace
    names = {kind: [folder.name for folder in workspace.all(kind)] for kind in ("sets", "jobs", "trash")}
    sums = [str(entry[0]) for folder in workspace.all("sets") for entry in files_of(folder).values()]
    known: dict[str, list[Any]] = {
        "set_id": names["sets"],
        "job_id": names["jobs"],
        "thing": names["trash"],
        "sha256": sums,
        "step": [1],
        "name": ["report", "explorer"],
        "gallery": ["made", "restored"],
        "number": [0],
    }
    for name in case.path_parameters or {}:
        if known.get(name) and chance.random() < 0.7:
            case.path_parameters[name] = chance.choice(known[name])
    if isinstance(case.body, dict) and "set" in case.body and names["sets"] and chance.random() < 0.7:
        case.body |= {"set": chance.choice(names["sets"]), "goal": chance.choice([*GOALS])}


@dataclasses.dataclass
class Sent:
    """A set as it was sent: its pictures by name, and where it is: its id, or that of its place in the trash."""

    place: str
    pictures: dict[str, bytes]
    is_trash: bool = False


class Life(RuleBasedStateMachine):
    """What may happen: pictures come, whole or cut; trainings begin, rest, are killed; things go and come back.

    Whatever the order: no picture that was taken is lost, no file is half there, no process is nobody's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name)
        self.sets: list[Sent] = []
        self.thrown: dict[str, str] = {}  # trash ids of trainings
        self.start_again()

    @initialize()
    def make(self) -> None:
        self.make_set()

    @rule()
    def make_set(self) -> None:
        one = self.client.post("/api/sets", json={"name": "Fotos"}).json()["id"]
        self.sets.append(Sent(one, {}))

    @rule(chance=CHANCE, count=st.integers(1, 4))
    def send(self, chance: random.Random, count: int) -> None:
        if (one := self._one(chance)) is None:
            return
        files = {f"{chance.choice('ab')}/{chance.randrange(6)}.png": png(chance.randrange(9)) for _ in range(count)}
        files = {name: content for name, content in files.items() if one.pictures.get(name, content) == content}
        self.client.give(one.place, files)
        one.pictures |= files

    @rule(chance=CHANCE)
    def break_while_sending(self, chance: random.Random) -> None:
        if (one := self._one(chance)) is None:
            return
        content = png(chance.randrange(100, 120))
        sha256 = hashlib.sha256(content).hexdigest()
        files = [{"name": f"cut/{sha256[:6]}.png", "sha256": sha256, "size": len(content)}]
        missing = self.client.post(f"/api/sets/{one.place}/files", json={"files": files}).json()["missing"]
        if missing:
            cut = content[: chance.randrange(len(content))]
            assert self.client.put(f"/api/sets/{one.place}/files/{sha256}", content=cut).status_code == 400

    @rule(chance=CHANCE, goal=st.sampled_from(["odd", "new"]))
    def train(self, chance: random.Random, goal: str) -> None:
        if (one := self._one(chance)) is not None:
            self.client.look(one.place)
            self.client.post("/api/jobs", json={"set": one.place, "goal": goal})

    @rule(chance=CHANCE, wish=st.sampled_from(["pause", "continue", "stop", "first"]))
    def wish(self, chance: random.Random, wish: str) -> None:
        if job := self._job(chance):
            assert self.client.post(f"/api/jobs/{job}/{wish}").status_code in (204, 409)

    @rule(chance=CHANCE)
    def kill(self, chance: random.Random) -> None:
        if own := self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(sorted(own)), signal.SIGKILL)

    @rule()
    def let_it_be_enough(self) -> None:
        (self.place / "enough").touch()
        for _ in range(3):
            self._settle()
        (self.place / "enough").unlink()

    @rule(chance=CHANCE)
    def throw_a_training_away(self, chance: random.Random) -> None:
        if job := self._job(chance):
            answer = self.client.delete(f"/api/jobs/{job}")
            assert answer.status_code in (200, 409)
            if answer.status_code == 200:
                self.thrown[answer.json()["trash"]] = job

    @rule(chance=CHANCE)
    def throw_a_set_away(self, chance: random.Random) -> None:
        if (one := self._one(chance)) is not None:
            answer = self.client.delete(f"/api/sets/{one.place}")
            assert answer.status_code in (200, 409)
            if answer.status_code == 200:
                one.place, one.is_trash = answer.json()["trash"], True

    @rule(chance=CHANCE)
    def take_a_training_back(self, chance: random.Random) -> None:
        if not self.thrown:
            return
        trash = chance.choice(sorted(self.thrown))
        assert self.client.post(f"/api/trash/{trash}/restore").json()["id"] == self.thrown.pop(trash)

    @rule(chance=CHANCE)
    def take_a_set_back(self, chance: random.Random) -> None:
        if not (thrown := [one for one in self.sets if one.is_trash]):
            return
        one = chance.choice(thrown)
        one.place, one.is_trash = self.client.post(f"/api/trash/{one.place}/restore").json()["id"], False

    @rule()
    def start_again(self) -> None:
        """Put another studio in the place of this one, which has no time to leave anything in order."""
        if hasattr(self, "client"):
            self.client.parts.sets.close()
        self.client = Client(make_parts(self.place))
        self.client.get(f"/?token={TOKEN}", follow_redirects=False)

    @rule()
    def wait(self) -> None:
        self._settle()

    @invariant()
    def nothing_is_lost(self) -> None:
        workspace = self.client.parts.workspace
        for one in self.sets:
            home = (
                workspace.path / "trash" / one.place / "sets" if one.is_trash else workspace.path / "sets" / one.place
            )
            folder = pictures_folder(home)
            there = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
            assert there == one.pictures

    @invariant()
    def no_process_is_nobody_s(self) -> None:
        self.client.parts.jobs.tick()
        known = {ticket.process.pid for ticket in self.client.parts.jobs.tickets() if ticket.process}
        assert len(known) <= 1
        assert self._processes() <= known

    @invariant()
    def each_training_is_told(self) -> None:
        for one in self.client.get("/api/jobs").json():
            assert self.client.get(f"/api/jobs/{one['id']}").status_code == 200

    def teardown(self) -> None:
        for ticket in self.client.parts.jobs.tickets():
            if ticket.process:
                Processes().end(ticket.process)
        wait_until(lambda: not self._processes())
        self.client.parts.sets.close()
        self.folder.cleanup()

    def _one(self, chance: random.Random) -> Sent | None:
        sets = [one for one in self.sets if not one.is_trash]
        return chance.choice(sets) if sets else None

    def _job(self, chance: random.Random) -> str | None:
        jobs = [folder.name for folder in self.client.parts.workspace.all("jobs")]
        return chance.choice(jobs) if jobs else None

    def _settle(self) -> None:
        """Look after the queue until whatever works has begun or ended."""
        self.client.parts.jobs.tick()
        wait_until(lambda: all(one["state"] != "starting" for one in (self.client.parts.jobs.tick(), self.jobs())[1]))

    def jobs(self) -> list[dict[str, Any]]:
        return self.client.parts.jobs.all()

    def _processes(self) -> set[int]:
        return set(processes_of(self.place))


def processes_of(place: Path) -> Iterator[int]:
    """Yield the processes that work on what lies in a folder, as their command lines say."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text(errors="replace")
                if (
                    str(place).encode() in (entry / "cmdline").read_bytes()
                    and stat.rpartition(")")[2].split()[0] != "Z"
                ):
                    yield int(entry.name)
