"""A run's log as TensorBoard reads it: one event file, a scalar for each figure."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.errors import InputError
from latente.files import disk_errors
from latente.training.lines import figures_of
from latente.training.state import TrainingState

if TYPE_CHECKING:
    from tensorboardX.event_file_writer import EventsWriter

__all__ = ["EventFile", "require_writer"]

_FILES = "events.out.tfevents.*"


def require_writer() -> None:
    """Raise InputError where what writes event files is not installed."""
    if importlib.util.find_spec("tensorboardX") is None:
        raise InputError("tensorboard needs the package tensorboardX: pip install 'latente[tensorboard]'")


class EventFile:
    """Keeps in a folder what the log holds, as an event file; each figure is called PART/FIGURE, such as train/loss.

    The file begins with the lines that the log has when training starts, and takes the place of the one before it: what
    a resumed training writes again stands in it once, and what a killed one could not write any more is there.
    """

    def __init__(self, folder: Path) -> None:
        require_writer()
        self._folder = folder
        self._writer: EventsWriter | None = None

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        with self._disk_errors():
            self._folder.mkdir(exist_ok=True)
            for old in self._folder.glob(_FILES):
                old.unlink()
            self._writer = EventsWriter(str(self._folder / "events"))
            # a TensorBoard that is open forgets by this the events of the file that was there
            self._writer.write_event(Event(session_log=SessionLog(status=SessionLog.START)))
            for line in state.history:
                self._write(line)
            self._writer.flush()

    def stepped(self, state: TrainingState) -> None: ...

    def logged(self, line: Mapping[str, Any]) -> None:
        if self._writer is None or line["part"] in ("budget", "trouble"):
            return
        with self._disk_errors():
            self._write(line)
            self._writer.flush()

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None: ...

    def stopped(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        assert self._writer is not None
        part = line.get("part", "train")
        values = [Summary.Value(tag=f"{part}/{name}", simple_value=value) for name, value in figures_of(line).items()]
        place = {"step": line.get("step", 0), "wall_time": line.get("time", 0.0)}
        self._writer.write_event(Event(**place, summary=Summary(value=values)))

    def _disk_errors(self) -> Any:
        return disk_errors(
            f"no more events can be written to {self._folder}; free some space",
            f"{self._folder} cannot be written ({{}})",
        )
