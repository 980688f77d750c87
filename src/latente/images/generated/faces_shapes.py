"""The outlines that a portrait is made of, in pixels of the 64x64 picture, y pointing down."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

__all__ = [
    "Head",
    "Points",
    "beard_outline",
    "brow",
    "ellipse",
    "fringe",
    "hair_top",
    "hat",
    "lock",
    "long_hair",
    "mouth",
    "nose",
    "smooth",
    "wrinkles",
]

Points = list[tuple[float, float]]

DEPTH = 0.72  # how far the middle of the face stands out, in half-widths of the head
PIVOT = 0.12  # how far before the head's axis it turns: the face moves by so much less
BRIM = -0.44  # height of a hat's lower edge on the head


@dataclasses.dataclass(frozen=True)
class Head:
    """Where a head is and how it is turned.

    Points of a head are (u, v): -1 to 1 from its left edge to its right one, and from the top to the chin, as
    the picture shows them in a frontal view. x, y: the centre; width, height: halves, all in pixels. yaw: the
    turn in radians, positive to the picture's right; tilt: in radians, positive clockwise. jaw: how much
    narrower the head is at the mouth than at the temples.
    """

    x: float
    y: float
    width: float
    height: float
    yaw: float
    tilt: float
    jaw: float

    def on_face(self, points: Sequence[tuple[float, float]], out: float = 0.0) -> Points:
        """Place points that turn with the face; out: how far they stand out from it, in half-widths."""
        sin, cos = math.sin(self.yaw), math.cos(self.yaw)
        turned = [(u * cos + (DEPTH * math.sqrt(max(0.0, 1 - u * u)) + out) * sin - PIVOT * sin, v) for u, v in points]
        return self._placed(turned)

    def around(self, points: Sequence[tuple[float, float]]) -> Points:
        """Place points of the silhouette, which leans when the head turns: the chin forward, the crown back."""
        sin = math.sin(self.yaw)
        return self._placed([(u + sin * (0.22 * v if v > 0 else 0.16 * v), v) for u, v in points])

    def outline(self) -> Points:
        """The whole silhouette."""
        return self.around([self.edge(math.tau * k / 48) for k in range(48)])

    def edge(self, angle: float, size: float = 1.0) -> tuple[float, float]:
        """The point of the silhouette at this angle from the picture's right, clockwise."""
        cos, sin = math.cos(angle), math.sin(angle)
        power = 0.86  # a little fuller than an ellipse
        u, v = _powered(cos, power) * size, _powered(sin, power if sin > 0 else 1.0) * size
        return u * (1 - self.jaw * max(0.0, v) ** 1.6), v

    def _placed(self, points: Sequence[tuple[float, float]]) -> Points:
        sin, cos = math.sin(self.tilt), math.cos(self.tilt)
        return [
            (
                self.x + self.width * u * cos - self.height * v * sin,
                self.y + self.width * u * sin + self.height * v * cos,
            )
            for u, v in points
        ]


def ellipse(
    u: float, v: float, across: float, down: float, slant: float = 0.0, *, power: float = 1.0, steps: int = 20
) -> Points:
    """An ellipse about (u, v), or below a power of 1 a fuller shape, down to a rectangle at 0.

    slant: how much its right end is raised, as a share of `across`.
    """
    angles = [math.tau * k / steps for k in range(steps)]
    unit = [(_powered(math.cos(t), power), _powered(math.sin(t), power)) for t in angles]
    return [(u + across * cos, v + down * sin - slant * across * cos) for cos, sin in unit]


def _powered(value: float, power: float) -> float:
    return math.copysign(abs(value) ** power, value)


def smooth(points: Sequence[tuple[float, float]], rounds: int = 2) -> Points:
    """Round the corners of a closed outline (Chaikin's corner cutting)."""
    rounded = list(points)
    for _ in range(rounds):
        cut: Points = []
        for (x0, y0), (x1, y1) in zip(rounded, rounded[1:] + rounded[:1], strict=True):
            cut += [(0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1), (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1)]
        rounded = cut
    return rounded


