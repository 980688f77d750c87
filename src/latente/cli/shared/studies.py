"""The configuration of a sweep: a YAML file, read and checked before anything runs, and the trial that it asks for."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.checks import Choice, Flag, options_of
from latente.cli.shared import console as show
from latente.cli.shared.model_options import all_options, foreign_option, options_of_kind
from latente.cli.shared.readers import number, whole, widths
from latente.errors import InputError, did_you_mean
from latente.estimators.kinds import KINDS, kind_named
from latente.images.options import DoorOptions
from latente.sweeps import Range, Search, Sweep

if TYPE_CHECKING:
    from latente.images import Images

__all__ = ["DOOR", "Study", "fit_options", "fit_trial", "read_study", "trial_of", "typed"]

Reader = Callable[[str], Any]

KEYS = ("experiment", "images", "model", "options", "grid", "search", "seeds", "metric", "direction")
SEARCH_KEYS = ("space", "trials", "seed", "metric", "direction")
RANGE_KEYS = ("low", "high", "log")
_LARGEST_FILE = 1 << 20
LARGER_IS_BETTER = ("psnr", "ssim", "elbo", "accuracy")

# the options of `latente fit` that say which images, as the command line calls them; and what the door calls these
_DOOR_OPTIONS = {name: one for name, one in options_of(DoorOptions).items() if name != "seed"}
_DOOR_NAMES = {one.flag.removeprefix("--").replace("-", "_"): name for name, one in _DOOR_OPTIONS.items()}
DOOR: dict[str, Reader] = {name: _DOOR_OPTIONS[own].read for name, own in _DOOR_NAMES.items()}


def _or_none(read: Reader) -> Reader:
    return lambda text: None if text == "none" else read(text)


# what an experiment's own option takes is told by the type of its default; any other is text, or none
READERS: dict[type, Reader] = {bool: Flag().read, int: whole, float: number, tuple: widths}


def _model_readers() -> dict[str, Reader]:
    """Return the readers of the models' options, by their names in Python; the seed is the sweep's affair."""
    return {name: option.read for name, option in all_options().items() if name != "random_state"}


def fit_options() -> dict[str, Reader]:
    """Return the readers of all that can be varied of `latente fit`."""
    return {"images": str, "model": Choice(tuple(KINDS), kind="model").read, **DOOR, **_model_readers()}


@dataclasses.dataclass(frozen=True)
class Study:
    """What a configuration asks for: a sweep, and the trial that it tries."""

    sweep: Sweep
    trial: Callable[..., Mapping[str, float]]

    def open_images(self) -> Iterator[Images]:
        """Open, one after the other, the images that are known before the trials; InputError where one cannot be.

        So whatever is wrong with them ends a sweep before it starts, and pictures are decoded once for all processes.
        """
        from latente.images import open_images

        points = self.sweep.points() if self.sweep.search is None else [dict(self.sweep.options)]
        chosen = [_door_of(point) for point in points]
        different = [options for k, options in enumerate(chosen) if options not in chosen[:k]]
        for options in different:
            if "images" in options:
                with show.progress() as step:
                    yield open_images(options.pop("images"), progress=step, **options)


def trial_of(config: Mapping[str, Any]) -> tuple[Callable[..., Mapping[str, float]], Mapping[str, Reader]]:
    """Return the callable that a configuration is about, and the reader of each of its options.

    That is a training, or the `trial(seed, *, ...)` of the experiment's module, which returns figures by name. A trial
    with `**options` takes those of the estimators beside the ones that it names, of which each has a default.
    Raises InputError where there is no such experiment, or it has no trial.
    """
    if "experiment" not in config:
        return fit_trial, fit_options()
    if stray := next((key for key in ("images", "model") if key in config), None):
        raise InputError(f"{stray} beside experiment: an experiment brings its own; leave {stray} out")
    name = str(config["experiment"])
    trial = _experiment_trial(name)
    if trial is None:
        from latente.experiments import EXPERIMENTS

        able = [other for other in EXPERIMENTS if _experiment_trial(other)]
        if name not in EXPERIMENTS:
            raise did_you_mean("experiment", name, able)
        raise InputError(f"experiment {name} has nothing to vary; these have: {', '.join(able)}")
    readers: dict[str, Reader] = {}
    known = _model_readers()
    for option in inspect.signature(trial).parameters.values():
        if option.kind is option.VAR_KEYWORD:
            readers = known | readers
        elif option.name != "seed":
            readers[option.name] = known.get(option.name) or READERS.get(type(option.default), _or_none(str))
    return trial, readers


def _experiment_trial(name: str) -> Callable[..., Mapping[str, float]] | None:
    from latente.experiments import EXPERIMENTS

    if name not in EXPERIMENTS:
        return None
    return getattr(importlib.import_module(f"latente.experiments.{EXPERIMENTS[name].module}"), "trial", None)


def fit_trial(*, seed: int, images: str, model: str = "autoencoder", **options: Any) -> dict[str, float]:
    """Train a model as `latente fit` does, and return how good it is on images that it has not seen.

    The metrics of `evaluate` are those of the images held out for validation; with "test_" before their names they are
    those of the set's test part, where it has one and the training images are its train part.
    """
    from latente.estimators.abilities import Classifies
    from latente.estimators.data import split

    door = _door_of({"model": model, **options})
    options = {name: value for name, value in options.items() if name not in DOOR}
    source = _opened(images, json.dumps(door))
    arguments: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    estimator: Any = kind_named(model).load_class()(**arguments, random_state=seed).fit(source)
    metrics: dict[str, float] = {}
    labels = source.labels if isinstance(estimator, Classifies) else None
    parts = split(source, estimator.validation, estimator.seed_, labels)
    if parts.validation is not None:
        metrics |= _figures(estimator, parts.held_out.take(parts.held_out_rows), "")
    if "test" in source.parts and door.get("split", "train") == "train":
        test_door = {name: value for name, value in door.items() if name != "count"} | {"split": "test"}
        metrics |= _figures(estimator, _opened(images, json.dumps(test_door)), "test_")
    if not metrics:
        raise InputError("there is nothing to judge by: set validation, or use a set with a test part")
    return metrics


def _door_of(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the images of a trial and how they are opened, by their names, at the size that its model needs."""
    door = {_DOOR_NAMES.get(name, name): point[name] for name in ("images", *DOOR) if name in point}
    model = point.get("model", "autoencoder")
    size = KINDS[model].load_class().usual_size if model in KINDS else None
    return door if size is None else {"size": size} | door


