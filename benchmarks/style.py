"""How low the loss of a style transfer comes: ours beside Adam at three rates and a schedule of scales, and how fast.

`LATENTE_DATA=... python benchmarks/style.py loss [PAIRS [SIDE]]` compares totals after as many evaluations, of
as many pairs of two photographs and four paintings (8). `... python benchmarks/style.py time [SIDE [STEPS]] [bf16]`
times a step, and where the number of steps is given the whole. `... python benchmarks/style.py fast RUN [FILE]` tells
of a run of `latente fit PHOTOS --model style` which part of the gap to each style it closes, and how long 512 pixels
take; FILE gets a sheet of all pairs. All with the distilled VGG-19, whose file and the paintings lie in
LATENTE_DATA/style.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import skimage
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_hook

from latente import FastStyleTransfer, StyleTransfer, load
from latente.estimators.weights import open_network
from latente.objectives import StyleObjective
from latente.objectives.style import gram, gram_distance

PHOTOGRAPHS = [Path(skimage.__file__).parent / "data" / f"{name}.png" for name in ("astronaut", "coffee")]
PAINTINGS = ("starry_night", "the_scream", "kandinsky_transverse_line_1923", "shipwreck")
EVALUATIONS, SIDE = 180, 256
RATES = (0.01, 0.02, 0.05)
THEIRS = "1_1:256,2_1:64,3_1:16,4_1:4,5_1:1"  # crowsonkb's weights of the style's layers


def transfer(painting: str, **options: Any) -> StyleTransfer:
    data = Path(os.environ["LATENTE_DATA"]) / "style" / f"{painting}.jpg"
    usual = {"network": "vgg19-distilled", "side": SIDE, "steps": EVALUATIONS, "random_state": 0}
    return StyleTransfer(**{**usual, "styles": str(data), "threads": 1, **options})


@contextmanager
def losses() -> Iterator[list[float]]:
    """Yield a list to which every evaluation of a style's objective adds its loss."""
    known: list[float] = []

    def note(module: nn.Module, inputs: Any, outputs: Any) -> None:
        if isinstance(module, StyleObjective):
            known.append(float(outputs[0].detach()))

    hook = register_module_forward_hook(note)
    try:
        yield known
    finally:
        hook.remove()


def scheduled(photograph: Path, painting: str, side: int, layers: str | None) -> tuple[Tensor, Tensor]:
    """Return what the schedule of github.com/crowsonkb/style-transfer-pytorch makes over our terms, and its last step.

    Adam (0.02, betas 0.9 and 0.99) on plain pixels, from the photograph on, over sizes a factor of root 2 apart from
    128 pixels on, half of the evaluations at the first one. From size to size picture and state of the optimiser are
    enlarged; pixels are clipped after each step; a size ends with the mean of its steps (decay 0.99, free of bias), of
    which there are few here: so the last step is judged as well. (1, 3, H, W) each.
    """
    sizes = [side]
    while (smaller := round(side / 2 ** (len(sizes) / 2))) >= min(128, side):
        sizes.append(smaller)
    sizes.reverse()
    later = EVALUATIONS // (len(sizes) + 1)
    steps = [EVALUATIONS - later * (len(sizes) - 1), *[later] * (len(sizes) - 1)]
    image: Tensor | None = None
    last: Tensor | None = None
    state: dict[str, Any] = {}
    for size, count in zip(sizes, steps, strict=True):
        model = transfer(painting, side=size, octaves=1, scales=1, style_layers=layers).initialise(str(photograph))
        objective = model.objective_
        if image is None:
            image = objective.picture().detach()
        sides = tuple(objective.picture().shape[2:])
        parameter = nn.Parameter(functional.interpolate(image, sides, mode="bicubic").clamp(0, 1))
        optimizer = torch.optim.Adam([parameter], lr=0.02, betas=(0.9, 0.99))
        if state:
            state["exp_avg"] = functional.interpolate(state["exp_avg"], sides, mode="bicubic")
            state["exp_avg_sq"] = functional.interpolate(state["exp_avg_sq"], sides, mode="bilinear").relu()
            optimizer.state[parameter] = state
        mean, share = torch.zeros_like(parameter), 1.0
        for _ in range(count):
            optimizer.zero_grad()
            objective.total(objective.terms(parameter, objective.aims[0])).backward()
            optimizer.step()
            with torch.no_grad():
                parameter.clamp_(0, 1)
                mean.lerp_(parameter, 0.01)
            share *= 0.99
        image, last, state = mean / (1 - share), parameter.detach(), optimizer.state[parameter]
    assert image is not None
    assert last is not None
    return image, last


@torch.no_grad()
def judged(photograph: Path, painting: str, side: int, image: Tensor) -> float:
    """Return the total of a picture by the usual weights."""
    objective = transfer(painting, side=side).initialise(str(photograph)).objective_
    return float(objective.total(objective.terms(image, objective.aims[0])))


