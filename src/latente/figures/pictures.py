"""Pictures in rows: originals and reconstructions, samples, walks through a latent space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from latente.figures.style import INK, interpolation, name_axes, shortened_apart, styled, width_of
from latente.languages import say, translated
from latente.sheets import sheet, to_rgb, to_uint8

__all__ = ["above_partners", "grid", "lattice", "pairs", "strips"]

LETTER = 0.08  # inches: about the width of one in a name


def pairs(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    errors: np.ndarray | None = None,
    titles: Sequence[str] = (),
) -> Figure:
    """Draw originals above their reconstructions, one column per image, and below them where the errors lie.

    originals, reconstructions: (N, C, H, W), uint8 or floats in [0, 1]. errors: (N, H, W), not negative,
    drawn with one scale for all (bright is large). titles: up to N lines above the columns.
    """
    rows = [to_rgb(to_uint8(originals)), to_rgb(to_uint8(reconstructions))]
    names = [say("original"), say("reconstruction")] + ([] if errors is None else [say("error")])
    count, (height, width) = len(originals), originals.shape[2:]
    figure = Figure(
        figsize=(max(1.1 * count, 2.2), 1.1 * len(names) * min(height / width, 2) + 0.2 * bool(titles)),
        layout="constrained",
    )
    axes = figure.subplots(len(names), count, squeeze=False)
    peak = 1.0 if errors is None else float(errors.max()) or 1.0
    for i, name in enumerate(names):
        for j in range(count):
            panel = axes[i, j]
            if i < 2:
                panel.imshow(rows[i][j], interpolation=interpolation(height, width))
            elif errors is not None:
                panel.imshow(errors[j], cmap="magma", vmin=0, vmax=peak, interpolation=interpolation(height, width))
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        axes[i, 0].set_ylabel(translated(name), color=INK, fontsize=9)
    for panel, title in zip(axes[0], titles, strict=False):
        panel.set_title(title, color=INK, fontsize=8)
    return figure


def grid(images: np.ndarray, columns: int | None = None) -> Figure:
    """Draw images (N, C, H, W), uint8 or floats in [0, 1], as a sheet of `columns` (default: a square)."""
    columns = columns or max(1, math.ceil(math.sqrt(len(images))))
    picture = sheet([images], columns)
    height, width = picture.shape[:2]
    figure = Figure(figsize=(3.9, min(3.9 * height / width, 12)))
    panel = figure.add_axes((0, 0, 1, 1))
    panel.imshow(picture, interpolation=interpolation(height, width))
    panel.set_axis_off()
    return figure


def strips(images: np.ndarray, row_names: Sequence[str] = (), column_names: Sequence[str] = ()) -> Figure:
    """Draw rows of pictures with their names: a walk, an edit or a comparison from left to right in each.

    images: (R, S, C, H, W), uint8 or floats in [0, 1]. row_names: up to R, on the left. column_names: up to S, above;
    they stand aslant where one is wider than its picture.
    """
    count, (height, width) = images.shape[1], images.shape[3:]
    gap = 2
    picture, (step_y, step_x) = _mosaic(images, gap)
    tile = float(np.clip(width / 96, 0.55, 0.95)) if count <= 8 else max(4.6 / count, 0.22)  # inches
    rows, columns = shortened_apart(row_names), shortened_apart(column_names)
    left, above = (LETTER * max(map(width_of, names), default=0) for names in (rows, columns))
    aslant = above > tile
    figure = Figure(
        figsize=(
            tile * picture.shape[1] / step_x + left + 0.15,
            tile * picture.shape[0] / step_x + (0.7 * above if aslant else 0.15 * bool(columns)) + 0.15,
        ),
        layout="constrained",
    )
    panel = styled(figure.add_subplot())
    panel.imshow(picture, interpolation=interpolation(height, width))
    panel.spines[:].set_visible(False)
    panel.set_yticks([(step_y - gap) / 2 + i * step_y for i in range(len(rows))], rows)
    panel.set_xticks([(step_x - gap) / 2 + j * step_x for j in range(len(columns))], columns)
    panel.tick_params(labelcolor=INK, top=False, labeltop=True, labelbottom=False)
    if aslant:
        for name in panel.get_xticklabels():
            name.set(rotation=40, ha="left", rotation_mode="anchor")
    return figure


def above_partners(images: Mapping[str, np.ndarray], partners: Mapping[str, np.ndarray], partner: str) -> Figure:
    """Draw a row of images (N, C, H, W) for each name, and below it one of their partners, such as nearest images.

    images, partners: by the same names, of one shape; uint8 or floats in [0, 1]. partner: the name of their rows.
    """
    rows = [row for name in images for row in (images[name], partners[name])]
    return strips(np.stack(rows), [name for row_name in images for name in (row_name, partner)])


def lattice(images: np.ndarray) -> Figure:
    """Draw a lattice of decoded codes without gaps: the first latent dimension to the right, the second upwards.

    images: (R, S, C, H, W), uint8 or floats in [0, 1], row 0 on top.
    """
    picture, _ = _mosaic(images, gap=0)
    height, width = picture.shape[:2]
    figure = Figure(figsize=(4.6, min(4.6 * height / width, 12)), layout="constrained")
    panel = styled(figure.add_subplot())
    panel.imshow(picture, interpolation=interpolation(height, width))
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    name_axes(panel, "first dimension →", "second dimension →")
    return figure


def _mosaic(images: np.ndarray, gap: int) -> tuple[np.ndarray, tuple[int, int]]:
    """One picture of images (R, S, C, H, W), the steps from one to the next: down, right."""
    rows, columns, *shape = images.shape
    picture = sheet([images.reshape(rows * columns, *shape)], columns, pad=gap)
    return picture, ((picture.shape[0] + gap) // rows, (picture.shape[1] + gap) // columns)
