"""A DCGAN learns to write digits: fifty epochs with checkpoints and a film, and what the same minutes can do today.

Source: [UOH] Lagos: Tarea 4, Aprendizaje Profundo Avanzado (Universidad de O'Higgins, 2023)
Claim: the digits get better from epoch to epoch (pictures, no figure); 50 epochs, checkpoints, an animation.
Ours: not run in full yet; must reach a tenth of its Frechet distance in the same minutes, and 4.0 in ten.
Command: latente reproduce dcgan-mnist --out DIR
Minutes: about 130 on one core with bf16, of which the fifty epochs take 95; without bf16 they take nine hours.

The report states no layers; its steps and pictures are those of TensorFlow's DCGAN tutorial, which stands in for it: a
latent of 100, a dense layer to 7x7x256, transposed convolutions of 5x5 to 128, 64 and 1 channels in steps of 1, 2 and
2, batch normalisation; a critic of 64 and 128 convolutions of 5x5 in steps of 2 with dropout of 0.3; Adam of 1e-4,
batches of 256, no running average. Its film and the pictures at the end of epochs 1, 10, 30 and 50 are drawn from the
same latents. Beside it stands `GAN()` with no option, for ten minutes and for one, and the published networks for the
same ten. A GAN that learned the classes along, for ten minutes too, says what made digits are worth as data: of
classifiers that learn from 100 or 1,000 real digits, from 10,000 made ones, or from both.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.machine import fast_precision
from latente.experiments.made import FLOOR, measure_for, worth_as_data
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import open_parts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import GAN

__all__ = ["SHOWN", "published", "run", "usual"]

EPOCHS, SHOWN = 50, (1, 10, 30, 50)
LONG, SHORT = 10.0, 1.0  # minutes
MOST_IN_TEN, MOST_IN_ONE = 4.0, 12.0
LEAST_RECALL, LEAST_COVERAGE, LEAST_RAREST = 0.90, 0.60, 5.0


def run(request: Request) -> Result:
    """Train the published networks for their epochs, and both kinds for the same minutes; compare what they make."""
    train, test, data = open_parts("mnist", request.tiny)
    measure = measure_for(request, train, test)
    lines: list[Line] = [{"model": FLOOR, "steps": 0, **measure.floor()}]
    pictures: dict[str, np.ndarray] = {}

    def judge(name: str, model: GAN) -> Line:
        steps = max((line.get("step", 0) for line in model.history_), default=0)
        line = {"model": name, "steps": steps, **measure.line(model.sample(measure.count, random_state=1))}
        request.tell(f"{name}: Frechet distance {line['Frechet distance']:.2f} after {steps:,} steps")
        lines.append(line)
        pictures[name] = model.sample(64, random_state=2)
        return line

    shown = [1, 2] if request.tiny else list(SHOWN)
    with _run_folder(request, "published") as folder:
        model = published(tiny=request.tiny)
        if request.tiny or request.out is None:  # where nothing is kept, the pictures of the film are, for as long
            model.set_params(out=str(folder))
        model = request.fit("published", model, train)
        by_epoch = _by_epoch(folder / "samples", model, shown)
    judge(f"published, {shown[-1]} epochs", model)
    theirs = judge("published, 10 minutes", request.fit("published-10", published(LONG, tiny=request.tiny), train))
    ours = judge("ours, 10 minutes", request.fit("ours-10", usual(LONG, tiny=request.tiny), train))
    quick = judge("ours, 1 minute", request.fit("ours-1", usual(SHORT, tiny=request.tiny), train))
    conditional = request.fit("conditional-10", usual(LONG, tiny=request.tiny, conditional=True), train)
    judge("ours by class, 10 minutes", conditional)
    asked = np.arange(measure.count) % len(conditional.classes_)
    worth = worth_as_data(conditional.sample(measure.count, random_state=3, labels=asked), asked, train, test, request)
    distance, floor = ours["Frechet distance"], lines[0]["Frechet distance"]
    return Result(
        data=data,
        claims=[
            Claim("Frechet distance, ours, 10 minutes", "", distance, MOST_IN_TEN),
            Claim(
                "the same in that of the published networks, 10 minutes", "", distance / theirs["Frechet distance"], 0.1
            ),
            Claim("the same in the floor", "", distance / floor, 57.0),
            Claim("recall, ours, 10 minutes", "", ours["recall"], LEAST_RECALL, True),
            Claim("coverage, ours, 10 minutes", "", ours["coverage"], LEAST_COVERAGE, True),
            Claim("rarest class, %, ours, 10 minutes", "", ours["rarest class, %"], LEAST_RAREST, True),
            Claim("Frechet distance, ours, 1 minute", "", quick["Frechet distance"], MOST_IN_ONE),
        ],
        notes=[
            measure.note,
            "As data: classifiers learned from so many real digits, from made ones, or from both, in as many steps.",
        ],
        tables={"new digits": lines, "as data, % of test digits sorted right": worth},
        figures={"by epoch": by_epoch} | {f"samples, {name}": _grid(images) for name, images in pictures.items()},
    )


def published(minutes: float | None = None, *, tiny: bool = False, seed: int = 0) -> GAN:
    """Return the networks of TensorFlow's tutorial, untrained, for their 50 epochs or for so many minutes."""
    from latente import GAN

    size: dict[str, Any] = {"hidden": (64, 128, 256), "critic_hidden": (64, 128), "batch_size": 256}
    if tiny:
        size = {"hidden": (2, 4, 4), "critic_hidden": (2, 4), "batch_size": 64}
    return GAN(
        latent_dim=100,
        **size,
        kernel_size=5,
        stride=(2, 2, 1),
        normalization="batch",
        slope=0.3,
        critic_dropout=0.3,
        r1=0.0,
        learning_rate=1e-4,
        betas=(0.9, 0.999),
        schedule="constant",
        ema=None,
        critic_augmentation=None,
        validation=None,
        precision=fast_precision(),
        threads=1,
        random_state=seed,
        **_length(minutes, EPOCHS, tiny),
    )


