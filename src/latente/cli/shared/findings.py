"""What `latente sweep` says and draws: the plan, each trial, and what came out."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.pictures import save_figures
from latente.cli.shared.studies import Study, fit_trial, typed
from latente.sweeps import Combination, Range, Results, Sweep, Trial, threads_for

__all__ = ["finish", "plan", "plan_json", "reporter", "table", "write"]

_MOST_LINES = 20  # combinations; the others are in the folder
_METRICS_IN_TABLE = 3


def plan(sweep: Sweep, folder: Path, jobs: int, finished: int) -> Table:
    """Say what varies, what does not, and how many trainings that makes."""
    kind = "combinations" if sweep.search is None else "combinations to search for"
    seeds = ", ".join(map(str, sweep.all_seeds))
    count = f"{sweep.total:,}: {sweep.combinations:,} {kind}, seeds {seeds}"
    rows = [("varied", _space_in_words(sweep)), ("fixed", words.typed(sweep.options)), ("trials", count)]
    if finished:
        rows.append(("finished", f"{finished:,} of them before"))
    if jobs > 1:
        threads = threads_for(jobs)
        rows.append(("jobs", f"{jobs} at a time, {words.count(threads, 'thread')} each"))
    goal = "lower is better" if sweep.direction == "minimize" else "higher is better"
    return show.pairs([*rows, ("metric", f"{sweep.metric}, {goal}"), ("out", str(folder))])


def _space_in_words(sweep: Sweep) -> str:
    def levels(values: Any) -> str:
        if isinstance(values, Range):
            return f"{words.typed(values.low)} to {words.typed(values.high)}" + (" (log)" if values.log else "")
        return " | ".join(map(words.typed, values))

    return "; ".join(f"{name}: {levels(values)}" for name, values in sweep.space.items()) or "nothing but the seed"


def plan_json(sweep: Sweep) -> dict[str, Any]:
    """Return the plan as plain values."""
    space = {"grid": sweep.grid} if sweep.search is None else {"search": sweep.search.to_json()}
    goal = {"metric": sweep.metric, "direction": sweep.direction}
    return {"options": sweep.options, **space, "seeds": sweep.all_seeds, **goal, "trials": sweep.total}


def reporter(screen: Console, sweep: Sweep) -> Callable[[int, int, Trial], None]:
    """Return what prints a line after each trial, with the time that is left if the others are like those so far."""
    start, count = time.perf_counter(), 0

    def report(done: int, total: int, trial: Trial) -> None:
        nonlocal count
        count += 1
        options = words.typed({name: trial.options[name] for name in sweep.space}) or "once more"
        result = f"{sweep.metric} {words.figure(trial.metrics.get(sweep.metric or ''))}"
        end = result if trial.error is None else f"failed: {trial.error}"
        left = (total - done) * (time.perf_counter() - start) / count
        rest = f", about {words.duration(left)} left" if done < total else ""
        line = f"{done}/{total}  {options}, seed {trial.seed}: {end} ({words.duration(trial.seconds)}{rest})"
        screen.print(Text(line, style="" if trial.error is None else "yellow"))

    return report


def write(results: Results, folder: Path) -> None:
    """Write the tables and a figure for each factor."""
    from latente.figures import main_effect

    pictures = {}
    for factor in results.factors if results.done else ():
        pictures[factor] = f"{factor}.png"
        save_figures(folder / pictures[factor], main_effect(**results.panel(factor)._asdict()))
    results.write(folder, pictures)


def table(results: Results) -> Table:
    """Return the combinations, best first, with the metrics that matter most."""
    lines = results.summary(results.metrics[:_METRICS_IN_TABLE])
    rows = show.table(*lines[0], right=["failed"])
    for line in lines[:_MOST_LINES]:
        rows.add_row(*map(Text, line.values()))
    return rows


def finish(screen: Console, study: Study, results: Results, folder: Path) -> None:
    """Say what was best, what failed, where everything lies, and how to train the best one."""
    combinations = results.combinations()
    best = combinations[0]
    estimate = best.metrics.get(results.metric)
    rows = []
    if estimate is not None and estimate.count:
        rows.append(("best", f"{words.typed(best.options) or 'the one there is'}: {results.metric} {estimate}"))
    if len(combinations) > _MOST_LINES:
        rows.append(("not shown", f"{len(combinations) - _MOST_LINES:,} more combinations"))
    if len(combinations) < study.sweep.combinations:
        rows.append(("searched", f"no more than these {len(combinations):,} combinations are there to try"))
    rows.append(("wrote", ", ".join([str(folder / "summary.md"), "table.csv", "summary.json"])))
    if study.trial is fit_trial and estimate is not None and estimate.count:
        rows.append(("next", _fit_command(study.sweep, best)))
    screen.print(show.pairs(rows))
    if results.failed and results.done:
        count = f"{len(results.failed)} of {len(results.trials)} trials failed"
        show.print_note("warning", f"{count}; the first one: {results.failed[0].error}")


def _fit_command(sweep: Sweep, best: Combination) -> str:
    """Return the command line that trains the best combination with the first seed."""
    options = {**sweep.options, **best.options}
    line = ["latente", "fit", str(options.pop("images"))]
    for name, value in options.items():
        line += ["--" + name.replace("_", "-"), typed(name, value)]
    return shlex.join([*line, "--seed", str(sweep.all_seeds[0])])
