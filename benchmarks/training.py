"""Training speed and memory beside a bare tuned loop, a usual loop, Keras, Lightning, skorch and pythae.

    make bench-peers bench                                     everything, about 12 minutes on a quiet machine
    python benchmarks/training.py --models M1,M4 --contenders latente,bare --repeats 5

For each model every contender gets a process of its own, which stays; then they train a stretch of some seconds one
after the other, round after round, so that whatever else the machine does meets all of them. README.md says how each
is set up. Results: a table on the screen, and results.json and results.md in --out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tables
from contender import CONTENDERS
from measure import load, machine
from models import MODELS

__all__ = ["Entry", "Worker", "main", "names_of"]

_HERE = Path(__file__).resolve().parent
_PEERS = _HERE.parent / ".venv-peers" / "bin" / "python"
_BF16_CONTENDERS, _BF16_MODELS = ("latente", "bare", "keras", "keras-nojit"), ("M3", "M5")


@dataclasses.dataclass
class Entry:
    """One contender with one model and precision, and what came of it."""

    contender: str
    model: str
    precision: str
    about: dict[str, Any] = dataclasses.field(default_factory=dict)
    milliseconds: list[float] = dataclasses.field(default_factory=list)
    failure: str | None = None

    @property
    def label(self) -> str:
        return self.contender if self.precision == "float32" else f"{self.contender}, {self.precision}"

    @property
    def median(self) -> float:
        """Milliseconds per step."""
        return statistics.median(self.milliseconds)


class Worker:
    """The process of one entry, and the lines it says. checkout: whose `contender.py` and sources it runs (ours)."""

    def __init__(self, entry: Entry, options: argparse.Namespace, checkout: Path | None = None) -> None:
        self.entry = entry
        python = sys.executable if CONTENDERS[entry.contender][0] in ("ours", "loops") else str(_PEERS)
        benchmarks = _HERE if checkout is None else checkout / "benchmarks"
        sources = {} if checkout is None else {"PYTHONPATH": str(checkout / "src")}
        command = [python, str(benchmarks / "contender.py"), entry.contender, entry.model]
        command += ["--precision", entry.precision, "--threads", str(options.threads)]
        command += ["--seconds", str(options.seconds)] if options.steps is None else ["--steps", str(options.steps)]
        threads = {f"{name}_NUM_THREADS": str(options.threads) for name in ("OMP", "MKL")}
        self._errors = Path(tempfile.mkstemp(suffix=".txt")[1])
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **threads, **sources, "CUDA_VISIBLE_DEVICES": "", "PYTHONUNBUFFERED": "1"},
            )
        self._hear()

    def train(self) -> None:
        """Let it train one stretch."""
        if self.entry.failure is None:
            assert self._process.stdin is not None
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            self._hear()

    @property
    def processor_seconds(self) -> float:
        """Processor time that its process has taken so far, all threads together."""
        return time.clock_gettime(~self._process.pid << 3 | 2)  # the clock that clock_getcpuclockid(3) gives on Linux

    def end(self) -> None:
        """Let it say what memory it took, and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self.entry.failure is None:
            self._hear()
        self._process.wait()
        self._errors.unlink()

    def _hear(self) -> None:
        """Take in the next line that it says, or why there is none."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("@"):
                said = json.loads(line[1:])
                if "ms" in said:
                    self.entry.milliseconds.append(said.pop("ms"))
                self.entry.about |= said
                return
        self._process.wait()
        written = self._errors.read_text().strip().splitlines()
        self.entry.failure = written[-1] if written else f"ended with {self._process.returncode}"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    before = load()
    entries: list[Entry] = []
    for model in options.models or MODELS:
        print(f"{model} {MODELS[model].title}", flush=True)
        entries += _compete(_entries(model, options), options)
    results = {
        "command": shlex.join(["python", "benchmarks/training.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "load_before": round(before, 2),
        "threads": options.threads,
        "repeats": options.repeats,
        "entries": [dataclasses.asdict(entry) for entry in entries],
    }
    text = tables.as_markdown(entries, results)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "results.md").write_text(text)
    print(text)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=names_of(MODELS), help="M1,M2 ... (default: all)")
    parser.add_argument("--contenders", type=names_of(CONTENDERS), help=f"of {','.join(CONTENDERS)} (default: all)")
    parser.add_argument("--precision", choices=("float32", "bf16"), help="default: both, bf16 where it may pay")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; the median counts (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="about how long a stretch takes (default: 3)")
    parser.add_argument("--steps", type=int, help="steps of a stretch instead")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (default: 2)")
    parser.add_argument("--out", type=Path, default=_HERE / "results", help="folder (default: benchmarks/results)")
    return parser.parse_args(arguments)


def names_of(known: Sequence[str] | dict[str, Any]) -> Callable[[str], tuple[str, ...]]:
    """Return what reads names between commas, as an option of a benchmark takes them."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return names

    return read


def _entries(model: str, options: argparse.Namespace) -> list[Entry]:
    """Return who competes with this model."""
    names = options.contenders or tuple(CONTENDERS)
    if MODELS[model].noise:
        names = [name for name in names if name != "pythae"]  # it has no denoiser
    if not _PEERS.exists():
        left_out = [name for name in names if CONTENDERS[name][0].startswith("peers")]
        names = [name for name in names if name not in left_out]
        if left_out:
            print(f"  without {', '.join(left_out)}: run `make bench-peers` first", flush=True)
    full = [Entry(name, model, "float32") for name in names if options.precision != "bf16"]
    if options.precision == "float32" or (options.precision is None and model not in _BF16_MODELS):
        return full
    return full + [Entry(name, model, "bf16") for name in names if name in _BF16_CONTENDERS]


def _compete(entries: list[Entry], options: argparse.Namespace) -> list[Entry]:
    """Start every entry's process, let them train in turns, and end them."""
    workers = []
    for entry in entries:
        workers.append(Worker(entry, options))
        words = entry.failure or f"ready after {entry.about['setup_seconds']} s"
        print(f"  {entry.label}: {words}", flush=True)
    for _ in range(options.repeats):
        for worker in workers:
            worker.train()
    for worker in workers:
        worker.end()
        if worker.entry.failure is None:
            print(f"  {worker.entry.label}: {worker.entry.median:.3f} ms/step", flush=True)
    sizes = {entry.about.get("parameters") for entry in entries if entry.failure is None}
    if len(sizes) > 1:
        raise SystemExit(f"the contenders' networks differ: they have {sizes} parameters")
    return entries


if __name__ == "__main__":
    main()
