"""How low the loss of a style transfer comes: ours beside Adam at three rates and a schedule of scales, and how fast.

`LATENTE_DATA=... python benchmarks/style.py loss [PAIRS [SIDE]]` compares totals after as many evaluations, of
as many pairs of two photographs and four paintings (8). `... python benchmarks/style.py time [SIDE]` times a step.
All with the distilled VGG-19, whose file and the paintings lie in LATENTE_DATA/style.
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

import skimage
import torch

from latente import StyleTransfer
from latente.objectives import StyleObjective

PHOTOGRAPHS = [Path(skimage.__file__).parent / "data" / f"{name}.png" for name in ("astronaut", "coffee")]
PAINTINGS = ("starry_night", "the_scream", "kandinsky_transverse_line_1923", "shipwreck")
EVALUATIONS, SIDE = 180, 256
PLAIN = {"optimizer": "adam", "octaves": 1}
CONTENDERS: dict[str, dict[str, Any]] = {
    "ours": {},
    "adam 0.01": {**PLAIN, "learning_rate": 0.01},
    "adam 0.02": {**PLAIN, "learning_rate": 0.02},
    "adam 0.05": {**PLAIN, "learning_rate": 0.05},
    # after github.com/crowsonkb/style-transfer-pytorch: Adam, from 128 pixels on, the mean of its steps
    "scales": {
        "optimizer": "adam",
        "learning_rate": 0.02,
        "scales": 2,
        "ema": 0.99,
        "style_layers": "1_1:256,2_1:64,3_1:16,4_1:4,5_1:1",
    },
}


def transfer(painting: str, **options: Any) -> StyleTransfer:
    data = Path(os.environ["LATENTE_DATA"]) / "style" / f"{painting}.jpg"
    usual = {"network": "vgg19-distilled", "side": SIDE, "steps": EVALUATIONS, "random_state": 0}
    return StyleTransfer(**{**usual, "styles": str(data), "threads": 1, **options})


@contextmanager
def losses() -> Iterator[list[float]]:
    """Yield a list that every evaluation adds its loss to, and stop what is running after so many."""
    known, total = [], StyleObjective.total

    def counted(self: StyleObjective, terms: Any) -> Any:
        loss = total(self, terms)
        known.append(float(loss.detach()))
        return loss

    StyleObjective.total = counted  # type: ignore[method-assign]
    try:
        yield known
    finally:
        StyleObjective.total = total  # type: ignore[method-assign]


def compare(pairs: int, side: int) -> None:
    """Print the totals of each pair, all by the usual weights, and by which share ours is below the best of Adam's."""
    for photograph, painting in list(itertools.product(PHOTOGRAPHS, PAINTINGS))[:pairs]:
        totals, curve = {}, []
        for name, options in CONTENDERS.items():
            with losses() as known:
                model = transfer(painting, side=side, **options).fit(str(photograph))
            if name == "scales":  # its own loss is another one
                judge = transfer(painting, side=side).initialise(str(photograph))
                judge.objective_.start_from(model.objective_.picture().detach())
                with torch.no_grad():
                    known = [
                        float(
                            judge.objective_.total(
                                judge.objective_.terms(judge.objective_.picture(), judge.objective_.aims[0])
                            )
                        )
                    ]
            totals[name] = min(known[:EVALUATIONS])
            print(f"{photograph.stem}, {painting}, {name}: {totals[name]:.4f}", file=sys.stderr, flush=True)
            curve = known if name == "ours" else curve
        best = min(value for name, value in totals.items() if name.startswith("adam"))
        reached = next((i + 1 for i, loss in enumerate(curve) if loss <= best), None)
        line = {"photograph": photograph.stem, "painting": painting, **{n: round(v, 4) for n, v in totals.items()}}
        print(json.dumps(line | {"below_adam": round(1 - totals["ours"] / best, 3), "as_low_as_adam_after": reached}))


def measure(side: int) -> None:
    """Print the seconds of a step at a side, and the most memory that was taken."""
    model = transfer(PAINTINGS[0], side=side, steps=8, preview_every=8, log_every=4, threads=None)
    start, processor = time.perf_counter(), time.process_time()
    model.fit(str(PHOTOGRAPHS[0]))
    lines = [line for line in model.history_ if line["part"] == "train"]
    facts = {
        "side": side,
        "seconds_a_step": min(line["seconds"] for line in lines) / 4,
        "in_all": time.perf_counter() - start,
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(facts | {"processor": time.process_time() - processor, "peak_gib": round(peak, 2)}))


if __name__ == "__main__":
    numbers = list(map(int, sys.argv[2:]))
    if sys.argv[1] == "loss":
        compare(*[*numbers, *(8, SIDE)[len(numbers) :]])
    else:
        measure(*numbers or [512])