def hair_top(head: Head, volume: float, side: float, height: float, parting: float) -> Points:
    """The hair on top of the head.

    volume: how far it stands off; side: where it ends beside the ears; height: of the hairline at the parting,
    from which it falls towards the temples.
    """
    angles = [math.pi + math.pi * k / 24 for k in range(25)]
    outer = [head.edge(t, 1 + volume * (0.55 + 0.45 * abs(math.sin(t)))) for t in angles]
    rim = 1 + 0.5 * volume
    crown = head.around([(-0.97, side), (-rim, side), *outer, (rim, side), (0.97, side)])
    across = [0.93 - 1.86 * k / 14 for k in range(15)]
    line = [(u, height + 0.34 * (u - parting) ** 2 + (0.12 if abs(u) > 0.9 else 0.0)) for u in across]
    return crown + head.on_face([(u, min(v, side)) for u, v in line])


def fringe(head: Head, low: float, parting: float) -> Points:
    """Strands on the forehead that reach down to `low`, less so at the parting."""
    across = [-0.86 + 1.72 * k / 12 for k in range(13)]
    lower = [
        (u, low - 0.16 * math.exp(-(((u - parting) / 0.28) ** 2)) + 0.025 * (-1) ** k) for k, u in enumerate(across)
    ]
    return head.on_face([(0.86, -0.72), (-0.86, -0.72), *lower])


def long_hair(head: Head, volume: float, end: float, wave: float) -> Points:
    """Hair behind the neck, down to `end`; wave: how much its edges swing."""
    right = _fall(volume, end, wave)
    left = [(-u, v) for u, v in reversed(right)]
    top = [head.edge(math.pi + math.pi * k / 16, 1 + volume) for k in range(17)]
    return head.around([*top, *right, (0.7, end + 0.10), (-0.7, end + 0.10), *left])


def lock(head: Head, sign: int, volume: float, end: float, wave: float) -> Points:
    """Long hair in front of one ear and shoulder: sign -1 at the picture's left, 1 at its right."""
    outer = _fall(volume, end, wave, start=-0.6)
    inner = [(0.78 + 0.06 * k / 8 + 0.5 * wave * math.sin(0.8 * k), -0.6 + (end + 0.55) * k / 8) for k in range(9)]
    return head.around([(sign * u, v) for u, v in [*outer, *reversed(inner)]])


def _fall(volume: float, end: float, wave: float, start: float = 0.0) -> Points:
    """The outer edge of long hair at the right, from the head's own silhouette down to `end`."""
    heights = [start + (end - start) * k / 12 for k in range(13)]
    return [
        (
            (1 + volume) * (max(0.0, 1 - v * v) ** 0.43 if v < 0 else 1.0)
            + (0.10 * math.sin(math.pi * min(1.0, v / end)) + wave * math.sin(5 * v) - 0.1 * (v / end) ** 3) * (v > 0),
            v,
        )
        for v in heights
    ]


def nose(head: Head, side: int, length: float, width: float) -> tuple[Points, Points]:
    """The nose's shaded side (side: -1 left, 1 right) as an outline, and the line under its tip."""
    tip = length
    ridge = head.on_face([(side * 0.03, -0.06)], 0.04) + head.on_face([(side * 0.02, tip - 0.06)], 0.24)
    flank = head.on_face([(side * width, tip)], 0.10) + head.on_face([(side * (width * 0.6), tip - 0.14)], 0.06)
    under = head.on_face([(-width, tip - 0.02)], 0.08) + head.on_face([(-0.4 * width, tip + 0.035)], 0.16)
    under += head.on_face([(0.4 * width, tip + 0.035)], 0.16) + head.on_face([(width, tip - 0.02)], 0.08)
    return ridge + flank, under


def mouth(head: Head, curve: float, width: float, thick: float) -> dict[str, Points]:
    """The lips, and for a smile the open mouth and its teeth; curve: how far the corners are raised, -1 to 1.

    The mouth opens only above a curve of 0.3, in step with it.
    """
    width += 0.09 * max(0.0, curve)
    middle, lift = 0.55, 0.15 * curve
    open_by = 0.17 * max(0.0, curve - 0.3)
    across = [-1 + 2 * k / 10 for k in range(11)]

    def arc(depth: float, inset: float = 1.0) -> Points:
        return [(inset * width * s, middle + lift * (1 - 2 * s * s) / 2 + depth * (1 - s * s)) for s in across]

    bow = 0.045 * thick
    shapes = {"lips": arc(-bow - 0.01) + arc(open_by + 1.5 * bow + 0.01)[::-1], "line": arc(0.0)}
    if open_by > 0:
        shapes["open"] = arc(-0.005, 0.9) + arc(open_by + 0.02, 0.9)[::-1]
        shapes["teeth"] = arc(-0.005, 0.82) + arc(0.55 * open_by + 0.02, 0.82)[::-1]
    return {name: head.on_face(points, 0.03) for name, points in shapes.items()}


