"""Kill trainings with SIGKILL at random moments, resume them, and compare with ones that were left alone.

    python benchmarks/resume_kill.py                 50 kills, about 3 minutes
    python benchmarks/resume_kill.py --kills 6       a look

Autoencoder and VAE go through the command line (`latente fit`, `latente resume`), the two-player toy of the tests
through two_players.py. A run is killed several times, with a resume after each; at the end its last checkpoint
(weights, optimiser, generators, position: every tensor and every number), its model and its metrics must be, bit for
bit, those of a run that nobody killed. Timings are excepted. A third of the kills wait for a checkpoint to be written,
a third for validation images to be evaluated, and a third strike anywhere.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from latente.files import load_tensors

__all__ = ["FAMILIES", "Family", "main"]

_TESTS = Path(__file__).resolve().parent.parent / "tests"
_Aim = Callable[[subprocess.Popen[bytes], Path, float], None]
_TIMINGS = ("seconds", "images_per_second", "time")
_LONGEST = 300.0  # seconds that any one process may take


@dataclasses.dataclass(frozen=True)
class Family:
    """How to start a training in a folder and how to go on with it, as commands to which the folder is added."""

    name: str
    start: tuple[str, ...]
    resume: tuple[str, ...]


def _from_the_command_line(model: str) -> Family:
    latente = (sys.executable, "-m", "latente")
    network = "--network dense --hidden 64 --latent-dim 4 --dropout 0.2 --corruption gaussian:0.1 --ema 0.9"
    pace = "--epochs 15 --batch-size 16 --checkpoint-every 5 --log-every 4 --validation 0.8"
    place = "--device cpu --threads 1 --seed 0 --no-report"
    options = ("--model", model, *network.split(), *pace.split(), *place.split())
    return Family(model, (*latente, "fit", "digits", *options, "--out"), (*latente, "resume", "--no-report"))


_TOY = (sys.executable, str(Path(__file__).with_name("two_players.py")))
FAMILIES = (_from_the_command_line("autoencoder"), _from_the_command_line("vae"), Family("two players", _TOY, _TOY))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="in all, over the families in turn (default: 50)")
    parser.add_argument("--kills-per-run", type=int, default=5, help="(default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    struck: collections.Counter[tuple[str, str]] = collections.Counter()
    runs = 0
    differences: list[str] = []
    aims = itertools.cycle((_anywhere, _while_writing, _while_evaluating))
    with tempfile.TemporaryDirectory() as folder:
        references = {family: _reference(family, Path(folder) / f"{family.name}, alone") for family in FAMILIES}
        for family in itertools.cycle(FAMILIES):
            left = options.kills - struck.total()
            if left <= 0:
                break
            run = Path(folder) / f"{family.name}, run {runs}"
            alone, seconds = references[family]
            kills = min(left, options.kills_per_run)
            moments = [(next(aims), rng.uniform(0, 0.8 * seconds / kills)) for _ in range(kills)]
            struck.update((family.name, place) for place in _torment(family, run, moments))
            runs += 1
            found = _difference(alone, run)
            differences += [f"{run.name}: {found}"] if found else []
            print(f"{struck.total()} kills: {run.name} {found or 'equal to the run left alone'}", flush=True)
    _report(struck, runs, differences)


def _reference(family: Family, run: Path) -> tuple[Path, float]:
    """Train without disturbance; return the run and the seconds from its first sign of life to its end."""
    process = _launch([*family.start, str(run)])
    _wait(process, (run / "options.json").exists)
    begin = time.perf_counter()
    if process.wait(_LONGEST):
        raise SystemExit(f"{family.name} fails even when left alone: {' '.join(family.start)}")
    return run, time.perf_counter() - begin


def _torment(family: Family, run: Path, moments: Sequence[tuple[_Aim, float]]) -> list[str]:
    """Train in `run` to the end against a kill at each of the moments; return where each of them struck."""
    places = []
    for aim, delay in moments:
        started = (run / "options.json").exists()
        process = _launch([*(family.resume if started else family.start), str(run)])
        log = _Log(run)
        _wait(process, (run / "options.json").exists if not started else log.grows)
        aim(process, run, delay)
        process.kill()
        if process.wait() == 0:  # it was through before the blow
            break
        places.append(_place(run))
        _check_files(run)
    process = _launch([*(family.resume if (run / "options.json").exists() else family.start), str(run)])
    if process.wait(_LONGEST):
        raise SystemExit(f"{run.name} cannot be resumed after {', '.join(places)}")
    return places


def _launch(command: list[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(_TESTS)}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def _wait(process: subprocess.Popen[bytes], sign: Callable[[], bool], seconds: float = _LONGEST) -> None:
    """Wait for the sign, the end of the process, or `seconds`."""
    end = time.perf_counter() + seconds
    while not sign() and process.poll() is None and time.perf_counter() < end:
        time.sleep(0.0002)


# -- moments


class _Log:
    """The metrics of a run while it is being written."""

    def __init__(self, run: Path) -> None:
        self._file = run / "metrics.jsonl"
        self._size = self._now()

    def _now(self) -> int:
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0

    def grows(self) -> bool:
        """Whether it is longer than at the last look; a resumed training first cuts it, which is no growth."""
        before, self._size = self._size, self._now()
        return self._size > before


def _anywhere(process: subprocess.Popen[bytes], run: Path, delay: float) -> None:
    _wait(process, lambda: False, delay)


def _while_writing(process: subprocess.Popen[bytes], run: Path, delay: float) -> None:
    """Wait until after `delay` seconds a checkpoint is being written."""
    _wait(process, lambda: False, delay)
    _wait(process, lambda: _being_written(run))


def _while_evaluating(process: subprocess.Popen[bytes], run: Path, delay: float) -> None:
    """Wait until after `delay` seconds the validation images are being evaluated, where any ever are."""
    _wait(process, lambda: False, delay)
    if "data" in _described(run):
        _wait(process, lambda: _being_evaluated(run))


def _being_written(run: Path) -> bool:
    return any(path.name.endswith(".part") for path in (run / "checkpoints").glob(".*"))


def _being_evaluated(run: Path) -> bool:
    """Whether the last line is that of an epoch's last step, which the validation line follows."""
    try:
        text = (run / "metrics.jsonl").read_bytes()
    except FileNotFoundError:
        return False
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    if not lines:
        return False
    last, described = json.loads(lines[-1]), _described(run)
    if last["part"] != "train" or "data" not in described:
        return False
    steps_per_epoch = -(-described["data"]["train_count"] // described["options"]["batch_size"])
    return last["step"] == last["epoch"] * steps_per_epoch


def _described(run: Path) -> dict[str, Any]:
    """Return what the run says of itself; the toy, which evaluates nothing, says nothing of data."""
    described: dict[str, Any] = json.loads((run / "options.json").read_text())
    return described


def _place(run: Path) -> str:
    """Tell from what is left where the blow struck."""
    if not (run / "metrics.jsonl").exists():
        return "before the first line"
    if _being_written(run):
        return "writing a checkpoint"
    return "evaluating" if _being_evaluated(run) else "between"


# -- what must be


def _check_files(run: Path) -> None:
    """Every checkpoint under its final name must be whole, by its hash, whenever the blow came."""
    for path in (run / "checkpoints").glob("[!.]*.safetensors"):
        load_tensors(path)


def _difference(alone: Path, run: Path) -> str | None:
    """Return where the two runs differ first, or None."""
    checkpoints = (_leaves(load_tensors(r / "checkpoints" / "last.safetensors")) for r in (alone, run))
    models = ({path.name: path.read_bytes() for path in r.glob("model/*.safetensors")} for r in (alone, run))
    logs = (dict(enumerate(_lines(r))) for r in (alone, run))
    for what, (one, other) in {"checkpoint": checkpoints, "model": models, "metrics.jsonl": logs}.items():
        if differing := [key for key in {**one, **other} if one.get(key) != other.get(key)]:
            return f"differs from the run left alone: {what}, {differing[0]}"
    return None


def _leaves(tree: Any, path: str = "") -> dict[str, Any]:
    """Return every number, word and tensor (as type, shape and bytes) of a checkpoint by its path."""
    if isinstance(tree, torch.Tensor):
        return {path: (tree.dtype, tree.shape, tree.numpy().tobytes())}
    if isinstance(tree, dict | list):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        parts = [_leaves(value, f"{path}/{key}") for key, value in items if key != "metrics_size"]  # holds timings
        return {key: value for part in parts for key, value in part.items()}
    return {path: tree}


def _lines(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in _TIMINGS} for line in lines]


def _report(struck: collections.Counter[tuple[str, str]], runs: int, differences: list[str]) -> None:
    families = [family.name for family in FAMILIES]
    print("\n| SIGKILL struck | " + " | ".join(families) + " |\n" + "|---" * (1 + len(families)) + "|")
    for place in sorted({place for _, place in struck}):
        print(f"| {place} | " + " | ".join(str(struck[family, place]) for family in families) + " |")
    print(f"\n{struck.total()} kills, {runs} runs, {runs - len(differences)} of them bit-identical to one left alone.")
    if differences:
        raise SystemExit("\n".join(differences))


if __name__ == "__main__":
    main()
