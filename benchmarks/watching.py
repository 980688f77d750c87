"""What does `latente fit --watch` cost, beside the same training without?

    LATENTE_DATA=DATA python benchmarks/watching.py              Fashion-MNIST; about 5 minutes of processor time
    python benchmarks/watching.py --set glyphs --pairs 5

Trains one model three ways, one after the other: alone; with its page served, which nobody looks at; and with a reader
that asks for the run's state once a second, as the page does in a browser, and for its whole log, of which the page
asks for what is new. Who begins changes with each round. The ratios are taken round by round, of the processor time of
the whole command line, so that neither what else the machine does nor its pace counts; and of its seconds on the clock,
which are worth something on a quiet machine alone.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from measure import load

WAYS = ("alone", "served", "read")
EVERY = 1.0  # seconds between two questions of the page
TRAINING = "--network dense --latent-dim 16 --epochs 2 --seed 0 --no-report"


@dataclasses.dataclass
class Cost:
    """What one training took, in seconds."""

    processor: float
    clock: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="fashion-mnist")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    before = load()
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for turn in range(options.pairs):
        for way in WAYS if turn % 2 == 0 else WAYS[::-1]:
            cost = _train(options.set, way)
            costs[way].append(cost)
            print(f"{way}: {cost.processor:.2f} s of processor time, {cost.clock:.1f} s", flush=True)
    print(f"\nlatente fit {options.set} {TRAINING}; load before {before:.2f}")
    for way in WAYS[1:]:
        for kind in ("processor", "clock"):
            pairs = zip(costs[way], costs["alone"], strict=True)
            ratios = sorted(getattr(a, kind) / getattr(b, kind) for a, b in pairs)
            print(f"{way} / alone, {kind}: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")


def _train(name: str, way: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "latente", "fit", name, *TRAINING.split(), "--out", str(Path(folder, "run"))]
        start = time.perf_counter()
        training = subprocess.Popen(
            line if way == "alone" else [*line, "--watch"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert training.stdout is not None
        with _reader() if way == "read" else contextlib.nullcontext([]) as addresses:
            told = []
            for text in training.stdout:
                told.append(text)
                addresses.extend(re.findall(r"http://\S+", text))
        _, status, used = os.wait4(training.pid, 0)
        seconds = time.perf_counter() - start
    if status:
        sys.exit("".join(told))
    return Cost(used.ru_utime + used.ru_stime, seconds)


@contextlib.contextmanager
def _reader() -> Iterator[list[str]]:
    """Yield a list; from when an address stands in it, ask there as a page would, until the block ends."""
    addresses: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.wait(EVERY):
            for address in addresses[:1]:
                for part in ("state", "log"):
                    with contextlib.suppress(OSError):
                        _ask(address, part)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield addresses
    finally:
        done.set()
        thread.join()


def _ask(address: str, part: str) -> None:
    place = urlsplit(address)
    server = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
    server.request("GET", f"/{part}")
    server.getresponse().read()
    server.close()


if __name__ == "__main__":
    main()
