"""One portrait: shapes laid over each other as materials, at four times the size, then coloured and lit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from latente.images.generated import faces_shapes as shapes
from latente.images.generated.faces_colours import SIDE, Colour, Material, background, grid, palette
from latente.images.generated.faces_looks import Look
from latente.images.generated.faces_shapes import Head, Points

__all__ = ["draw_face"]

FINE = 4  # samples per pixel, along each axis
GRAIN = 1.0  # standard deviation of the grain, in grey levels


def draw_face(look: Look) -> np.ndarray:
    """Return the portrait (3, 64, 64) uint8 RGB; it depends on nothing but the look."""
    head = _head(look)
    canvas = _Canvas()
    _draw_bust(canvas, look, head)
    _draw_face(canvas, look, head)
    _draw_eyes(canvas, look, head)
    _draw_mouth(canvas, look, head)
    _draw_hair(canvas, look, head)
    if look.hat:
        _draw_hat(canvas, look, head)
    if look.glasses:
        _draw_glasses(canvas, look, head)
    lit = canvas.coloured(palette(look)) * _light(canvas, look, head)[:, :, None]
    picture = lit + canvas.share(Material.BACKGROUND)[:, :, None] * background(look)
    random = np.random.default_rng(int(look.chances["grain"] * 2**32))
    grain = GRAIN * random.standard_normal((SIDE, SIDE, 3), np.float32)
    return np.rint(picture + grain).clip(0, 255).astype(np.uint8).transpose(2, 0, 1)


class _Canvas:
    """A picture of materials, drawn in fine samples; places and widths are in pixels."""

    def __init__(self) -> None:
        from PIL import Image, ImageDraw

        self.image = Image.new("L", (SIDE * FINE, SIDE * FINE), Material.BACKGROUND)
        self._draw = ImageDraw.Draw(self.image)

    def fill(self, points: Points, material: Material) -> None:
        self._draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=int(material))

    def line(self, points: Points, material: Material, width: float, *, closed: bool = False) -> None:
        fine = [(x * FINE, y * FINE) for x, y in points]
        ends = fine[:2] if closed else []
        self._draw.line(fine + ends, fill=int(material), width=max(1, round(width * FINE)), joint="curve")

    def coloured(self, colours: Sequence[Colour]) -> np.ndarray:
        """Return (64, 64, 3) floats, each material in its colour."""
        image = self.image.copy()
        image.putpalette([round(min(max(level, 0), 255)) for colour in colours for level in colour])
        return np.asarray(image.convert("RGB").reduce(FINE), np.float32)

    def share(self, *materials: Material) -> np.ndarray:
        """Return (64, 64): how much of each pixel is of these materials, 0 to 1."""
        chosen = self.image.point([255 * (value in materials) for value in range(256)])
        return np.asarray(chosen.reduce(FINE), np.float32) / 255


def _head(look: Look) -> Head:
    """Place the head, about as well aligned as CelebA's aligned pictures are."""
    size, slender = look.within("size", 0.96, 1.04), look.within("slender", 0.95, 1.05)
    return Head(
        x=look.within("x", 30.8, 33.2),
        y=look.within("y", 31.6, 33.6),
        width=15.2 * size / slender,
        height=18.2 * size * slender,
        yaw=math.radians(look.yaw),
        tilt=math.radians(look.within("tilt", -4, 4)),
        jaw=look.within("jaw", 0.12, 0.34),
    )


def _light(canvas: _Canvas, look: Look, head: Head) -> np.ndarray:
    """Return (64, 64) factors: brighter towards the light, and a sheen on the crown."""
    x, y = grid()
    across, down = (x - head.x) / head.width, (y - head.y) / head.height
    shade = 1 + 0.3 * look.light * np.clip(across, -1.3, 1.3) - 0.05 * np.clip(down, -1, 1)
    sheen = np.exp(-(((across - 0.45 * look.light) / 0.35) ** 2) - ((down + 0.82) / 0.22) ** 2)
    return np.asarray(shade + 0.3 * sheen * canvas.share(Material.HAIR, Material.STRAND, Material.HAT))


