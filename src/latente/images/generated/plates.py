"""plates: vibrating sandwich plates with known damage, as images of an index that is worked out from their modes."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.images.cache import Note, Stored, Writer, cached, key_of
from latente.images.container import Images
from latente.images.generated.drawing import PARTS, resolve_count
from latente.images.generated.plates_damage import CLASSES, HEIGHT, WIDTH, Plate, draw_plate, share_range
from latente.images.generated.plates_elements import Mesh, Section, sandwich
from latente.images.generated.plates_index import SCALE, damage_index, noisy
from latente.images.options import Progress, Source
from latente.images.workers import Workers

__all__ = ["CLASS_NAMES", "MODES", "NODES", "NOISE", "SECTION", "picture", "plates"]

VERSION = 1  # of the plates and of the index: raised with every change of a number, so that no cache gives the old ones
NODES = (51, 71)  # of the mesh and of a picture
MODES = 10
NOISE = 0.04  # of a mode's RMS
LABELS, PLATES, NOISES = 1, 2, 3  # what random numbers are for; further noises count on from there
COUNTS = {"train": 2_800, "val": 175, "test": 525}
# classes of so many plates on end, in an order drawn anew for each such block
BLOCKS = {"train": (20, 3, 3, 3, 3, 3), "val": (0, 1, 1, 1, 1, 1), "test": (20, 3, 3, 3, 3, 3)}
CLASS_NAMES = ("undamaged", *(f"{5 * k - 5} to {5 * k} %" for k in range(1, CLASSES)))
SECTION: Section = sandwich(
    skin=0.5e-3,
    core=10e-3,
    modulus=60e9,
    poisson=0.3,
    shear_moduli=(45e6, 24e6),
    skin_density=1_600,
    core_density=48,
)


def plates(
    count: int | None = None,
    *,
    split: str = "train",
    seed: int = 0,
    progress: Progress | None = None,
    noise: float = NOISE,
    draw: int = 0,
) -> Images:
    """Return `count` (2,800; val: 175; test: 525) images (1, 51, 71) float32 in [0, 1] of the damage index of plates.

    label: 0 undamaged, else k where (k - 1) to k twentieths of the plate are damaged. condition: (N, 1) float32, the
    damaged share. mask: 1 where the plate is damaged. Of 35 plates 20 are undamaged and 3 of each other class, in val
    none and 7: 1,600 and 300 undamaged ones in train and test, as many as [UAO] has.

    The plate: 0.5 x 0.7 m, two skins of 0.5 mm (carbon, as if isotropic: 60 GPa, Poisson's ratio 0.3, 1,600 kg/m3) on a
    honeycomb of 10 mm that carries nothing but shear (45 MPa along the longer side, 24 MPa along the shorter one,
    48 kg/m3), all edges simply supported. Its stiffness scatters by 2 %, its mass by 1 % (lognormal fields that
    correlate over 50 mm). A damaged plate has one damage, an ellipse or a rectangle in any place and at any angle that
    fit into it, of sides up to 2.5 : 1, in which 0.3 to 0.7 of the stiffness are left, in bending and in shear, and all
    of the mass. The shares are uniform within a class and begin at 0.001.

    What is measured: the deflection of the ten lowest modes at 51 x 71 points, each with normal noise of `noise` times
    the mode's RMS, nothing between them, and no modes of an undamaged state to compare with. What is made of it, see
    `damage_index`: its values are divided by one number for all plates (`SCALE`) and cut off at 1.

    noise, draw: the noise's size, and which one of as many as there are numbers; `open_images` gives 0.04 and the
    first. The modes are solved once, into the cache as numbers of half precision, and other noise is drawn without
    solving again. Row k depends on seed, split and k alone. progress: called as progress(done, total, what).
    Raises InputError for a count below 1, a negative seed or an unknown split.
    """
    count = resolve_count("plates", count, split, seed, COUNTS)
    seed = int(seed)

    def build(writer: Writer) -> Note:
        modes = _modes(count, split, seed, progress)

        def one(k: int) -> np.ndarray:
            rng = np.random.default_rng((seed, PARTS.index(split), k, NOISES + draw))
            return picture(modes.arrays["pixels"][k].astype(np.float64), noise, rng)

        rows = Workers(progress or _silent).over(one, range(count), "measuring")
        for _, pixels in rows:
            writer.append("pixels", pixels[None])
        for name in ("label", "condition", "mask"):
            writer.append(name, modes.arrays[name])
        return {}

    stored = cached(key_of("plates", VERSION, split, count, seed, noise, draw), build, "plates")
    arrays = dict(stored.arrays)
    door: Source = {"source": "plates", "split": split, "count": count, "seed": seed}
    return Images(
        arrays.pop("pixels"),
        arrays,
        name="plates",
        label_names=CLASS_NAMES,
        condition_names=("damaged_share",),
        source=door if (noise, draw) == (NOISE, 0) else Source(),
        parts=tuple(COUNTS),
        content_hash=stored.note["content_hash"],
    )


def picture(deflections: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image (1, 51, 71) float32 of a plate's modes (K, 51, 71) when they are measured with such noise."""
    return np.minimum(damage_index(noisy(deflections, noise, rng)) / SCALE, 1).astype(np.float32)[None]


@dataclasses.dataclass(frozen=True)
class _Solved:
    """A plate's modes (K, 51, 71), class, damaged share, and where it is damaged, (51, 71)."""

    modes: np.ndarray
    label: int
    share: float
    mask: np.ndarray


def _modes(count: int, split: str, seed: int, progress: Progress | None) -> Stored:
    """Return the modes of plates with all that is known of them, from the cache where they were solved before."""
    from threadpoolctl import threadpool_limits

    mesh = Mesh(SECTION, (HEIGHT, WIDTH), (NODES[0] - 1, NODES[1] - 1))
    labels = _labels(count, split, seed)

    def one(k: int) -> _Solved:
        rng = np.random.default_rng((seed, PARTS.index(split), k, PLATES))
        share = float(rng.uniform(*share_range(labels[k])))
        plate: Plate = draw_plate(rng, share)
        _, deflections = mesh.modes(*plate.elements(mesh.elements), MODES)
        return _Solved(deflections, labels[k], share, plate.mask(NODES))

    def build(writer: Writer) -> Note:
        # a plate a thread: that the products of one be shared by several would only cost
        with threadpool_limits(1):
            for _, solved in Workers(progress or _silent).over(one, range(count), "solving"):
                writer.append("pixels", solved.modes.astype(np.float16)[None])
                writer.append("label", np.array([solved.label], np.int64))
                writer.append("condition", np.array([[solved.share]], np.float32))
                writer.append("mask", solved.mask[None, None])
        return {}

    return cached(key_of("plates-modes", VERSION, split, count, seed), build, "modes of plates")


def _labels(count: int, split: str, seed: int) -> list[int]:
    """Return the classes of the plates: in each block as many of each as there should be, in an order of its own."""
    block = np.repeat(np.arange(CLASSES), BLOCKS[split])
    labels: list[int] = []
    while len(labels) < count:
        rng = np.random.default_rng((seed, PARTS.index(split), len(labels), LABELS))
        labels += rng.permutation(block).tolist()
    return labels[:count]


def _silent(done: int, total: int, what: str) -> None:
    """Tell nobody how far the work is."""
