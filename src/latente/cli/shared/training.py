"""What `fit` and `resume` do beside training: its page, and in the end the report, how good it is and what is next."""

from __future__ import annotations

import contextlib
import itertools
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from latente import words
from latente.cli.shared import console as show
from latente.errors import InputError
from latente.estimators.options.style import PICTURE
from latente.training.launch import leads

if TYPE_CHECKING:
    from latente.estimators.base import Estimator
    from latente.images import Images

__all__ = ["finish", "next_run", "next_steps", "watched"]

_STEPS = 3
_ADVICE = ("restore", "style", "sample", "reconstruct", "encode", "evaluate", "map", "rank", "score")


@contextlib.contextmanager
def watched(screen: Console, run: Path, watch: bool) -> Iterator[None]:
    """Where it is asked for, serve the run's page for the time of the block, and say where it is."""
    if not watch or not leads():
        yield
        return
    from latente.training import Run
    from latente.watching import served

    with served(Run(run)) as address:
        screen.print(show.pairs([("page", address)]))
        yield


def finish(
    screen: Console, run: Path, model: Estimator, images: Images | None, *, as_json: bool, no_report: bool
) -> None:
    """Write the report, and say how good the model is, where everything lies and what can be done next.

    images: those of the training, where they are at hand, so that they need not be opened again.
    """
    from latente.estimators.abilities import DrawsCodes, Paints, verbs_of
    from latente.training.state import judgement

    if not leads():
        return
    page = verdict = None
    if not no_report and not isinstance(model, Paints) and "report" in verbs_of(model):
        from latente.report import report_with_verdict
        from latente.training.devices import alone

        with alone(), screen.status("writing the report"):
            page, verdict = report_with_verdict(run, images=images)
    best, lines = model.best_epoch_, model.history_
    terms = judgement(lines, best)
    rows = []
    if terms:
        figures = ", ".join(f"{name} {words.figure(value)}" for name, value in terms.items())
        rows += [("best", f"{f'epoch {best}' if best else 'the start'}: {figures}")]
    if verdict is not None:
        rows += [("good?", verdict.answer)]
        if verdict.level != "good" and verdict.advice:
            rows += [("remedy", verdict.advice[0].replace("`", ""))]
    if isinstance(model, DrawsCodes) and _samples(model):
        rows += [("samples", f"drawn from {model.drawn_from()}")]
    if isinstance(model, Paints):
        rows += [("picture", str(run / PICTURE))]
    if page is not None:
        rows += [("report", str(page))]
    rows += [("next" if not i else "", step) for i, step in enumerate(next_steps(run, model))]
    screen.print(show.pairs(rows))
    if as_json:
        epochs = lines[-1]["epoch"] if lines else None
        facts = {"run": run, "report": page, "epochs": epochs, "best_epoch": best, "validation": terms or None}
        show.print_json(facts | {"verdict": None if verdict is None else verdict.to_json()})


def next_run(name: str, model: str | None = None) -> Path:
    """Make the folder runs/NAME-MODEL-N, or runs/NAME-N, with the first N that is free, and return it.

    Nobody else can take it.
    """
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    stem = plain.strip("-.") or "images"
    stem = stem if model is None else f"{stem}-{model}"
    for number in itertools.count(1):
        run = Path("runs") / f"{stem}-{number}"
        try:
            run.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(f"the run folder {run} cannot be made: {error.strerror}; choose another") from error
        return run
    raise AssertionError("there are always numbers left")


def next_steps(run: Path, model: Estimator) -> list[str]:
    """Return command lines that work on the model, the most useful first."""
    from latente.estimators.abilities import Paints, verbs_of

    quoted = shlex.quote(str(run))
    is_picture = len(model.image_shape_) == 3 and model.image_shape_[0] <= 4
    is_png = is_picture and model.scaling_.dtype in ("uint8", "bool")
    arguments = {
        "restore": f"{quoted} PICTURES --out DIR",
        "style": f"PICTURES PAINTING --fast {quoted} --out painted",
        "sample": f"{quoted} --out {'samples.png' if is_picture else 'samples.npy'}",
        "reconstruct": f"{quoted} IMAGES --out {'DIR' if is_png else 'reconstructions.npy'}",
        "encode": f"{quoted} IMAGES --out codes.npz",
        "evaluate": f"{quoted} IMAGES",
        "map": f"{quoted} IMAGES --out map.png",
        "rank": f"{quoted} IMAGES",
        "score": f"{quoted} IMAGES --out scores.csv",
    }
    able = set() if isinstance(model, Paints) else set(verbs_of(model))
    if "sample" in able and not _samples(model):
        able.remove("sample")
    if not is_picture:
        able.discard("restore")  # which works on picture files
    return [f"latente {verb} {arguments[verb]}" for verb in _ADVICE if verb in able][:_STEPS]


def _samples(model: Estimator) -> bool:
    """Whether the model does draw new images: a very long code, for one, has no density to draw from."""
    try:
        model.sample(1, random_state=0)
    except InputError:
        return False
    return True
