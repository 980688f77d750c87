"""What a person asked for, on disk beside the run that comes of it: the little that the run folder does not know."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from latente.files import read_json, write_json
from latente.studio.processes import Process
from latente.studio.workspace import Workspace
from latente.training.runs import Run

__all__ = ["Ticket", "printed_json"]


@dataclasses.dataclass
class Ticket:
    """One training, from the wish to the results.

    id: also that of its run. of: the set's id. order: its place in the queue, lower is earlier. wish: "run", "pause" or
    "stop" (and keep). phase: "train", then "after", then "done"; or "failed". process: what works on it now. told: when
    that was told to stop. beside: the id of the second set. experiment: the name of one to repeat. options: of the
    command line, flag -> text. language: of the pages that come of it. model: the job whose model serves the pictures,
    where nothing trains. count: pictures that are not left out. at: the piece that works, or did last, of an order of
    several. tried: the steps after the training that were started. failures: what became of those that gave nothing, by
    name. error: why it failed.
    """

    id: str
    of: str
    name: str
    goal: str
    length: str
    created: float
    order: float
    wish: str = "run"
    phase: str = "train"
    process: Process | None = None
    told: float | None = None
    beside: str = ""
    experiment: str = ""
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    language: str = ""
    model: str = ""
    count: int = 0
    at: str = ""
    tried: list[str] = dataclasses.field(default_factory=list)
    failures: dict[str, str] = dataclasses.field(default_factory=dict)
    error: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Ticket:
        """Read the ticket of a job's folder; raises ModelError where there is none that can be read."""
        values = read_json(folder / "ticket.json")
        known = {field.name for field in dataclasses.fields(cls)}
        ticket = cls(**{name: value for name, value in values.items() if name in known})
        ticket.process = Process(*ticket.process) if ticket.process else None
        return ticket

    @property
    def is_settled(self) -> bool:
        """Whether nothing will happen to it any more unless a person asks for it."""
        return self.phase in ("done", "failed") and self.process is None

    def copy(self) -> Ticket:
        """Return the same again, which can be changed."""
        return dataclasses.replace(
            self, options=dict(self.options), tried=list(self.tried), failures=dict(self.failures)
        )

    def write(self, workspace: Workspace) -> None:
        write_json(self.folder(workspace) / "ticket.json", dataclasses.asdict(self), synced=False)

    def folder(self, workspace: Workspace) -> Path:
        return workspace.path / "jobs" / self.id

    def results(self, workspace: Workspace) -> Path:
        return self.folder(workspace) / "results"

    def log(self, workspace: Workspace) -> Path:
        return self.folder(workspace) / "log.txt"

    def home(self, workspace: Workspace) -> Path:
        """Return the folder of its run, or of its runs."""
        return workspace.path / "runs" / (self.model or self.id)

    def run(self, workspace: Workspace) -> Run:
        """Return the run that works, or did last."""
        return Run(self.home(workspace) / self.at)


def printed_json(path: Path) -> dict[str, Any]:
    """Return the JSON object that a verb printed into a file; empty where there is none yet."""
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
