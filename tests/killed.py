"""Train a family into a run folder, or go on with what is there; killed where the plan says so.

    python killed.py FAMILY RUN [PLACE COUNT]
    python killed.py --all FOLDER

The second form trains each family and toy twice, in FOLDER/NAME/whole and, killed three times, in FOLDER/NAME/parts: in
processes that are forked, since to import everything anew takes longer than such a training.

PLACE is where SIGKILL strikes, at the COUNT-th time that training passes it: at a step, in the middle of writing a
checkpoint, before its data are synced or its name changes, or while the validation images are being evaluated.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

import toys
from latente import GAN, Autoencoder, VariationalAutoencoder, files, resume
from latente.estimators import adversarial
from latente.training import Run, TrainingOptions, isolated_rng, loop, train

EPOCHS = 4
FAMILIES = ("autoencoder", "vae", "gan", "two players")


def die(*_: Any, **named: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def half_written(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    content = safetensors.torch.save(tensors, metadata)
    with open(path, "wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        die()


PLACES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "step": (TrainingOptions, "rate", die),
    "half-written": (files, "_write", half_written),
    "sync": (os, "fsync", die),
    "rename": (os, "replace", die),
    "evaluation": (loop, "evaluate", die),
}


def strike(place: str, count: int) -> None:
    owner, name, blow = PLACES[place]
    original = getattr(owner, name)
    passed = 0

    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal passed
        passed += 1
        return (blow if passed == count else original)(*arguments, **named)

    setattr(owner, name, watched)


def torment(family: str, folder: Path) -> None:
    """Train a family or toy whole, and another time with three kills at chance places."""
    rng = np.random.default_rng(list(family.encode()))
    judged = family in ("autoencoder", "vae")
    for place in rng.permutation([place for place in PLACES if judged or place != "evaluation"])[:3]:
        blow = place, int(rng.integers(1, 5))
        in_fork(lambda blow=blow: go_on(family, folder / "parts", blow), -signal.SIGKILL)
        if odd := [path for path in (folder / "parts").rglob(".*") if path.suffix == ".safetensors"]:
            raise RuntimeError(f"a killed write left {odd[0]}, which looks like a checkpoint")
    in_fork(lambda: go_on(family, folder / "parts"), 0)
    if family in toys.TOYS:  # with the number of steps that was found to fit into the minutes
        Run.create(folder / "whole", Run(folder / "parts").options())
    in_fork(lambda: go_on(family, folder / "whole"), 0)


def in_fork(work: Callable[[], object], expected: int) -> None:
    """Do some work in a process of its own, and raise RuntimeError where that ends otherwise than expected."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            if error := sys.exception():
                traceback.print_exception(error)
            os._exit(1 if error else 0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended != expected:
        raise RuntimeError(f"a process ended with {ended} instead of {expected}")


def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (90, 9, 8), dtype=np.uint8)


def go_on(family: str, run: Path, blow: tuple[str, int] | None = None) -> None:
    """Start the family's training in `run`, or go on with it, to its end or to the blow at a place, the n-th time."""
    if blow is not None:
        strike(*blow)
    torch.set_num_threads(1)
    kind = {"autoencoder": Autoencoder, "vae": VariationalAutoencoder, "gan": GAN}.get(family)
    adversarial.FEWEST_STEPS = 6
    started = (run / "options.json").exists()
    if family in toys.TOYS:
        toys.TOYS[family].train(Run(run) if started else Run.create(run, {"options": {}}))
    elif kind is None:
        images = toys.mixture(96)
        options = TrainingOptions(epochs=EPOCHS, batch_size=16, device="cpu", checkpoint_every=2, log_every=3)
        with isolated_rng(0):
            objective = toys.TwoPlayers()
        train(objective, images, toys.UNIT, options, run=Run(run) if started else Run.create(run, {"options": {}}))
    elif started:
        resume(run, pictures())
    else:
        shape: dict[str, Any] = {"latent_dim": 3, "hidden": (4,), "ema": 0.9}
        if family == "gan":
            shape |= {"normalization": "batch", "critic_normalization": "spectral", "critic_dropout": 0.2, "r2": 1.0}
            shape |= {"loss": "relativistic", "critic_steps": 2}
        else:
            shape |= {"dropout": 0.2, "corruption": "gaussian:0.1"}
        pace = {"epochs": EPOCHS, "batch_size": 16, "checkpoint_every": 2, "log_every": 3, "device": "cpu"}
        kind(**shape, **pace, random_state=0, out=run).fit(pictures())


if __name__ == "__main__":
    if sys.argv[1] == "--all":
        torch.set_num_threads(1)
        toys.TOYS["frozen features"].train()  # what it imports, every fork has
        for name in (*FAMILIES, *toys.TOYS):
            torment(name, Path(sys.argv[2]) / name)
        sys.exit()
    go_on(sys.argv[1], Path(sys.argv[2]), (sys.argv[3], int(sys.argv[4])) if len(sys.argv) > 3 else None)