def usual(minutes: float, *, tiny: bool = False, seed: int = 0, conditional: bool = False) -> GAN:
    """Return the usual networks, untrained, for so many minutes; conditional: they learn the classes along."""
    from latente import GAN

    size: dict[str, Any] = {"hidden": (4, 4)} if tiny else {}
    more = {**size, **_length(minutes, None, tiny)}
    return GAN(conditional=conditional, precision=fast_precision(), threads=1, random_state=seed, **more)


def _length(minutes: float | None, epochs: int | None, tiny: bool) -> dict[str, Any]:
    if tiny:
        return {"epochs": 2}
    return {"epochs": epochs} if minutes is None else {"minutes": minutes}


@contextlib.contextmanager
def _run_folder(request: Request, name: str) -> Iterator[Path]:
    """Give the folder of a training: where results are kept, or for the time of the block."""
    if request.out is not None and not request.tiny:
        yield request.out / "runs" / name
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


def _by_epoch(samples: Path, model: GAN, epochs: Sequence[int]) -> Figure:
    """Draw what the same latents gave at the ends of some epochs, from the pictures that the run left."""
    from PIL import Image

    from latente.figures import strips

    last = [line for line in model.history_ if "step" in line][-1]
    sheets = []
    for epoch in epochs:
        with Image.open(samples / f"step-{last['step'] // last['epoch'] * epoch:09d}.png") as picture:
            sheets.append(np.asarray(picture.convert("L"), np.float32) / 255)
    return strips(np.stack(sheets)[:, None, None], [f"epoch {epoch}" for epoch in epochs])


def _grid(images: np.ndarray) -> Figure:
    from latente.figures import grid

    return grid(images.reshape(len(images), 1, *images.shape[-2:]))
