"""Maps: codes as points of the plane, coloured by what is known of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from latente.errors import InputError
from latente.figures.style import (
    INK,
    MUTED,
    OTHERS,
    PALETTE,
    Numbers,
    interpolation,
    name_axes,
    panels_of,
    put_title,
    shortened,
    shortened_apart,
    width_of,
)
from latente.languages import say, translated
from latente.sheets import to_rgb, to_uint8

__all__ = ["latent_map", "maps", "pictures_at"]

MARKERS = "o^"
MAX_CLASSES = 20
PICTURE, THUMBNAIL = 19.0, 25.0  # points: the longer side of an image at its place, and of one among points
# where a name may stand, from its cloud's centre, in shares of the map: the nearest first
NEAR = sorted(itertools.product(np.arange(-2, 3) * 0.05, np.arange(-3, 4) * 0.05), key=lambda aside: np.hypot(*aside))
AXES = (say("first dimension"), say("second dimension"))
COLOURS = "viridis"  # even steps, also for colour-blind readers and in grey print


def latent_map(
    points: np.ndarray,
    labels: np.ndarray | None = None,
    label_names: Sequence[str] = (),
    axis_names: tuple[str, str] = AXES,
    *,
    values: np.ndarray | None = None,
    value_name: str = "",
    thumbnails: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Figure:
    """Draw points (N, 2), each coloured by its class, with a legend and each class's name at its median.

    labels: (N,) integers; negative ones are unknown. label_names: names by label, else the numbers. The 20
    commonest classes get a colour and marker of their own; the others, and the unknown, are drawn in grey.
    values: (N,) numbers that colour the points instead, with a colour bar named `value_name`; the colours span the
    1 % to the 99 % quantile, beyond which arrows at the bar's ends point, and NaN is drawn in grey.
    thumbnails: gives the images (n, C, H, W), as `pictures_at` takes them, of n of the points by their numbers; as many
    as fit beside each other are drawn at their points, those far out first.
    Raises InputError where both labels and values are given.
    """
    if labels is not None and values is not None:
        raise InputError("a map is coloured by labels or by values, not by both; leave out one")
    figure, (panel,) = panels_of(1, 1, width=4.6, height=4.2)
    if thumbnails is not None and len(points):
        name_axes(panel, *axis_names)
        _draw_thumbnails(figure, panel, points, thumbnails)
        return figure
    if values is None:
        _draw_classes(panel, points, labels, label_names)
        if labels is not None and len(points):
            _legend_below(figure, panel, len(points))
    else:
        _draw_values(figure, panel, points, np.asarray(values, dtype=np.float64), value_name)
    name_axes(panel, *axis_names)
    return figure


def maps(
    panels: Sequence[tuple[str, np.ndarray]],
    labels: np.ndarray | None = None,
    label_names: Sequence[str] = (),
) -> Figure:
    """Draw several maps of the same N images side by side, each with its title, in the same colours, one legend.

    panels: (title, points (N, 2)) of each. labels, label_names: as in `latent_map`. Two share a line.
    """
    figure, axes = panels_of(len(panels), min(len(panels), 2), width=3.0, height=3.1)
    for panel, (title, points) in zip(axes, panels, strict=True):
        _draw_classes(panel, points, labels, label_names)
        put_title(panel, shortened(title, 40))
        panel.set(xticks=[], yticks=[])  # their units differ and say little; nearness is what to look at
    if labels is not None and len(labels):
        _legend_below(figure, axes[0], len(labels))
    return figure


def pictures_at(points: np.ndarray, images: np.ndarray, axis_names: tuple[str, str] = AXES) -> Figure:
    """Draw each of N images at its point (N, 2), about a twentieth of the figure large.

    images: (N, C, H, W), uint8 or floats in [0, 1], or booleans. Where points are nearer than that, images overlap.
    """
    figure, (panel,) = panels_of(1, 1, width=4.6, height=4.4)
    panel.scatter(points[:, 0], points[:, 1], s=1, alpha=0)  # which sets the axes' limits
    panel.margins(0.06)
    _put_pictures(panel, points, images, PICTURE)
    name_axes(panel, *axis_names)
    return figure


def _put_pictures(panel: Axes, points: np.ndarray, images: np.ndarray, size: float) -> None:
    """Draw each image at its point, its longer side so many points of print long."""
    height, width = images.shape[2:]
    for point, picture in zip(points, to_rgb(to_uint8(images)), strict=True):
        drawn = OffsetImage(picture, zoom=size / max(height, width), interpolation=interpolation(height, width))
        panel.add_artist(AnnotationBbox(drawn, point, frameon=False, pad=0))


def _draw_thumbnails(
    figure: Figure, panel: Axes, points: np.ndarray, thumbnails: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Draw all points, and at some of them, which are far enough from each other, their images."""
    _cloud(panel, points, _size(len(points)), OTHERS, "o", None)
    panel.margins(0.06)  # wide enough for half an image, so that the outermost stay within
    figure.draw_without_rendering()  # which lays the panel out: only then is known how far apart points are in print
    places = panel.transData.transform(points) * 72 / figure.dpi
    rows = _apart(places, THUMBNAIL + 1)
    _put_pictures(panel, points[rows], thumbnails(rows), THUMBNAIL)


