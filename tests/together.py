"""Train every toy by several processes, and pass over a set: what they give goes into the folder given.

torchrun --nproc-per-node=2 together.py FOLDER
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import toys
from latente import Autoencoder
from latente.estimators import base
from latente.files import save_tensors
from latente.training import Batches, Run, evaluate
from latente.training.devices import world
from latente.training.passes import over

# each process draws numbers of its own; the other toys draw none
ALIKE = {
    **{name: toys.TOYS[name] for name in ("shared fakes", "frozen features", "in minutes")},
    "augmented": dataclasses.replace(
        toys.TOYS["augmented"], arguments={**toys.TOYS["augmented"].arguments, "augmentation": toys.mirrored}
    ),
}


def passes() -> dict[str, torch.Tensor]:
    """Return what passes over a table give: seven batches of 13, and one of 5."""
    images = toys.table(96)
    batches = Batches(images, toys.UNIT, torch.device("cpu"))
    rows = torch.arange(96).flip(0)
    torch.manual_seed(0)
    terms = evaluate(toys.Linear(), batches, rows, 13)
    several = over(
        batches, rows, 13, lambda batch: {"sum": batch["images"].sum(1), "bits": batch["images"][:, :2].bool()}
    )
    return {name: torch.from_numpy(values) for name, values in {**terms, **several}.items()}


def precision(unit: str | None) -> str | None:
    """Return what precision="auto" comes to in a process whose processor computes bf16 by such a unit."""
    pictures = np.random.default_rng(0).integers(0, 255, (6, 64, 64), dtype=np.uint8)
    model = Autoencoder(
        hidden=(32,), latent_dim=2, kernel_size=4, stride=4, shortcut=None, random_state=0, device="cpu"
    )
    with mock.patch.object(base, "bf16_unit", return_value=unit):
        return model.initialise(pictures).precision_


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    here = world(torch.device("cpu"))
    for name, toy in ALIKE.items():
        run = Run.create(folder / name, {"options": {}}) if here.leads else Run(folder / name)
        here.wait()
        toy.train(run)
    save_tensors(folder / f"passes-{here.rank}.safetensors", passes())
    units = ("avx512_bf16", "avx512_bf16"), ("avx512_bf16", None)  # of both, and of the first alone
    settled = [str(precision(of_ranks[here.rank])) for of_ranks in units]
    (folder / f"precision-{here.rank}.txt").write_text(" ".join(settled))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
