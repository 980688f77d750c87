"""Both readings of three autoencoders under one softmax: what learns, from what, and what is said of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from latente import Images, StackedAutoencoderClassifier, load, open_images
from latente.experiments import Request
from latente.experiments.side_by_side import (
    FINE_TUNED,
    FROZEN,
    SIDE,
    STACK,
    Joined,
    Net,
    autoencoders,
    four_nets,
    gains,
    matrices,
    summary,
)
from latente.training import Run, TrainingState

STACKED = "seed-3-stack"


@pytest.fixture(scope="module")
def parts() -> tuple[Images, Images]:
    drawn = open_images("glyphs", size=12, count=2000)
    assert drawn.labels is not None
    few = drawn.take(np.flatnonzero(drawn.labels < 10))  # few classes, so that each is among both
    return few.take(slice(160)), few.take(slice(160, 240))


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory, parts: tuple[Images, Images]) -> Request:
    request = Request(out=tmp_path_factory.mktemp("readings"))
    stack = StackedAutoencoderClassifier(
        hidden=(24, 16, 8),
        normalization="batch",
        dropout=0.2,
        input_corruption="gaussian:0.1:free",
        pretrain_epochs=1,
        epochs=2,
        batch_size=16,
        learning_rate=0.01,
        validation=None,
        threads=1,
        random_state=3,
    )
    request.fit(STACKED, stack, parts[0])
    return request


@pytest.fixture(scope="module")
def nets(request_: Request, parts: tuple[Images, Images]) -> list[Net]:
    return four_nets(request_, STACKED, *parts)


def kept(run: Path) -> set[str]:
    """Return the names of the weights that a finished run keeps."""
    tree = Run(run).checkpoint()
    assert tree is not None
    return set(TrainingState.weights_in(tree))


def test_codes_of_several_encoders_lie_side_by_side_and_training_alone_drops_some() -> None:
    encoders = [nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(6, width), nn.ReLU())) for width in (2, 3)]
    joined = Joined(encoders, dropout=0.5).eval()
    x = torch.randn(64, 1, 2, 3)
    expected = torch.cat([encoder(x) for encoder in encoders], dim=1)
    torch.testing.assert_close(joined(x), expected)
    assert (joined.train()(x) == 0).float().mean() > (expected == 0).float().mean() + 0.1


def test_the_autoencoders_have_the_widths_of_the_stack_and_know_nothing_of_each_other(request_: Request) -> None:
    assert request_.out is not None
    models = autoencoders(load(request_.out / "runs" / STACKED))
    assert list(models) == ["24", "24-16", "16-8"]
    for name, model in models.items():
        widths = [144, *map(int, name.split("-"))]
        encoder, decoder = (
            [(layer.in_features, layer.out_features) for layer in part.modules() if isinstance(layer, nn.Linear)]
            for part in model.network
        )
        assert encoder == list(itertools.pairwise(widths))
        assert decoder == [(outputs, inputs) for inputs, outputs in reversed(encoder)]
        assert model.latent_dim == widths[-1]
        assert (model.corruption, model.epochs, model.batch_size) == ("mask:0.25", 1, None)
    first, second = (models[name].network[0][0][1].weight for name in ("24", "24-16"))
    assert not torch.equal(first, second)


def test_each_reading_is_judged_with_frozen_and_with_fine_tuned_encoders(
    nets: list[Net], request_: Request, parts: tuple[Images, Images]
) -> None:
    assert request_.out is not None
    kinds = [(STACK, FROZEN), (STACK, FINE_TUNED), (SIDE, FROZEN), (SIDE, FINE_TUNED)]
    assert [(net.reading, net.encoders) for net in nets] == kinds
    assert all(net.table.sum() == len(parts[1]) and net.seed == 3 and net.minutes > 0 for net in nets)
    stack = load(request_.out / "runs" / STACKED)
    assert nets[1].error == pytest.approx(100 * (1 - stack.score(parts[1])))


def test_the_softmax_alone_learns_on_frozen_encoders(nets: list[Net], request_: Request) -> None:
    assert request_.out is not None
    runs = request_.out / "runs"
    for reading in ("one-after-the-other", "side-by-side"):
        assert kept(runs / f"seed-3-{reading}-frozen") == {"head.weight", "head.bias"}
    assert "encoder.encoders.1.2.1.weight" in kept(runs / "seed-3-side-by-side-fine-tuned")


def test_a_second_run_repeats_no_training(nets: list[Net], request_: Request, parts: tuple[Images, Images]) -> None:
    assert request_.out is not None
    logs = {path: path.read_text() for path in request_.out.rglob("metrics.jsonl")}
    again = four_nets(request_, STACKED, *parts)
    assert {path: path.read_text() for path in request_.out.rglob("metrics.jsonl")} == logs
    for net, other in zip(nets, again, strict=True):
        np.testing.assert_array_equal(net.table, other.table)
        assert net.minutes == other.minutes


def made_up(reading: str, encoders: str, *wrong: int) -> list[Net]:
    """Nets of the seeds 0, 1, ..., each wrong on so many of 100 images."""
    return [Net(reading, encoders, seed, 2.0 + seed, np.array([[60 - n, n], [0, 40]])) for seed, n in enumerate(wrong)]


def test_errors_and_gains_are_told_over_the_seeds() -> None:
    nets = [
        *made_up(STACK, FROZEN, 8, 10),
        *made_up(STACK, FINE_TUNED, 4, 5),
        *made_up(SIDE, FROZEN, 6, 7),
        *made_up(SIDE, FINE_TUNED, 5, 7),
    ]
    first, *_, last = summary(nets)
    assert first == {
        "autoencoders": STACK,
        "encoders": FROZEN,
        "mean": pytest.approx(9),
        "sd": pytest.approx(np.sqrt(2)),
        "worst": pytest.approx(10),
        "minutes": 2.5,
    }
    assert last["mean"] == pytest.approx(6)
    said = gains(nets)
    assert f"{STACK} 4.5 ± 0.71, {SIDE} 0.5 ± 0.71;" in said
    assert f"instead of one after the other: {FROZEN} 2.5 ± 0.71, {FINE_TUNED} -1.5 ± 0.71." in said


def test_the_tables_of_the_first_seed_stand_side_by_side() -> None:
    nets = [*made_up(STACK, FROZEN, 8, 10), *made_up(SIDE, FINE_TUNED, 0, 6)]
    left, right = matrices(nets, ["a", "b"]).axes
    assert left.get_title(loc="left") == f"{STACK}, {FROZEN}: 8 of 100 wrong"
    assert right.get_title(loc="left") == f"{SIDE}, {FINE_TUNED}: 0 of 100 wrong"
