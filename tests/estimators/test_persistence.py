"""A model from a stranger is data, never code: what is foreign, damaged or misfitting is refused with the reason."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from latente import Autoencoder, InputError, ModelError, TrainingError, VariationalAutoencoder, load, resume

X = np.random.default_rng(0).integers(0, 255, (12, 9, 8), dtype=np.uint8)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, device="cpu").fit(X).save(tmp_path / "run")


def model_file(run: Path) -> Path:
    return run / "model" / "model.json"


def weights_file(run: Path) -> Path:
    return next((run / "model").glob("weights-*.safetensors"))


def change(run: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    model = json.loads(model_file(run).read_text())
    edit(model)
    model_file(run).write_text(json.dumps(model))


def put_weights(run: Path, content: bytes) -> None:
    """Replace the weights and state their right hash, as a stranger who knows the format would."""
    weights_file(run).write_bytes(content)
    change(run, lambda model: model["weights"].update(sha256=hashlib.sha256(content).hexdigest()))


def refused(run: Path, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        load(run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.pkl", "weights.pt", "extra.pth", "data.bin", "x.joblib"])
def test_a_pickle_in_the_folder(run: Path, name: str):
    (run / "model" / name).write_bytes(b"\x80\x04.")
    refused(run, f"{name} may hold code")


def test_a_pickle_under_the_weights_name(run: Path):
    put_weights(run, b"\x80\x04\x95" + b"x" * 100)
    refused(run, "no sound safetensors file")


def test_an_oversized_header(run: Path):
    put_weights(run, struct.pack("<Q", 1 << 40) + b"{}")
    refused(run, "no sound safetensors file.*header too large")


def test_a_wrong_hash(run: Path):
    content = bytearray(weights_file(run).read_bytes())
    content[-1] ^= 1
    weights_file(run).write_bytes(content)
    refused(run, "does not have the hash")


@pytest.mark.parametrize("name", ["../../secret.safetensors", "/etc/passwd", "weights.pt", 3, None, "a/b.safetensors"])
def test_a_path_outside_the_folder(run: Path, name: object):
    change(run, lambda model: model["weights"].update(file=name))
    refused(run, "names weights outside its folder or of another kind")


def test_a_link_to_a_file_elsewhere(run: Path, tmp_path: Path):
    path = weights_file(run)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    refused(run, "a link to somewhere else")


def test_shapes_that_do_not_fit(run: Path):
    weights = safetensors.torch.load(weights_file(run).read_bytes())  # not mapped: the file is written anew
    name = next(name for name in weights if name.endswith("weight"))
    put_weights(run, safetensors.torch.save({**weights, name: torch.zeros(3, 3)}))
    refused(run, rf"{name} has shape \(3, 3\) in the file, but the model needs")
    put_weights(run, safetensors.torch.save({key: value for key, value in weights.items() if key != name}))
    refused(run, f"{name} has shape None in the file")
    put_weights(run, safetensors.torch.save({**weights, "more": torch.zeros(2)}))
    refused(run, "more has shape .* but the model needs None")


@pytest.mark.parametrize(
    "edit",
    [
        lambda model: model.pop("fitted"),
        lambda model: model.update(format=99),
        lambda model: model["fitted"].pop("scaling_"),
        lambda model: model["fitted"].update(image_shape_="wide"),
        lambda model: model["fitted"].update(image_shape_=[1, 10**9, 10**9]),
        lambda model: model["options"].update(hidden=["a"]),
        lambda model: model["options"].update(hidden=[10**9, 10**9]),
        lambda model: model["options"].update(surprise=1),
        lambda model: model["options"].update(network="__import__('os')"),
        lambda model: model.update(model="os.system"),
        lambda model: model.update(options=[1, 2]),
    ],
)
def test_a_description_that_describes_no_model(run: Path, edit: Callable[[dict[str, Any]], None]):
    change(run, edit)
    with pytest.raises(ModelError):
        load(run)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"null"])
def test_a_description_that_is_no_json_object(run: Path, content: bytes):
    model_file(run).write_bytes(content)
    refused(run, "model.json")


def test_missing_files_and_folders(run: Path, tmp_path: Path):
    weights_file(run).unlink()
    refused(run, "is missing")
    with pytest.raises(ModelError, match="holds no model"):
        load(tmp_path / "nowhere")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "options.json").write_text("{}")
    with pytest.raises(ModelError, match="holds no model yet"):
        load(tmp_path / "begun")


def test_a_model_of_the_other_kind(run: Path):
    with pytest.raises(ModelError, match=r"holds a model of the kind 'autoencoder', not 'vae'; use latente.load\(\)"):
        VariationalAutoencoder.load(run)


def test_saving_again_leaves_one_pair_and_the_folder_holds_data_only(run: Path):
    load(run).fit(255 - X).save(run)
    assert sorted(path.suffix for path in (run / "model").iterdir()) == [".json", ".safetensors"]
    assert (
        json.loads(model_file(run).read_text())["weights"]["sha256"]
        == hashlib.sha256(weights_file(run).read_bytes()).hexdigest()
    )


def test_a_model_is_used_whatever_becomes_of_its_file(run: Path):
    model = load(run)
    before = model.transform(X)
    weights_file(run).write_bytes(b"")
    np.testing.assert_array_equal(model.transform(X), before)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_a_loaded_model_draws_the_samples_of_the_saved_one(tmp_path: Path, dtype: type):
    fitted = Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0).fit(X.astype(dtype))
    loaded = load(fitted.save(tmp_path))
    np.testing.assert_array_equal(loaded.sample(5, random_state=1), fitted.sample(5, random_state=1))


def test_saving_into_a_folder_removes_no_weights_but_our_own(run: Path):
    mine = run / "model" / "weights-of-mine.safetensors"
    mine.write_bytes(b"mine")
    load(run).fit(255 - X).save(run)
    assert mine.read_bytes() == b"mine"
    assert len(list((run / "model").glob("weights-*.safetensors"))) == 2


def test_a_folder_that_a_fit_refuses_is_left_as_it_was(tmp_path: Path):
    fitted = Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, device="cpu", out=tmp_path / "run").fit(X)
    theirs = {"others": ["sub/.download.part", ".thesis.part"], "run": ["sub/.options.json.latente-0123456789ab.part"]}
    for folder, names in theirs.items():
        for name in names:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text("half")
        with pytest.raises(InputError, match="exists already"):
            fitted.set_params(out=tmp_path / folder).fit(X)
        assert [(tmp_path / folder / name).read_text() for name in names] == ["half"] * len(names)


def test_a_fit_takes_the_folder_of_one_that_was_killed_while_it_made_it(tmp_path: Path):
    (tmp_path / ".options.json.latente-0123456789ab.part").write_text("{")
    Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, device="cpu", out=tmp_path).fit(X)
    assert not list(tmp_path.rglob("*.part"))


def test_resuming_a_run_removes_its_own_left_behind_files_and_no_other(tmp_path: Path):
    out = tmp_path / "run"
    Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, device="cpu", out=out).fit(X)
    own, mine = out / "checkpoints" / ".last.safetensors.latente-0123456789ab.part", out / "samples" / ".mine.part"
    for path in (own, mine):
        path.write_text("half")
    resume(out, X, epochs=2)
    assert (own.exists(), mine.exists()) == (False, True)


def test_weights_that_are_no_numbers_are_neither_saved_nor_loaded(run: Path):
    model, before = load(run), sorted(path.read_bytes() for path in (run / "model").iterdir())
    next(model.objective_.parameters()).data[0] = float("nan")
    with pytest.raises(TrainingError, match="holds NaN: the model was not saved"):
        model.save(run)
    assert sorted(path.read_bytes() for path in (run / "model").iterdir()) == before
    weights = safetensors.torch.load(weights_file(run).read_bytes())  # not mapped: the file is written anew
    put_weights(run, safetensors.torch.save({name: value * float("nan") for name, value in weights.items()}))
    refused(run, "holds no usable model: .* holds NaN")


def test_a_mask_s_infinities_in_a_network_of_one_s_own_are_saved_and_loaded(tmp_path: Path):
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(72, 2)
            self.register_buffer("mask", torch.tensor([0.0, float("-inf")]))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x.flatten(1)) + (self.mask.exp() - self.mask.exp())

    decoder = nn.Sequential(nn.Linear(2, 72), nn.Unflatten(1, (1, 9, 8)))
    model = Autoencoder(network=(Masked(), decoder), epochs=1, random_state=0, device="cpu").fit(X)
    loaded = load(model.save(tmp_path), network=(Masked(), decoder))
    np.testing.assert_array_equal(loaded.encode(X), model.encode(X))


def test_layers_without_end_are_refused_before_they_are_built(run: Path):
    change(run, lambda model: model["options"].update(network="dense", hidden=[1] * 30_000))
    refused(run, "describes a larger network than weights-.* has weights for")


@pytest.mark.parametrize(
    ("option", "value"), [("threads", 10**9), ("depth", 10**9), ("latent_dim", 0), ("hidden", [[]]), ("loss", "l3")]
)
def test_an_option_out_of_its_range_is_named(run: Path, option: str, value: object):
    change(run, lambda model: model["options"].update({option: value}))
    refused(run, f"model.json holds an option of no such model: .*{option}")


@pytest.mark.parametrize("name", ["sample", "objective_", "__class__", "image_shape_"])
def test_an_attribute_that_no_such_model_keeps_beside_its_weights(run: Path, name: str):
    weights = safetensors.torch.load(weights_file(run).read_bytes())  # not mapped: the file is written anew
    put_weights(run, safetensors.torch.save({**weights, f"estimator.{name}": torch.zeros(2)}))
    refused(run, f"holds an array '{name}' that no model of the kind 'autoencoder' has")


def test_a_density_of_codes_that_does_not_fit_them(run: Path):
    weights = safetensors.torch.load(weights_file(run).read_bytes())  # not mapped: the file is written anew
    put_weights(run, safetensors.torch.save({**weights, "estimator.codes_mean_": torch.zeros(3)}))
    refused(run, "does not describe a model: the density of its codes")


@pytest.mark.parametrize("change_one", [lambda x: x.double(), lambda x: x * torch.nan], ids=["double", "nan"])
def test_weights_of_another_kind_or_without_value(run: Path, change_one: Callable[[torch.Tensor], torch.Tensor]):
    weights = safetensors.torch.load(weights_file(run).read_bytes())  # not mapped: the file is written anew
    name = next(name for name in weights if name.endswith("weight"))
    put_weights(run, safetensors.torch.save({**weights, name: change_one(weights[name])}))
    refused(run, f"{name} (is torch.float64 in the file, but|holds NaN)")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("image_shape_", [1, 9]),
        ("image_shape_", [1, 10**9, 10**9]),
        ("layout_", "NF"),
        ("window_", [3]),
        ("seed_", -1),
        ("label_names_", [1]),
        ("scaling_", {"offset": [0.0], "scale": [0.0], "dtype": "uint8", "bounded": True}),
        ("scaling_", {"offset": [0.0], "scale": [float("nan")], "dtype": "uint8", "bounded": True}),
        ("scaling_", {"offset": [0.0], "scale": [1.0], "dtype": "M8", "bounded": True}),
        ("scaling_", {"offset": [0.0, 1.0], "scale": [1.0, 1.0], "dtype": "uint8", "bounded": True}),
    ],
)
def test_a_fact_that_cannot_be_true_of_any_model(run: Path, fact: str, value: object):
    change(run, lambda model: model["fitted"].update({fact: value}))
    refused(run, "model.json (says of the fitted model|does not describe a scaling)")


def test_a_weights_file_that_is_larger_than_the_memory_is_not_read(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("latente.files.free_memory", lambda: 100)
    refused(run, "of memory are free")


def test_deeply_nested_json(run: Path):
    model_file(run).write_text("[" * 10**5)
    refused(run, "model.json cannot be read")


@pytest.mark.parametrize("name", ["model", "model/model.json", "model/notes"])
def test_a_link_out_of_the_folder(run: Path, tmp_path: Path, name: str):
    place = run / name
    if place.exists():
        place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    refused(run, f"{name} is a link to somewhere else")


@pytest.mark.parametrize("name", ["metrics.jsonl", "checkpoints", "samples/epoch.png", "options.json"])
def test_a_run_with_a_link_out_of_it_is_neither_resumed_nor_changed(tmp_path: Path, name: str):
    out = tmp_path / "run"
    Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, device="cpu", out=out).fit(X)
    mine = tmp_path / "mine"
    if (out / name).exists():
        (out / name).rename(mine)
    else:
        mine.write_text("mine")
    (out / name).symlink_to(mine)
    before = mine.read_bytes() if mine.is_file() else sorted(mine.iterdir())
    with pytest.raises(ModelError, match=f"{name} is a link to somewhere else"):
        resume(out, X, epochs=2)
    assert before == (mine.read_bytes() if mine.is_file() else sorted(mine.iterdir()))
