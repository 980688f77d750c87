"""Every kind of model meets every verb: it works, or one line says what does; never a traceback, never bad advice."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image

from latente import open_images
from latente.checks import options_of
from latente.cli import app, main
from latente.estimators.abilities import VERBS, verbs_of
from latente.estimators.kinds import KINDS

Client = Callable[..., Any]

each_kind = pytest.mark.parametrize("kind", KINDS)

# a command line for each verb on a trained model
LINES = {
    "evaluate": "evaluate RUN digits --count 40",
    "report": "report RUN",
    "resume": "resume RUN --epochs 2 --no-report",
    "rank": "rank RUN digits --top 5",
    "score": "score RUN digits",
    "classify": "classify RUN digits",
    "encode": "encode RUN digits --out codes.npz",
    "map": "map RUN digits --count 50",
    "explore": "explore RUN --count 40 --atlas",
    "nearest": "nearest RUN -n 2",
    "decode": "decode RUN CODES --out decoded.npy",
    "reconstruct": "reconstruct RUN digits --out reconstructed.npy",
    "restore": "restore RUN PICTURE --out restored",
    "sample": "sample RUN --out samples.png",
    "vary": "vary RUN CODES -n 2 --out varied.png",
    "traverse": "traverse RUN",
    "interpolate": "interpolate RUN digits",
    "direction": "direction learn RUN digits --attribute 3",
    "edit": "edit RUN digits --attribute 3",
    "compare-pca": "compare-pca RUN",
    "style": "style PICTURE PICTURE --fast RUN --out painted.png",
    "export": "export RUN --out onnx",
}
STEPS = (
    "latente.objectives.RestorationObjective.epoch_steps",
    "latente.objectives.StylisingObjective.epoch_steps",
    "latente.estimators.adversarial.FEWEST_STEPS",
)
WITHOUT_MODEL = {"fit", "sweep", "reproduce", "data", "doctor", "watch", "studio"}


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for steps in STEPS:
        monkeypatch.setattr(steps, 2)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture file of a digit."""
    Image.fromarray(open_images("digits").pixels[0, 0]).save(tmp_path / "digit.png")
    return tmp_path / "digit.png"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A trained model of each kind, whatever its options may be."""
    folder = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        for steps in STEPS:
            patch.setattr(steps, 2)
        for kind in KINDS:
            count = 32 if kind == "style" else 128  # what a painter makes of each is looked at by a large net
            line = f"fit digits --model {kind} --count {count} {quick(kind)} --seed 0 --no-report"
            assert main([*line.split(), "--out", str(folder / kind)]) == 0
    return {kind: folder / kind for kind in KINDS}


def quick(kind: str) -> str:
    """Return the options with which a model of this kind learns fast, and can be exported, as far as it has them."""
    declared = options_of(KINDS[kind].load_options())
    options = {"epochs": 1, "hidden": 8, "width": 4, "method": "gaussian"}
    if kind in ("restorer", "translator"):  # which others may have as well, and then restore
        options |= {"corruption": "gaussian:0.1"}
    if kind == "gan":  # of which PCA with as many numbers is asked
        options |= {"latent-dim": 4}
    return " ".join(f"--{name} {value}" for name, value in options.items() if name.replace("-", "_") in declared)


def able(kind: str) -> list[str]:
    return verbs_of(KINDS[kind].load_class()())


def test_every_verb_on_a_model_says_what_it_asks_for() -> None:
    assert set(typer.main.get_command(app).commands) - WITHOUT_MODEL == set(VERBS) == set(LINES)


@each_kind
@pytest.mark.parametrize("verb", LINES)
def test_a_verb_works_or_says_what_does(
    latente: Client, runs: dict[str, Path], picture: Path, kind: str, verb: str
) -> None:
    if verb == "edit" and "edit" in able(kind):
        latente(LINES["direction"].replace("RUN", str(runs[kind])))
    if verb in ("decode", "vary"):
        source = kind if "encode" in able(kind) else "autoencoder"
        latente(f"encode {runs[source]} digits --count 5 --out codes-of-it.npz")
    line = LINES[verb]
    if verb == "resume" and "--epochs" not in quick(kind):  # what learns without the loop has no epochs to add
        line = line.replace("--epochs 2 ", "")
    line = line.replace("RUN", str(runs[kind])).replace("CODES", "codes-of-it.npz")
    shown = latente(line.replace("PICTURE", str(picture)))
    if verb in able(kind):
        assert shown.code == 0, shown.err
        return
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.count("\n") == 1
    assert f"`latente {verb}` has no meaning for this {KINDS[kind].title}" in shown.err
    assert shown.err.partition("these work: ")[2].strip().split(", ") == able(kind)


@each_kind
def test_the_advice_after_a_training_works(latente: Client, picture: Path, kind: str) -> None:
    shown = latente(f"fit digits --model {kind} --count 64 {quick(kind)} --seed 0 --no-report --out 'my run'")
    lines = re.findall(r"latente (\S+ .+?) *$", shown.out.partition("next ")[2], re.MULTILINE)
    assert len(lines) == min(3, len(set(able(kind)) - {"report", "resume", "export"}))
    for line in lines:
        assert shlex.split(line)[0] in able(kind)
        line = line.replace("IMAGES", "digits --count 40").replace("PAINTING", str(picture))
        advised = latente(line.replace("PICTURES", str(picture)).replace("--out painted", "--out painted.png"))
        assert advised.code == 0, (line, advised.err)


def test_no_samples_are_advised_where_the_code_is_too_long_to_draw_from(latente: Client, pictures: Path) -> None:
    line = "--latent-dim none --hidden 32,64 --size 64 --epochs 1 --seed 0 --no-report"
    shown = latente(f"fit {pictures} {line} --out run")
    assert shown.code == 0, shown.err
    assert "latente reconstruct run" in shown.out
    assert "latente sample" not in shown.out
    assert "needs a density of the codes" in latente("sample run --out new.png").err


def test_rows_of_a_table_are_advised_as_arrays(latente: Client) -> None:
    import numpy as np

    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    shown = latente("fit table.npy --latent-dim 2 --epochs 1 --seed 0 --no-report --out run")
    assert "latente sample run --out samples.npy" in shown.out
    assert latente("sample run --out samples.npy").code == 0
    assert "latente reconstruct run IMAGES --out reconstructions.npy" in shown.out
