"""The colours of a portrait: of each material, and of the background, which is no single one."""

from __future__ import annotations

import colorsys
import enum
import functools
import math
from collections.abc import Sequence

import numpy as np

from latente.images.generated.faces_looks import Look

__all__ = ["SIDE", "Colour", "Material", "background", "grid", "hair_colour", "palette"]

SIDE = 64

Colour = tuple[float, float, float]  # red, green, blue, 0 to 255

# lightness -> colour; those between are mixed
_HAIR: tuple[tuple[float, Colour], ...] = (
    (0.0, (20, 17, 18)),
    (0.15, (42, 33, 30)),
    (0.35, (88, 56, 36)),
    (0.55, (128, 84, 50)),
    (0.8, (212, 168, 96)),
    (1.0, (243, 216, 156)),
)
_SKIN: tuple[tuple[float, Colour], ...] = (
    (0.0, (96, 62, 46)),
    (0.5, (190, 134, 98)),
    (0.75, (226, 180, 150)),
    (1.0, (240, 208, 188)),
)
_EYES: tuple[Colour, ...] = ((70, 44, 28), (84, 116, 168), (78, 120, 82), (112, 86, 50), (40, 30, 28))
_FRAMES: tuple[Colour, ...] = ((22, 22, 26), (92, 48, 26), (34, 50, 118), (138, 26, 38), (30, 84, 70))


class Material(enum.IntEnum):
    """What a sample of a portrait shows."""

    BACKGROUND = 0
    SKIN = enum.auto()
    SHADED = enum.auto()  # skin in the shade
    LINE = enum.auto()  # a wrinkle
    BLUSH = enum.auto()
    HAIR = enum.auto()
    STRAND = enum.auto()
    BACK = enum.auto()  # hair behind the neck
    BEARD = enum.auto()
    BROW = enum.auto()
    WHITE = enum.auto()  # of the eyes
    IRIS = enum.auto()
    PUPIL = enum.auto()
    LIP = enum.auto()
    MOUTH = enum.auto()
    TEETH = enum.auto()
    CLOTHES = enum.auto()
    COLLAR = enum.auto()
    HAT = enum.auto()
    BAND = enum.auto()
    FRAME = enum.auto()
    GLARE = enum.auto()  # on glasses


def palette(look: Look) -> list[Colour]:
    """Return each material's colour in even light, in the order of their numbers; the background is black."""
    skin = _skin(look)
    hair = hair_colour(look.hair_lightness, look.hair_redness)
    aged = _mixed(hair, (168, 164, 160), 0.65 if look.is_old else 0.0)
    hat = _hsl(look.chances["hat_hue"], look.within("hat_lightness", 0.22, 0.66), 0.45)
    clothes = _hsl(
        look.chances["clothes_hue"],
        look.within("clothes_lightness", 0.2, 0.75),
        look.within("clothes_saturation", 0.1, 0.6),
    )
    colours: dict[Material, Colour] = {
        Material.BACKGROUND: (0, 0, 0),
        Material.SKIN: skin,
        Material.SHADED: _scaled(skin, 0.8),
        Material.LINE: _scaled(skin, 0.62),
        Material.BLUSH: _mixed(skin, (214, 96, 86), 0.16),
        Material.HAIR: hair,
        Material.STRAND: _scaled(hair, 0.8),
        Material.BACK: _scaled(hair, 0.66),
        Material.BEARD: _scaled(aged, 0.7),
        Material.BROW: _scaled(aged, 0.6),
        Material.WHITE: (240, 238, 234),
        Material.IRIS: _EYES[int(look.chances["eye_colour"] * len(_EYES))],
        Material.PUPIL: (24, 18, 18),
        Material.LIP: _mixed(skin, (178, 52, 62), look.within("lip_colour", 0.4, 0.7)),
        Material.MOUTH: (92, 26, 30),
        Material.TEETH: (246, 243, 236),
        Material.CLOTHES: clothes,
        Material.COLLAR: _scaled(clothes, 0.72),
        Material.HAT: hat,
        Material.BAND: _scaled(hat, 0.68),
        Material.FRAME: _FRAMES[int(look.chances["frame_colour"] * len(_FRAMES))],
        Material.GLARE: _mixed(skin, (255, 255, 255), 0.5),
    }
    return [colours[material] for material in Material]


def hair_colour(lightness: float, redness: float) -> Colour:
    """Return the colour of hair in even light: lightness sets it, redness turns it towards auburn (1) or ash (-1)."""
    plain = _read_off(_HAIR, lightness)
    mean = sum(plain) / 3
    if redness < 0:
        return _mixed(plain, (mean, mean, mean), -0.45 * redness)
    by = 0.2 * mean * redness
    return plain[0] + by, plain[1] - 0.3 * by, plain[2] - 0.5 * by


def background(look: Look) -> np.ndarray:
    """Return (64, 64, 3): a colour with a gradient, soft clouds, and stripes in a third of the portraits."""
    x, y = grid()
    x, y = (x - SIDE / 2) / SIDE, (y - SIDE / 2) / SIDE
    angle = math.tau * look.chances["gradient_angle"]
    relief = look.within("gradient", 0, 60) * (x * math.cos(angle) + y * math.sin(angle))
    clouds = np.array([look.chances[f"cloud_{k}"] for k in range(16)], np.float32).reshape(4, 4) - 0.5
    relief = relief + 44 * (_bumps() @ clouds @ _bumps().T)
    if look.chances["stripes"] < 1 / 3:
        angle = math.pi * look.chances["stripe_angle"]
        waves = math.tau * look.within("stripe_width", 2.5, 4.5)
        along = x * math.cos(angle) + y * math.sin(angle)
        relief = relief + 9 * np.sin(waves * along + math.tau * look.chances["stripe_phase"])
    colour = _hsl(look.background_hue, look.background_lightness, look.within("saturation", 0.15, 0.5))
    return np.asarray(colour, np.float32) + relief[:, :, None]


@functools.cache
def grid() -> tuple[np.ndarray, np.ndarray]:
    """The centres of the pixels: x (1, 64) and y (64, 1)."""
    centres = np.arange(SIDE, dtype=np.float32) + 0.5
    return centres[None, :], centres[:, None]


@functools.cache
def _bumps() -> np.ndarray:
    """The weights (64, 4) of four bumps along an axis, which sum to one at every pixel."""
    at = np.linspace(0, SIDE, 4, dtype=np.float32)
    bumps = np.exp(-(((grid()[1] - at) / (SIDE / 4)) ** 2))
    return bumps / bumps.sum(axis=1, keepdims=True)


def _skin(look: Look) -> Colour:
    """Lightness sets the colour; the undertone turns it towards pink or olive."""
    plain = _read_off(_SKIN, look.skin_lightness)
    undertone = look.within("undertone", -1, 1)
    return plain[0] + 4 * undertone, plain[1] - 5 * undertone, plain[2] + 3 * undertone


def _read_off(points: Sequence[tuple[float, Colour]], at: float) -> Colour:
    places = [place for place, _ in points]
    red, green, blue = (float(np.interp(at, places, [colour[k] for _, colour in points])) for k in range(3))
    return red, green, blue


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _scaled(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _hsl(hue: float, lightness: float, saturation: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return 255 * red, 255 * green, 255 * blue
