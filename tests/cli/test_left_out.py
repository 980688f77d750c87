"""Files that cannot be used: every verb names them, and opens the folder of its run with the run's own budget."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import load
from latente.cli import main
from latente.training import Run

Client = Callable[..., Any]

BAD = 3  # of 15, more than the usual budget allows


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run, and the folder with damaged pictures, of which two classes are the rest, that it was trained on."""
    folder = tmp_path_factory.mktemp("damaged") / "photos"
    noise = np.random.default_rng(0)
    for name in [f"{kind}/{number}.png" for kind in ("cats", "dogs") for number in range(6)]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 255, (8, 8), np.uint8)).save(folder / name)
    for number in range(BAD):
        (folder / "cats" / f"bad{number}.png").write_bytes(b"no picture")
    run = folder.parent / "run"
    line = "--model vae --hidden 4 --latent-dim 2 --network dense --epochs 1 --seed 0 --no-report --budget 0.2"
    assert main(["fit", str(folder), "--out", str(run), *line.split()]) == 0
    return run, folder


VERBS = [
    "rank RUN IMAGES",
    "score RUN IMAGES",
    "encode RUN IMAGES --out codes.npz",
    "evaluate RUN IMAGES",
    "reconstruct RUN IMAGES --out out.npy",
    "report RUN IMAGES --out report.html",
    "explore RUN IMAGES --out page.html --atlas",
    "map RUN IMAGES",
    "compare-pca RUN IMAGES",
    "nearest RUN --images IMAGES -n 2",
    "traverse RUN IMAGES",
    "interpolate RUN IMAGES",
    "direction learn RUN IMAGES --attribute cats",
]


@pytest.mark.parametrize("line", VERBS, ids=lambda line: line.split(" RUN")[0])
def test_a_verb_opens_the_folder_of_its_run_with_the_runs_budget_and_names_what_is_left_out(
    latente: Client, trained: tuple[Path, Path], line: str
) -> None:
    run, folder = trained
    shown = latente(line.replace("RUN", str(run)).replace("IMAGES", str(folder)))
    assert shown.code == 0, shown.err
    [said] = [line for line in shown.err.splitlines() if line.startswith("left out: ")]
    assert "photos: 3 of 15 pictures (20.0%) cannot be used: cats/bad0.png (" in said
    assert f"`latente data show {folder}` lists all of them" in said


@pytest.mark.parametrize(
    "line", ["report RUN --out p.html", "explore RUN --out p.html --atlas", "traverse RUN", "resume RUN --no-report"]
)
def test_a_verb_without_images_names_what_its_training_left_out(
    latente: Client, trained: tuple[Path, Path], line: str
) -> None:
    shown = latente(line.replace("RUN", str(trained[0])))
    assert shown.code == 0, shown.err
    assert "left out: photos: 3 of 15 pictures (20.0%) cannot be used: cats/bad0.png (" in shown.err
    if line.startswith("report"):
        assert "3 of 15: cats/bad0.png, cats/bad1.png, cats/bad2.png" in Path("p.html").read_text()


@pytest.mark.parametrize("line", VERBS, ids=lambda line: line.split(" RUN")[0])
def test_another_folder_is_held_to_the_usual_budget_and_the_advised_option_lets_it_pass(
    latente: Client, trained: tuple[Path, Path], line: str
) -> None:
    shutil.copytree(trained[1], "other")
    typed = line.replace("RUN", str(trained[0])).replace("IMAGES", "./other")
    refused = latente(typed)
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    option = refused.err.rpartition("(")[2].rstrip(")\n")
    assert option == "--budget 0.2"
    assert "--budget" in latente(f"{line.split(' RUN', maxsplit=1)[0]} --help").out
    if line.startswith("encode"):  # the others open their images by the same function
        assert latente(f"{typed} {option}").code == 0


def test_a_run_remembers_its_budget_and_its_left_out_files(trained: tuple[Path, Path]) -> None:
    run, folder = trained
    data = Run.open(run).options()["data"]
    assert data["source"] == {"source": str(folder), "budget": 0.2}
    assert (sorted(data["left_out"]), data["total"]) == ([f"cats/bad{number}.png" for number in range(BAD)], 15)
    assert len(load(run).encode(folder)) == 12


def test_data_show_lists_every_damaged_file_however_many(latente: Client, trained: tuple[Path, Path]) -> None:
    shutil.copytree(trained[1], "other")
    for number in range(40):
        Path("other", f"more{number}.png").write_bytes(b"no picture")
    shown = latente("data show ./other")
    named = [line for line in shown.out.splitlines() if "no picture" in line or "not a picture" in line]
    assert len(named) == 43
    assert shown.code == 2
    assert "more than the budget of 5.0%" in shown.err
    told = latente("data show ./other --json --budget 0.9")
    assert (told.code, len(told.json["scan"]["damaged"])) == (0, 43)