def compare(pairs: int, side: int) -> None:
    """Print the totals of each pair, all by the usual weights, and by which share ours is below the best of Adam's."""
    for photograph, painting in list(itertools.product(PHOTOGRAPHS, PAINTINGS))[:pairs]:
        curves: dict[str, list[float]] = {}
        for name, options in {
            "ours": {},
            **{f"adam {rate}": {"optimizer": "adam", "octaves": 1, "learning_rate": rate} for rate in RATES},
        }.items():
            with losses() as known:
                transfer(painting, side=side, **options).fit(str(photograph))
            curves[name] = known[:EVALUATIONS]
        totals = {name: min(curve) for name, curve in curves.items()}
        for name, layers in {"scales": None, "scales, their layers": THEIRS}.items():
            both = [judged(photograph, painting, side, one) for one in scheduled(photograph, painting, side, layers)]
            totals |= {name: both[0], f"{name}, last step": both[1]}
        print(f"{photograph.stem}, {painting}: {totals}", file=sys.stderr, flush=True)
        best = min(value for name, value in totals.items() if name.startswith("adam"))
        reached = next((i + 1 for i, loss in enumerate(curves["ours"]) if loss <= best), None)
        lowest = min(value for name, value in totals.items() if name.startswith("scales"))
        scales = next((i + 1 for i, loss in enumerate(curves["ours"]) if loss <= lowest), None)
        line = {"photograph": photograph.stem, "painting": painting, **{n: round(v, 4) for n, v in totals.items()}}
        line |= {"below_adam": round(1 - totals["ours"] / best, 3), "as_low_as_adam_after": reached}
        print(json.dumps(line | {"as_low_as_scales_after": scales}), flush=True)


def pixels(path: Path, side: int) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 whose longer side has so many pixels."""
    with Image.open(path) as image:
        shrinks = side / max(image.size)
        sides = round(image.width * shrinks), round(image.height * shrinks)
        return np.asarray(image.convert("RGB").resize(sides, Image.Resampling.LANCZOS))


@torch.no_grad()
def fast(run: str, sheet: str | None) -> None:
    """Print of each pair how much of the way to the style's Gram matrices is gone, by colours alone and by a run."""
    model, net = load(run), open_network("vgg19-distilled").network
    assert isinstance(model, FastStyleTransfer)
    layers = ("1_1", "2_1", "3_1", "4_1", "5_1")

    def grams(picture: np.ndarray) -> list[Tensor]:
        x = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
        return [gram(maps) for maps in net(x, layers).values()]

    def far(picture: np.ndarray, wanted: list[Tensor]) -> float:
        return sum(float(gram_distance(a, b)) for a, b in zip(grams(picture), wanted, strict=True)) / len(layers)

    rows = []
    for photograph in PHOTOGRAPHS:
        content, row = pixels(photograph, SIDE), []
        for painting in PAINTINGS:
            style = pixels(Path(os.environ["LATENTE_DATA"]) / "style" / f"{painting}.jpg", 512)
            wanted, painted = grams(style), model.stylise(content, style)
            spread = [one.reshape(-1, 3).astype(np.float32) for one in (content, style)]
            means, deviations = ([one.mean(0) for one in spread], [one.std(0) for one in spread])
            coloured = (content - means[0]) / deviations[0] * deviations[1] + means[1]
            gap = far(content, wanted)
            line = {"photograph": photograph.stem, "painting": painting, "gap": round(gap, 3)}
            line |= {"colours": round(1 - far(coloured.clip(0, 255), wanted) / gap, 3)}
            print(json.dumps(line | {"closed": round(1 - far(painted, wanted) / gap, 3)}), flush=True)
            row.append(np.pad(painted, ((0, SIDE - len(painted)), (0, SIDE - painted.shape[1]), (0, 0))))
        rows.append(np.concatenate(row, 1))
    if sheet is not None:
        Image.fromarray(np.concatenate(rows)).save(sheet, quality=92)
    content, style = (pixels(path, 512)[:512, :512] for path in (PHOTOGRAPHS[0], PHOTOGRAPHS[1]))
    seconds, processor = [], []
    for _ in range(5):
        start, used = time.perf_counter(), time.process_time()
        model.stylise(content, style)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    facts = {"pixels": content.shape[:2], "threads": torch.get_num_threads(), "seconds": round(min(seconds), 3)}
    print(json.dumps(facts | {"processor": round(min(processor), 3), "parameters": model.parameter_count()}))


def measure(side: int, steps: int, precision: str) -> None:
    """Print the seconds of a step at a side and of all steps, and the most memory that was taken."""
    short = {"steps": steps, "preview_every": steps, "log_every": 4, "threads": None, "precision": precision}
    model = transfer(PAINTINGS[0], side=side, **short)
    start, processor = time.perf_counter(), time.process_time()
    model.fit(str(PHOTOGRAPHS[0]))
    lines = [line for line in model.history_ if line["part"] == "train"]
    facts = {
        "side": side,
        "steps": steps,
        "precision": model.precision_,
        "seconds_a_step": min(line["seconds"] for line in lines) / 4,
        "in_all": time.perf_counter() - start,
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(facts | {"processor": time.process_time() - processor, "peak_gib": round(peak, 2)}))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[2:] if word.isdigit()]
    if sys.argv[1] == "fast":
        fast(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    elif sys.argv[1] == "loss":
        compare(*[*numbers, *(8, SIDE)[len(numbers) :]])
    else:
        side, steps = [*numbers, *(512, 8)[len(numbers) :]]
        measure(side, steps, "bf16" if "bf16" in sys.argv else "float32")