def brow(head: Head, sign: int, thick: float, arch: float, drop: float) -> Points:
    """One eyebrow; arch: how high it bends; drop: how much its outer end hangs."""
    across = [0.20 + 0.46 * k / 6 for k in range(7)]
    spine = [(u, -0.245 - arch * math.sin(math.pi * (u - 0.20) / 0.6) + drop * (u - 0.2)) for u in across]
    upper = [(sign * u, v - thick * (1 - 0.5 * k / 6)) for k, (u, v) in enumerate(spine)]
    lower = [(sign * u, v + thick * (1 - 0.5 * k / 6)) for k, (u, v) in enumerate(spine)]
    return head.on_face(upper + lower[::-1])


def beard_outline(head: Head, amount: float) -> Points:
    """A full beard with moustache; amount: 0.45 to 1, how high on the cheeks and how far below the chin."""
    side = 0.34 - 0.22 * amount
    angles = [math.pi * k / 20 for k in range(21)]
    jaw = [head.edge(t, 1.01 + 0.13 * amount * math.sin(t) ** 2) for t in angles]
    jaw = [(u, max(v, side)) for u, v in jaw]
    cheek = [(0.90, side + 0.14), (0.72, 0.50 - 0.12 * amount), (0.42, 0.46 - 0.06 * amount), (0.2, 0.385), (0.0, 0.40)]
    inner = head.on_face([(-u, v) for u, v in cheek] + cheek[-2::-1])
    return head.around(jaw) + inner


def wrinkles(head: Head) -> list[Points]:
    """The lines of age: forehead, under the eyes, beside them, and from the nose past the mouth."""
    lines: list[Points] = [[(-0.45, v), (-0.2, v - 0.03), (0.2, v - 0.03), (0.45, v)] for v in (-0.50, -0.40)]
    for sign in (-1, 1):
        sides: list[Points] = [
            [(0.24, 0.06), (0.36, 0.11), (0.5, 0.11), (0.6, 0.06)],
            [(0.70, -0.10), (0.84, -0.16)],
            [(0.70, -0.04), (0.85, -0.02)],
            [(0.22, 0.24), (0.34, 0.33), (0.44, 0.46), (0.47, 0.6)],
            [(0.66, 0.20), (0.70, 0.34), (0.66, 0.48)],
        ]
        lines += [[(sign * u, v) for u, v in line] for line in sides]
    return [head.on_face(line) for line in lines]


def hat(head: Head, kind: int, tall: float) -> tuple[Points, Points, Points]:
    """A hat's crown, its band and its brim: 0 a knitted cap with a bobble, 1 a peaked cap, 2 a wide brim.

    The three are drawn in this order, the bobble in place of the brim.
    """
    angles = [math.pi + math.pi * k / 24 for k in range(25)]
    power = (0.8, 0.75, 0.45)[kind]
    wide = (1.13, 1.14, 0.98)[kind]
    high = 1 + BRIM + tall
    dome = [(wide * _powered(math.cos(t), power), BRIM + high * math.sin(t)) for t in angles]
    crown = head.around(dome)
    if kind == 0:
        edge = [(-1.2, BRIM + 0.04), (-1.17, BRIM - 0.22), (1.17, BRIM - 0.22), (1.2, BRIM + 0.04)]
        return crown, smooth(head.around(edge), 1), head.around(ellipse(0, BRIM - high - 0.02, 0.26, 0.2))
    if kind == 1:
        seam = [(-0.03, BRIM - high), (0.03, BRIM - high), (0.05, BRIM), (-0.05, BRIM)]
        peak = [(-1.0, BRIM - 0.08), (-0.6, BRIM - 0.16), (0.6, BRIM - 0.16), (1.0, BRIM - 0.08)]
        rim = [(0.86, BRIM + 0.08), (0.4, BRIM + 0.13), (-0.4, BRIM + 0.13), (-0.86, BRIM + 0.08)]
        return crown, head.around(seam), smooth(head.on_face(peak) + head.on_face(rim, 0.5), 2)
    ribbon = [(-0.98, BRIM - 0.27), (0.98, BRIM - 0.27), (0.98, BRIM), (-0.98, BRIM)]
    return crown, head.around(ribbon), head.around(ellipse(0, BRIM - 0.02, 1.62, 0.14, steps=32))
