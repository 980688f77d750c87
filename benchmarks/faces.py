"""How well does a VAE rebuild drawn faces, and does a latent direction change what it should, and only that?

    python benchmarks/faces.py                        train, measure, print both tables; about 15 minutes on 2 cores
    python benchmarks/faces.py --run runs/faces       measure a model that is there already

Reconstruction: mean PSNR (peak 1) and SSIM on the 2,000 test faces, beside PCA with as many numbers as the code has.

Editing: each of 1,000 test faces is moved along the direction of an attribute, towards it where a classifier does not
see the attribute and away from it where it does. The classifier is a small convolutional network of its own, trained
on real training faces, of which three quarters are slightly blurred, so that it goes by what is drawn and not by how
sharply. "flipped" is the share of faces where its answer for the attribute differs between the real face
and the edited one; "kept" the share where its answer for another attribute is that of the real face: the lowest over
the other attributes, and which one that is. Columns that exclude each other (the hair colours) count as one attribute.
The strength is one number per attribute, in gaps between the classes, chosen on the validation faces; and so is whether
the direction is orthogonal to those of the two attributes that the plain one disturbs most ("against").
There are two tables: of faces edited with their detail kept (what moving the code changes, added to the face itself),
and of faces decoded from the moved codes, which lose what any reconstruction loses.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from latente import VariationalAutoencoder, corruptions, metrics
from latente.estimators import load as load_model
from latente.images import Images, Scaling, open_images
from latente.latents import Direction, edit, learn_direction
from latente.objectives import Objective
from latente.training import Batches, TrainingOptions, train
from measure import load, machine

__all__ = ["main"]

EDITED = ("hair_blond", "glasses", "smile", "hat")
STRENGTHS = np.arange(0.5, 6.01, 0.1).round(1)
BLURS = ("blur:0.6", "blur:1", "blur:1.5")
FACES = 1_000
GOALS = {"flipped": 0.95, "kept": 0.90}
MODEL: dict[str, Any] = {
    "latent_dim": 100,
    "network": "conv",
    "hidden": (32, 64, 128, 256),
    "activation": "gelu",
    "normalization": "batch",
    "likelihood": "gaussian",
    "batch_size": 32,
    "epochs": 16,
    "learning_rate": 4e-3,
    "warmup": 500,
    "schedule": "cosine",
    "precision": "bf16",
    "random_state": 0,
}


class Recognition(Objective):
    """The cross-entropy of attributes -1/1 given images, summed over the attributes: an outside judge of edits."""

    columns = ("attributes",)

    def __init__(self, channels: int, attributes: int) -> None:
        super().__init__()
        widths = (channels, 32, 64, 128, 128)
        blocks: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            blocks += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.network = nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.2), nn.LazyLinear(attributes))

    def forward(self, turn: str, batch: Any, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        truth = (batch["attributes"] > 0).float()
        sharp, *others = batch["images"].chunk(1 + len(BLURS))
        blurred = [corruptions.from_name(blur)(part, generator) for blur, part in zip(BLURS, others, strict=True)]
        loss = nn.functional.binary_cross_entropy_with_logits(self.network(torch.cat([sharp, *blurred])), truth)
        return loss * truth.shape[1], {}


class Judge:
    """Says which attributes it sees in images."""

    def __init__(self, images: Images, epochs: int, seed: int) -> None:
        self.scaling = Scaling.fit(images.pixels, np.arange(len(images)))
        self.objective = Recognition(images.image_shape[0], len(images.attribute_names))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.objective.network(torch.zeros(2, *images.image_shape))  # makes the last layer
            options = TrainingOptions(epochs=epochs, batch_size=128, learning_rate=2e-3, schedule="cosine")
            train(self.objective, images, self.scaling, options, seed=seed)
        self.objective.eval()

    @torch.no_grad()
    def __call__(self, images: Images) -> np.ndarray:
        batches = Batches(images, self.scaling, torch.device("cpu"))
        rows = torch.arange(len(images))
        parts = [self.objective.network(batch["images"]) > 0 for batch in batches.in_order(rows, 500)]
        return torch.cat(parts).numpy()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a trained run to measure (default: train one)")
    parser.add_argument("--out", type=Path, default=Path("runs/faces"), help="folder of the run that is trained")
    parser.add_argument("--set", default="{}", help="options of the model to change, as JSON")
    parser.add_argument("--method", choices=("means", "logistic"), default="means")
    parser.add_argument("--judge-epochs", type=int, default=6)
    options = parser.parse_args(arguments)
    before = load()
    parts = {part: open_images("faces", split=part) for part in ("train", "val", "test")}
    run = options.run or _train(parts["train"], options.out, json.loads(options.set))
    model = load_model(run)
    result: dict[str, Any] = {"machine": machine(), "load_before": round(before, 2), "run": str(run)}
    result["reconstruction"] = _reconstruction(model, parts)
    judge = Judge(parts["train"], options.judge_epochs, seed=1)
    result["method"] = options.method
    for title, keep_detail in (("detail kept", True), ("decoded", False)):
        print(f"\nEdited faces, {title}:")
        result[title] = _editing(model, parts, judge, options.method, keep_detail)
    (run / "faces.json").write_text(json.dumps(result, indent=1) + "\n")


def _train(images: Images, out: Path, changed: dict[str, Any]) -> Path:
    start = time.perf_counter()
    VariationalAutoencoder(**MODEL | {"out": out} | changed).fit(images)
    print(f"trained in {(time.perf_counter() - start) / 60:.1f} minutes: {MODEL | changed}\n")
    return out


def _reconstruction(model: Any, parts: dict[str, Images]) -> dict[str, Any]:
    """Print and return the mean PSNR and SSIM of the model and of PCA on the test faces."""
    test, known = parts["test"], parts["train"]
    values = (pixels.pixels.reshape(len(pixels), -1).astype(np.float32) / 255 for pixels in (known, test))
    learned, truth = values
    pca = PCA(model.latent_dim, svd_solver="randomized", random_state=0).fit(learned)
    by_pca = np.clip(pca.inverse_transform(pca.transform(truth)), 0, 1).reshape(test.pixels.shape)
    figures_of_pca = metrics.evaluate_images(test.pixels / 255, by_pca, 1.0)
    told = {"VAE": model.evaluate(test), f"PCA-{model.latent_dim}": figures_of_pca}
    print("| | PSNR (dB, peak 1) | SSIM |\n|---|---|---|")
    for name, figures in told.items():
        print(f"| {name} | {figures['psnr']:.2f} | {figures['ssim']:.3f} |")
    return {name: {key: figures[key] for key in ("psnr", "ssim", "mse")} for name, figures in told.items()}


def _editing(
    model: Any, parts: dict[str, Images], judge: Judge, method: str, keep_detail: bool
) -> list[dict[str, Any]]:
    """Print and return, for each edited attribute, the judge's accuracy and what its answers become."""
    names = list(parts["train"].attribute_names)
    codes = model.transform(parts["train"])
    truth = dict(zip(names, parts["train"].columns["attributes"].T, strict=True))
    accuracy = ((parts["test"].columns["attributes"] > 0) == judge(parts["test"])).mean(0)
    val, test = (_Faces(model, judge, parts[part].take(slice(FACES)), names, keep_detail) for part in ("val", "test"))
    lines = []
    print(
        "\n| attribute | judge's accuracy | against | strength | flipped | kept, lowest (which) | kept, mean | at 0 |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in EDITED:
        direction = learn_direction(codes, truth[name], attribute=name, method=method)
        strength, worth = val.best(direction)
        disturbed = val(direction, strength).least_kept(2)
        apart = learn_direction(
            codes, truth[name], attribute=name, method=method, against={other: truth[other] for other in disturbed}
        )
        if (found := val.best(apart))[1] > worth:
            direction, strength = apart, found[0]
        seen, plain = test(direction, strength), test(direction, 0.0)
        line = {
            "attribute": name,
            "accuracy": float(accuracy[names.index(name)]),
            "against": direction.against,
            "strength": strength,
            "flipped": seen.flipped,
            "kept": min(seen.kept.values()),
            "which": seen.least_kept(1)[0],
            "kept_mean": statistics.mean(seen.kept.values()),
            "kept_at_0": min(plain.kept.values()),
        }
        lines.append(line)
        print(
            f"| {name} | {line['accuracy']:.4f} | {', '.join(direction.against)} | {strength:.1f} "
            f"| {seen.flipped:.3f} | {line['kept']:.3f} ({line['which']}) | {line['kept_mean']:.3f} "
            f"| {line['kept_at_0']:.3f} |",
            flush=True,
        )
    return lines


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What became of the judge's answers: flipped for the edited attribute, kept for each of the others."""

    flipped: float
    kept: dict[str, float]

    def least_kept(self, count: int) -> list[str]:
        return sorted(self.kept, key=lambda name: self.kept[name])[:count]

    @property
    def worth(self) -> float:
        """By how much the goal that is reached least is passed: 1 where both are just reached."""
        return min(self.flipped / GOALS["flipped"], min(self.kept.values()) / GOALS["kept"])


class _Faces:
    """Faces, and what the judge says of them when they are moved along a direction."""

    def __init__(self, model: Any, judge: Judge, faces: Images, names: list[str], keep_detail: bool) -> None:
        self.model, self.judge, self.faces, self.names, self.keep_detail = model, judge, faces, names, keep_detail
        self.before = judge(faces)

    def best(self, direction: Direction) -> tuple[float, float]:
        """Return the strength of the greatest worth, and that."""
        worths = {float(strength): self(direction, strength).worth for strength in STRENGTHS}
        strength = max(worths, key=lambda strength: worths[strength])
        return strength, worths[strength]

    def __call__(self, direction: Direction, strength: float) -> _Seen:
        own = self.names.index(direction.attribute)
        after = np.empty_like(self.before)
        for has in (False, True):
            rows = self.before[:, own] == has
            pixels, amount = self.faces.pixels[rows], -strength if has else strength
            edited = edit(self.model, pixels, direction, [amount], keep_detail=self.keep_detail)[:, 0]
            after[rows] = self.judge(open_images(edited, channels="first"))
        same = dict(zip(self.names, (after == self.before).mean(0).tolist(), strict=True))
        others = {name: share for name, share in same.items() if not _excludes(direction.attribute, name)}
        return _Seen(1 - same[direction.attribute], others)


def _excludes(name: str, other: str) -> bool:
    """Whether two columns speak of the same thing: an attribute and itself, or two hair colours."""
    colours = ("hair_black", "hair_brown", "hair_blond", "hair_grey")
    return name == other or (name in colours and other in colours)


if __name__ == "__main__":
    main()