def _draw_bust(canvas: _Canvas, look: Look, head: Head) -> None:
    """Draw long hair, shoulders, neckline and neck."""
    if look.has_long_hair:
        canvas.fill(shapes.long_hair(head, *_fall(look)), Material.BACK)
    wide = look.within("shoulders", 23, 29)
    x, top, neck = head.x, head.y + head.height * 1.2, 0.52 * head.width
    slope = [(neck - 1, top - 4), (neck + 4, top), (wide - 3, top + 4), (wide, top + 10), (wide + 2, SIDE + 6)]
    outline = [(x + dx, y) for dx, y in slope] + [(x - dx, y) for dx, y in reversed(slope)]
    canvas.fill(shapes.smooth(outline), Material.CLOTHES)
    depth = look.within("neckline", 0, 8)
    for margin, material in ((2.2, Material.COLLAR), (0.0, Material.SKIN)):
        sides, low = neck + margin, top + depth + margin
        opening = [(x - sides, top - 2), (x - 0.4 * neck, low), (x + 0.4 * neck, low), (x + sides, top - 2)]
        canvas.fill(opening, material)
    base = [(x - 0.95 * neck, top), (x, top + 2), (x + 0.95 * neck, top)]
    canvas.fill([(x - neck, head.y), *base, (x + neck, head.y)], Material.SHADED)


def _draw_face(canvas: _Canvas, look: Look, head: Head) -> None:
    """Draw ears, skin, nose, wrinkles and beard."""
    for sign in (-1, 1):  # the ear on the side that the head is turned to disappears
        out = 1.0 + 0.09 * math.cos(head.yaw * 2.2 + sign * 0.9)
        canvas.fill(head.around(shapes.ellipse(sign * out, 0.03, 0.13, 0.19)), Material.SHADED)
    canvas.fill(head.outline(), Material.SKIN)
    for sign in (-1, 1):
        canvas.fill(head.on_face(shapes.ellipse(sign * 0.55, 0.26, 0.19, 0.11)), Material.BLUSH)
    dark_side = 1 if look.light < 0 else -1
    length, width = look.within("nose_length", 0.25, 0.36), look.within("nose_width", 0.12, 0.2)
    flank, under = shapes.nose(head, dark_side, length, width)
    canvas.fill(flank, Material.SHADED)
    canvas.line(under, Material.LINE, 0.7)
    if look.is_old:
        for line in shapes.wrinkles(head):
            canvas.line(line, Material.LINE, 0.35 + 0.55 * look.age)
    if look.beard:
        canvas.fill(shapes.beard_outline(head, look.beard), Material.BEARD)


def _draw_eyes(canvas: _Canvas, look: Look, head: Head) -> None:
    size, slant = look.within("eye_size", 0.85, 1.15), look.within("slant", -0.12, 0.2)
    thick, arch = look.within("brow", 0.022, 0.048), look.within("arch", 0.0, 0.09)
    open_by, drop = (0.82, 0.10) if look.is_old else (1.0, 0.0)
    for sign in (-1, 1):
        u, v, tall = sign * 0.42, -0.05, size * open_by
        gaze = u + 0.04 * math.sin(head.yaw)
        parts = (
            (shapes.ellipse(u, v - 0.012, 0.205 * size, 0.105 * tall, sign * slant), Material.PUPIL),  # lashes
            (shapes.ellipse(u, v + 0.008, 0.185 * size, 0.088 * tall, sign * slant), Material.WHITE),
            (shapes.ellipse(gaze, v, 0.095 * size, 0.086 * tall), Material.IRIS),
            (shapes.ellipse(gaze, v, 0.045, 0.042), Material.PUPIL),
        )
        for points, material in parts:
            canvas.fill(head.on_face(points), material)
        canvas.fill(shapes.brow(head, sign, thick, arch, drop), Material.BROW)


