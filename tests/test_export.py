"""An exported file computes what the model computes, runs anywhere, and is not written where it does not."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxscript._framework_apis import torch_2_11
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

import latente
from latente import (
    AnomalyDetector,
    Autoencoder,
    FastStyleTransfer,
    InputError,
    ModelError,
    Restorer,
    VariationalAutoencoder,
    export,
    open_images,
)
from latente.export import Exported, export_onnx, graphs, onnx_bytes, parts_of, snippet
from latente.images import Images
from latente.networks.shortcut import WithLinear

FEW = {"hidden": (4,), "latent_dim": 3, "epochs": 1, "batch_size": 8, "random_state": 0, "device": "cpu"}


def data(shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    """Return 17 random images, floats and long integers far outside [0, 1] and different in each channel."""
    unit = np.random.default_rng(1).random((17, *shape))
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return unit > 0.5
    if dtype in ("float64", "int64"):
        per_channel = np.arange(1, shape[0] + 1).reshape(-1, *[1] * (len(shape) - 1))
        return (300 * unit * per_channel - 100).astype(kind)
    if kind.kind == "f":
        return unit.astype(kind)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    return (low + unit * (high - low)).astype(kind)


def fitted(kind: type, shape: tuple[int, ...], dtype: str = "uint8", **options: Any) -> tuple[Any, np.ndarray]:
    pixels = data(shape, dtype)
    images = open_images(pixels, channels="first") if len(shape) == 3 else pixels
    return kind(**FEW | options).fit(images), pixels


def run(content: bytes, given: np.ndarray) -> np.ndarray:
    """Return what the file makes of the input, in batches of 1, 3 and the rest."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    [entry] = session.get_inputs()
    given = given.astype(np.float32)
    outputs = [session.run(None, {entry.name: batch})[0] for batch in (given, given[:1], given[1:4])]
    np.testing.assert_allclose(np.concatenate(outputs[1:]), outputs[0][:4], rtol=1e-4, atol=1e-5 * np.ptp(outputs[0]))
    return outputs[0]


