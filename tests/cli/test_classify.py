"""`latente classify`: the class of each image by its name, and how sure the model is of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Client = Callable[..., Any]


def test_each_picture_gets_the_class_that_its_folder_taught(latente: Client, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    for name, level in (("dark", 30), ("light", 220)):
        for number in range(20):
            path = tmp_path / "set" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((level + noise.integers(-20, 20, (12, 12))).astype(np.uint8)).save(path)
    assert latente("fit set --model classifier --epochs 20 --seed 0 --out run --no-report").code == 0
    shown = latente("classify run set --out classes.csv --json")
    assert shown.code == 0
    assert shown.json["counts"] == {"dark": 20, "light": 20}
    with open("classes.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["class"] == Path(row["file"]).parent.name for row in rows)
    assert all(0.5 < float(row["probability"]) <= 1 for row in rows)
    assert "--force" in latente("classify run set --out classes.csv").err
