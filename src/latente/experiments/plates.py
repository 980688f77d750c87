"""What the experiments on plates share: the parts, the nets of the report, and five plates unlike all others."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.machine import fast_precision
from latente.experiments.record import Line
from latente.experiments.request import Request
from latente.sweeps import Estimate

if TYPE_CHECKING:
    from latente import ImageClassifier, Images

__all__ = [
    "CNN",
    "MLP",
    "NETS",
    "Parts",
    "class_counts",
    "classifier",
    "labelled",
    "labels_of",
    "losses",
    "open_part",
    "open_plates",
    "stand_ins",
    "train_nets",
    "verdicts",
]

FEW = {"train": 70, "val": 10, "test": 35}  # plates of a tiny variant
CNN, MLP = "CNN", "MLP"
# as the report describes them; a softmax of two stands for its one sigmoid
NETS: Mapping[str, Mapping[str, Any]] = {
    CNN: {"network": "conv", "hidden": (32, 64), "kernel_size": (7, 5), "depth": 2, "stride": 2, "dense": (64,)},
    MLP: {"network": "dense", "hidden": (512, 512)},
}
STAND_INS = (0, 2, 3, 3, 4)  # the classes of the plates that the report measured
STAND_INS_SEED, STAND_INS_SCATTER, STAND_INS_NOISE, STAND_INS_MESH = 2_024, 0.03, 0.05, (75, 105)

Parts = Mapping[str, "Images"]


@functools.lru_cache(maxsize=2)
def open_plates(noise: float, tiny: bool = False) -> tuple[Parts, str]:
    """Return the parts train, val and test, measured with so much noise, and a line on them."""
    parts = {split: open_part(split, noise, tiny) for split in FEW}
    sizes = ", ".join(f"{len(images):,} {split}" for split, images in parts.items())
    return parts, f"plates, {sizes}, computed, noise {noise:g} of a mode's RMS"


def open_part(split: str, noise: float, tiny: bool = False, draw: int = 0) -> Images:
    """Return a part, measured with so much noise; draw: for which time, each with noise of its own."""
    from latente.images.generated.plates import plates

    return plates(FEW[split] if tiny else None, split=split, noise=noise, draw=draw)


def class_counts(parts: Parts) -> list[Line]:
    """Return how many plates of each class are in each part."""
    lines = []
    for split, images in parts.items():
        counts = np.bincount(labels_of(images), minlength=len(images.label_names))
        lines.append({"part": split, **dict(zip(images.label_names, counts.tolist(), strict=True)), "all": len(images)})
    return lines


def labels_of(images: Images) -> np.ndarray:
    """Return the classes of images, which all have one."""
    assert images.labels is not None
    return images.labels


def labelled(images: Images, label: np.ndarray, names: Sequence[str]) -> Images:
    """Return the images with other labels (N,), those called `names`."""
    columns = {**images.columns, "label": label}
    return dataclasses.replace(
        images, columns=columns, label_names=tuple(names), source={}, parts=(), content_hash=None
    )


# -- nets


def classifier(net: str, seed: int, epochs: int) -> ImageClassifier:
    """Return one of `NETS`, not yet trained."""
    from latente import ImageClassifier

    return ImageClassifier(
        **NETS[net],
        activation="relu",
        normalization=None,
        dropout=0.3,
        epochs=epochs,
        batch_size=32,
        learning_rate=1e-3,
        schedule="cosine",
        precision=fast_precision() if net == CNN else "float32",
        threads=1,
        random_state=seed,
    )


def train_nets(
    request: Request, parts: Parts, epochs: Mapping[str, int], **options: Any
) -> dict[str, list[ImageClassifier]]:
    """Return each net trained on the part train, once for each seed; a tenth of it is held out to choose the epoch.

    options: of the classifiers, beside what `classifier` gives them.
    """
    nets: dict[str, list[ImageClassifier]] = {}
    for seed in range(request.seeds):
        for net in NETS:
            model = classifier(net, seed, 1 if request.tiny else epochs[net]).set_params(**options)
            model = request.fit(f"{net.lower()}-{seed}", model, parts["train"])
            nets.setdefault(net, []).append(model)
            request.tell(f"{net}, seed {seed}: {model.score(parts['test']):.4f} of the test plates right")
    return nets


def losses(
    nets: Mapping[str, Sequence[ImageClassifier]], parts: Parts, reported: Mapping[tuple[str, str], tuple[float, float]]
) -> list[Line]:
    """Return loss and accuracy of each net on each part, means over the seeds, and the report's by net and part."""
    lines = []
    for net, models in nets.items():
        for split, images in parts.items():
            figures = [model.evaluate(images) for model in models]
            accuracy = np.array([one["accuracy"] for one in figures])
            line: Line = {"net": net, "part": split, "loss": float(np.mean([one["cross_entropy"] for one in figures]))}
            line |= {"accuracy": float(accuracy.mean()), "sd": Estimate.of(accuracy).spread}
            if reported:
                theirs = reported[net, split]
                line |= {"loss [UAO]": theirs[0], "accuracy [UAO]": theirs[1]}
            lines.append(line)
    return lines


