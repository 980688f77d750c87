"""TensorBoard's event files say what the log says, each figure once, wherever the training was stopped."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import Autoencoder, InputError, StackedAutoencoderClassifier, open_images, resume
from latente.training import Run, events
from latente.training.lines import figures_of

pytest.importorskip("tensorboardX", reason="needs tensorboardX: pip install 'latente[tensorboard]'")

SMALL = {"hidden": (8,), "network": "dense", "latent_dim": 2, "batch_size": 16, "log_every": 2, "random_state": 0}


def crc32c(data: bytes) -> int:
    """The checksum of event files, by its definition (Castagnoli's polynomial), masked as TFRecord files have it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def read(folder: Path) -> list[Any]:
    """Return the events of the one event file in a folder, as TensorBoard reads them: checked records."""
    from tensorboardX.proto.event_pb2 import Event

    [file] = folder.glob("events.out.tfevents.*")
    content, found, place = file.read_bytes(), [], 0
    while place < len(content):
        length = content[place : place + 8]
        end = place + 12 + struct.unpack("<Q", length)[0]
        assert struct.unpack("<I", content[place + 8 : place + 12])[0] == crc32c(length)
        assert struct.unpack("<I", content[end : end + 4])[0] == crc32c(content[place + 12 : end])
        found.append(Event.FromString(content[place + 12 : end]))
        place = end + 4
    assert found[0].file_version == "brain.Event:2"
    return found


def scalars(folder: Path) -> list[tuple[int, float, str, float]]:
    """Return (step, wall time, tag, value) of every figure."""
    return [(e.step, e.wall_time, v.tag, v.simple_value) for e in read(folder) for v in e.summary.value]


def logged(run: Run) -> list[tuple[int, float, str, float]]:
    return [
        (line["step"], line["time"], f"{line['part']}/{name}", float(np.float32(value)))
        for line in run.lines()
        for name, value in figures_of(line).items()
    ]


def test_the_events_are_the_lines_of_the_log(tmp_path: Path) -> None:
    Autoencoder(epochs=2, out=tmp_path / "run", tensorboard=True, **SMALL).fit(open_images("digits", count=64))
    found = scalars(tmp_path / "run" / "tensorboard")
    assert found == logged(Run(tmp_path / "run"))
    tags = {tag for _, _, tag, _ in found}
    assert {"train/loss", "train/learning_rate", "train/images_per_second", "validation/objective"} <= tags
    assert not [tag for tag in tags if tag.endswith(("/step", "/steps", "/epoch", "/time", "/part"))]


def test_a_training_that_goes_on_leaves_no_event_twice_and_none_out(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 255, (64, 8, 8), dtype=np.uint8)
    run = Run(tmp_path / "run")
    Autoencoder(epochs=2, out=run.path, tensorboard=True, **SMALL).fit(X)
    [file] = (run.path / "tensorboard").iterdir()
    file.write_bytes(file.read_bytes()[:-40])  # as one that was killed left it
    run.log({"part": "train", "epoch": 3, "step": 9, "steps": 12, "loss": 0.5, "time": 1e9})  # which is cut
    (run.path / "tensorboard" / "notes.txt").write_text("mine")
    resume(run.path, X, epochs=3)
    assert scalars(run.path / "tensorboard") == logged(run)
    steps = [step for step, _, tag, _ in scalars(run.path / "tensorboard") if tag == "validation/objective"]
    assert steps == [0, 4, 8, 12]
    starts = [event for event in read(run.path / "tensorboard") if event.HasField("session_log")]
    assert [(start.step, start.session_log.status) for start in starts] == [(0, 1)]  # 1 is START
    assert (run.path / "tensorboard" / "notes.txt").read_text() == "mine"


def test_each_layer_that_is_trained_alone_has_its_own(tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).random((60, 6)), np.arange(60) % 2
    options = {"hidden": (5, 4), "epochs": 1, "pretrain_epochs": 1, "random_state": 0, "tensorboard": True}
    StackedAutoencoderClassifier(out=tmp_path / "run", **options).fit(X, y)
    for part in ("", "pretraining/layer-1", "pretraining/layer-2"):
        run = Run(tmp_path / "run" / part)
        assert scalars(run.path / "tensorboard") == logged(run)


def test_without_being_asked_for_there_are_none(tmp_path: Path) -> None:
    Autoencoder(epochs=1, out=tmp_path / "run", **SMALL).fit(np.zeros((32, 8, 8), np.uint8))
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_what_cannot_be_written_is_said_before_anything_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.zeros((32, 8, 8), np.uint8)
    with pytest.raises(InputError, match="tensorboard=True writes into the run folder: name one with out"):
        Autoencoder(epochs=1, tensorboard=True, **SMALL).fit(X)
    with pytest.raises(InputError, match="tensorboard must be True or False, not 'yes'"):
        Autoencoder(epochs=1, tensorboard="yes", out=tmp_path / "run", **SMALL).fit(X)
    monkeypatch.setattr(events.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"tensorboard needs the package .* pip install 'latente\[tensorboard\]'"):
        Autoencoder(epochs=1, tensorboard=True, out=tmp_path / "run", **SMALL).fit(X)
    assert not (tmp_path / "run").exists()
