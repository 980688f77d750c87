"""bf16 is taken where it was measured to pay, and nowhere else, whatever the processor is."""

from __future__ import annotations

import pytest
import torch

from latente import InputError
from latente.training import precision
from latente.training.precision import bf16_unit, check_precision, usual_precision, warn_of_emulation

CPU, CARD = torch.device("cpu"), torch.device("cuda:0")
WIDE, FACE = (32, 64, 128), (3, 64, 64)  # the net and the pictures that were measured


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("avx512_bf16", "bf16"),
        ("amx_bf16", "bf16"),
        ("avx512_bf16 of Intel", "float32"),
        ("sve_bf16", "float32"),
        ("bf16", "float32"),
        ("cuda", "float32"),
        ("mps", "float32"),
        (None, "float32"),
    ],
)
def test_only_what_was_measured_to_compute_faster_in_bf16_takes_it(unit: str | None, expected: str) -> None:
    assert usual_precision(unit, WIDE, FACE, "adam") == expected


@pytest.mark.parametrize(
    ("channels", "shape", "optimizer", "expected"),
    [
        (WIDE, (1, 64, 64), "adam", "bf16"),
        (WIDE, (3, 128, 32), "sgd", "bf16"),
        ((64,), (3, 256, 256), "adamw", "bf16"),
        (WIDE, (3, 63, 64), "adam", "float32"),  # too small
        (WIDE, (1, 28, 28), "adam", "float32"),
        ((16, 64, 128), FACE, "adam", "float32"),  # too narrow at its widest pictures
        (WIDE, FACE, "lbfgs", "float32"),
        (None, FACE, "adam", "float32"),  # dense, or a caller's own
        (None, (784,), "adam", "float32"),
        ((), FACE, "adam", "float32"),
    ],
)
def test_the_network_and_its_pictures_decide_on_a_processor_that_has_it(
    channels: tuple[int, ...] | None, shape: tuple[int, ...], optimizer: str, expected: str
) -> None:
    assert usual_precision("avx512_bf16", channels, shape, optimizer) == expected
    assert usual_precision(None, channels, shape, optimizer) == "float32"


@pytest.mark.parametrize(
    ("capabilities", "unit"),
    [
        ({"avx2": True, "avx512_f": False, "avx512_bf16": False, "amx_bf16": False}, None),
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, None),
        ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": False}, "avx512_bf16"),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": False}, "avx512_bf16 of Intel"),
        ({"cpu_name": "Intel Xeon", "avx512_f": True, "avx512_bf16": True, "amx_bf16": True}, "amx_bf16"),
        ({"neon": True, "bf16": True}, "bf16"),
        ({"neon": True, "sve": True, "bf16": True, "sve_bf16": True}, "sve_bf16"),
        ({}, None),
    ],
)
def test_a_processor_is_asked_by_what_it_computes_bf16(
    capabilities: dict[str, bool], unit: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert bf16_unit(CPU) == unit


def test_this_processor_answers_as_torch_s_own_question_does() -> None:
    known = torch.cpu.get_capabilities()
    assert (bf16_unit(CPU) in ("avx512_bf16", "avx512_bf16 of Intel", "amx_bf16")) == bool(
        known.get("avx512_bf16") or known.get("amx_bf16")
    )


def test_a_card_without_bf16_refuses_it_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "bf16_unit", lambda device: None)
    with pytest.raises(InputError, match=r"precision 'bf16': the device 'cuda:0' has none; take 'float32'"):
        check_precision("bf16", CARD)
    check_precision("float32", CARD)
    check_precision("bf16", CPU)  # which emulates it


def test_what_is_emulated_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "bf16_unit", lambda device: None)
    with pytest.warns(UserWarning, match="this processor only emulates it"):
        warn_of_emulation("bf16", CPU, "avx512_bf16")
    warn_of_emulation("bf16", CPU, None)  # begun where it was emulated too
    warn_of_emulation("float32", CPU, "avx512_bf16")
    monkeypatch.setattr(precision, "bf16_unit", lambda device: "avx512_bf16")
    warn_of_emulation("bf16", CPU, "avx512_bf16")
