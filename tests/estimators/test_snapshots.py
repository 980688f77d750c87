"""What a run keeps while it trains: pictures soon, often enough, and never at much cost."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latente.estimators import snapshots
from latente.estimators.snapshots import Snapshots
from latente.sheets import film
from latente.training import Run, TrainingState
from toys import Linear


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(snapshots, "time", clock)
    return clock


def keeper(run: Run, clock: Clock, cost: float) -> Snapshots:
    """Return a keeper whose pictures take so many seconds."""

    def rows() -> list[np.ndarray]:
        clock.now += cost
        return [np.full((1, 1, 8, 8), int(clock.now) % 256, np.uint8)]

    return Snapshots(run, lambda weights: None, rows)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", {"options": {}})


def pictures_by_time(run: Run, clock: Clock, cost: float, seconds: int) -> list[float]:
    """Return when pictures were drawn within one long epoch, a step each tenth of a second."""
    state = TrainingState(Linear(), {}, torch.Generator())
    watcher = keeper(run, clock, cost)
    start, drawn = clock.now, []
    watcher.started(state, 10**6, 10**6)
    while clock.now < start + seconds:
        clock.now += 0.1
        state.step += 1
        before = clock.now
        watcher.stepped(state)
        if clock.now > before:
            drawn.append(before - start)
    return drawn


def test_the_first_picture_comes_after_a_second_and_all_take_a_fiftieth_of_the_time(run: Run, clock: Clock):
    drawn = pictures_by_time(run, clock, cost=1.0, seconds=1000)
    assert 1 <= drawn[0] < 1.3
    assert all(later - earlier >= 50 for earlier, later in itertools.pairwise(drawn))
    assert len(drawn) == len(list(run.samples.glob("*.png"))) > 10


def test_cheap_pictures_come_each_minute_for_hours_and_half_a_day_leaves_no_thousand(run: Run, clock: Clock):
    times = pictures_by_time(run, clock, cost=0.001, seconds=40_000)
    assert max(later - time for time, later in itertools.pairwise(times) if later < 3 * 3600) <= 61
    assert len(times) < 1000


def test_pictures_sort_as_their_steps_do_and_the_film_takes_them_all(run: Run, clock: Clock):
    state = TrainingState(Linear(), {}, torch.Generator())
    watcher = keeper(run, clock, cost=3.0)
    watcher.started(state, 900, 1800)
    for step, ends_epoch in ((7, False), (80, False), (900, True), (1200, False), (1800, True)):
        state.step, clock.now = step, clock.now + 1000
        if ends_epoch:
            watcher.epoch_ended(state, is_best=False)
        else:
            watcher.stepped(state)
    names = sorted(path.name for path in run.samples.iterdir())
    assert [int(name.removeprefix("step-").removesuffix(".png")) for name in names] == [7, 80, 900, 1200, 1800]
    with Image.open(film(run.samples, run.path / "film.gif")) as frames:
        assert frames.n_frames == 5
