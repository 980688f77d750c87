"""How well are the pictures of one class told from those of all others, by a detector that saw that class alone?

    LATENTE_DATA=DATA python benchmarks/one_class.py mnist             5 to 10 minutes
    LATENTE_DATA=DATA python benchmarks/one_class.py fashion-mnist     the same
    ... --method transforms                                            3 minutes a class

For each class `AnomalyDetector()`, without an option but the seed and the method, learns from its training pictures,
and scores all 10,000 test pictures. AUROC of the other classes against this one, the false alarms beside the 5 %
promised, seconds of wall time and of processor time, and the means over the classes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import numpy as np

import latente
from latente.metrics import auroc
from measure import load, machine

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", choices=("mnist", "fashion-mnist"))
    parser.add_argument("--classes", type=lambda text: [int(one) for one in text.split(",")], default=range(10))
    parser.add_argument("--method", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    train, test = (latente.open_images(options.images, split=part) for part in ("train", "test"))
    assert train.labels is not None
    assert test.labels is not None
    print(f"{options.images}, method {options.method}, seed {options.seed}; load before {load():.2f}; {machine()}")
    figures = []
    for label in options.classes:
        start, used = time.perf_counter(), time.process_time()
        own = train.take(np.flatnonzero(train.labels == label))
        model = latente.AnomalyDetector(method=options.method, random_state=options.seed).fit(own)
        oddness = -model.score_samples(test)
        seconds, processor = time.perf_counter() - start, time.process_time() - used
        odd = test.labels != label
        alarms = float((oddness[~odd] > model.threshold_).mean())
        figures.append((100 * auroc(odd, oddness), 100 * alarms, seconds, processor))
        print(f"{test.label_names[label]:12} {_told(figures[-1])}", flush=True)
    print(f"{'mean':12} {_told([statistics.mean(column) for column in zip(*figures, strict=True)])}")


def _told(figures: Sequence[float]) -> str:
    area, alarms, seconds, processor = figures
    return f"AUROC {area:.2f}, false alarms {alarms:.1f} %, {seconds:.0f} s, of the processor {processor:.0f} s"


if __name__ == "__main__":
    main()
