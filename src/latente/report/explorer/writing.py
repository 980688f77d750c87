"""A run folder becomes a page to explore it in."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import latente
from latente import estimators
from latente.errors import InputError
from latente.estimators.autoencoders import BaseAutoencoder
from latente.files import replacing
from latente.images import Images
from latente.images.options import Progress
from latente.latents import Direction, LatentMap, map_codes
from latente.report.directions import saved_directions
from latente.report.evidence import draw, open_evidence
from latente.report.explorer.atlas import Atlas, decode_atlas
from latente.report.explorer.columns import CLASS, Column, columns_of, directions_of
from latente.report.explorer.page import Runtime, render, runtime
from latente.report.explorer.parts import Part, json_part, numbers
from latente.report.explorer.space import Space, space_of
from latente.report.explorer.survey import Survey, survey
from latente.report.explorer.tiles import tiles
from latente.report.page import MODELS
from latente.training import Run

__all__ = ["MOST_BYTES", "Written", "ordinal", "write_explorer"]

MOST_BYTES = 60_000_000  # of the file
MOST_IMAGES = 70_000
MOST_DECODER = 0.7  # of the file; what is left must do for the images
MOST_EXACT_CODES = 8_000_000  # bytes; more are kept in half precision
MOST_CODES = 16_000_000  # bytes; of more, only every so many are kept
LARGEST_HALF = 60_000.0
SHELL = 60_000  # bytes that markup and notices may take beside what is counted
HOW_TO_BUILD = "`make web` in the sources of Latente (with Node.js 20 or newer)"


@dataclasses.dataclass(frozen=True)
class Written:
    """The page that was written. live: whether the decoder runs in it. notices: what the page leaves out, and why."""

    path: Path
    size: int
    images: int
    live: bool
    notices: tuple[str, ...]


def write_explorer(
    run: str | os.PathLike[str],
    images: Images | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    count: int | None = None,
    atlas: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write the explorer of the run folder `run` to `out` (default: RUN/explorer.html): one file, less than 60 MB.

    images: those on the map; by default the test part of the set the model was trained on, else what it held out.
    count: at most this many of them, evenly drawn (never more than 70,000). The decoder runs in the page, as ONNX,
    where the front end has been built; elsewhere, or with `atlas`, the page holds an atlas of decoded pictures.
    Where pictures or codes do not fit into the file, only every so many images have them; the page says so.
    progress: called as progress(done, total, what).
    Raises InputError where `run` is no run folder, holds a model of tables, or its decoder is too large.
    """
    folder = Run.open(run)
    options = folder.options()
    model = estimators.load(folder.path)
    if len(model.image_shape_) != 3:
        raise InputError(f"{run} holds a model of tables; the explorer shows pictures, so use `latente map` for it")
    if count is not None and count < 1:
        raise InputError(f"count must be at least 1, not {count}")
    what, all_rows = "images", np.arange(0 if images is None else len(images))
    if images is None:
        evidence = open_evidence(options, None)
        images, all_rows, what = evidence.judged, evidence.rows, evidence.what
    rows = draw(all_rows, min(count or MOST_IMAGES, MOST_IMAGES), seed=0)
    if len(rows) < len(all_rows):
        what = f"of {len(all_rows):,} {what}"
    if not len(rows):
        raise InputError("there are no images to explore")
    live = None if atlas else runtime()
    decoder = [live.part, _decoder(model, folder.path, live)] if live else []
    seen, saved = survey(model, images, rows, progress), saved_directions(folder.path)
    text, notices = _compose(seen, what, saved, live, decoder, atlas, progress)
    data = text.encode()
    if len(data) >= MOST_BYTES:
        raise InputError(f"the page would take {len(data) / 1e6:.0f} MB; choose fewer images with count")
    path = Path(out) if out is not None else folder.path / "explorer.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return Written(path, len(data), len(rows), live is not None, tuple(notices))


def _compose(
    seen: Survey,
    what: str,
    saved: Sequence[Direction],
    live: Runtime | None,
    decoder: list[Part],
    wanted: bool,
    progress: Progress | None,
) -> tuple[str, list[str]]:
    """Return the page and its notices; wanted: whether the atlas, if it comes to that, was asked for."""
    labels = seen.column("label")
    plane = map_codes(seen.codes, labels if labels is not None and (labels >= 0).sum() > 1 else None)
    space = space_of(seen.codes, plane.points)
    columns = columns_of(seen)
    directions = directions_of(seen, saved)
    parts, description = _data(seen, plane, space, columns, directions)
    parts += decoder
    left = MOST_BYTES - SHELL - len(render(_layout(seen, plane, what), description, parts, live).encode())
    if left <= 0:
        raise InputError(
            f"codes and numbers of {len(seen):,} images leave no room for pictures; choose a smaller count"
        )
    beforehand = None if live else decode_atlas(seen, space, directions, left / 2, progress)
    if beforehand:
        parts += beforehand.parts
        left -= sum(part.size for part in beforehand.parts)
    pictures = tiles("image", seen.originals, len(seen), left, progress)
    parts += pictures.parts
    description |= {"sheets": pictures.layout, "atlas": beforehand.data if beforehand else None}
    notices = _notices(pictures.every, description["codes"]["every"], beforehand, wanted)
    layout = _layout(seen, plane, what) | {
        "notices": notices,
        "tile_width": pictures.layout["width"],
        "tile_height": pictures.layout["height"],
        "status": "starting the decoder …" if live else "decoded beforehand, in steps",
        "single": beforehand is not None and seen.codes.shape[1] != 2,
    }
    return render(layout, description, parts, live), notices


