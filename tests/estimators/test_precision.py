"""The precision that "auto" came to is the model's own: kept, gone on with, and used for training alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latente import Autoencoder, ModelError, StackedAutoencoderClassifier, VariationalAutoencoder, load, resume
from latente.estimators import base
from latente.networks import DenseDecoder, DenseEncoder
from latente.training import precision
from toys import difference

PICTURES = np.random.default_rng(0).integers(0, 255, (6, 64, 64), dtype=np.uint8)
COMMON: dict[str, Any] = {
    "hidden": (32,),
    "latent_dim": 2,
    "kernel_size": 4,
    "stride": 4,
    "shortcut": None,
    "schedule": "constant",  # with which an extended training is that of as many epochs
    "epochs": 1,
    "batch_size": 4,
    "validation": None,
    "random_state": 0,
    "device": "cpu",
}


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Move to a machine that computes bf16 by a unit, or emulates it."""

    def move(unit: str | None) -> None:
        for module in (base, precision):
            monkeypatch.setattr(module, "bf16_unit", lambda device: unit)

    return move


def weights(model: Any) -> dict[str, torch.Tensor]:
    return dict(model.objective_.state_dict())


def test_a_convolutional_net_on_large_pictures_trains_in_bf16_where_it_pays(on: Callable[..., None]) -> None:
    on("avx512_bf16")
    model, asked, full = (
        Autoencoder(**COMMON, **more).fit(PICTURES) for more in ({}, {"precision": "bf16"}, {"precision": "float32"})
    )
    assert (model.precision_, full.precision_) == ("bf16", "float32")
    assert model.precision == "auto"
    assert difference(weights(model), weights(asked)) is None
    assert difference(weights(model), weights(full)) is not None
    assert all(value.dtype == torch.float32 for value in weights(model).values())
    on(None)
    assert difference(weights(Autoencoder(**COMMON).fit(PICTURES)), weights(full)) is None


@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(**{**COMMON, "network": "dense"}),
        Autoencoder(**{**COMMON, "network": (DenseEncoder((1, 64, 64), 2, (4,)), DenseDecoder(2, (1, 64, 64), (4,)))}),
        Autoencoder(**{**COMMON, "hidden": (16,)}),
        Autoencoder(**{**COMMON, "optimizer": "lbfgs"}),
        VariationalAutoencoder(latent_dim=2, hidden=(32,), augmentation="crop:32", random_state=0, device="cpu"),
        StackedAutoencoderClassifier(hidden=(32,), random_state=0, device="cpu"),
    ],
)
def test_other_nets_pictures_and_optimisers_train_in_float32_there(model: Any, on: Callable[..., None]) -> None:
    on("avx512_bf16")
    model.initialise(PICTURES, [0, 1] * 3 if isinstance(model, StackedAutoencoderClassifier) else None)
    assert model.precision_ == "float32"
    assert model.resolved_options()["precision"] == "float32"


def test_the_plan_and_the_run_say_what_it_came_to(on: Callable[..., None], tmp_path: Path) -> None:
    on("avx512_bf16")
    model = Autoencoder(**COMMON, out=tmp_path / "run")
    assert model.plan(PICTURES)["options"]["precision"] == "bf16"
    model.fit(PICTURES)
    options = json.loads((tmp_path / "run" / "options.json").read_text())["options"]
    assert options["precision"] == "bf16"
    assert load(tmp_path / "run").precision_ == "bf16"


def test_a_run_goes_on_in_its_precision_on_a_machine_that_would_take_another(
    on: Callable[..., None], tmp_path: Path
) -> None:
    on("avx512_bf16")
    whole = Autoencoder(**{**COMMON, "epochs": 2}).fit(PICTURES)
    Autoencoder(**COMMON, out=tmp_path / "bf16").fit(PICTURES)
    on(None)
    with pytest.warns(UserWarning, match="resumed in bf16, in which this run was begun"):
        parts = resume(tmp_path / "bf16", PICTURES, epochs=2)
    assert parts.precision_ == "bf16"
    assert difference(weights(parts), weights(whole)) is None
    Autoencoder(**COMMON, out=tmp_path / "float32").fit(PICTURES)
    on("avx512_bf16")
    assert resume(tmp_path / "float32", PICTURES, epochs=2).precision_ == "float32"


def test_a_model_trained_in_bf16_is_used_in_float32(on: Callable[..., None], tmp_path: Path) -> None:
    on("avx512_bf16")
    model = Autoencoder(**COMMON).fit(PICTURES)
    codes = model.encode(PICTURES)
    assert load(model.save(tmp_path / "model")).encode(PICTURES).tobytes() == codes.tobytes()
    with torch.no_grad():
        exact = model.objective_.encoder.double()(torch.from_numpy(PICTURES[:, None] / 255.0))
    np.testing.assert_allclose(codes, exact, rtol=1e-4, atol=1e-6)  # bf16 would be off by some 1e-2


def test_a_model_of_before_that_says_its_precision_among_its_options_alone_loads(tmp_path: Path) -> None:
    fitted = Autoencoder(**COMMON, precision="bf16").fit(PICTURES[:, :8, :8])
    fitted.save(tmp_path)
    file = tmp_path / "model" / "model.json"
    model = json.loads(file.read_text())
    assert model["fitted"].pop("precision_") == "bf16"
    for name in ("epochs_", "shortcut_"):  # which came at the same time
        del model["fitted"][name]
    del model["options"]["shortcut"]
    file.write_text(json.dumps(model))
    old = load(tmp_path)
    assert (old.precision_, old.epochs_, old.shortcut_) == ("bf16", fitted.epochs_, None)
    assert old.encode(PICTURES[:, :8, :8]).tobytes() == fitted.encode(PICTURES[:, :8, :8]).tobytes()
    model["fitted"]["precision_"] = "auto"
    file.write_text(json.dumps(model))
    with pytest.raises(ModelError, match="precision_ is 'auto'"):
        load(tmp_path)
