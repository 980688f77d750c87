"""The experiments on plates in their tiny variants, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import nn

from latente.experiments import Result, plates, plates_binary, plates_classes, plates_one_class, reproduce
from latente.experiments.plates import CNN, FEW, MLP, NETS, STAND_INS, classifier, labels_of, open_plates, stand_ins
from latente.experiments.plates_one_class import BRIGHTNESS, DETECTOR, PCA, VAE, best_overlap

FIVE = "five plates computed in another way"
MODULES = {"plates-binary": plates_binary, "plates-classes": plates_classes, "plates-one-class": plates_one_class}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The result of each experiment; of the part that is trained most is as small as can be."""
    with pytest.MonkeyPatch.context() as patch:
        small = {CNN: {**NETS[CNN], "hidden": (2, 2), "dense": (4,)}, MLP: {**NETS[MLP], "hidden": (8,)}}
        patch.setattr(plates, "NETS", small)
        patch.setattr(plates, "STAND_INS_MESH", (10, 14))
        folder = tmp_path_factory.mktemp("results")
        return {name: reproduce(name, seeds=2, tiny=True, out=folder / name) for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_every_part_is_counted_and_five_other_plates_are_judged(results: dict[str, Result], name: str) -> None:
    tables = results[name].tables
    counts = {line["part"]: line for line in tables["plates of each class"]}
    assert {part: line["all"] for part, line in counts.items()} == FEW
    assert (counts["train"]["undamaged"], counts["val"]["undamaged"], counts["test"]["undamaged"]) == (40, 0, 20)
    assert [line["class"] for line in tables[FIVE]] == [stand_ins().label_names[label] for label in STAND_INS]
    assert all(isinstance(said, str) for line in tables[FIVE] for said in list(line.values())[3:])
    assert all(len(line) > 4 for line in tables[FIVE])


@pytest.mark.parametrize("name", MODULES)
def test_the_pictures_are_written(results: dict[str, Result], name: str, tmp_path: Path) -> None:
    results[name].write(tmp_path)
    assert all((tmp_path / file).is_file() for file in results[name].pictures().values())
    assert len(results[name].pictures()) >= 2


def test_what_the_report_has_stands_beside_what_comes_out(results: dict[str, Result]) -> None:
    lines = results["plates-binary"].tables["loss and accuracy"]
    assert [(line["net"], line["part"]) for line in lines] == [(net, part) for net in (CNN, MLP) for part in FEW]
    assert [line["accuracy [UAO]"] for line in lines] == [0.9466, 0.9285, 0.9284, 0.9191, 0.8921, 0.8921]
    cnn, mlp, lead = results["plates-binary"].claims
    assert (cnn.measured, mlp.measured) == pytest.approx((lines[2]["accuracy"], lines[5]["accuracy"]))
    assert lead.measured == pytest.approx(cnn.measured - mlp.measured)
    assert (cnn.target, mlp.target, lead.target) == (0.95, None, 0.03)
    by_class = results["plates-binary"].tables["right, by class of the test plates"]
    share = sum(line["plates"] * line[CNN] for line in by_class) / FEW["test"]
    assert share == pytest.approx(cnn.measured)


def test_plates_within_one_class_of_their_own_are_counted(results: dict[str, Result]) -> None:
    result = results["plates-classes"]
    assert plates_classes._figures(np.array([0, 1, 4, 2]), np.array([0, 2, 2, 3])) == {
        "right": 0.25,
        "within one": 0.75,
    }
    assert np.sum(result.extra["confusion"][CNN]) == 15
    for line in result.tables["test plates, by seed"]:
        assert 0 <= line["right"] <= line["within one"] <= 1
    assert [claim.target for claim in result.claims] == [0.95, None, None, None]


def test_the_vae_s_own_figures_always_stand_there(results: dict[str, Result]) -> None:
    result = results["plates-one-class"]
    assert [claim.what.rsplit(", ", 1)[1] for claim in result.claims] == [VAE, DETECTOR, PCA, BRIGHTNESS]
    lines = result.tables["ranking the test plates"]
    assert [(line["method"], line["seed"]) for line in lines] == [
        *((name, 0) for name in (PCA, BRIGHTNESS)),
        *((name, seed) for name in (DETECTOR, VAE) for seed in (0, 1)),
    ]
    assert all(0 <= line["AUROC"] <= 1 and 0 < line["best overlap with the damage"] <= 1 for line in lines)
    by_class = result.tables["mean oddness by class, val"]
    assert np.isnan([line["undamaged"] for line in by_class]).all()
    assert any("the VAE's is" in note for note in result.notes)


def test_the_best_overlap_is_that_of_the_best_threshold() -> None:
    rng = np.random.default_rng(0)
    errors, mask = rng.random((3, 4, 5)), rng.random((3, 4, 5)) < 0.3
    tried = [np.sum((errors >= t) & mask) / np.sum((errors >= t) | mask) for t in errors.ravel()]
    assert best_overlap(errors, mask) == pytest.approx(max(tried))
    assert best_overlap(mask.astype(float), mask) == 1


def test_the_nets_are_those_of_the_report() -> None:
    parts, data = open_plates(0.04, tiny=True)
    assert "noise 0.04" in data
    cnn, mlp = (
        classifier(net, 0, 1).initialise(parts["train"].pixels, labels_of(parts["train"])).objective_
        for net in (CNN, MLP)
    )
    convolutions = [module for module in cnn.modules() if isinstance(module, nn.Conv2d)]
    assert [(one.out_channels, one.kernel_size[0], one.stride[0]) for one in convolutions] == [
        (32, 7, 1),
        (32, 7, 2),
        (64, 5, 1),
        (64, 5, 2),
    ]
    widths = [module.out_features for module in cnn.modules() if isinstance(module, nn.Linear)]
    assert widths == [64, 6]
    assert [module.out_features for module in mlp.modules() if isinstance(module, nn.Linear)] == [512, 512, 6]
