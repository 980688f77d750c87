"""`latente export` on the command line: files, figures, and lines to run them that do run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from latente import Autoencoder

Client = Callable[..., Any]


@pytest.fixture
def run(latente: Client) -> Path:
    """Train in the client's folder."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 9), np.uint8)
    Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, device="cpu", out="run").fit(pixels)
    return Path("run")


def test_all_parts_are_written_and_the_printed_lines_run(latente: Client, run: Path):
    shown = latente("export run --out onnx")
    assert shown.code == 0, shown.err
    assert sorted(path.name for path in Path("onnx").iterdir()) == ["decoder.onnx", "encoder.onnx", "whole.onnx"]
    for part in ("encoder", "decoder", "whole"):
        assert f"onnx/{part}.onnx" in shown.out
    lines = shown.out[shown.out.index("import numpy") :]
    program = lines + "\nprint(reconstructions.shape)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "(1, 1, 8, 9)\n"


def test_one_part_can_be_asked_for_and_told_as_json(latente: Client, run: Path):
    shown = latente("export run --part decoder --out nets/small --json")
    [entry] = shown.json["files"]
    assert (entry["part"], entry["path"]) == ("decoder", "nets/small/decoder.onnx")
    assert entry["bytes"] == Path(entry["path"]).stat().st_size
    assert 0 <= entry["largest_difference"] <= 1e-4
    assert (entry["inputs"], entry["outputs"]) == ({"codes": ["n", 2]}, {"images": ["n", 1, 8, 9]})
    assert "decoder.onnx" in shown.json["snippet"]
    session = onnxruntime.InferenceSession(entry["path"], providers=["CPUExecutionProvider"])
    [images] = session.run(None, {"codes": np.zeros((5, 2), np.float32)})
    assert images.shape == (5, 1, 8, 9)


def test_misuse_is_one_line_and_leaves_what_is_there(latente: Client, run: Path):
    Path("used").mkdir()
    Path("used/decoder.onnx").write_text("mine")
    for arguments, message in {
        "run --out used": "--out used exists already",
        "run --out new --part encode": "unknown part 'encode'; did you mean 'encoder'?",
        "nowhere --out new": "nowhere holds no model",
    }.items():
        shown = latente("export " + arguments)
        assert shown.code == 2
        assert message in shown.err
        assert shown.err.count("\n") == 1
    assert Path("used/decoder.onnx").read_text() == "mine"
    assert not Path("new").exists()
    assert latente("export run --out used --part decoder --force").code == 0
    assert Path("used/decoder.onnx").read_bytes() != b"mine"