# -- five plates that stand in for the measured ones


@functools.cache
def stand_ins() -> Images:
    """Return five plates in place of those that the report measured: computed in another way than all of the training.

    Their mesh has 75x105 elements instead of 50x70, and a cubic spline tells the deflection where it is measured. Their
    skins are of 54 GPa instead of 60 and their core is of 11 mm instead of 10, which makes them stiffer by 8 % in
    bending, and shears by 40 and 22 MPa instead of 45 and 24; the stiffness scatters by 3 % instead of 2, and the noise
    is 5 % of a mode's RMS instead of 3 or 4.
    """
    from scipy.interpolate import RectBivariateSpline

    from latente import Images
    from latente.images.generated.plates import CLASS_NAMES, MODES, NODES, picture
    from latente.images.generated.plates_damage import HEIGHT, WIDTH, draw_plate, share_range
    from latente.images.generated.plates_elements import Mesh, sandwich

    section = sandwich(
        skin=0.5e-3,
        core=11e-3,
        modulus=54e9,
        poisson=0.3,
        shear_moduli=(40e6, 22e6),
        skin_density=1_600,
        core_density=48,
    )
    mesh = Mesh(section, (HEIGHT, WIDTH), STAND_INS_MESH)
    fine, coarse = ([np.linspace(0, 1, n) for n in counts] for counts in (np.add(STAND_INS_MESH, 1), NODES))
    pixels, masks, shares = [], [], []
    for number, label in enumerate(STAND_INS):
        rng = np.random.default_rng((STAND_INS_SEED, number))
        shares.append(float(rng.uniform(*share_range(label))))
        plate = draw_plate(rng, shares[-1], STAND_INS_SCATTER)
        _, deflections = mesh.modes(*plate.elements(mesh.elements), MODES)
        measured = np.stack([RectBivariateSpline(*fine, one)(*coarse) for one in deflections])
        pixels.append(picture(measured, STAND_INS_NOISE, rng))
        masks.append(plate.mask(NODES)[None])
    columns = {
        "label": np.array(STAND_INS),
        "condition": np.array(shares, np.float32)[:, None],
        "mask": np.stack(masks),
    }
    return Images(
        np.stack(pixels), columns, name="stand-ins", label_names=CLASS_NAMES, condition_names=("damaged_share",)
    )


def verdicts(judges: Mapping[str, Callable[[Images], Sequence[str]]]) -> list[Line]:
    """Return a line for each of the five plates: its class, its damaged share, and what each judge says of it."""
    plates = stand_ins()
    said = {name: judge(plates) for name, judge in judges.items()}
    return [
        {
            "plate": number + 1,
            "class": plates.label_names[label],
            "damaged, %": float(100 * plates.columns["condition"][number, 0]),
            **{name: answers[number] for name, answers in said.items()},
        }
        for number, label in enumerate(labels_of(plates))
    ]
