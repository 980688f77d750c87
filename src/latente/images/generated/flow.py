"""flow: the air between the blades of a compressor, solved for throttles and speeds of the wheel of one's choice."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import resources

import numpy as np

from latente.errors import TrainingError
from latente.images.cache import Note, Writer, cached, key_of
from latente.images.container import Images
from latente.images.generated.drawing import PARTS, resolve_count
from latente.images.generated.flow_cascade import DENSITY, PITCH, SPEED, Flows
from latente.images.generated.flow_pictures import pictures, shock_positions, swallowed
from latente.images.options import Progress
from latente.images.workers import Workers

__all__ = [
    "BLOCKS",
    "CONDITIONS",
    "REGIMES",
    "SHIPPED",
    "THROTTLES",
    "WHEELS",
    "Fields",
    "flow",
    "solve_apart",
    "solved",
]

VERSION = 1  # of the flows: raised with every change of a number, so that no cache gives the old ones
SHIPPED = {"train": 140, "val": 20, "test": 40}  # that come with the package, of seed 0
# kg/s for each metre of height and blade; a number; m/s; a share of the axial chord
CONDITIONS = ("mass_flow", "throttle", "wheel_speed", "shock")
REGIMES = ("leading-edge shock", "swallowed shock")
THROTTLES, WHEELS = (1.0, 1.32), (320.0, 350.0)
BLOCKS = 15  # of throttles, so that no part has a throttle among those of another
OF_VAL, OF_TEST = (4, 10), (2, 7, 12)
MOST_MISMATCH, MOST_DRIFT = 5e-3, 1e-3
TRIES = 8
AT_ONCE, AT_A_TIME = 4, 20  # flows solved side by side, and those that the cache gets at once


@dataclasses.dataclass(frozen=True, eq=False)
class Fields:
    """Solved flows: mach (N, 32, 96) float16, and condition (N, 3) float32, the first three of `CONDITIONS`."""

    mach: np.ndarray
    condition: np.ndarray


def flow(count: int | None = None, *, split: str = "train", seed: int = 0, progress: Progress | None = None) -> Images:
    """Return `count` (140; val: 20, test: 40) pictures (1, 96, 96) float32 of the Mach number between blades.

    The blades move across an axial flow of air, and meet it somewhat faster than sound. Pictures show 60 mm in either
    direction, y upwards; in the blades stands 0. label: 1 where the shock was swallowed by the passage, 0 where it
    stands ahead of the next blade's edge. condition: (N, 4) float32: the mass flow in kg/s for each metre of height and
    each passage; the throttle, which is the pressure behind the blades over that of the still air ahead, divided by the
    squared mass flow in units of 0.48; the speed of the wheel in m/s; and where above a blade the shock stands, in
    shares of the axial chord behind the leading edge (`flow_pictures.shock_positions`; 1 where there is none). Once the
    shock is swallowed, the mass flow depends on the speed of the wheel alone: the passage is choked.

    Throttles are uniform within 1 to 1.32, speeds within 320 and 350 m/s. Of 15 equal ranges of the throttle three are
    for the test part alone, and two for val, so that what is tested lies between what was trained, and not beside it.
    Flows whose mass is not conserved to 0.5 %, or still changes by 0.1 %, are drawn anew.

    How they are solved: `latente.images.generated.flow_euler`, `flow_cascade`. Those of seed 0 that are asked for by
    default come with the package; any more take about two seconds of one core each, in a process a core, are kept in
    the cache twenty at a time, and so go on where they were broken off. Row k depends on seed, split and k alone.
    progress: called as progress(done, total, what). Raises InputError for a count below 1, a negative seed or an
    unknown split.
    """
    count = resolve_count("flow", count, split, seed, SHIPPED)
    seed = int(seed)
    fields = solved(count, split, seed, progress)
    regime = swallowed(fields.mach).astype(np.int64)
    pixels = pictures(fields.mach)
    shock = np.nan_to_num(shock_positions(pixels), nan=1.0).astype(np.float32)
    return Images(
        pixels,
        {"label": regime, "condition": np.column_stack([fields.condition, shock])},
        name="flow",
        label_names=REGIMES,
        condition_names=CONDITIONS,
        source={"source": "flow", "split": split, "count": count, "seed": seed},
        parts=tuple(SHIPPED),
    )


def solved(count: int, split: str, seed: int, progress: Progress | None = None, *, anew: bool = False) -> Fields:
    """Return the fields of the first rows of a part: as many as come with the package from there, unless `anew`."""
    ready = _shipped(split) if seed == 0 and not anew else None
    first = 0 if ready is None else min(count, len(ready.mach))
    blocks = [] if ready is None else [Fields(ready.mach[:first], ready.condition[:first])]
    # blocks begin where what is shipped ends: so they are the same whatever the count
    for start in range(first, count, AT_A_TIME):
        block = _block(start, split, seed, progress, count)
        blocks.append(Fields(block.mach[: count - start], block.condition[: count - start]))
    return Fields(*(np.concatenate([getattr(block, name) for block in blocks]) for name in ("mach", "condition")))


def solve_apart(throttle: np.ndarray, wheel: np.ndarray) -> Flows:
    """Return what `flow_cascade.solve` does, worked out in a process of its own, so that several run at once."""
    asked = io.BytesIO()
    np.save(asked, np.stack([throttle, wheel]))
    module = "latente.images.generated.flow_cascade"
    # one core each: more threads for the small products of matrices would only cost
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=asked.getvalue(),
        capture_output=True,
        env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    if done.returncode:
        raise TrainingError(f"the flows could not be solved: {done.stderr.decode(errors='replace').strip()[-300:]}")
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as made:
        return Flows(**{name: made[name] for name in made.files})


def _block(start: int, split: str, seed: int, progress: Progress | None, count: int) -> Fields:
    """Return the rows from `start` on that the cache gets at once, from there where they were solved before."""

    def build(writer: Writer) -> Note:
        rows = [range(k, k + AT_ONCE) for k in range(start, start + AT_A_TIME, AT_ONCE)]

        def tell(done: int, total: int, what: str) -> None:
            if progress is not None:
                progress(min(start + done * AT_ONCE, count), count, what)

        for _, fields in Workers(tell).over(lambda few: _accepted(few, split, seed), rows, "solving"):
            writer.append("pixels", fields.mach[:, None])
            writer.append("condition", fields.condition)
        return {}

    stored = cached(key_of("flow", VERSION, split, seed, start), build, "flow fields")
    return Fields(stored.arrays["pixels"][:, 0], stored.arrays["condition"])


def _accepted(rows: Sequence[int], split: str, seed: int) -> Fields:
    """Solve rows; those that do not settle are drawn anew."""
    throttle, wheel = np.array([_drawn(k, 0, split, seed) for k in rows]).T
    flows = solve_apart(throttle, wheel)
    mach, mass = flows.mach.copy(), flows.mass.copy()
    bad = np.flatnonzero(~_is_settled(flows))
    for attempt in range(1, TRIES):
        if not len(bad):
            break
        again = np.array([_drawn(rows[int(k)], attempt, split, seed) for k in bad])
        flows = solve_apart(*again.T)
        throttle[bad], wheel[bad], mach[bad], mass[bad] = again[:, 0], again[:, 1], flows.mach, flows.mass
        bad = bad[~_is_settled(flows)]
    if len(bad):
        raise TrainingError(f"{len(bad)} flows did not settle in {TRIES} tries; take another seed")
    condition = np.stack([mass * (DENSITY * SPEED * PITCH), throttle, wheel], axis=1)
    return Fields(mach.astype(np.float16), condition.astype(np.float32))


def _is_settled(flows: Flows) -> np.ndarray:
    return np.asarray((flows.mismatch <= MOST_MISMATCH) & (flows.drift <= MOST_DRIFT))


def _drawn(row: int, attempt: int, split: str, seed: int) -> tuple[float, float]:
    """Return the throttle, of one of the part's ranges, and the speed of the wheel."""
    rng = np.random.default_rng((seed, PARTS.index(split), row, attempt))
    own = {"val": OF_VAL, "test": OF_TEST}
    blocks = own.get(split) or [k for k in range(BLOCKS) if k not in (*OF_VAL, *OF_TEST)]
    share = (blocks[int(rng.integers(len(blocks)))] + rng.random()) / BLOCKS
    return float(THROTTLES[0] + share * (THROTTLES[1] - THROTTLES[0])), float(rng.uniform(*WHEELS))


def _shipped(split: str) -> Fields:
    path = resources.files("latente.images.generated") / "flow.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return Fields(arrays[f"{split}_mach"], arrays[f"{split}_condition"])