def in_units(images: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Round and clip as the model does, which the file leaves to its user."""
    if like.dtype.kind == "b":
        return images >= 0.5
    if like.dtype.kind == "f":
        return images
    return np.clip(np.rint(images), np.iinfo(like.dtype).min, np.iinfo(like.dtype).max)


def assert_same_images(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal to 1e-4 of the range; integers may besides be rounded the other way."""
    span = float(np.ptp(expected.astype(np.float64)))
    step = 0 if expected.dtype.kind == "f" else 1
    np.testing.assert_allclose(found.astype(np.float64), expected.astype(np.float64), atol=step + 1e-4 * span, rtol=0)
    assert found.shape == expected.shape


CASES = {
    "dense": (Autoencoder, (1, 5, 7), "uint8", {"network": "dense", "normalization": "batch", "dropout": 0.3}),
    "grey": (Autoencoder, (1, 28, 28), "uint8", {"normalization": "group", "hidden": (8, 8), "activation": "gelu"}),
    "colour": (VariationalAutoencoder, (3, 64, 64), "uint8", {"hidden": (4, 4, 4), "activation": "silu"}),
    "odd 16-bit": (VariationalAutoencoder, (1, 51, 71), "uint16", {"normalization": "layer", "activation": "elu"}),
    "denoiser": (Autoencoder, (4, 17, 9), "float32", {"latent_dim": None, "depth": 2, "corruption": "gaussian:0.2"}),
    "even": (Autoencoder, (1, 9, 8), "bool", {"stride": 1, "kernel_size": 4, "latent_activation": "sigmoid"}),
    "signed": (Autoencoder, (1, 8, 8), "int16", {"loss": "l1", "stride": 3, "normalization": "batch"}),
    "counts": (VariationalAutoencoder, (4,), "int64", {"hidden": ()}),
}
CASES_IN_PARTS = {
    "spatial": (VariationalAutoencoder, (2, 9, 11), "float64", {"latent_dim": None, "activation": "leaky_relu"}),
    "table": (Autoencoder, (5,), "float64", {"activation": "tanh", "hidden": (6, 4)}),
}


@pytest.fixture(autouse=True, scope="module")
def _one_registry() -> Iterator[None]:
    """The exporter parses all its translations anew each time, which takes longer than everything else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_2_11, "get_torchlib_ops", functools.cache(torch_2_11.get_torchlib_ops))
        yield


@pytest.mark.parametrize("case", CASES)
def test_the_whole_gives_the_images_that_the_model_gives(case: str):
    kind, shape, dtype, options = CASES[case]
    model, pixels = fitted(kind, shape, dtype, **options)
    found = run(onnx_bytes(model, "whole"), pixels)
    assert_same_images(in_units(found, pixels), model.reconstruct(open_images(pixels, channels="first")))


@pytest.mark.parametrize("case", CASES_IN_PARTS)
def test_encoder_and_decoder_give_the_codes_and_the_images_that_the_model_gives(case: str):
    kind, shape, dtype, options = CASES_IN_PARTS[case]
    model, pixels = fitted(kind, shape, dtype, **options)
    codes = model.transform(open_images(pixels, channels="first"))
    found = run(onnx_bytes(model, "encoder"), pixels)
    np.testing.assert_allclose(found, codes, rtol=1e-4, atol=1e-5)
    images = run(onnx_bytes(model, "decoder"), codes)
    expected = model.decode(codes)
    expected = expected if expected.ndim == 2 else expected.reshape(images.shape)
    assert_same_images(in_units(images, pixels), expected)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_the_linear_map_beside_a_network_travels_with_it(network: str):
    model, pixels = fitted(Autoencoder, (3, 9, 8), network=network, shortcut="pca", epochs=2)
    assert isinstance(model.objective_.encoder, WithLinear)
    assert model.objective_.encoder.weight.any()
    codes = model.transform(open_images(pixels, channels="first"))
    np.testing.assert_allclose(run(onnx_bytes(model, "encoder"), pixels), codes, rtol=1e-4, atol=1e-5)
    images = run(onnx_bytes(model, "decoder"), codes)
    assert_same_images(in_units(images, pixels), model.decode(codes).reshape(images.shape))


def test_a_network_of_the_user_s_own_is_exported_too():
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.PReLU(), nn.Conv2d(4, 1, 3, padding=1))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.inner(x)

    encoder = nn.Sequential(Residual(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9, 2))
    decoder = nn.Sequential(nn.Linear(2, 6), nn.Unflatten(1, (1, 2, 3)), nn.Upsample((8, 10), mode="bilinear"))
    model, pixels = fitted(Autoencoder, (1, 8, 10), network=(encoder, decoder))
    found = run(onnx_bytes(model, "whole"), pixels)
    assert_same_images(in_units(found, pixels), model.reconstruct(pixels[:, 0])[:, None])


@pytest.fixture(scope="module")
def model() -> Any:
    return fitted(VariationalAutoencoder, (3, 9, 8))[0]


@pytest.fixture(scope="module")
def written(model: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Exported]:
    return export_onnx(model, tmp_path_factory.mktemp("it's here") / "new" / "folder")


def test_the_files_say_what_goes_in_and_out_of_them(written: list[Exported]):
    assert [entry.path.name for entry in written] == ["encoder.onnx", "decoder.onnx", "whole.onnx"]
    for entry in written:
        assert entry.bytes == entry.path.stat().st_size
        assert 0 <= entry.largest_difference < 1e-5
        session = onnxruntime.InferenceSession(entry.path, providers=["CPUExecutionProvider"])
        for told, found in ((entry.inputs, session.get_inputs()), (entry.outputs, session.get_outputs())):
            assert told == {node.name: tuple(node.shape) for node in found}
            assert {node.type for node in found} == {"tensor(float)"}
        notes = session.get_modelmeta().custom_metadata_map
        shapes = {"layout": "NCHW", "dtype": "uint8", "range": "0 to 255 (8 bits)", "shape": "3x9x8", "code_shape": "3"}
        assert notes == {"model": "vae", "part": entry.part, "latente": latente.__version__, **shapes}
    images, codes = ("n", 3, 9, 8), ("n", 3)
    assert [(entry.part, entry.inputs, entry.outputs) for entry in written] == [
        ("encoder", {"images": images}, {"codes": codes}),
        ("decoder", {"codes": codes}, {"images": images}),
        ("whole", {"images": images}, {"reconstructions": images}),
    ]


def test_a_file_is_little_more_than_its_weights_and_holds_nothing_of_this_machine(model: Any, written: list[Exported]):
    content = written[1].path.read_bytes()
    proto = onnx.load_model_from_string(content)
    onnx.checker.check_model(proto, full_check=True)
    assert (proto.ir_version, proto.opset_import[0].version) == (10, 18)
    weights = 4 * sum(p.numel() for p in model.objective_.decoder.parameters())
    assert weights < len(content) < weights + 2048
    for trace in (b"stack_trace", b".py", b"torch.nn", str(Path.home()).encode(), str(Path.cwd()).encode()):
        assert trace not in content


def test_the_printed_lines_run_by_themselves(written: list[Exported]):
    for entry in written:
        lines = snippet(entry)
        [(result, (_, *shape))] = entry.outputs.items()
        assert len(lines.splitlines()) == 5
        check = f"\nimport sys\nprint({result}.shape, {result}.dtype, 'torch' in sys.modules)"
        shown = subprocess.run([sys.executable, "-c", lines + check], capture_output=True, text=True, check=True)
        assert shown.stdout.strip() == f"{(1, *shape)} float32 False"


def test_a_detector_s_file_gives_the_scores_and_the_maps_of_the_model(tmp_path: Path):
    pixels = data((2, 9, 8))
    images = open_images(pixels, channels="first")
    model = AnomalyDetector(method="gaussian", alpha=0.1, validation=None, device="cpu").fit(images)
    [entry] = export_onnx(model, tmp_path)
    assert (entry.part, entry.path.name, entry.inputs) == ("detector", "detector.onnx", {"images": ("n", 2, 9, 8)})
    assert entry.outputs == {"scores": ("n",), "maps": ("n", 9, 8)}
    assert "[scores, maps] = session.run(None, {'images': images})" in snippet(entry)
    session = onnxruntime.InferenceSession(entry.path, providers=["CPUExecutionProvider"])
    scores, maps = session.run(None, {"images": pixels.astype(np.float32)})
    np.testing.assert_allclose(scores, model.score_samples(images), atol=1e-3)
    np.testing.assert_allclose(maps, model.anomaly_map(images), rtol=1e-3)
    notes = session.get_modelmeta().custom_metadata_map
    np.testing.assert_array_equal(scores < float(notes["offset"]), model.predict(images) == -1)


@pytest.mark.parametrize("method", ["gaussian", "pca"])
def test_a_detector_of_tables_gives_scores(method: str):
    pixels = data((5,), "float64")
    model = AnomalyDetector(method=method, alpha=0.1, validation=None, device="cpu").fit(pixels)
    np.testing.assert_allclose(run(onnx_bytes(model, "detector"), pixels), model.score_samples(pixels), atol=1e-3)


@pytest.mark.parametrize("side", [9, 50])
def test_a_detector_that_searches_what_it_remembers_is_refused(side: int, tmp_path: Path):
    model = AnomalyDetector(validation=None, device="cpu").fit(np.resize(data((9, 9))[:, 0], (19, side, side)))
    with pytest.raises(InputError, match=f"method={model.method_!r} searches .* fit one with method='gaussian'"):
        export_onnx(model, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_graph_that_differs_from_the_model_is_refused_and_nothing_is_written(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    right = graphs._Part.forward
    monkeypatch.setattr(graphs._Part, "forward", lambda part, x: right(part, x) + 0.05)
    with pytest.raises(ModelError, match=r"the whole as ONNX differs from the model by 0\.0002, more than the 0\.0001"):
        export_onnx(model, tmp_path / "out", parts=["whole"])
    assert not (tmp_path / "out").exists()
    [entry] = export_onnx(model, tmp_path / "out", parts=["whole"], tolerance=1e-3)
    assert entry.largest_difference == pytest.approx(0.05 / 255, rel=1e-3)


def test_a_model_with_a_nan_in_its_weights_is_refused(tmp_path: Path):
    model, _ = fitted(Autoencoder, (6,), "float32")
    with torch.no_grad():
        next(model.objective_.decoder.parameters())[0, 0] = np.nan
    with pytest.raises(ModelError, match="differs from the model by nan"):
        export_onnx(model, tmp_path, parts=["decoder"])
    assert not list(tmp_path.iterdir())


def test_a_network_that_onnx_cannot_express_is_refused_with_the_reason():
    class Fickle(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1)[:, :2] if x.mean() > 0 else -x.flatten(1)[:, :2]

    decoder = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)))
    model, _ = fitted(Autoencoder, (1, 8, 8), network=(Fickle(), decoder))
    with pytest.raises(ModelError, match=r"the encoder cannot be expressed in ONNX: .*data-dependent") as caught:
        onnx_bytes(model, "encoder")
    assert "\n" not in str(caught.value)


def test_a_file_that_the_runtime_cannot_read_is_refused(model: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export, "_stripped", lambda proto, metadata: b"no graph")
    with pytest.raises(ModelError, match="onnxruntime cannot run the decoder: "):
        onnx_bytes(model, "decoder")


def test_the_model_stays_as_it_is_even_with_a_corruption_that_cannot_be_copied():
    class Locked:
        def __init__(self) -> None:
            self.lock = threading.Lock()

        def __call__(self, x: Tensor, generator: torch.Generator, shared: bool = False) -> Tensor:
            return x / 2

    model, pixels = fitted(Autoencoder, (5,), "float32", corruption=Locked())
    codes, state, training = model.transform(pixels), torch.get_rng_state(), model.objective_.training
    onnx_bytes(model, "encoder")
    assert model.objective_.corruption is model.corruption
    assert model.objective_.training == training
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(model.transform(pixels), codes)


def test_missing_packages_unknown_parts_and_other_models_are_told_in_one_line(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(InputError, match="unknown part 'encode'; did you mean 'encoder'"):
        export_onnx(model, tmp_path, parts=["whole", "encode"])
    with pytest.raises(NotFittedError):
        onnx_bytes(Autoencoder(), "encoder")
    classifier = LogisticRegression()
    classifier.objective_ = None
    with pytest.raises(InputError, match="a LogisticRegression has no encoder to export"):
        onnx_bytes(classifier, "encoder")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"the folder .*file cannot be made"):
        export_onnx(model, tmp_path / "file", parts=["decoder"])
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"pip install 'latente\[export\]'"):
        export_onnx(model, tmp_path, parts=["whole"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_decoder_gives_the_conditions_beside_the_images(tmp_path: Path):
    pixels, rng = data((1, 6, 5), "float32"), np.random.default_rng(2)
    columns = {"condition": (rng.random((17, 2)) * [40, 0.1] + [300, -1]).astype(np.float32)}
    images = Images(pixels, columns, condition_names=("wheel", "angle"))
    model = VariationalAutoencoder(**FEW | {"network": "dense", "condition": "joint"}).fit(images)
    codes = model.transform(images)
    [entry] = export_onnx(model, tmp_path)
    assert entry.outputs == {"images": ("n", 1, 6, 5), "conditions": ("n", 2)}
    session = onnxruntime.InferenceSession(entry.path, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["conditions"] == "wheel, angle"
    made, told = session.run(None, {"codes": codes})
    expected = model.decode(codes)
    np.testing.assert_allclose(made, expected.images, atol=1e-4)
    np.testing.assert_allclose(told, expected.conditions, rtol=1e-5)


# restorers


@pytest.mark.parametrize(
    ("options", "given", "made"),
    [
        ({"corruption": "downscale:2"}, ("n", 3, "h", "w"), ("n", 3, "2h", "2w")),
        ({"corruption": "gaussian:0.1"}, ("n", 3, "2h", "2w"), ("n", 3, "2h", "2w")),
        ({"corruption": "blur:1", "network": "unet", "hidden": (4, 8)}, ("n", 3, "4h", "4w"), ("n", 3, "4h", "4w")),
    ],
)
def test_a_restorer_is_exported_for_pictures_of_any_size(
    tmp_path: Path, options: dict[str, Any], given: tuple[Any, ...], made: tuple[Any, ...]
):
    model = _restorer(**options)
    [file] = export_onnx(model, tmp_path, parts=parts_of(model))
    assert (file.part, file.inputs, file.outputs) == ("whole", {"images": given}, {"reconstructions": made})
    assert file.largest_difference < 1e-5
    session = onnxruntime.InferenceSession(file.path)
    picture = np.random.default_rng(1).integers(0, 256, (2, 3, 28, 36), np.uint8)
    [result] = session.run(None, {"images": picture.astype(np.float32)})
    assert np.abs(result - model.restore(picture)).max() <= 0.51  # which is rounded


def test_an_inpainter_is_exported_with_its_mask(tmp_path: Path):
    model = _restorer(corruption="mask:0.5")
    [file] = export_onnx(model, tmp_path, parts=parts_of(model))
    assert list(file.inputs) == ["images", "mask"]
    picture, mask = np.full((1, 3, 24, 20), 90, np.uint8), np.zeros((1, 1, 24, 20), np.float32)
    mask[..., 4:9, 4:9] = 1
    session = onnxruntime.InferenceSession(file.path)
    [result] = session.run(None, {"images": picture.astype(np.float32), "mask": mask})
    assert np.abs(result - model.restore(picture, mask=mask[0, 0])).max() <= 0.51
    assert "mask = np.zeros((1, 1, 64, 64), np.float32)  # not 0 where a pixel is missing" in snippet(file)


def _restorer(**options: Any) -> Restorer:
    """Return a restorer whose weights are all random, which is enough to be compared."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 16, 16), np.uint8)
    small = {"width": 4, "depth": 1, "augmentation": "crop:16", "random_state": 0, "device": "cpu"}
    model = Restorer(**{**small, **options}).initialise(pixels)
    with torch.no_grad():
        for parameter in model.objective_.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    return model


def test_what_paints_takes_photographs_and_styles_of_other_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("latente.estimators.weights._PHOTOGRAPHS", 2)
    X = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype=np.uint8)
    model = FastStyleTransfer(network="pyramid", width=2, depth=1, augmentation="crop:32", random_state=0).initialise(X)
    [exported] = export_onnx(model, tmp_path)
    assert exported.largest_difference < 1e-4
    assert exported.inputs["styles"] == ("n", 3, "8p", "8q")
    session = onnxruntime.InferenceSession(exported.path)
    rng = np.random.default_rng(1)
    content, style = (rng.uniform(0, 255, (1, 3, *sides)).astype(np.float32) for sides in ((40, 64), (512, 128)))
    [painted] = session.run(None, {"images": content, "styles": style})
    ours = model.stylise(*(one[0].transpose(1, 2, 0).astype(np.uint8) for one in (content, style)))
    assert painted.shape == (1, 3, 40, 64)
    np.testing.assert_allclose(painted[0].transpose(1, 2, 0), ours, atol=3)