def _decoder(model: BaseAutoencoder, folder: Path, live: Runtime) -> Part:
    from latente.export import onnx_bytes

    part = Part.of("model", onnx_bytes(model, "decoder"))
    if len(part.text) + len(live.part.text) > MOST_DECODER * MOST_BYTES:
        raise InputError(
            f"the decoder of {folder} would take {len(part.text) / 1e6:.0f} MB in the page, which leaves no room for "
            "images; use --atlas, which decodes beforehand"
        )
    return part


def _data(
    seen: Survey, plane: LatentMap, space: Space, columns: Sequence[Column], directions: Sequence[Direction]
) -> tuple[list[Part], dict[str, Any]]:
    """Return all that the scripts read but pictures and decoder: parts, and the description that names them."""
    parts: list[Part] = []

    def stored(name: str, values: np.ndarray) -> dict[str, str]:
        part, how = numbers(name, values)
        parts.append(part)
        return how

    codes, every = _kept(seen.codes)
    described = [
        column.to_json() | {"values": stored(f"column-{k}", column.values)} for k, column in enumerate(columns)
    ]
    named = any(column.name == CLASS for column in columns)
    description = {
        "points": stored("points", plane.points.astype(np.float32)),
        "codes": {"values": stored("codes", codes), "every": every},
        "axes": stored("axes", space.axes.astype(np.float32)),
        "space": space.to_json(),
        "bounds": space.bounds,
        "columns": described,
        "start": CLASS if named else columns[0].name,
        "directions": [{"name": each.attribute, "accuracy": each.accuracy} for each in directions],
        "format": seen.format,
        "slug": re.sub(r"[^A-Za-z0-9]+", "-", seen.images.name).strip("-") or "images",
        "rows": None,
        "vectors": None,
        "sheets": None,
        "atlas": None,
    }
    if not np.array_equal(seen.rows, np.arange(len(seen))):
        description["rows"] = stored("rows", seen.rows.astype(np.uint32))
    if directions:
        description["vectors"] = stored("vectors", np.stack([each.vector for each in directions]).astype(np.float32))
    if seen.images.files:
        parts.append(json_part("files", [seen.images.files[row] for row in seen.rows]))
    return parts, description


def _kept(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the codes as the page holds them: exact where they are few, else in half precision, or only some."""
    if codes.nbytes > MOST_EXACT_CODES and np.abs(codes).max() < LARGEST_HALF:
        codes = codes.astype(np.float16)
    every = -(-codes.nbytes // MOST_CODES)
    return codes[::every], every


def _layout(seen: Survey, plane: LatentMap, what: str) -> dict[str, Any]:
    """What the template lays out before it is known which pictures fit."""
    channels, height, width = seen.model.image_shape_
    colour = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}.get(channels, f"{channels} channels")
    values = seen.codes.shape[1]
    facts = [
        ("points", f"{len(seen):,} {what}"),
        ("each", f"{width} × {height}, {colour}"),
        ("code", f"{values:,} number{'s' if values > 1 else ''}"),
        ("map", _map_in_words(plane)),
        ("mean squared error", f"{seen.errors.mean(dtype=np.float64):.3g}"),
    ]
    if plane.knn_accuracy is not None:
        facts.append(("k-NN accuracy on the map", f"{plane.knn_accuracy:.3f}"))
    return {
        "model": MODELS.get(seen.model.kind, seen.model.kind),
        "set_name": seen.images.name,
        "facts": facts,
        "count": f"{len(seen):,}",
        "version": latente.__version__,
        "width": width,
        "height": height,
        "tile_width": width,
        "tile_height": height,
        "status": "",
        "notices": [],
        "single": False,
        "sorted": values > 2,
        "missing": "Left out of this page, to keep the file small.",
    }


def _map_in_words(plane: LatentMap) -> str:
    if plane.method == "identity":
        return "the codes themselves"
    share = f", {plane.share:.0%} of the variance" if plane.share is not None else ""
    trust = f", trustworthiness {plane.trustworthiness:.2f}" if plane.trustworthiness is not None else ""
    return f"main plane of the codes (PCA){share}{trust}"


def _notices(pictures: int, codes: int, beforehand: Atlas | None, wanted: bool) -> list[str]:
    found = []
    if beforehand:
        cure = "" if wanted else f"; for the live one: {HOW_TO_BUILD}, and write the page again"
        found.append(f"The decoder of this page is an atlas of pictures decoded beforehand{cure}.")
    limit = f"so that the file stays under {MOST_BYTES // 1_000_000} MB"
    if pictures > 1:
        found.append(f"The picture of every {ordinal(pictures)} image is in this page, {limit}; all points are.")
    rebuilt = beforehand.every if beforehand else codes
    if rebuilt > 1:
        found.append(f"The reconstruction of every {ordinal(rebuilt)} image is in this page, {limit}.")
    return found


def ordinal(number: int) -> str:
    """Write 2 as 2nd, 3 as 3rd, 11 as 11th."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
