"""What a notebook shows of an estimator, and its progress bar."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import IPython.display
import numpy as np
import pytest
import sklearn
import torch

from latente import Autoencoder, VariationalAutoencoder, load
from latente.estimators.progress import CellBar

FEW = {"hidden": (4,), "latent_dim": 2, "epochs": 2, "random_state": 0, "device": "cpu"}
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 9, 8, 3), np.uint8)


def shown(estimator: Any) -> str:
    bundle = estimator._repr_mimebundle_()
    assert bundle["text/plain"] == repr(estimator)
    return bundle["text/html"]


def pictures(html: str) -> list[str]:
    return re.findall(r'alt="([^"]*)" src="data:image/png;base64,', html)


def test_before_fit_scikit_learn_s_diagram_of_the_options_is_shown():
    assert "sk-container" in shown(Autoencoder(latent_dim=3))


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_after_fit_facts_curves_samples_and_layers_are_shown(kind: type):
    model = kind(**FEW).fit(PIXELS)
    html = shown(model)
    assert html == model._repr_html_()
    assert "sk-container" not in html
    count = sum(p.numel() for p in model.objective_.parameters() if p.ndim)
    for text in (kind.__name__, "3x9x8 uint8", "codes <b>2<", f"best epoch <b>{model.best_epoch_ or 'the start'}<"):
        assert text in html
    assert re.search(rf"\d+ layers, {count:,} parameters", html)
    assert re.search(r"encoder\S*\.layers\.0", html)
    assert "ConvTranspose2d" in html
    assert pictures(html) == ["training curves", "samples"]
    assert len(html) < 60_000


def test_what_a_model_does_not_have_is_left_out(tmp_path: Path):
    table = Autoencoder(**FEW).fit(PIXELS.reshape(20, -1).astype(float))
    assert pictures(shown(table)) == ["training curves"]
    loaded = load(VariationalAutoencoder(**FEW).fit(PIXELS).save(tmp_path))
    assert pictures(shown(loaded)) == ["samples"]
    without_density = Autoencoder(**FEW).partial_fit(PIXELS)
    assert pictures(shown(without_density)) == ["training curves"]
    assert "best epoch" not in shown(without_density)


def test_showing_a_model_changes_nothing():
    model = VariationalAutoencoder(**FEW, normalization="batch", dropout=0.5).fit(PIXELS)
    before = {name: value.clone() for name, value in model.objective_.state_dict().items()}
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), model.objective_.training
    shown(model)
    assert all(torch.equal(before[name], value) for name, value in model.objective_.state_dict().items())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1].tolist(), model.objective_.training) == states[1:]


def test_who_wants_text_from_scikit_learn_gets_text():
    model = Autoencoder(**FEW).fit(PIXELS)
    with sklearn.config_context(display="text"):
        assert list(model._repr_mimebundle_()) == ["text/plain"]
        assert not hasattr(model, "_repr_html_")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that a notebook would show one after the other in the same place."""
    texts: list[str] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            assert raw
            texts.append(data["text/plain"])

    monkeypatch.setattr(IPython.display, "display", lambda data, raw, display_id: Handle())
    return texts


def test_a_bar_fills_in_one_place_and_stays_as_it_ended(drawn: list[str]):
    bar = CellBar(total=2_000, done=0)
    bar.show(0, "epoch 1/4", [])
    bar.show(500, "epoch 1/4", ["loss 0.5"])
    bar.show(2_000, "epoch 4/4", ["loss 0.1"])
    bar.stop(["best epoch 4", "validation 0.2"])
    assert drawn == [
        f"epoch 1/4 {'╌' * 24} 0/2,000 starting",
        f"epoch 1/4 {'━' * 6}{'╌' * 18} 500/2,000 loss 0.5 · 0:00 left",
        f"epoch 4/4 {'━' * 24} 2,000/2,000 loss 0.1 · 0:00 left",
        f"epoch 4/4 {'━' * 24} 2,000/2,000 best epoch 4 · validation 0.2 · 0:00 in all",
    ]


def test_the_time_left_goes_by_the_steps_of_this_call(drawn: list[str], monkeypatch: pytest.MonkeyPatch):
    clock = iter([100.0, 130.0, 160.0])
    monkeypatch.setattr("latente.estimators.progress.time.monotonic", lambda: next(clock))
    bar = CellBar(total=100, done=70)
    bar.show(80, "epoch 8/10", ["loss 1"])
    bar.stop(["loss 1"])
    assert [text.rpartition("· ")[2] for text in drawn] == ["1:00 left", "1:00 in all"]


def test_a_training_in_a_notebook_draws_with_it(drawn: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    Autoencoder(**FEW, verbose=True).fit(PIXELS)
    assert re.fullmatch(
        r"epoch 2/2 ━{24} 4/4 best (epoch \d|at the start) · validation \S+ · mse \S+ · \d:\d\d in all", drawn[-1]
    )
