"""What came out of a sweep: one table of trials, and the mean and spread of each combination."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from latente.errors import InputError, did_you_mean
from latente.files import replacing, write_json
from latente.sweeps.search import Range
from latente.sweeps.trials import Trial
from latente.words import typed

__all__ = ["Combination", "Estimate", "Panel", "Results", "markdown_table"]

_MOST_LEVELS = 12  # of a factor, for a table of them to be worth its lines


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The mean of `count` finite values, and their spread: the sample standard deviation, NaN of a single value."""

    mean: float
    spread: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Estimate:
        finite = [value for value in values if math.isfinite(value)]
        mean = statistics.fmean(finite) if finite else math.nan
        return cls(mean, statistics.stdev(finite) if len(finite) > 1 else math.nan, len(finite))

    def __str__(self) -> str:
        if not self.count:
            return "–"
        return f"{self.mean:.4g}" + (f" ± {self.spread:.2g}" if self.count > 1 else "")

    def to_json(self) -> dict[str, Any]:
        mean, spread = (value if math.isfinite(value) else None for value in (self.mean, self.spread))
        return {"mean": mean, "spread": spread, "count": self.count}


@dataclasses.dataclass(frozen=True)
class Combination:
    """The trials of one combination of options, over its seeds.

    options: those that the sweep varies. metrics, seconds: over the trials that were done. done, failed: how many.
    """

    number: int
    options: Mapping[str, Any]
    metrics: Mapping[str, Estimate]
    seconds: Estimate
    done: int
    failed: int

    def to_json(self) -> dict[str, Any]:
        metrics = {name: estimate.to_json() for name, estimate in self.metrics.items()}
        counts = {"done": self.done, "failed": self.failed}
        return {"options": dict(self.options), **counts, "metrics": metrics, "seconds": self.seconds.to_json()}


class Panel(NamedTuple):
    """What a figure of one factor's effect shows: levels and values of all trials; see `figures.main_effect`."""

    levels: Sequence[float] | Sequence[str]
    values: np.ndarray
    factor: str
    metric: str
    log: bool | None
    better: str