@functools.lru_cache(maxsize=4)
def _opened(images: str, door: str) -> Images:
    """Open images once in a process; `door` is the options as text, for the cache to tell them apart."""
    from latente.images import open_images

    return open_images(images, **json.loads(door))


def _figures(estimator: Any, images: Images, prefix: str) -> dict[str, float]:
    """Return what `evaluate` measures, the objective at the end."""
    figures = estimator.evaluate(images)
    names = sorted((name for name in figures if name != "count"), key=lambda name: name == "objective")
    return {prefix + name: figures[name] for name in names}


def read_study(path: Path) -> Study:
    """Return what a YAML file asks for; InputError, naming the file and the key, where anything in it is amiss."""
    config = _load(path)
    try:
        return _study(config)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _study(config: Mapping[str, Any]) -> Study:
    _check_keys("key", config, KEYS)
    trial, readers = trial_of(config)
    options = {name: config[name] for name in ("images", "model") if name in config}
    options |= _named(config.get("options"), "options", readers)
    fixed = {name: _read(name, value, readers) for name, value in options.items()}
    usual = _usual_metric(fixed.get("model")) if trial is fit_trial else None
    shared: dict[str, Any] = {"options": fixed, "seeds": config.get("seeds", 1)}
    if "search" not in config:
        named = _named(config.get("grid"), "grid", readers)
        grid = {name: [_read(name, level, readers) for level in _levels(name, named[name])] for name in named}
        sweep = Sweep(grid=grid if "grid" in config else None, **shared, **_goal(config, usual))
    else:
        if stray := next((name for name in ("metric", "direction", "grid") if name in config), None):
            cure = "a search varies its space, leave it out" if stray == "grid" else "move it into search"
            raise InputError(f"{stray} beside search: {cure}")
        search = _mapping(config["search"], "search")
        _check_keys("key of search", search, SEARCH_KEYS)
        named = _named(search.get("space"), "space", readers)
        space = {name: _values(name, values, readers) for name, values in named.items()}
        more = {name: search[name] for name in ("trials", "seed") if name in search}
        sweep = Sweep(search=Search(space, **more), **shared, **_goal(search, usual))
    if trial is fit_trial:
        _check_fit(sweep)
    return Study(sweep, trial)


def _goal(place: Mapping[str, Any], usual: str | None) -> dict[str, Any]:
    metric = place.get("metric", usual)
    if metric is None:
        raise InputError("there is no metric: say which of the figures that a trial returns to go by")
    if not isinstance(metric, str):
        raise InputError(f"metric: {metric!r} is not a name")
    larger = metric.removeprefix("test_") in LARGER_IS_BETTER
    return {"metric": metric, "direction": place.get("direction", "maximize" if larger else "minimize")}


