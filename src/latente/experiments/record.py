"""What came of an experiment: claims beside measurements, tables and figures, as a page and for machines."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.experiments.recorded import Recorded, RecordedFigure
from latente.files import finite, replacing, write_json
from latente.sweeps import markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RECORDED", "Claim", "Line", "Result"]

RECORDED = ("recorded", "within")  # the heads of what a claim is compared with

_MET = {True: "yes", False: "**no**", None: ""}
_WITHIN = {True: "yes", False: "no", None: ""}

Line = dict[str, Any]  # of a table: words and numbers by the names of the columns


@dataclasses.dataclass(frozen=True)
class Claim:
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
        """Return the claim and whether its target is met, as plain values."""
        return {**dataclasses.asdict(self), "met": self.met}


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of an experiment.

    data: the images used, and whether they are the real ones or stand in for them.
    claims: what was claimed, and what ours is. notes: what else there is to say, a sentence each.
    tables: further lines of figures by title;
    those of one table have the same keys. extra: further figures for machines. figures: matplotlib figures by name.
    The others are filled in by `reproduce`: name, source: which experiment, and whose. seeds, tiny: as in `Request`.
    command, minutes, machine: how, how long and where it ran. resumed: whether trainings or trials were there already,
    so that the minutes are those of the rest. recorded: what it gave when it was last measured; None where the two
    cannot be compared, and not_compared says why.
    """

    data: str
    claims: Sequence[Claim]
    notes: Sequence[str] = ()
    tables: Mapping[str, Sequence[Line]] = dataclasses.field(default_factory=dict)
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
    recorded: Recorded | None = None
    not_compared: str = ""

    @property
    def met(self) -> bool:
        """Whether every target is reached."""
        return all(claim.met is not False for claim in self.claims)

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
            "rows": [{**claim.to_json(), **self._recorded_json(claim)} for claim in self.claims],
            "recorded": self.recorded and {key: getattr(self.recorded, key) for key in ("date", "machine", "seeds")},
            "not_compared": self.not_compared,
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
        heads: Sequence[str] = ("what", "claimed", "measured", "target", "met", *RECORDED[: 2 * bool(self.recorded)])
        lines += [*markdown_table(heads, [[*_cells(claim), *self.beside(claim)] for claim in self.claims]), ""]
        minutes = f"{self.minutes:.2f}{', after trainings or trials that were there already' * self.resumed}"
        facts = {"data": self.data, "seeds": self.seeds, "minutes": minutes, "machine": self.machine}
        facts |= self.recorded_in_words()
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

    def recorded_figure(self, claim: Claim) -> RecordedFigure | None:
        """Return what was recorded of a claim; None where nothing was that can be compared."""
        return None if self.recorded is None else self.recorded.figures.get(claim.what)

    def beside(self, claim: Claim) -> list[str]:
        """Return the cells of a claim under `RECORDED`, where there is anything to compare with."""
        figure = self.recorded_figure(claim)
        if self.recorded is None or figure is None:
            return ["", ""] if self.recorded else []
        spread = "" if figure.spread is None else f" ± {_word(float(figure.spread))}"
        return [f"{_word(float(figure.value))}{spread}", _WITHIN[figure.holds(claim.measured)]]

    def recorded_in_words(self) -> dict[str, str]:
        """Return, under its name, on what the recorded figures depend, or why there are none beside these."""
        if self.recorded is not None:
            return {"recorded": str(self.recorded)}
        return {"not compared": self.not_compared} if self.not_compared else {}

    def _recorded_json(self, claim: Claim) -> dict[str, Any]:
        figure = self.recorded_figure(claim)
        if figure is None:
            return {"recorded": None, "spread": None, "within": None}
        return {"recorded": figure.value, "spread": figure.spread, "within": figure.holds(claim.measured)}

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


def _cells(claim: Claim) -> list[str]:
    bound = "at least" if claim.higher_is_better else "at most"
    target = "" if claim.target is None else f"{bound} {_word(claim.target)}"
    return [claim.what, claim.claimed, _word(claim.measured), target, _MET[claim.met]]


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    return str(value)
