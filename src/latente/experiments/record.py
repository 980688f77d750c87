"""What an experiment hands back: claims beside measurements, figures, and where, how and with what they came about."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.errors import InputError
from latente.files import finite, replacing, write_json
from latente.sweeps import Results, Sweep, Trial, in_words, markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images

__all__ = ["Options", "Result", "Row", "machine", "open_parts"]

_FEW = 400  # images of either part for a tiny variant


@dataclasses.dataclass(frozen=True)
class Options:
    """What an experiment is asked for.

    name: of the experiment, for a module that holds several. seeds: repetitions, with the seeds 0, 1, ... tiny: the
    variant that shows in seconds that everything works, whose figures say nothing. out: folder in which trainings and
    finished trials of a study are kept; None keeps nothing. font: a C header with other characters, for the experiments
    on letters. progress: told in a line what is done. verbose: show a progress bar of the trainings that are `fitted`.
    """

    name: str = ""
    seeds: int = 1
    tiny: bool = False
    out: Path | None = None
    font: Path | None = None
    progress: Callable[[str], None] | None = None
    verbose: bool = False

    def fitted(self, name: str, model: Any, X: Any, y: Any = None) -> Any:
        """Return the model fitted to X (and y), by way of the run folder OUT/runs/`name` where results are kept.

        A training that is there already is gone on with, a finished one is taken as it is: so a long experiment may be
        broken off at any time. Without `out`, and for the tiny variant, nothing is kept. Raises InputError where the
        folder holds a training with other options or images.
        """
        from latente import resume
        from latente.corruptions import Corruption
        from latente.estimators.persistence import CORRUPTIONS
        from latente.training import Run

        labels = () if y is None else (y,)
        model.set_params(verbose=self.verbose)
        if self.out is None or self.tiny:
            return model.fit(X, *labels)
        run = Run(self.out / "runs" / name)
        if not run.options_file.exists():
            return model.set_params(out=str(run.path)).fit(X, *labels)
        given = model.get_params(deep=False)
        # modules and callables of one's own are only named on disk
        own = {
            name: value
            for name, value in given.items()
            if name in ("network", *CORRUPTIONS) and not isinstance(value, str | Corruption | None)
        }
        saved = run.options()["options"]
        asked = json.loads(json.dumps(given, default=str))
        for option in sorted(asked.keys() & saved.keys() - {"out", "verbose", *own}):
            if asked[option] not in (None, "auto", saved[option]):
                raise InputError(
                    f"{run.path} holds a training with {option}={saved[option]!r}, not {asked[option]!r}; "
                    "remove it, or choose another folder by --out"
                )
        return resume(run.path, X, *labels, verbose=self.verbose, **own)

    def study(self, name: str, sweep: Sweep, trial: Callable[..., Mapping[str, float]]) -> Results:
        """Return what came of a sweep, telling of each trial; where results are kept, OUT/`name` keeps its trials."""

        def tell(done: int, total: int, ended: Trial) -> None:
            what = in_words({factor: ended.options[factor] for factor in sweep.space} | {"seed": ended.seed})
            self.tell(f"{name} {done}/{total}: {what}: {ended.error or in_words(ended.metrics)}")

        return sweep.run(trial, out=self.out and self.out / name, force=True, progress=tell)

    def tell(self, line: str) -> None:
        """Tell whoever listens how far it is."""
        if self.progress is not None:
            self.progress(line)


@dataclasses.dataclass(frozen=True)
class Row:
    """A claim beside its measurement.

    what: the quantity, with its unit. claimed: what was reported, by whom ("" where nothing was). measured: our figure.
    target: what ours must reach, at most or, where higher is better, at least; None where there is nothing to reach.
    """

    what: str
    claimed: str
    measured: float
    target: float | None = None
    higher_is_better: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.measured >= self.target if self.higher_is_better else self.measured <= self.target

    def to_json(self) -> dict[str, Any]:
        """Return the row and whether its target is met, as plain values."""
        return {**dataclasses.asdict(self), "met": self.met}


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of an experiment.

    data: the images used, and whether they are the real ones or stand in for them.
    rows: the claims. notes: what else there is to say, a sentence each. tables: further lines of figures by title;
    those of one table have the same keys. extra: further figures for machines. figures: matplotlib figures by name.
    The others are filled in by `reproduce`: name, source: which experiment, and whose. seeds, tiny: as in `Options`.
    command, minutes, machine: how, how long and where it ran. resumed: whether trainings or trials were there already,
    so that the minutes are those of the rest.
    """

    data: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = dataclasses.field(default_factory=dict)
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    figures: Mapping[str, Figure] = dataclasses.field(default_factory=dict)
    name: str = ""
    source: str = ""
    seeds: int = 1
    tiny: bool = False
    command: str = ""
    minutes: float = 0.0
    resumed: bool = False
    machine: str = ""

    @property
    def met(self) -> bool:
        """Whether every target is reached."""
        return all(row.met is not False for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values, of the figures the names of their files; numbers of `extra` on top.

        What is no finite number is None, since JSON has no word for it.
        """
        values = {
            "name": self.name,
            "source": self.source,
            "command": self.command,
            "data": self.data,
            "seeds": self.seeds,
            "tiny": self.tiny,
            "minutes": round(self.minutes, 3),
            "resumed": self.resumed,
            "machine": self.machine,
            "met": self.met,
            **self.extra,
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
            "tables": {title: [dict(line) for line in lines] for title, lines in self.tables.items()},
            "figures": self.pictures(),
        }
        plain: dict[str, Any] = finite(values)
        return plain

    def markdown(self) -> str:
        """Return the result as a page: the claims, the notes, the tables, the figures."""
        tiny = "This is the tiny variant: it shows that everything works, and its figures say nothing." * self.tiny
        lines = [f"# {self.name}", "", f"Source: {self.source}", *(["", tiny] if tiny else []), ""]
        heads: Sequence[str] = ("what", "claimed", "measured", "target", "met")
        lines += [*markdown_table(heads, [_cells(row) for row in self.rows]), ""]
        minutes = f"{self.minutes:.2f}{', after trainings or trials that were there already' * self.resumed}"
        facts = {"data": self.data, "seeds": self.seeds, "minutes": minutes, "machine": self.machine}
        facts = {"command": f"`{self.command}`"} | facts if self.command else facts
        lines += [f"- {name}: {value}" for name, value in facts.items()]
        lines += [part for note in self.notes for part in ("", note)]
        for title, table in self.tables.items():
            heads = tuple(table[0]) if table else ()
            rows = [[_word(line[name]) for name in heads] for line in table]
            lines += ["", f"## {title}", "", *markdown_table(heads, rows)]
        for name, file in self.pictures().items():
            lines += ["", f"## {name}", "", f"![{name}]({file})"]
        return "\n".join(lines) + "\n"

    def pictures(self) -> dict[str, str]:
        """Return the files of the figures by their names."""
        return {name: f"{name.replace(' ', '-')}.png" for name in self.figures}

    def write(self, folder: Path) -> None:
        """Write the figures, result.md and, when they are there, result.json to a folder, each in one atomic step."""
        from latente.figures import on_white
        from latente.sheets import save_png

        folder.mkdir(parents=True, exist_ok=True)
        for name, file in self.pictures().items():
            save_png(on_white(self.figures[name]), folder / file)
        with replacing(folder / "result.md") as temporary:
            temporary.write_text(self.markdown(), encoding="utf-8")
        write_json(folder / "result.json", self.to_json())


@functools.lru_cache(maxsize=1)  # a study opens them for each of its trials
def open_parts(name: str, tiny: bool = False) -> tuple[Images, Images, str]:
    """Return the training and the test images of a set, and a line on them; drawn characters where it is missing.

    name: of a set of 28x28 pixels, such as "mnist". tiny: a few hundred of each. Raises InputError where it is there
    and damaged.
    """
    from latente import open_images
    from latente.images.catalog import locate

    count = _FEW if tiny else None
    try:
        locate(name)
    except InputError as missing:
        sizes = {"train": count or 60_000, "test": count or 10_000}
        train, test = (open_images("glyphs", split=split, size=28, count=size) for split, size in sizes.items())
        return (
            train,
            test,
            f"glyphs, {len(train):,} + {len(test):,} drawn by code, which stand in for {name} ({missing})",
        )
    train, test = (open_images(name, split=split, count=count) for split in ("train", "test"))
    return train, test, f"{name}, {len(train):,} images to train and {len(test):,} to test"


def machine() -> str:
    """Return in a line what this runs on: processor, cores that may be used, torch and its threads."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    threads = torch.get_num_threads()
    return f"{_processor()}, {cores} cores{gpu}; torch {torch.__version__} on {threads} thread{'s' * (threads > 1)}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # only Linux has it
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _cells(row: Row) -> list[str]:
    bound = "at least" if row.higher_is_better else "at most"
    target = "" if row.target is None else f"{bound} {_word(row.target)}"
    met = {True: "yes", False: "**no**", None: ""}[row.met]
    return [row.what, row.claimed, _word(row.measured), target, met]


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    return str(value)
