"""The one loop serves one player or several, Adam or L-BFGS, and promises where its random numbers come from."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from latente import training
from latente.errors import InputError, TrainingError
from latente.images import Images, Scaling
from latente.objectives import Batch, Objective, Player
from latente.training import Run, TrainingOptions, TrainingState, evaluate, isolated_rng
from latente.training.batches import Batches, epoch_order
from latente.training.listeners import Audience
from latente.training.optimizers import Adam
from toys import (
    UNIT,
    Conditioned,
    Linear,
    Painted,
    Pixels,
    SharedFakes,
    TwoPlayers,
    conditioned,
    difference,
    mixture,
    pictures,
    table,
)


def fresh(kind: type = Linear, **arguments: object):
    with isolated_rng(0):
        return kind(**arguments)


def options(**changed: object) -> TrainingOptions:
    return TrainingOptions(**{"epochs": 2, "batch_size": 16, "device": "cpu", **changed})


def train(objective: Objective, images: Images, scaling: Scaling, chosen: TrainingOptions, **others: Any):
    return training.train(objective, images, scaling, chosen, **{"seed": 3, **others})


def weights(objective: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(objective.parameters()).detach()


def test_equals_a_plain_loop_written_by_hand():
    images, by_hand = table(), fresh()
    adam = torch.optim.Adam(by_hand.parameters(), lr=1e-2, fused=True)
    data = torch.from_numpy(images.pixels)
    for epoch in range(3):
        for rows in epoch_order(torch.arange(96), 3, epoch).split(16):
            adam.zero_grad()
            by_hand.forward("model", {"images": data[rows]}, torch.Generator())[0].backward()
            adam.step()
    ours = fresh()
    train(ours, images, UNIT, options(epochs=3, learning_rate=1e-2))
    assert torch.equal(weights(ours), weights(by_hand))


def test_micro_batches_change_memory_and_not_the_gradient():
    whole, parts = fresh(), fresh()
    train(whole, table(90), UNIT, options(optimizer="sgd", learning_rate=0.1))
    train(parts, table(90), UNIT, options(optimizer="sgd", learning_rate=0.1, accumulate=3))
    torch.testing.assert_close(weights(whole), weights(parts))


def test_two_players_learn_a_mixture_of_four():
    objective = fresh(TwoPlayers)
    state = train(objective, mixture(), UNIT, options(epochs=300, batch_size=128, learning_rate=2e-3))
    points = objective.generator_net(torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))).detach()
    centres = torch.tensor([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
    distances = torch.cdist(points, centres)
    shares = distances.argmin(1).bincount(minlength=4) / len(points)
    assert shares.min() > 0.12
    assert distances.min(1).values.mean() < 0.7  # from the origin it is 1.41
    assert {"critic_loss", "generator_loss", "penalty", "fooled"} <= state.history[0].keys()


def test_a_player_s_turn_leaves_the_other_player_alone():
    objective = fresh(TwoPlayers)
    before = [p.clone() for p in objective.generator_net.parameters()]
    train(objective, mixture(16), UNIT, options(epochs=1))  # one step, of the critic only
    assert all(torch.equal(a, b) for a, b in zip(before, objective.generator_net.parameters(), strict=True))
    assert all(p.grad is None for p in objective.generator_net.parameters())


def test_pixels_reach_their_target_by_lbfgs_whose_closure_is_called_again():
    target = Images(np.random.default_rng(0).random((1, 3, 9, 11), dtype=np.float32))
    objective = Pixels((3, 9, 11))
    state = train(objective, target, UNIT, options(epochs=12, optimizer="lbfgs", learning_rate=1.0))
    assert objective.calls > state.step
    np.testing.assert_allclose(objective.pixels[0].detach(), target.pixels[0], atol=1e-4)


def test_the_log_has_the_mean_of_every_step_and_says_where_it_stands():
    state = train(fresh(), table(100), UNIT, options(log_every=4))  # 7 steps an epoch
    assert [(line["epoch"], line["step"]) for line in state.history] == [(1, 4), (1, 7), (2, 8), (2, 12), (2, 14)]
    single = train(fresh(), table(100), UNIT, options(log_every=1)).history
    mean = np.mean([line["loss"] for line in single[:4]])
    assert state.history[0]["loss"] == pytest.approx(mean, rel=1e-6)
    assert state.history[0]["mse"] == state.history[0]["loss"]


@pytest.mark.parametrize("poisoned_step", [1, 5, 11])
def test_a_loss_that_is_not_finite_ends_training_with_step_and_term(poisoned_step: int):
    class Poisoned(Linear):
        def schedule(self, step: int, steps: int) -> None:
            self.poison = step + 1 == poisoned_step

        def forward(self, turn, batch, generator):
            loss, terms = super().forward(turn, batch, generator)
            return (loss * float("nan") if self.poison else loss), terms

    with pytest.raises(TrainingError, match=rf"loss is not finite at step {poisoned_step}:"):
        train(fresh(Poisoned), table(), UNIT, options())


def test_weights_that_the_last_step_spoilt_end_training_though_no_term_shows_them():
    with pytest.raises(TrainingError, match=r"the weights net\.0\.weight are not finite after step 1: training"):
        train(fresh(), table(16), UNIT, options(epochs=1, learning_rate=1e39))
    state = train(fresh(), table(16), UNIT, options(epochs=1, ema=0.9))
    state.ema["net.0.weight"].fill_(float("inf"))
    with pytest.raises(TrainingError, match=r"net\.0\.weight \(averaged\) are not finite"):
        train(state.objective, table(16), UNIT, options(ema=0.9), state=state)


def test_a_mask_s_infinities_and_weights_whose_sum_is_beyond_all_numbers_are_no_fault():
    objective = fresh()
    objective.register_buffer("mask", torch.full((3,), float("-inf")))
    objective.register_parameter("large", nn.Parameter(torch.full((9,), 3e38)))
    assert train(objective, table(16), UNIT, options(epochs=1)).step == 1


@pytest.mark.parametrize(
    ("bad", "told"), [([2], "1 of 8 images held out, first for row 2 of table"), (range(8), "8 of 8")]
)
def test_a_validation_that_is_not_finite_is_never_the_best_epoch(bad: list[int], told: str, tmp_path: Path):
    class Judged(Linear):
        def evaluate(self, batch, generator):
            self.judged = getattr(self, "judged", 0) + 1
            values = super().evaluate(batch, generator)["objective"]
            values[list(bad)] *= 1.0 if self.judged < 2 else float("inf")
            return {"objective": values}

    run = Run.create(tmp_path / "run", {"options": {}})
    with pytest.raises(
        TrainingError, match=rf"objective is not finite at the end of epoch 2, step 12, for {told}.*good"
    ):
        train(fresh(Judged), table(), UNIT, options(epochs=5), validation=(table(8, seed=1), np.arange(8)), run=run)
    counters = run.checkpoint()["counters"]
    assert (counters["epoch"], counters["best_epoch"]) == (1, 1)
    assert all(np.isfinite(value) for line in run.lines() for value in line.values() if not isinstance(value, str))


def test_a_judge_s_figures_are_finite():
    with pytest.raises(TrainingError, match="the judge's distance is not finite at the end of epoch 1, step 6"):
        train(fresh(), table(), UNIT, options(), judge=lambda objective: {"objective": 1.0, "distance": float("nan")})


def test_the_best_epoch_is_that_of_the_lowest_validation_objective_and_patience_ends_training():
    class Worsening(Linear):
        def evaluate(self, batch, generator):
            self.judged = getattr(self, "judged", 0) + 1
            value = (3.0, 1.0, 2.0, 2.0, 0.0)[self.judged - 1]
            return {"objective": torch.full((len(batch["images"]),), value)}

    held_out = table(8, seed=1)
    state = train(fresh(Worsening), table(), UNIT, options(epochs=5, patience=2), validation=(held_out, np.arange(8)))
    assert (state.epoch, state.best_epoch, state.best, state.stopped_early) == (4, 2, 1.0, True)


def test_validation_is_the_mean_over_images_whatever_the_batches():
    objective, held_out = fresh(), table(37, seed=1)
    batches = Batches(held_out, UNIT, torch.device("cpu"))
    together = evaluate(objective, batches, torch.arange(37), 37)["objective"]
    apart = evaluate(objective, batches, torch.arange(37), 5)["objective"]
    np.testing.assert_allclose(together, apart, rtol=1e-6)
    state = train(objective, table(), UNIT, options(epochs=1), validation=(held_out, np.arange(37)))
    expected = evaluate(objective, batches, torch.arange(37), 37)["objective"].mean(dtype=np.float64)
    assert state.history[-1]["objective"] == pytest.approx(expected, rel=1e-6)


def test_averaged_weights_follow_their_recurrence_and_are_the_ones_kept():
    steps: list[torch.Tensor] = []

    class Watched(Linear):
        def forward(self, turn, batch, generator):
            steps.append(weights(self).clone())
            return super().forward(turn, batch, generator)

    objective = fresh(Watched)
    state = train(objective, table(), UNIT, options(ema=0.9))
    average = steps[0]
    for t, after in enumerate([*steps[1:], weights(objective)]):
        decay = min(0.9, (1 + t) / (10 + t))
        average = decay * average + (1 - decay) * after
    kept = torch.cat([state.best_weights[name].reshape(-1) for name, _ in objective.named_parameters()])
    torch.testing.assert_close(kept, average)


def test_a_gradient_is_clipped_to_the_norm_asked_for():
    objective = fresh()
    before = weights(objective).clone()
    train(objective, table(16), UNIT, options(epochs=1, optimizer="sgd", learning_rate=1.0, gradient_clip=1e-3))
    assert (weights(objective) - before).norm().item() == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize(
    ("schedule", "expected"), [("constant", [0.5, 1.0, 1.0, 1.0, 1.0]), ("cosine", [0.5, 1.0, 1.0, 0.75, 0.25])]
)
def test_the_rate_warms_up_and_then_follows_its_schedule(schedule: str, expected: list[float]):
    chosen = options(learning_rate=1.0, warmup=2, schedule=schedule)
    assert [chosen.rate(step, 5) for step in range(5)] == pytest.approx(expected)


def test_before_a_cosine_the_rate_warms_up_over_200_steps_and_a_tenth_of_all_at_most():
    cosine, constant = (options(learning_rate=1.0, schedule=schedule) for schedule in ("cosine", "constant"))
    assert [cosine.rate(step, 3_000) for step in (0, 99, 199)] == pytest.approx([1 / 200, 0.5, 1.0])
    assert [cosine.rate(step, 100) for step in (0, 9, 10)] == pytest.approx([0.1, 1.0, 1.0])
    assert cosine.rate(0, 5) == 1.0
    assert {constant.rate(step, 3_000) for step in (0, 10, 2_999)} == {1.0}


def test_global_generators_are_as_before_and_do_not_matter():
    states = (random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state())
    first = fresh(dropout=0.3, noise=0.1)
    train(first, table(), UNIT, options())
    assert random.getstate() == states[0]
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert torch.equal(torch.get_rng_state(), states[2])
    torch.manual_seed(1234)
    second = fresh(dropout=0.3, noise=0.1)
    train(second, table(), UNIT, options())
    assert torch.equal(weights(first), weights(second))


def test_every_image_comes_once_an_epoch_in_another_order_each_time():
    rows = torch.arange(1000)
    orders = [epoch_order(rows, 0, epoch) for epoch in range(3)]
    assert all(torch.equal(order.sort().values, rows) for order in orders)
    assert not torch.equal(orders[0], orders[1])
    assert torch.equal(orders[1], epoch_order(rows, 0, 1))
    assert not torch.equal(orders[0], epoch_order(rows, 1, 0))


def test_a_last_step_of_one_image_is_left_out():
    assert train(fresh(), table(33), UNIT, options(epochs=1)).step == 2
    assert train(fresh(), table(1), UNIT, options(epochs=1)).step == 1


def test_steps_that_all_are_of_one_image_are_all_taken():
    assert train(fresh(), table(33), UNIT, options(epochs=1, batch_size=1)).step == 33


def test_who_steps_is_all_the_players_in_their_order_unless_turns_say_otherwise():
    objective = fresh(SharedFakes)
    turns: list[str] = []
    forward = objective.forward

    def watched(turn: str, batch: Batch, generator: torch.Generator):
        turns.append(turn)
        return forward(turn, batch, generator)

    objective.forward = watched
    train(objective, conditioned(mixture(32)), UNIT, options(epochs=1))
    assert turns == ["critic", "generator"] * 2


@pytest.mark.parametrize("accumulate", [1, 4])
def test_what_a_turn_leaves_in_the_batch_serves_the_next_one(accumulate: int):
    objective = fresh(SharedFakes)
    state = train(objective, conditioned(mixture(96)), UNIT, options(epochs=1, accumulate=accumulate))
    assert objective.passes == accumulate * state.step


def test_a_player_has_options_of_its_own_and_the_log_shows_them():
    objective = fresh(SharedFakes)
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    state = train(objective, conditioned(mixture(16)), UNIT, options(epochs=1, schedule="cosine", learning_rate=1e-2))
    critic, generator = (state.optimizers[name] for name in ("critic", "generator"))
    assert isinstance(critic, Adam)
    assert critic.betas == (0.5, 0.9)
    assert isinstance(generator, torch.optim.SGD)
    (line,) = state.history
    assert (line["critic_learning_rate"], line["generator_learning_rate"]) == (4e-3, 1e-2)
    after = objective.state_dict()
    moved = [(after[n] - before[n]).norm() for n in before if n.startswith("generator_net")]
    length = torch.stack(moved).norm().item()  # of plain descent: the rate times the norm, unless it was clipped
    assert length == pytest.approx(1e-2 * min(line["generator_gradient_norm"], 0.05), rel=1e-4)
    firsts = [(after[n] - before[n]).abs().max().item() for n in before if n.startswith("critic_net")]
    assert max(firsts) == pytest.approx(4e-3, rel=1e-2)  # of Adam, whose first step is the rate


def test_a_setting_that_no_player_may_have_is_named():
    objective = fresh()
    objective.players = lambda: {"model": Player(list(objective.parameters()), {"learning_rat": 1.0})}
    with pytest.raises(InputError, match="did you mean 'learning_rate'"):
        train(objective, table(), UNIT, options())


def test_the_norm_of_the_gradient_is_that_of_the_line_s_last_step():
    images, by_hand = table(64), fresh()
    descent = torch.optim.SGD(by_hand.parameters(), lr=1e-3, momentum=0.9)
    norms = []
    for rows in epoch_order(torch.arange(64), 3, 0).split(16):
        descent.zero_grad()
        by_hand.forward("model", {"images": torch.from_numpy(images.pixels)[rows]}, torch.Generator())[0].backward()
        norms.append(torch.cat([p.grad.flatten() for p in by_hand.parameters()]).norm().item())
        descent.step()
    state = train(fresh(), images, UNIT, options(epochs=1, optimizer="sgd", log_every=3))
    assert [line["gradient_norm"] for line in state.history] == pytest.approx([norms[2], norms[3]], rel=1e-5)


def test_of_the_evaluations_within_a_step_the_last_one_is_logged():
    objective, losses = Pixels((3, 8, 8)), []
    forward = objective.forward

    def watched(*arguments: Any):
        loss, terms = forward(*arguments)
        losses.append(loss.item())
        return loss, terms

    objective.forward = watched
    state = train(objective, pictures(1), UNIT, options(epochs=1, optimizer="lbfgs", log_every=1))
    assert len(losses) > 2
    assert state.history[0]["loss"] == pytest.approx(losses[-1])


def test_lbfgs_takes_rgb_through_convolutions_and_keeps_ten_pairs():
    objective = fresh(Painted)
    objective.epoch_steps = 30
    state = train(objective, pictures(), UNIT, options(epochs=1, optimizer="lbfgs", batch_size=2))
    assert 0 < len(state.optimizers["model"].state_dict()["state"][0]["old_dirs"]) <= 10


def test_what_is_frozen_stays_as_it_was_and_is_kept_nowhere(tmp_path: Path):
    objective = fresh(Painted)
    before = {name: value.clone() for name, value in objective.features.state_dict().items()}
    run = Run.create(tmp_path / "run", {"options": {}})
    state = train(objective, pictures(), UNIT, options(ema=0.9, batch_size=2), run=run)
    assert difference(dict(objective.features.state_dict()), before) is None
    assert all(p.grad is None for p in objective.features.parameters())
    kept = {"pixels"}
    for names in (objective.weights(), run.checkpoint()["objective"], state.ema, state.best_weights, state.weights()):
        assert set(names) == kept
    assert not objective.train().features.training
    assert objective.training


def test_weights_without_the_frozen_ones_are_taken_over_and_others_refused():
    one, two = fresh(Painted), Painted()
    features = two.features[0].weight.clone()
    with torch.no_grad():
        one.pixels += 1
    two.load_weights(one.weights())
    assert torch.equal(two.pixels, one.pixels)
    assert torch.equal(two.features[0].weight, features)
    with pytest.raises(RuntimeError, match="Missing key"):
        two.load_weights({})


def test_the_average_follows_the_submodules_it_is_told_to():
    objective = fresh(SharedFakes)
    state = train(objective, conditioned(mixture(64)), UNIT, options(ema=0.9))
    assert {name.split(".")[0] for name in state.ema} == {"generator_net"}
    current = objective.state_dict()
    for name, value in state.weights().items():
        assert torch.equal(value, current[name]) == name.startswith("critic_net")


def test_a_judge_decides_which_epoch_is_the_best_and_joins_the_log():
    verdicts = iter([3.0, 1.0, 2.0, 2.0])
    modes = []

    def judge(objective: Objective) -> dict[str, float]:
        modes.append((objective.training, torch.is_grad_enabled()))
        return {"objective": next(verdicts), "distance": 7.0}

    held_out = (table(8, seed=1), np.arange(8))
    state = train(fresh(), table(), UNIT, options(epochs=5, patience=2), judge=judge, validation=held_out)
    assert (state.epoch, state.best_epoch, state.best, state.stopped_early) == (4, 2, 1.0, True)
    assert modes == [(False, False)] * 4
    judged = [line for line in state.history if line["part"] == "validation"]
    assert [line["objective"] for line in judged] == [3.0, 1.0, 2.0, 2.0]
    assert {line["distance"] for line in judged} == {7.0}


def test_a_judge_meets_the_averaged_weights_and_what_it_draws_changes_nothing():
    met = []

    def judge(objective: Objective) -> dict[str, float]:
        met.append(weights(objective).clone())
        torch.rand(5)
        return {"objective": 0.0}

    plain, judged = fresh(dropout=0.3), fresh(dropout=0.3)
    train(plain, table(), UNIT, options(ema=0.9))
    state = train(judged, table(), UNIT, options(ema=0.9), judge=judge)
    assert torch.equal(weights(plain), weights(judged))
    average = torch.cat([state.ema[name].reshape(-1) for name, _ in judged.named_parameters()])
    assert torch.equal(met[-1], average)


def test_a_judge_without_an_objective_is_refused():
    with pytest.raises(InputError, match="the judge must return an 'objective'"):
        train(fresh(), table(), UNIT, options(), judge=lambda objective: {"distance": 1.0})


@pytest.mark.parametrize("kind", [Linear, TwoPlayers])
def test_patience_where_nothing_judges_is_refused_at_the_start(kind: type):
    objective = fresh(kind)
    before = weights(objective).clone()
    held_out = None if kind is Linear else (mixture(8), np.arange(8))
    with pytest.raises(InputError, match="patience needs something to judge by"):
        train(objective, table() if kind is Linear else mixture(), UNIT, options(patience=2), validation=held_out)
    assert torch.equal(weights(objective), before)


def test_an_epoch_of_few_images_has_the_steps_it_is_told_and_passes_over_all_of_them_in_orders_of_its_own():
    objective = fresh()
    objective.epoch_steps = 5
    batches: list[np.ndarray] = []
    forward = objective.forward

    def watched(turn: str, batch: Batch, generator: torch.Generator):
        batches.append(batch["images"].numpy().copy())
        return forward(turn, batch, generator)

    objective.forward = watched
    images = table(12)
    state = train(objective, images, UNIT, options(epochs=2, batch_size=6))
    assert (state.step, len(batches)) == (10, 10)
    passes = [np.concatenate(batches[start : start + 2]) for start in (0, 2, 5, 7)]
    for one_pass in passes:
        np.testing.assert_array_equal(np.sort(one_pass, axis=0), np.sort(images.pixels, axis=0))
    for other in passes[1:]:
        assert not np.array_equal(passes[0], other)


def test_an_augmentation_changes_what_is_trained_on_and_not_what_is_judged():
    met = []

    class Watched(Linear):
        def forward(self, turn, batch, generator):
            met.append(batch["images"].min().item())
            return super().forward(turn, batch, generator)

        def evaluate(self, batch, generator):
            met.append(batch["images"].min().item())
            return super().evaluate(batch, generator)

    def shifted(batch: Batch, generator: torch.Generator) -> Batch:
        return {**batch, "images": batch["images"] - 5 - torch.rand((), generator=generator)}

    one, two = fresh(Watched), fresh(Watched)
    for objective in (one, two):
        held_out = (table(8, seed=1), np.arange(8))
        train(objective, table(32), UNIT, options(epochs=1), validation=held_out, augmentation=shifted)
    assert torch.equal(weights(one), weights(two))
    assert [value < -4 for value in met] == [True, True, False] * 2


def test_a_column_with_a_scaling_comes_scaled_and_without_it_as_it_is():
    images = conditioned(table(), -3, 7)
    scaling = {"condition": Scaling((-3.0,), (10.0,), "float32", False)}
    train(fresh(Conditioned), images, UNIT, options(), column_scalings=scaling)
    with pytest.raises(AssertionError):
        train(fresh(Conditioned), images, UNIT, options())


class Noisy:
    """A listener that draws of everything there is."""

    def draw(self, state: TrainingState | None = None) -> None:
        torch.rand(7)
        np.random.rand(7)
        random.random()
        if state is not None:
            torch.rand(7, generator=state.generator)

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None:
        self.draw(state)

    def stepped(self, state: TrainingState) -> None:
        self.draw(state)

    def logged(self, line: dict[str, Any]) -> None:
        self.draw()

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None:
        self.draw(state)

    def stopped(self) -> None:
        self.draw()


def test_a_listener_that_draws_random_numbers_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Audience, "SECONDS_BETWEEN_STEPS", 0.0)
    alone, watched = (fresh(dropout=0.3, noise=0.1) for _ in range(2))
    states = [
        train(objective, table(), UNIT, options(), listeners=listeners)
        for objective, listeners in ((alone, ()), (watched, (Noisy(),)))
    ]
    assert torch.equal(weights(alone), weights(watched))
    assert difference(*(state.pack_own() for state in states)) is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "epochs must be a whole number"),
        ("batch_size", 2.5, "batch_size"),
        ("learning_rate", -1, "learning_rate must be a number above 0"),
        ("learning_rate", float("nan"), "learning_rate"),
        ("optimizer", "adm", "did you mean 'adam'"),
        ("schedule", "cosin", "did you mean 'cosine'"),
        ("precision", "fp16", "precision"),
        ("ema", 1.0, "ema"),
        ("warmup", -1, "warmup"),
        ("patience", 0, "patience"),
        ("gradient_clip", 0, "gradient_clip"),
        ("minutes", 0, "minutes must be a number above 0"),
        ("betas", (0.9, 1.0), "every number in betas must be"),
        ("checkpoint_every", "10 parsecs", "is no duration"),
    ],
)
def test_an_option_out_of_range_is_named(name: str, value: object, message: str):
    with pytest.raises(InputError, match=message):
        options(**{name: value}).check()


def test_a_column_that_is_missing_is_named():
    objective = fresh()
    objective.columns = ("condition",)
    with pytest.raises(InputError, match="no column 'condition'"):
        train(objective, table(), UNIT, options())


def test_bf16_trains_with_weights_kept_in_float32():
    objective = fresh()
    state = train(objective, table(), UNIT, options(precision="bf16", epochs=5, learning_rate=1e-2))
    assert all(p.dtype == torch.float32 for p in objective.parameters())
    assert state.history[-1]["loss"] < state.history[0]["loss"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float64, np.bool_])
def test_batches_hold_the_scaled_values_of_any_dtype(dtype: type):
    rng = np.random.default_rng(0)
    pixels = (rng.random((6, 1, 4, 5)) * (1 if dtype in (np.float64, np.bool_) else np.iinfo(dtype).max)).astype(dtype)
    scaling = UNIT.fit(pixels)
    batches = Batches(Images(pixels), scaling, torch.device("cpu"))
    batch = batches.batch(torch.tensor([4, 0, 4]))["images"]
    assert batch.dtype == torch.float32
    np.testing.assert_allclose(batch, scaling.to_range(pixels[[4, 0, 4]]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(scaling.invert(batch), pixels[[4, 0, 4]], rtol=1e-6 if dtype is np.float64 else 0)
