"""What decides a portrait: its attributes, the values behind them, and chances that nobody is told of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from latente.images.generated.drawing import between, draws

__all__ = ["ATTRIBUTES", "CHANCES", "CONDITIONS", "HAIR", "SWITCHES", "TRAITS", "Look", "Trait", "draw_traits", "looks"]


@dataclasses.dataclass(frozen=True)
class Trait:
    """A value that decides an attribute: it is within one range without it, within another one with it."""

    condition: str
    attribute: str
    share: float  # of portraits with the attribute
    without: tuple[float, float]
    having: tuple[float, float]


# attribute -> range of hair_lightness, each in a third of the portraits
HAIR = {"hair_black": (0.0, 0.15), "hair_brown": (0.35, 0.55), "hair_blond": (0.8, 1.0)}
# attribute -> share of portraits that have it
SWITCHES = {"hat": 0.35, "glasses": 0.4}
TRAITS = (
    Trait("hair_length", "long_hair", 0.45, (0.0, 0.25), (0.6, 1.0)),
    Trait("smile", "smile", 0.5, (-0.4, 0.1), (0.55, 1.0)),
    Trait("skin_lightness", "pale_skin", 0.45, (0.0, 0.5), (0.75, 1.0)),
    Trait("age", "old", 0.4, (0.0, 0.3), (0.6, 1.0)),
    Trait("beard", "beard", 0.35, (0.0, 0.0), (0.5, 1.0)),
    Trait("yaw", "facing_left", 0.5, (12.0, 30.0), (-12.0, -30.0)),
    Trait("light", "light_left", 0.5, (0.45, 1.0), (-0.45, -1.0)),
    Trait("background_lightness", "dark_background", 0.4, (0.58, 0.85), (0.18, 0.38)),
)

ATTRIBUTES = (*HAIR, *SWITCHES, *(trait.attribute for trait in TRAITS))
CONDITIONS = ("hair_lightness", "hair_redness", *(trait.condition for trait in TRAITS), "background_hue")

# what else differs between portraits; each is drawn uniformly from [0, 1)
CHANCES = (
    *("x", "y", "size", "slender", "tilt", "jaw", "undertone"),
    *("volume", "parting", "hairline", "fringe", "wave", "eye_size", "eye_colour", "slant", "brow", "arch"),
    *("nose_length", "nose_width", "mouth_width", "lips", "lip_colour"),
    *("hat_kind", "hat_hue", "hat_lightness", "hat_height", "frame_kind", "frame_size", "frame_colour"),
    *("clothes_hue", "clothes_lightness", "clothes_saturation", "neckline", "shoulders"),
    *("saturation", "gradient_angle", "gradient", "stripes", "stripe_angle", "stripe_width", "stripe_phase", "grain"),
    *(f"cloud_{k}" for k in range(16)),
)


@dataclasses.dataclass(frozen=True)
class Look:
    """Everything that decides one portrait, in the units that `faces` states."""

    hat: bool
    glasses: bool
    hair_lightness: float
    hair_redness: float
    hair_length: float
    smile: float
    skin_lightness: float
    age: float
    beard: float
    yaw: float
    light: float
    background_lightness: float
    background_hue: float
    chances: Mapping[str, float]  # a number from [0, 1) for each of CHANCES

    @property
    def has_long_hair(self) -> bool:
        return self.hair_length > 0.4

    @property
    def is_old(self) -> bool:
        return self.age > 0.45

    def within(self, chance: str, low: float, high: float) -> float:
        """Return where between low and high this chance falls."""
        return low + (high - low) * self.chances[chance]


def draw_traits(seed: int, split: str, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return attributes (count, 13) bool, conditions (count, 11) and chances (count, len(CHANCES)).

    Row k depends on seed, split and k alone.
    """
    start = 2 + len(SWITCHES) + 2 * len(TRAITS) + 2
    u = draws(seed, split, count, start + len(CHANCES))
    numbers = iter(u.T[:start])
    has: dict[str, np.ndarray] = {}
    value: dict[str, np.ndarray] = {}
    colour, within = (next(numbers) * len(HAIR)).astype(np.int64), next(numbers)
    low, high = np.array(list(HAIR.values())).T
    value["hair_lightness"] = low[colour] + (high - low)[colour] * within
    has |= {name: colour == k for k, name in enumerate(HAIR)}
    has |= {name: next(numbers) < share for name, share in SWITCHES.items()}
    for trait in TRAITS:
        having, within = next(numbers) < trait.share, next(numbers)
        has[trait.attribute] = having
        value[trait.condition] = np.where(having, between(within, *trait.having), between(within, *trait.without))
    value["hair_redness"] = between(next(numbers), -1, 1)
    value["background_hue"] = next(numbers)
    attributes = np.stack([has[name] for name in ATTRIBUTES], axis=1)
    return attributes, np.stack([value[name] for name in CONDITIONS], axis=1), u[:, start:]


def looks(attributes: np.ndarray, conditions: np.ndarray, chances: np.ndarray) -> Iterator[Look]:
    """Yield the look of each row of what `draw_traits` returns."""
    switches = attributes[:, [ATTRIBUTES.index(name) for name in SWITCHES]]
    for there, values, chance in zip(switches.tolist(), conditions.tolist(), chances.tolist(), strict=True):
        named = {**dict(zip(SWITCHES, there, strict=True)), **dict(zip(CONDITIONS, values, strict=True))}
        yield Look(**named, chances=dict(zip(CHANCES, chance, strict=True)))
