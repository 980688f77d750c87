"""Train a model that comes with Latente, judge it on Set5, and write it, with its card, into the package.

Learned from are pictures that anybody may pass on: those of scikit-image's package that are in the public domain or
CC0, four paintings of the public domain, and scenes drawn by code. A photograph is sharper when it is shrunk, and of
two places in it the one with more detail is taken.

    LATENTE_DATA=DATA python benchmarks/shipping.py sr-x2
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from jinja2 import Template
from PIL import Image, ImageDraw, ImageFont

from latente import Denoiser, Images, Restorer, SuperResolver, load
from latente.corruptions import NoiseRange
from latente.estimators import persistence
from latente.estimators.restoration import BLIND
from latente.estimators.shipped import FOLDER, load_shipped
from latente.experiments.denoise_photos import noisy
from latente.experiments.photographs import folder_of, grey, open_five, scaled
from latente.experiments.sr_set5 import bicubic
from latente.images.generated.drawing import package_folder
from latente.metrics import measure_luminance, psnr
from latente.objectives import RestorationObjective
from latente.resampling import enlarged, shrunk
from latente.training.runs import Run

PUBLIC, CC0 = "public domain", "CC0"
# in the package of scikit-image, whose documentation of each says what its licence is
SAMPLES = {
    "astronaut.png": ("Eileen Collins, NASA", PUBLIC),
    "brick.png": ("a brick wall, cc0textures.com", CC0),
    "camera.png": ("a photographer, by Lav Varshney", CC0),
    "cell.png": ("a cell, by Paul Müller and others", CC0),
    "chelsea.png": ("a cat, by Stéfan van der Walt", CC0),
    "coffee.png": ("a cup of coffee, by Rachel Michetti", CC0),
    "coins.png": ("coins from Pompeii, Brooklyn Museum", "no known copyright restrictions"),
    "grass.png": ("grass, cc0textures.com", CC0),
    "gravel.png": ("gravel, cc0textures.com", CC0),
    "hubble_deep_field.jpg": ("galaxies, NASA", PUBLIC),
    "retina.jpg": ("a retina, by Mikael Häggström", CC0),
    "rocket.jpg": ("the start of a rocket, SpaceX", PUBLIC),
    "text.png": ("writing, Wikipedia", PUBLIC),
}
PAINTINGS = {  # in LATENTE_DATA/style
    "kandinsky_transverse_line_1923.jpg": ("Kandinsky: Transverse Line, 1923", PUBLIC),
    "shipwreck.jpg": ("Turner: The Shipwreck, 1805", PUBLIC),
    "starry_night.jpg": ("van Gogh: The Starry Night, 1889", PUBLIC),
    "the_scream.jpg": ("Munch: The Scream, 1893", PUBLIC),
}
SCALES, PAINTED_SCALE = (0.7, 0.5), 0.5  # by which pictures are shrunk first
PATCHES, DRAWN = 6_000, 0.2  # how many parts there are to learn from, and the share that is drawn
FINE = 3  # samples a pixel along each side of what is drawn


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is made: what is trained, on parts of which side, for how long, and how it is judged.

    does, protocol: what it does and how it is judged, in words.
    """

    does: str
    protocol: str
    model: Callable[[int], Restorer]
    side: int
    rounds: int
    judge: Callable[[Restorer], dict[str, str]]


class GreyToo(NoiseRange):
    """Noise of which a grey picture among coloured ones has the same in all its channels, as a grey camera makes it."""

    def __call__(self, x: torch.Tensor, generator: torch.Generator, shared: bool = False) -> torch.Tensor:
        worse = super().__call__(x, generator, shared)
        is_grey = (x == x[:, :1]).flatten(1).all(1)
        return torch.where(is_grey[:, None, None, None], x + (worse - x)[:, :1], worse)


def enlarger(factor: int, crop: int, batch: int, rate: float) -> Callable[[int], Restorer]:
    return lambda rounds: SuperResolver(
        factor,
        augmentation=f"crop:{crop},flips,turns",
        epochs=rounds,
        batch_size=batch,
        learning_rate=rate,
        validation=None,
        random_state=0,
    )


def denoiser(rounds: int) -> Restorer:
    noise = GreyToo(*BLIND, clip=False)
    model = Denoiser(augmentation="crop:64,flips,turns", epochs=rounds, batch_size=8, validation=None, random_state=0)
    return model.set_params(corruption=noise)


