"""Who is ahead in a training of a generator and a critic, read from the log, and what helps whoever has lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latente.languages import joined, say

__all__ = ["Players", "players_of"]

_WON, _COLLAPSED = 0.98, 0.3  # shares of right answers of a critic, and of the real images' spread
_TERMS = ("real_right", "made_right", "spread")


@dataclasses.dataclass(frozen=True)
class Players:
    """Who was ahead over some time.

    real_right, made_right: shares that the critic takes for what they are. spread: of the new images, in that of the
    real ones.
    """

    real_right: float
    made_right: float
    spread: float

    @property
    def critic_has_won(self) -> bool:
        """Whether nothing that the generator makes is taken for real, so that it learns little more."""
        return min(self.real_right, self.made_right) > _WON

    @property
    def has_collapsed(self) -> bool:
        """Whether all new images are much alike."""
        return self.spread < _COLLAPSED

    def trouble(self, loss: str | None = None, r1: float | None = None) -> str | None:
        """Return what goes wrong and what to try, given the loss and the weight of R1; None in a fair game."""
        others = [] if loss == "relativistic" else ["`--loss relativistic --r2 1`"]
        if self.has_collapsed:
            steeper = [say("`--r1 {more}` (it was {r1})", more=f"{3 * r1:.2g}", r1=f"{r1:.2g}")] if r1 else []
            template = "New images are all much alike: the generator has collapsed. Try {ways}."
            return say(template, ways=joined([*others, *steeper], "{first} or {second}"))
        if self.critic_has_won:
            changed = ["`--critic-augmentation tones,shift:4,cutout:0.5`", say("a narrower `--critic-hidden`")]
            ways = [say("a smaller `--learning-rate`"), *others, *changed]
            template = "The critic takes nothing new for real any more, and teaches little. Try {ways}."
            return say(template, ways=joined(ways))
        return None


def players_of(lines: Sequence[Mapping[str, Any]]) -> Players | None:
    """Return the players of the last tenth of a log, by its means; None where there are no two."""
    games = [line for line in lines if all(term in line for term in _TERMS)]
    if not games:
        return None
    last = games[-max(1, len(games) // 10) :]
    return Players(*(float(np.mean([line[term] for line in last])) for term in _TERMS))