def _apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Return which of the places (N, 2) to keep, far ones first, so that squares of side `gap` there do not overlap."""
    kept: list[int] = []
    for row in np.argsort(-np.abs(places - np.median(places, axis=0)).max(axis=1), kind="stable"):
        if all(np.abs(places[kept] - places[row]).max(axis=1) >= gap):
            kept.append(int(row))
    return np.array(kept)


def _draw_classes(panel: Axes, points: np.ndarray, labels: np.ndarray | None, label_names: Sequence[str]) -> None:
    size = _size(len(points))
    classes = _classes(labels)
    rest = np.ones(len(points), bool) if labels is None else ~np.isin(labels, classes)
    if rest.any():
        colour = PALETTE[0] if labels is None else OTHERS
        _cloud(panel, points[rest], size, colour, "o", None if labels is None else _rest_name(labels[rest]))
    centres: list[tuple[str, str, np.ndarray]] = []
    names = [translated(label_names[value]) if value < len(label_names) else str(value) for value in classes]
    in_legend, on_map = shortened_apart(names), shortened_apart(names, 12)
    for k, value in enumerate(classes):
        assert labels is not None
        cloud = points[labels == value]
        _cloud(panel, cloud, size, PALETTE[k % 10], MARKERS[k // 10], in_legend[k])
        centres.append((on_map[k], PALETTE[k % 10], np.median(cloud, axis=0)))
    if centres:
        _name_clouds(panel, centres, (points.min(axis=0), points.max(axis=0)))


def _draw_values(figure: Figure, panel: Axes, points: np.ndarray, values: np.ndarray, name: str) -> None:
    known = np.isfinite(values)
    size = _size(len(points))
    if not known.all():
        _cloud(panel, points[~known], size, OTHERS, "o", translated(say("unknown")))
    if not known.any():
        return
    low, high = np.quantile(values[known], [0.01, 0.99])
    scale = ScalarMappable(Normalize(low, high), COLOURS)
    _cloud(panel, points[known], size, scale.to_rgba(values[known]), "o", None)
    beyond = (bool((values[known] < low).any()), bool((values[known] > high).any()))
    arrows = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    bar = figure.colorbar(scale, ax=panel, extend=arrows[beyond], aspect=30, pad=0.02)
    bar.outline.set_visible(False)
    bar.formatter = Numbers()
    bar.ax.tick_params(colors=MUTED, labelsize=8.5, length=0)
    bar.set_label(shortened(name, 40), color=MUTED, fontsize=9)


def _size(count: int) -> float:
    return float(np.clip(4000 / max(count, 1), 3, 24))


def _classes(labels: np.ndarray | None) -> list[int]:
    """The commonest classes, at most `MAX_CLASSES`, in the order of their labels."""
    if labels is None:
        return []
    values, counts = np.unique(labels[labels >= 0], return_counts=True)
    return sorted(int(v) for v in values[np.argsort(-counts, kind="stable")][:MAX_CLASSES])


def _rest_name(labels: np.ndarray) -> str:
    others = len(np.unique(labels[labels >= 0]))
    return translated(say("{count} others", count=others) if others else say("unknown"))


def _cloud(panel: Axes, points: np.ndarray, size: float, colour: Any, marker: str, label: str | None) -> None:
    x, y = points.T
    style: dict[str, Any] = {"marker": marker, "alpha": 0.7, "linewidths": 0, "rasterized": True}
    panel.scatter(x, y, s=size, c=colour, label=label, **style)


def _name_clouds(
    panel: Axes, centres: Iterable[tuple[str, str, np.ndarray]], ends: tuple[np.ndarray, np.ndarray]
) -> None:
    """Write each name, framed in its colour, at its centre, or beside it where it would cover another.

    One for which there is no room near by is left out; the legend has them all.
    """
    low, high = ends
    span = high - low
    box: dict[str, Any] = {"boxstyle": "round,pad=0.15", "fc": "white", "alpha": 0.8, "linewidth": 0.8}
    placed: list[tuple[int, np.ndarray]] = []
    for name, colour, centre in centres:
        for aside in NEAR:
            half = span * (0.01 * width_of(name), 0)  # a name stays within the map
            place = np.clip(centre + span * aside, np.minimum(low + half, centre), np.maximum(high - half, centre))
            away = [np.abs(place - other) / np.maximum(span, 1e-12) for _, other in placed]
            widths = [(width_of(name) + width) / 2 for width, _ in placed]
            if all(dx > 0.022 * n + 0.01 or dy > 0.045 for (dx, dy), n in zip(away, widths, strict=True)):
                style: dict[str, Any] = {"bbox": {**box, "ec": colour}, "fontsize": 7.5, "fontweight": "bold"}
                panel.text(float(place[0]), float(place[1]), name, color="#111827", ha="center", va="center", **style)
                placed.append((width_of(name), place))
                break


def _legend_below(figure: Figure, panel: Axes, count: int) -> None:
    """Put the legend of `panel` below all, and make the figure as much higher, so that maps keep their size."""
    handles, names = panel.get_legend_handles_labels()
    letters = 13.5 * figure.get_figwidth()  # that fit in a line
    lines = math.ceil(len(names) / max(1, int(letters / (max(map(width_of, names)) + 5))))
    figure.set_figheight(figure.get_figheight() + 0.2 * lines)
    figure.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=math.ceil(len(names) / lines),  # lines of about one length
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        handletextpad=0.1,
        columnspacing=0.8,
        markerscale=max(1.0, 5 / math.sqrt(_size(count))),
    )