def judge_enlarged(factor: int) -> Callable[[Restorer], dict[str, str]]:
    def judge(model: Restorer) -> dict[str, str]:
        pairs, _ = open_five(factor)
        made = [model.restore(pair.small[None])[0] for pair in pairs]
        simple = [bicubic(pair.small, factor, pair.clean.shape) for pair in pairs]

        def mean(results: list[np.ndarray]) -> str:
            figures = [
                measure_luminance(pair.clean, one[:, : pair.clean.shape[1], : pair.clean.shape[2]], factor)
                for pair, one in zip(pairs, results, strict=True)
            ]
            return f"{np.mean([one['psnr'] for one in figures]):.2f} dB"

        return {f"Set5, x{factor}": mean(made), f"bicubic enlargement, x{factor}": mean(simple)}

    return judge


def judge_denoised(model: Restorer) -> dict[str, str]:
    pairs, _ = open_five(2)
    figures = {}
    for kind, form in (("grey", grey), ("colour", np.asarray)):
        for sigma in (15, 25, 50):
            decibels = []
            for pair in pairs:
                clean = form(pair.clean)
                for seed in range(3):
                    seen = noisy(clean, sigma, seed)
                    three = np.broadcast_to(seen, (3, *seen.shape[1:])).astype(np.float32)
                    with torch.no_grad():
                        made = model.objective_.restore(torch.from_numpy(three[None])).numpy()[0]
                    made = made.mean(axis=0, keepdims=True) if len(clean) == 1 else made
                    decibels.append(psnr(clean[None] / 255, np.clip(made, 0, 1)[None], data_range=1.0)[0])
            figures[f"Set5, {kind}, noise of {sigma}"] = f"{np.mean(decibels):.2f} dB"
    return figures


LARGER = (
    "The mean over the five photographs, of the luminance (Y as MATLAB's rgb2ycbcr of 8 bits), without a border of "
    "{} pixels, enlarged from MATLAB's small ones."
)
CLEANER = (
    "Means over the five photographs and three seeds of Gaussian noise, which is not clipped; grey is the luminance. "
    "The model is not told how strong the noise is."
)
RECIPES = {
    "sr-x2": Recipe(
        "makes pictures twice as large", LARGER.format(2), enlarger(2, 48, 16, 1e-3), 96, 45, judge_enlarged(2)
    ),
    "sr-x4": Recipe(
        "makes pictures four times as large", LARGER.format(4), enlarger(4, 96, 16, 2e-3), 128, 50, judge_enlarged(4)
    ),
    "denoise": Recipe("takes noise away", CLEANER, denoiser, 96, 30, judge_denoised),
}


def photographs() -> list[list[np.ndarray]]:
    """Return each picture (3, H, W) uint8 in the sizes in which it is learned from."""
    style = folder_of("style")
    if style is None:
        raise SystemExit("LATENTE_DATA holds no folder style with the four paintings")
    samples = package_folder("skimage") / "data"
    opened = [(Image.open(samples / name).convert("RGB"), SCALES) for name in SAMPLES]
    opened += [(Image.open(style / name).convert("RGB"), (PAINTED_SCALE,)) for name in PAINTINGS]
    return [[scaled(picture, scale) for scale in scales] for picture, scales in opened]


def patches(count: int, side: int, seed: int) -> Iterator[np.ndarray]:
    """Yield parts (3, side, side), each the one with more detail of two in a picture drawn from all."""
    rng = np.random.default_rng(seed)
    sets = [[one for one in sizes if min(one.shape[1:]) >= side] for sizes in photographs()]
    sets = [(sizes, [detail(one) for one in sizes]) for sizes in sets if sizes]
    for _ in range(count):
        sizes, details = sets[rng.integers(len(sets))]
        which = rng.integers(len(sizes))
        picture, fine = sizes[which], details[which]
        places = [tuple(int(rng.integers(length - side + 1)) for length in picture.shape[1:]) for _ in range(2)]
        top, left = max(places, key=lambda place: float(_part(fine[None], place, side).sum()))
        yield _part(picture, (top, left), side)


def _part(picture: np.ndarray, place: tuple[int, ...], side: int) -> np.ndarray:
    top, left = place
    return picture[:, top : top + side, left : left + side]