def _draw_mouth(canvas: _Canvas, look: Look, head: Head) -> None:
    parts = shapes.mouth(head, look.smile, look.within("mouth_width", 0.27, 0.36), look.within("lips", 0.5, 1.3))
    canvas.fill(parts["lips"], Material.LIP)
    if "open" in parts:
        canvas.fill(parts["open"], Material.MOUTH)
        canvas.fill(parts["teeth"], Material.TEETH)
    else:
        canvas.line(parts["line"], Material.MOUTH, 0.55)


def _draw_hair(canvas: _Canvas, look: Look, head: Head) -> None:
    volume, end, wave = _fall(look)
    parting = look.within("parting", -0.55, 0.55)
    side = 0.2 if look.hat else 0.8 * min(look.hair_length, 0.25)
    canvas.fill(shapes.hair_top(head, volume, side, look.within("hairline", -0.72, -0.58), parting), Material.HAIR)
    if look.hat:  # some hair comes out below it, so that its colour is to be seen
        canvas.fill(shapes.fringe(head, -0.26, parting), Material.HAIR)
    elif look.chances["fringe"] < 0.4:
        canvas.fill(shapes.fringe(head, -0.46 + 0.325 * look.chances["fringe"], parting), Material.HAIR)
    if look.has_long_hair:
        for sign in (-1, 1):
            canvas.fill(shapes.lock(head, sign, volume, end, wave), Material.HAIR)
            down = (0, 0.25, 0.5, 0.75, 1)
            strand = [(sign * (0.93 + wave * math.sin(7 * t)), -0.3 + (end + 0.2) * t) for t in down]
            canvas.line(head.around(strand), Material.STRAND, 0.6)
    for u in (-0.7, -0.35, 0.35, 0.7):
        strand = [(parting + (u - parting) * t, -1.08 + 0.42 * t * t) for t in (0.2, 0.5, 0.8, 1.0)]
        canvas.line(head.around(strand), Material.STRAND, 0.5)


def _fall(look: Look) -> tuple[float, float, float]:
    """How far the hair stands off, where long hair ends, and how it swings."""
    return look.within("volume", 0.10, 0.22), 0.75 + 0.85 * look.hair_length, look.within("wave", 0.0, 0.07)


def _draw_hat(canvas: _Canvas, look: Look, head: Head) -> None:
    kind = int(look.chances["hat_kind"] * 3)
    crown, band, brim = shapes.hat(head, kind, look.within("hat_height", 0.2, 0.34))
    canvas.fill(crown, Material.HAT)
    canvas.fill(band, Material.BAND)
    canvas.fill(brim, Material.HAT if kind == 2 else Material.BAND)


def _draw_glasses(canvas: _Canvas, look: Look, head: Head) -> None:
    round_ones = look.chances["frame_kind"] < 0.5
    size = look.within("frame_size", 0.92, 1.1)
    across, down, power = 0.32 * size, (0.235 if round_ones else 0.19) * size, 1.0 if round_ones else 0.45
    for sign in (-1, 1):
        u, v = sign * 0.43, -0.03
        rim = shapes.ellipse(u, v, across, down, power=power, steps=28)
        canvas.line(head.on_face(rim, 0.06), Material.FRAME, 1.3, closed=True)
        glare = [(u - 0.2, 0.08), (u - 0.05, -0.16), (u + 0.04, -0.16), (u - 0.11, 0.08)]
        canvas.fill(head.on_face(glare, 0.06), Material.GLARE)
        temple = head.on_face([(sign * 0.74, -0.07)], 0.06) + head.around([(sign * 1.0, -0.08)])
        canvas.line(temple, Material.FRAME, 1.0)
    canvas.line(head.on_face([(-0.12, -0.06), (0.0, -0.09), (0.12, -0.06)], 0.1), Material.FRAME, 1.1)