@dataclasses.dataclass(frozen=True)
class Results:
    """The trials of a sweep, by combination and seed.

    space: what was to be tried of each option that the sweep varies, a factor: a list or a Range; the others are
    `fixed`. metric: the one that says what is better, in `direction` "minimize" or "maximize".
    """

    trials: tuple[Trial, ...]
    space: Mapping[str, Range | Sequence[Any]]
    fixed: Mapping[str, Any]
    metric: str
    direction: str

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(self.space)

    @property
    def done(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.error is None]

    @property
    def failed(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.error is not None]

    @property
    def metrics(self) -> list[str]:
        """The names of all metrics: the sweep's own, the others of its name's kind ("test_mse"), the rest."""
        names = list(dict.fromkeys(name for trial in self.done for name in trial.metrics))
        return sorted(names, key=lambda name: (name != self.metric, not name.endswith(f"_{self.metric}")))

    def rows(self) -> list[dict[str, Any]]:
        """Return the table of trials: number, the factors, seed, status, seconds, the metrics, error."""
        rows = []
        for trial in self.trials:
            row: dict[str, Any] = {"number": trial.number}
            row |= {name: trial.options[name] for name in self.factors}
            row |= {"seed": trial.seed, "status": trial.status, "seconds": trial.seconds}
            row |= {self._column(name): trial.metrics.get(name) for name in self.metrics}
            rows.append(row | {"error": trial.error})
        return rows

    def combinations(self) -> list[Combination]:
        """Return the combinations, the best first, those without any result last."""
        groups: dict[int, list[Trial]] = {}
        for trial in self.trials:
            groups.setdefault(trial.number, []).append(trial)
        return sorted((self._combination(trials) for trials in groups.values()), key=self._rank)

    def best(self) -> Combination:
        """Return the combination with the best mean; raises InputError where no trial was done."""
        first = self.combinations()[:1]
        if not first or not math.isfinite(self._rank(first[0])):
            raise InputError(f"no trial has a result {self.metric!r}")
        return first[0]

    def summary(self, metrics: Sequence[str] | None = None) -> list[dict[str, str]]:
        """Return a line of words per combination, the best first: the factors, the metrics and the seconds.

        metrics: which; None is all. Where trials failed, each line ends with how many.
        """
        names, some_failed = self.metrics if metrics is None else metrics, bool(self.failed)
        return [
            {name: typed(combination.options[name]) for name in self.factors}
            | {self._column(name): str(combination.metrics.get(name, "–")) for name in names}
            | {"seconds": str(combination.seconds)}
            | ({"failed": str(combination.failed)} if some_failed else {})
            for combination in self.combinations()
        ]

    def effect(self, factor: str, metric: str | None = None) -> list[tuple[Any, float]]:
        """Return (level of a factor, value of a metric) of each trial that was done, by level.

        Levels are in the order of their list, numbers of a Range ascending. metric: another than the sweep's own.
        Raises InputError where the factor is unknown.
        """
        if factor not in self.factors:
            raise did_you_mean("factor", factor, self.factors)
        values = self.space[factor]
        pairs = [(t.options[factor], t.metrics.get(metric or self.metric, math.nan)) for t in self.done]
        return sorted(pairs, key=lambda pair: pair[0] if isinstance(values, Range) else values.index(pair[0]))

    def panel(self, factor: str, metric: str | None = None) -> Panel:
        """Return what a figure of a factor's effect shows: `figures.main_effect` takes its parts by name."""
        levels, values = zip(*self.effect(factor, metric), strict=True)
        space = self.space[factor]
        is_numeric = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels)
        return Panel(
            levels=levels if is_numeric else tuple(map(typed, levels)),
            values=np.array(values),
            factor=factor.replace("_", " "),
            metric=metric or self.metric,
            log=space.log if isinstance(space, Range) else None,
            better="lower" if self.direction == "minimize" else "higher",
        )

    def levels(self, factor: str, metric: str | None = None) -> list[tuple[Any, Estimate]]:
        """Return each level of a factor with mean and spread over all trials that had it, in the order of `effect`."""
        pairs = self.effect(factor, metric)
        groups = itertools.groupby(pairs, key=lambda pair: pair[0])
        return [(level, Estimate.of(value for _, value in group)) for level, group in groups]

    def to_json(self) -> dict[str, Any]:
        """Return fixed options, counts, combinations (best first) and failures as plain values."""
        combinations = [combination.to_json() for combination in self.combinations()]
        failures = [{"options": dict(t.options), "seed": t.seed, "error": t.error} for t in self.failed]
        return {
            "metric": self.metric,
            "direction": self.direction,
            "options": dict(self.fixed),
            "factors": list(self.factors),
            "trials": len(self.trials),
            "failed": len(failures),
            "best": combinations[0] if self.done else None,
            "combinations": combinations,
            "failures": failures,
        }

    def write(self, folder: Path, figures: Mapping[str, str] | None = None) -> None:
        """Write table.csv (the trials), summary.json and summary.md (the combinations) to a folder.

        figures: names of pictures in the folder by factor, for the summary to show.
        """
        rows = self.rows()
        with replacing(folder / "table.csv") as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else ["number"])
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
        write_json(folder / "summary.json", self.to_json())
        with replacing(folder / "summary.md") as temporary:
            temporary.write_text(self._markdown(figures or {}), encoding="utf-8")

    def _combination(self, trials: Sequence[Trial]) -> Combination:
        done = [trial for trial in trials if trial.error is None]
        names = dict.fromkeys(name for trial in done for name in trial.metrics)
        metrics = {n: Estimate.of(trial.metrics.get(n, math.nan) for trial in done) for n in names}
        options = {name: trials[0].options[name] for name in self.factors}
        seconds = Estimate.of(trial.seconds for trial in done)
        return Combination(trials[0].number, options, metrics, seconds, len(done), len(trials) - len(done))

    def _column(self, metric: str) -> str:
        """Return what a table calls a metric, which may be called as a factor is, or as another column."""
        others = ("number", *self.factors, "seed", "status", "seconds", "failed", "error")
        return f"{metric} found" if metric in others else metric

    def _rank(self, combination: Combination) -> float:
        estimate = combination.metrics.get(self.metric)
        if estimate is None or not estimate.count:
            return math.inf
        return estimate.mean if self.direction == "minimize" else -estimate.mean

    def _markdown(self, figures: Mapping[str, str]) -> str:
        wish = "lower" if self.direction == "minimize" else "higher"
        lines = [
            "# Sweep",
            "",
            f"{len(self.trials)} trials, {len(self.failed)} failed; {self.metric}: {wish} is better.",
        ]
        lines += ["Mean ± standard deviation over the seeds.", ""]
        if self.fixed:
            lines += [f"Fixed: {typed(self.fixed)}", ""]
        summary = self.summary()
        lines += markdown_table(list(summary[0]), [list(line.values()) for line in summary]) if summary else []
        for factor in self.factors:
            levels = self.levels(factor)
            lines += ["", f"## {factor}", ""]
            if len(levels) <= _MOST_LEVELS:
                rows = [[typed(level), str(estimate), str(estimate.count)] for level, estimate in levels]
                lines += [*markdown_table([factor, f"{self.metric}, over all else", "trials"], rows), ""]
            if factor in figures:
                lines += [f"![{self.metric} by {factor}]({figures[factor]})"]
        if self.failed:
            lines += ["", "## Failed", ""]
            for trial in self.failed:
                options = {name: trial.options[name] for name in self.factors}
                lines += [f"- {typed(options)}, seed {trial.seed}: {trial.error}"]
        return "\n".join(lines) + "\n"


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | tuple | dict | bool) else value


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown, with what would end a cell (|) or open a code span (`) escaped."""
    escaped = [[cell.replace("|", "\\|").replace("`", "\\`") for cell in row] for row in [heads, *rows]]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return [lines[0], "| " + " | ".join(["---"] * len(heads)) + " |", *lines[1:]]
