"""Is the final loss the same with bf16 as with float32, within what another seed changes?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from models import MODELS, images_for
from segment import epochs_for

__all__ = ["check"]


def check(models: Sequence[str], seeds: int, steps: int, threads: int) -> None:
    """Train each model from `seeds` seeds in both precisions and print mean and spread of the final losses.

    The final loss is the mean over the last fifth of the steps. The same seed means the same first weights, order and
    noise in both, so their differences are paired; "same" is a mean difference below the spread over seeds.
    """
    import torch

    from ours import estimator_for

    torch.set_num_threads(threads)
    print("| | float32: mean (sd over seeds) | bf16 | mean difference | within seed noise |\n|---|---|---|---|---|")
    for name in models:
        model = MODELS[name]
        pixels, _ = images_for(model)
        images, epochs = epochs_for(steps, model.batch, len(pixels))
        finals: dict[str, list[float]] = {"float32": [], "bf16": []}
        for seed in range(seeds):
            for precision, losses in finals.items():
                estimator = estimator_for(
                    model, epochs=epochs, precision=precision, random_state=seed, log_every=10, threads=threads
                )
                estimator.fit(pixels[:images])
                lines = [line["loss"] for line in estimator.history_ if line["part"] == "train"]
                losses.append(statistics.fmean(lines[-max(1, len(lines) // 5) :]))
        pairs = zip(finals["float32"], finals["bf16"], strict=True)
        difference = statistics.fmean(low - full for full, low in pairs)
        noise = statistics.stdev(finals["float32"])
        cells = [f"{statistics.fmean(losses):.6g} ({statistics.stdev(losses):.2g})" for losses in finals.values()]
        verdict = "yes" if abs(difference) <= noise else "no"
        print(f"| {name} | {' | '.join(cells)} | {difference:+.2g} | {verdict} |", flush=True)
