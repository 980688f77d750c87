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

from latente.cli import console as show
from latente.cli.pictures import save_figures
from latente.cli.studies import Study, fit_trial, typed
from latente.sweeps import Combination, Range, Results, Sweep, Trial, in_words, threads_for

__all__ = ["described", "finish", "plan", "table", "teller", "write"]

_MOST_SHOWN = 20  # combinations; the others are in the folder
_METRICS_SHOWN = 3


def plan(sweep: Sweep, folder: Path, jobs: int, finished: int) -> Table:
    """Say what varies, what does not, and how many trainings that makes."""
    kind = "combinations" if sweep.search is None else "combinations to search for"
    seeds = ", ".join(map(str, sweep.all_seeds))
    count = f"{sweep.total:,}: {sweep.combinations:,} {kind}, seeds {seeds}"
    rows = [("varied", _in_words(sweep)), ("fixed", in_words(sweep.options)), ("trials", count)]
    if finished:
        rows.append(("finished", f"{finished:,} of them before"))
    if jobs > 1:
        threads = threads_for(jobs)
        rows.append(("jobs", f"{jobs} at a time, {threads} thread{'s' * (threads > 1)} each"))
    goal = "lower is better" if sweep.direction == "minimize" else "higher is better"
    return show.pairs([*rows, ("metric", f"{sweep.metric}, {goal}"), ("out", str(folder))])


def _in_words(sweep: Sweep) -> str:
    def levels(values: Any) -> str:
        if isinstance(values, Range):
            return f"{in_words(values.low)} to {in_words(values.high)}" + (" (log)" if values.log else "")
        return " | ".join(map(in_words, values))

    return "; ".join(f"{name}: {levels(values)}" for name, values in sweep.space.items()) or "nothing but the seed"


def described(sweep: Sweep) -> dict[str, Any]:
    """Return the plan as plain values."""
    what = {"grid": sweep.grid} if sweep.search is None else {"search": sweep.search.to_json()}
    goal = {"metric": sweep.metric, "direction": sweep.direction}
    return {"options": sweep.options, **what, "seeds": sweep.all_seeds, **goal, "trials": sweep.total}


def teller(screen: Console, sweep: Sweep) -> Callable[[int, int, Trial], None]:
    """Return what prints a line after each trial, with the time that is left if the others are like those so far."""
    start, made = time.perf_counter(), 0

    def tell(done: int, total: int, trial: Trial) -> None:
        nonlocal made
        made += 1
        what = in_words({name: trial.options[name] for name in sweep.space}) or "once more"
        found = f"{sweep.metric} {show.figure(trial.metrics.get(sweep.metric or ''))}"
        end = found if trial.error is None else f"failed: {trial.error}"
        left = (total - done) * (time.perf_counter() - start) / made
        rest = f", about {show.duration(left)} left" if done < total else ""
        line = f"{done}/{total}  {what}, seed {trial.seed}: {end} ({show.duration(trial.seconds)}{rest})"
        screen.print(Text(line, style="" if trial.error is None else "yellow"))

    return tell


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
    lines = results.summary(results.metrics[:_METRICS_SHOWN])
    made = show.table(*lines[0], right=["failed"])
    for line in lines[:_MOST_SHOWN]:
        made.add_row(*map(Text, line.values()))
    return made


def finish(screen: Console, study: Study, results: Results, folder: Path) -> None:
    """Say what was best, what failed, where everything lies, and how to train the best one."""
    combinations = results.combinations()
    best = combinations[0]
    found = best.metrics.get(results.metric)
    rows = []
    if found is not None and found.count:
        rows.append(("best", f"{in_words(best.options) or 'the one there is'}: {results.metric} {found}"))
    if len(combinations) > _MOST_SHOWN:
        rows.append(("not shown", f"{len(combinations) - _MOST_SHOWN:,} more combinations"))
    if len(combinations) < study.sweep.combinations:
        rows.append(("searched", f"no more than these {len(combinations):,} combinations are there to try"))
    rows.append(("wrote", ", ".join([str(folder / "summary.md"), "table.csv", "summary.json"])))
    if study.trial is fit_trial and found is not None and found.count:
        rows.append(("next", _fit_command(study.sweep, best)))
    screen.print(show.pairs(rows))
    if results.failed and results.done:
        count = f"{len(results.failed)} of {len(results.trials)} trials failed"
        show.print_note("warning", f"{count}; the first one: {results.failed[0].error}")


def _fit_command(sweep: Sweep, best: Combination) -> str:
    """Return the command line that trains the best combination with the first seed."""
    options = {**sweep.options, **best.options}
    words = ["latente", "fit", str(options.pop("images"))]
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), typed(name, value)]
    return shlex.join([*words, "--seed", str(sweep.all_seeds[0])])
