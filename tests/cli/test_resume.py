"""`latente resume`: a training goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Client = Callable[..., Any]


TINY = "--count 64 --epochs 1 --hidden 8 --latent-dim 2 --batch-size 16 --seed 0 --network dense --no-report"


def test_resume_extends_a_finished_run(latente: Client, tmp_path: Path) -> None:
    latente(f"fit digits --out run {TINY}")
    shown = latente("resume run --epochs 3 --no-report --json")
    assert shown.code == 0, shown.err
    assert shown.json["epochs"] == 3
    assert json.loads((tmp_path / "run" / "options.json").read_text())["options"]["epochs"] == 3
