"""Trainings and studies of an experiment: kept where its result is, and taken up again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latente import Autoencoder, InputError, open_images
from latente.experiments import Request
from latente.sweeps import Sweep


def test_a_finished_training_is_taken_as_it_is_and_another_one_is_not_mixed_up_with_it(tmp_path: Path) -> None:
    images = open_images("digits", count=60)

    def network() -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), nn.Sequential(
            nn.Linear(3, 64), nn.Unflatten(1, (1, 8, 8))
        )

    request = Request(out=tmp_path)

    def darker(x: Tensor, generator: torch.Generator, shared: bool = False) -> Tensor:
        return x * 0.9

    parts = {"network": network(), "corruption": darker}
    for name, values in (("dense", {"network": "dense", "hidden": (8,)}), ("own", parts)):
        model = Autoencoder(**values, latent_dim=3, epochs=2, validation=None, random_state=0)
        first = request.fit(name, model, images)
        log = (tmp_path / "runs" / name / "metrics.jsonl").read_bytes()
        again = request.fit(name, Autoencoder(**model.get_params() | {"out": None}), images)
        assert (tmp_path / "runs" / name / "metrics.jsonl").read_bytes() == log
        np.testing.assert_array_equal(again.encode(images), first.encode(images))
    other = Autoencoder(network="dense", hidden=(8,), latent_dim=3, epochs=3, validation=None)
    with pytest.raises(InputError, match=r"holds a training with epochs=2, not 3; .*another folder by --out"):
        request.fit("dense", other, images)


def test_a_study_tells_of_each_trial_and_keeps_what_is_finished(tmp_path: Path) -> None:
    lines: list[str] = []
    rates: list[float] = []

    def trial(seed: int, *, rate: float) -> dict[str, float]:
        rates.append(rate)
        if rate > 1:
            raise InputError("rate is too high")
        return {"loss": rate + seed}

    sweep = Sweep(grid={"rate": [0.25, 4.0]}, metric="loss")
    for _ in range(2):
        results = Request(out=tmp_path, progress=lines.append).study("why", sweep, trial)
        assert results.best().options == {"rate": 0.25}
    assert rates[:2] == [0.25, 4.0]
    assert 0.25 not in rates[2:]
    assert lines[0] == "why 1/2: rate 0.25, seed 0: loss 0.25"
    assert lines[1] == "why 2/2: rate 4, seed 0: rate is too high"
    assert (tmp_path / "why" / "trials.jsonl").is_file()


def test_a_training_that_is_fitted_shows_how_far_it_is_where_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = open_images("digits", count=60)
    for verbose, count in ((False, 0), (True, 2)):
        model = Autoencoder(network="dense", hidden=(8,), latent_dim=3, epochs=2, random_state=0)
        Request(out=tmp_path, verbose=verbose).fit(f"net-{verbose}", model, images)
        assert capsys.readouterr().err.count("epoch ") == count


def test_nothing_of_a_tiny_training_is_kept(tmp_path: Path) -> None:
    images = open_images("digits", count=60)
    Request(out=tmp_path, tiny=True).fit("net", Autoencoder(network="dense", latent_dim=3, epochs=1), images)
    assert not list(tmp_path.iterdir())


def test_a_callers_own_set_to_judge_by_is_handed_in_again(tmp_path: Path) -> None:
    images, judges = open_images("digits", count=60), open_images("digits", count=80).take(slice(60, 80))
    for _ in range(2):
        model = Autoencoder(network="dense", hidden=(8,), latent_dim=3, epochs=2, validation=judges, random_state=0)
        fitted = Request(out=tmp_path).fit("net", model, images)
        assert fitted.score(judges) < 0
