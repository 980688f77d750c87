"""One contender with one model in a process of its own: trains a stretch for each line it reads, and says how it went.

    python benchmarks/contender.py CONTENDER MODEL [--precision bf16] [--seconds 3] [--steps N]

Prints one JSON line when ready (imported, built, warmed up), one for each line on standard input, and one at the end of
the input with the peak of memory.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from typing import Any

from measure import PeakMemory, versions
from models import MODELS, images_for
from segment import Contender

__all__ = ["CONTENDERS"]

# name on the command line -> (module, class); modules import only what their environment has
CONTENDERS = {
    "latente": ("ours", "Latente"),
    "bare": ("loops", "Bare"),
    "usual": ("loops", "Usual"),
    "keras": ("peers_keras", "Keras"),
    "keras-nojit": ("peers_keras", "KerasWithoutJit"),
    "lightning": ("peers_torch", "Lightning"),
    "skorch": ("peers_torch", "Skorch"),
    "pythae": ("peers_torch", "Pythae"),
}
_DISTRIBUTIONS = ("torch", "latente", "tensorflow-cpu", "tensorflow", "keras", "lightning", "skorch", "pythae", "numpy")
_FIRST_STEPS, _TRIAL_STEPS, _FEWEST_STEPS = 5, 20, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--precision", default="float32", choices=("float32", "bf16"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="about how long a stretch shall take")
    parser.add_argument("--steps", type=int, help="steps of a stretch, whatever they take")
    options = parser.parse_args()
    with PeakMemory() as memory:
        before = time.perf_counter()
        contender, about = _prepare(options)
        steps = options.steps or _steps_for(contender, options.seconds)
        about |= {"parameters": contender.parameters, "setup_seconds": round(time.perf_counter() - before, 2)}
        _say(about)
        for _ in sys.stdin:
            segment = contender.train(steps)
            _say({"ms": segment.milliseconds, "steps": segment.steps, "loss": segment.loss})
    _say({"peak_rss_mb": round(memory.resident, 1), "peak_anonymous_mb": round(memory.anonymous, 1)})


def _prepare(options: argparse.Namespace) -> tuple[Contender, dict[str, Any]]:
    """Import and build the contender; a few first steps compile what it compiles."""
    module, name = CONTENDERS[options.contender]
    if module != "peers_keras":
        import torch

        torch.set_num_threads(options.threads)
    kind = getattr(importlib.import_module(module), name)
    model = MODELS[options.model]
    pixels, source = images_for(model)
    contender: Contender = kind(model, pixels, options.precision)
    contender.train(_FIRST_STEPS)
    return contender, {"data": source, "images": len(pixels), "versions": versions(_DISTRIBUTIONS)}


def _steps_for(contender: Contender, seconds: float) -> int:
    """Return how many steps take about `seconds`, after a trial."""
    return max(_FEWEST_STEPS, round(1e3 * seconds / contender.train(_TRIAL_STEPS).milliseconds))


def _say(line: dict[str, Any]) -> None:
    print("@" + json.dumps(line), flush=True)  # the mark tells these lines from what a library prints


if __name__ == "__main__":
    main()