def detail(picture: np.ndarray) -> np.ndarray:
    """Return how far each pixel (H, W) is from what is left of it after shrinking by two."""
    x = torch.from_numpy(picture[None].astype(np.float32))
    again = enlarged(shrunk(x, 2), 2)[..., : x.shape[2], : x.shape[3]]
    return (x - again).abs().mean(1)[0].numpy()


def scene(side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a drawing (3, side, side): discs, polygons, strokes and writing in front of a slope of colour."""
    large = FINE * side

    def colour() -> tuple[int, ...]:
        return tuple(int(level) for level in rng.integers(0, 256, 3))

    across = np.linspace(0, 1, large)[None, :, None] * rng.uniform(-1, 1) + np.linspace(0, 1, large)[:, None, None]
    ends = np.array([colour(), colour()], np.float64)
    ground = ends[0] + (ends[1] - ends[0]) * np.clip(across, 0, 1)
    page = Image.fromarray(ground.round().astype(np.uint8))
    pen = ImageDraw.Draw(page)
    for _ in range(rng.integers(3, 12)):
        middle, size = rng.uniform(0, large, 2), rng.uniform(0.05, 0.5) * large
        corners = [tuple(middle + size * rng.uniform(-1, 1, 2)) for _ in range(rng.integers(2, 6))]
        match rng.integers(4):
            case 0:
                pen.ellipse([*(middle - size / 2), *(middle + size / 2)], fill=colour(), outline=colour(), width=FINE)
            case 1 if len(corners) > 2:
                pen.polygon(corners, fill=colour())
            case 2:
                letters = "".join(chr(code) for code in rng.integers(33, 127, rng.integers(2, 10)))
                pen.text(tuple(middle - size), letters, fill=colour(), font=_font(FINE * int(rng.integers(7, 40))))
            case _:
                pen.line(corners, fill=colour(), width=int(FINE * rng.uniform(0.7, 5)), joint="curve")
    return np.moveaxis(np.asarray(page.reduce(FINE)), 2, 0)


def _font(pixels: int) -> ImageFont.FreeTypeFont:
    path = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(path, pixels)


def train_set(side: int, seed: int = 0) -> Images:
    """Return all parts to learn from."""
    drawn = round(DRAWN * PATCHES)
    rng = np.random.default_rng((seed, 1))
    parts = [*patches(PATCHES - drawn, side, seed), *(scene(side, rng) for _ in range(drawn))]
    return Images(np.stack(parts), name="pictures that may be passed on")


def train(recipe: Recipe, out: Path) -> None:
    """Train in a run folder, from the start or from where it was stopped."""
    model, images = recipe.model(recipe.rounds).set_params(out=out), train_set(recipe.side)
    if out.exists():
        model.resume_from(Run.open(out), images)
    else:
        model.fit(images)


def ship(name: str, model: Restorer) -> Restorer:
    """Write a model in half precision into the package, and return it as it comes out of there."""
    halves = {key: value.half() for key, value in model.objective_.weights().items()}
    persistence.write_model(FOLDER / name, model.set_params(out=None).description(), halves, {})
    return load_shipped(name)


def main() -> None:
    """Train, judge and write one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--out", type=Path, help="the run folder, which is gone on with (default: runs/NAME)")
    parser.add_argument("--as-it-is", action="store_true", help="take what is in the run folder, and train no further")
    asked = parser.parse_args()
    recipe, out = RECIPES[asked.name], asked.out or Path("runs", asked.name)
    if not asked.as_it_is:
        train(recipe, out)
    model = load(out)
    lines = [line for line in Run.open(out).lines() if line["part"] == "train"]
    facts = {
        "recipe": recipe,
        "figures": recipe.judge(ship(asked.name, model)),
        "parameters": model.parameter_count(),
        "rounds": lines[-1]["step"] // RestorationObjective.epoch_steps,
        "minutes": round(sum(line["seconds"] for line in lines) / 60),
        "precision": model.precision_,
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(facts["figures"])
    learned = {
        "samples": SAMPLES,
        "paintings": PAINTINGS,
        "patches": PATCHES,
        "drawn": DRAWN,
        "batch": model.batch_size,
    }
    template = Template((Path(__file__).parent / "shipping.md.j2").read_text(encoding="utf-8"), trim_blocks=True)
    card = template.render(name=asked.name, scales=SCALES, painted_scale=PAINTED_SCALE, **learned, **facts)
    (FOLDER / asked.name / "CARD.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
