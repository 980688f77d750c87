"""Searches: which options to try next, given how the earlier ones did."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from latente.errors import InputError
from latente.sweeps.trials import plain

__all__ = ["Range", "Search", "choices", "is_whole", "require_optuna", "suggest"]

_LARGEST = 2**63 - 1  # number that Optuna can draw
_REFINED, _ATTEMPTS = 8, 200  # proposals that learn from the past, and proposals in all, before a search gives up


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers from low to high, both included: whole ones where both ends are whole (0, 1), else real (0.0, 1.0).

    log: drawn evenly in the logarithm, for options whose order of magnitude is in question.
    Raises InputError where low is not below high, or not above 0 on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        ends: tuple[Any, Any] = (self.low, self.high)
        for end in ends:
            if isinstance(end, bool) or not isinstance(end, int | float) or not abs(end) <= _LARGEST:
                raise InputError(f"the end {end!r} of a range is no number")
        if not self.low < self.high:
            raise InputError(f"a range from {self.low} to {self.high} is empty; low must be below high")
        if self.log and self.low <= 0:
            raise InputError(f"a logarithmic range cannot start at {self.low}; low must be above 0")

    @property
    def is_whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __contains__(self, value: object) -> bool:
        number = isinstance(value, int if self.is_whole else int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high  # type: ignore[operator]


@dataclasses.dataclass(frozen=True)
class Search:
    """A search of so many combinations in a space: a Range or a list of choices for each option.

    The combinations are proposed by Optuna's tree-structured Parzen estimator (Bergstra et al. 2011), the first ten at
    random. seed: of the proposals. Raises InputError where the space is empty or has no choices for an option.
    """

    space: Mapping[str, Range | Sequence[Any]]
    trials: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.space:
            raise InputError("a search needs a space: give a range or choices for at least one option")
        space = {n: values if isinstance(values, Range) else choices(n, values) for n, values in self.space.items()}
        object.__setattr__(self, "space", space)
        if not is_whole(self.trials) or self.trials < 1:
            raise InputError(f"trials={self.trials!r} is not a whole number above zero")
        if not is_whole(self.seed) or self.seed < 0:
            raise InputError(f"seed={self.seed!r} is not a whole number from zero up")

    def holds(self, options: Mapping[str, Any]) -> bool:
        """Whether these options are a point of the space."""
        return options.keys() == self.space.keys() and all(
            options[name] in values for name, values in self.space.items()
        )

    def to_json(self) -> dict[str, Any]:
        space = {
            name: dataclasses.asdict(values) if isinstance(values, Range) else list(values)
            for name, values in self.space.items()
        }
        return {"space": space, "trials": self.trials, "seed": self.seed}


def choices(name: str, values: Any) -> list[Any]:
    """Return the values to try of an option, as plain ones; InputError where they are no list, none or repeated."""
    if isinstance(values, str | Mapping) or not hasattr(values, "__iter__"):
        raise InputError(f"{name}: {values!r} is no list of values to try")
    levels = [plain(value, name) for value in values]
    if not levels:
        raise InputError(f"{name} has no value to try")
    texts = [json.dumps(value) for value in levels]
    if twice := next((text for text, count in Counter(texts).items() if count > 1), None):
        raise InputError(f"{name} has the value {twice} twice")
    return levels


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, which True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def suggest(
    search: Search,
    direction: str,
    past: Sequence[tuple[Mapping[str, Any], float | None]],
    running: Sequence[Mapping[str, Any]],
    number: int,
) -> dict[str, Any] | None:
    """Return combination `number` of a search, one that was not tried before; None where there seems to be none left.

    past: the finished combinations, in order of their numbers, with their values (None where they failed); running:
    those on their way. A pure function of its arguments: that is how a killed search goes on as if it had not been.
    Raises InputError where Optuna is missing.
    """
    before = [options for options, _ in past] + list(running)
    for turn in range(_ATTEMPTS):
        seed = random.Random(f"{search.seed}/{number}/{turn}").getrandbits(32)
        options = _refined(search, direction, past, running, seed) if turn < _REFINED else _random(search, seed)
        if options not in before:
            return options
    return None


def _refined(
    search: Search,
    direction: str,
    past: Sequence[tuple[Mapping[str, Any], float | None]],
    running: Sequence[Mapping[str, Any]],
    seed: int,
) -> dict[str, Any]:
    """Return what the estimator proposes in view of the past."""
    optuna = require_optuna()
    state, space = optuna.trial.TrialState, _distributions(search)
    with _quiet(optuna):
        study = optuna.create_study(direction=direction, sampler=optuna.samplers.TPESampler(seed=seed))
        for options, value in past:
            end = state.FAIL if value is None else state.COMPLETE
            parameters = _encoded(search, options)
            study.add_trial(optuna.create_trial(params=parameters, distributions=space, value=value, state=end))
        for options in running:
            parameters = _encoded(search, options)
            study.add_trial(optuna.create_trial(params=parameters, distributions=space, state=state.RUNNING))
        return _decoded(search, study.ask(space).params)


def _random(search: Search, seed: int) -> dict[str, Any]:
    optuna = require_optuna()
    with _quiet(optuna):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
        return _decoded(search, study.ask(_distributions(search)).params)


def _distributions(search: Search) -> dict[str, Any]:
    kinds = require_optuna().distributions

    def of(values: Range | Sequence[Any]) -> Any:
        if not isinstance(values, Range):  # by their places, for Optuna takes no lists as choices
            return kinds.CategoricalDistribution(tuple(range(len(values))))
        kind = kinds.IntDistribution if values.is_whole else kinds.FloatDistribution
        return kind(values.low, values.high, log=values.log)

    return {name: of(values) for name, values in search.space.items()}


def _decoded(search: Search, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: parameters[name] if isinstance(values, Range) else values[parameters[name]]
        for name, values in search.space.items()
    }


def _encoded(search: Search, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: options[name] if isinstance(values, Range) else values.index(options[name])
        for name, values in search.space.items()
    }


def require_optuna() -> Any:
    """Return Optuna; InputError where it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise InputError("a search needs Optuna: pip install 'latente[sweep]', or try a grid") from error
    return optuna


@contextlib.contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Keep Optuna from announcing every study it makes."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