def _usual_metric(model: object) -> str:
    """Return the figure that says which is best where nothing is said."""
    from latente.estimators.abilities import Classifies

    return "accuracy" if model in KINDS and issubclass(KINDS[str(model)].load_class(), Classifies) else "mse"


def _check_fit(sweep: Sweep) -> None:
    """Raise InputError where there are no images, or an option has no meaning for a model that it meets."""
    names = (*sweep.options, *sweep.space)
    if "images" not in names:
        raise InputError("there are no images: give what `latente fit` takes, such as images: digits")
    models = sweep.space.get("model", [sweep.options.get("model", "autoencoder")])
    for model in models if not isinstance(models, Range) else ():
        for name in names:
            if name in all_options() and name not in options_of_kind(model):
                raise foreign_option(model, name)


def _named(values: Any, place: str, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return options by their names in Python, for dashes or underscores; InputError for names that do not exist."""
    named = {str(name).replace("-", "_"): value for name, value in _mapping(values, place).items()}
    if seed := next((name for name in ("seed", "random_state") if name in named), None):
        raise InputError(f"{place}: {seed} is no option here; say by seeds: how many, or which")
    _check_keys("option", named, readers)
    return named


def _values(name: str, values: Any, readers: Mapping[str, Reader]) -> Range | list[Any]:
    """Return the range or the choices that a space gives for an option."""
    if not isinstance(values, Mapping):
        return [_read(name, value, readers) for value in _levels(name, values)]
    _check_keys(f"key of the range of {name}", values, RANGE_KEYS)
    low, high = (_read(name, values[end], readers) if end in values else None for end in ("low", "high"))
    if not (isinstance(low, int | float) and isinstance(high, int | float)):
        raise InputError(f"{name} needs a list of choices, or a range of numbers with low and high")
    log = values.get("log", False)
    if not isinstance(log, bool):
        raise InputError(f"{name}: log is true or false, not {log!r}")
    return Range(low, high, log)


def _levels(name: str, values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise InputError(f"{name}: {values!r} is no list of values to try, such as [{typed(name, values)}]")
    return values


def _read(name: str, value: Any, readers: Mapping[str, Reader]) -> Any:
    """Return an option's value as the command line would read it."""
    try:
        argument = readers[name](typed(name, value))
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return list(argument) if isinstance(argument, tuple) else argument


def typed(name: str, value: Any) -> str:
    """Return an option's value as one types it on the command line: none, 512,256, 48x64."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ("x" if name in ("size", "crop") else ",").join(typed(name, inner) for inner in value)
    if isinstance(value, Mapping):
        raise InputError(f"{name}: {value!r} is no value")
    return str(value)


def _mapping(value: Any, place: str) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: {value!r} does not have the form name: value")
    return value


def _check_keys(kind: str, keys: Iterable[Any], known: Iterable[str]) -> None:
    for name in keys:
        if name not in known:
            raise did_you_mean(kind, name, known)


def _load(path: Path) -> Mapping[str, Any]:
    """Read a YAML file; numbers as 1e-4, which YAML 1.1 takes for text, are numbers, and a key given twice an error."""
    try:
        import yaml
    except ImportError as error:
        raise InputError("a sweep is described in YAML, which needs PyYAML: pip install pyyaml") from error

    class Loader(yaml.SafeLoader):
        def compose_node(self, *place: Any) -> Any:
            # a few lines of them can stand for more values than there is memory
            if self.check_event(yaml.AliasEvent):
                raise InputError(f"{path} holds the alias *{self.peek_event().anchor}; write out what it stands for")
            return super().compose_node(*place)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [key.value for key, _ in node.value]
            if twice := next((key for key in keys if keys.count(key) > 1), None):
                raise InputError(f"{path} has {twice!r} twice; keep one of them")
            return super().construct_mapping(node, deep)

    exponent = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", exponent, list("-+0123456789"))
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"{path} is larger than any sweep's file ({_LARGEST_FILE >> 20} MiB); name a YAML file")
        config = Loader(path.read_text(encoding="utf-8")).get_single_data()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{path} cannot be read ({reason}); name a YAML file") from error
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        place = f"line {mark.line + 1}: " if mark else ""
        raise InputError(f"{path} is no YAML: {place}{problem or error}") from error
    except (RecursionError, ValueError, TypeError, LookupError, AttributeError) as error:  # PyYAML raises what it meets
        if isinstance(error, InputError):
            raise
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{path} is no YAML: {reason}") from error
    if not isinstance(config, Mapping):
        raise InputError(f"{path} does not describe a sweep: it has no keys such as images: and grid:")
    return config
