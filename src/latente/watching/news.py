"""What the page of a run is told: how the training stands, and the lines of its log that the page has not yet."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import socket
import zlib
from pathlib import Path
from typing import IO, Any

from latente.errors import InputError, ModelError
from latente.estimators.kinds import RUNS
from latente.languages import say
from latente.training.lines import read_line
from latente.training.runs import Run

__all__ = ["PICTURE", "Portion", "log_of", "read_after", "state_of"]

PICTURE = re.compile(r"step-(\d{1,15})\.png")
_STAGE = re.compile(r"pretraining/layer-(\d{1,3})")
_MAIN = "training"
_LARGEST_PORTION = 1 << 20  # bytes of a log that are read at once
_TAIL = 256  # bytes before a mark, among them a line's clock time, by whose sum they are known again


@dataclasses.dataclass(frozen=True)
class Portion:
    """Lines of a log, in their order.

    mark: stands for the place behind them, to be asked after next. is_cut: whether they are the first ones of a log
    that no longer holds what stood before the mark that was asked after. is_all: whether the log ends with them.
    """

    lines: list[dict[str, Any]]
    mark: str
    is_cut: bool
    is_all: bool


def read_after(log: Path, mark: str = "") -> Portion:
    """Return the lines behind the mark of an earlier portion; without one, or where the log was cut, the first ones.

    A training that goes on from a checkpoint cuts from its log what came after that, and writes the same lines again:
    a mark tells them from those that were there, however long the log is by now. What is no line is left out, as an
    unfinished last one is.
    """
    try:
        with open(log, "rb") as file:
            place = int(mark.partition("-")[0]) if re.fullmatch(r"\d{1,15}-[0-9a-f]{1,8}", mark) else 0
            is_cut = bool(mark) and (place > file.seek(0, os.SEEK_END) or _mark_at(file, place) != mark)
            start = 0 if is_cut else place
            file.seek(start)
            content = file.read(_LARGEST_PORTION + 1)
            end = start + content.rfind(b"\n", 0, _LARGEST_PORTION) + 1
            new_mark = _mark_at(file, end)
    except FileNotFoundError:
        return Portion([], "", bool(mark), True)
    entries = map(read_line, content[: end - start].splitlines(keepends=True))
    is_all = len(content) <= _LARGEST_PORTION or end == start  # so long a line will never be one
    return Portion([entry for entry in entries if entry is not None], new_mark, is_cut, is_all)


def _mark_at(file: IO[bytes], place: int) -> str:
    file.seek(max(0, place - _TAIL))
    return f"{place}-{zlib.crc32(file.read(min(place, _TAIL))):x}"


def log_of(run: Run, stage: str) -> Path:
    """Return the log of a stage of the training, one of those that `state_of` names; raises InputError for another."""
    if stage == _MAIN:
        return run.metrics_file
    if not _STAGE.fullmatch(stage):
        raise InputError(f"a training has no stage {stage!r}")
    return run.path / stage / run.metrics_file.name


def state_of(run: Run) -> dict[str, Any]:
    """Return how the training stands, as JSON holds it: what it is, what is there to show, and how far each stage is.

    Before the run is begun its "state" is None, and nothing but its path is known.
    """
    try:
        options = run.options()
    except ModelError:
        options = {"options": {}}
    data, status = options.get("data") or {}, run.status() or {}
    name, path = options.get("model"), shlex.quote(str(run.path))
    before = sorted((run.path / "pretraining").glob("layer-*"), key=lambda folder: (len(folder.name), folder.name))
    stages = [(f"pretraining/{folder.name}", Run(folder)) for folder in before if folder.is_dir()]
    stages += [(_MAIN, run)] if run.metrics_file.exists() or not stages else []
    pictures = (PICTURE.fullmatch(file.name) for file in run.samples.glob("step-*.png"))
    return {
        "run": str(run.path),
        "model": RUNS[name].title if isinstance(name, str) and name in RUNS else name,
        "set": data.get("name"),
        "images": data.get("train_count"),
        "parameters": options.get("parameters"),
        "device": options.get("device"),
        "epochs": options["options"].get("epochs"),
        "started": status.get("started"),
        "state": status.get("state") or ("unknown" if run.metrics_file.exists() else None),
        "error": status.get("error"),
        "trouble": status.get("trouble"),
        "stages": [_stage(name, part, len(stages)) for name, part in stages],
        "pictures": sorted(int(picture[1]) for picture in pictures if picture),
        "report": (run.path / "report.html").is_file(),
        "resume": f"latente resume {path}",
        "watch": f"latente watch {path}",
        "trains_here": (status.get("pid"), status.get("host")) == (os.getpid(), socket.gethostname()),
    }


def _stage(name: str, run: Run, count: int) -> dict[str, Any]:
    """Return how far a stage is; its title is empty where it is the only one."""
    layer, status = _STAGE.fullmatch(name), run.status() or {}
    title = say("Pre-training, layer {layer}", layer=layer[1]) if layer else say("Fine-tuning")
    known = {key: status.get(key) for key in ("step", "steps", "seconds_left")}
    return {"name": name, "title": title if layer or count > 1 else "", **known}
