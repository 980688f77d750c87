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
from latente import estimators, pages
from latente.errors import InputError
from latente.estimators.abilities import Decodes, Encodes
from latente.evidence import Evidence, Selection, open_parts
from latente.explorer.atlas import Atlas, decode_atlas
from latente.explorer.collection import Collection
from latente.explorer.columns import CLASS, PART, Column, columns_of, directions_of, in_short, score_of
from latente.explorer.encoding import PageEncoder, page_encoder
from latente.explorer.further import TITLES, FurtherMap, chosen_methods, further_maps
from latente.explorer.page import Runtime, render, runtime
from latente.explorer.parts import Part, json_part, numbers
from latente.explorer.space import Space, space_of
from latente.explorer.survey import Survey, survey
from latente.explorer.tiles import tiles
from latente.images import Images
from latente.images.options import Progress
from latente.languages import LANGUAGES, Figure, joined, say, speaking, translated
from latente.latents import Direction, LatentMap, map_codes, nearest, saved_directions
from latente.training import Run
from latente.words import count, figure, percent, printable

__all__ = ["MOST_BYTES", "Written", "neighbours", "write_explorer"]

MOST_BYTES = 60_000_000  # of the file
MOST_IMAGES = 70_000
MOST_DECODER = 0.7  # of the file; what is left must do for the images
MOST_EXACT_CODES = 8_000_000  # bytes; more are kept in half precision
MOST_CODES = 16_000_000  # bytes; of more, only every so many are kept
NEIGHBOURS = 12  # of a code, shown beside its image
LARGEST_HALF = 60_000.0
SHELL = 60_000  # bytes that markup and notices may take beside what is counted


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
    maps: Sequence[str] = (),
    language: str | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the explorer of the run folder `run` to `out` (default: RUN/explorer.html): one file, less than 60 MB.

    images: those on the map; by default all of the set that the model was trained on: training, validation and test
    images. count: at most this many of them, evenly drawn (never more than 70,000); None is all, or 500 of a model
    that finds each code by a search. The decoder runs in the page, as
    ONNX, where the front end has been built; elsewhere, or with `atlas`, the page holds an atlas of decoded pictures.
    The encoder travels too, so that the page can place an image of the reader's own. maps: those beside
    the codes themselves or their main plane ("pca"), "tsne" and "umap", of at most 5,000 images.
    Where pictures or codes do not fit into the file, only every so many images have them; the page says so.
    language: of the page, "en" or "es"; by default the one that the environment variable LATENTE_LANG names, else
    English. progress: called as progress(done, total, what).
    Raises InputError where `run` is no run folder, holds a model of tables, or its decoder is too large.
    """
    folder = Run.open(run)
    model = estimators.load(folder.path)
    usual_count = model.usual_count
    if not isinstance(model, Encodes):
        raise InputError(f"{run} holds a {type(model).__name__}, whose images have no codes and so no map to explore")
    if len(getattr(model, "image_shape_", ())) == 1:
        raise InputError(f"{run} holds a model of tables; the explorer shows pictures, so use `latente map` for it")
    if count is not None and count < 1:
        raise InputError(f"count must be at least 1, not {count}")
    methods = chosen_methods(maps)
    if images is None:
        everything = Collection.of(*open_parts(folder, model))
    else:
        everything = Collection.of(Selection(images, np.arange(len(images)), say("images")))
    judged = everything.drawn(min(count or usual_count or MOST_IMAGES, MOST_IMAGES), seed=0)
    if not len(judged):
        raise InputError("there are no images to explore")
    live = None if atlas else runtime()
    decoder = [_decoder(model, folder.path, live)] if live and isinstance(model, Decodes) else []
    looks, saved = survey(model, judged, progress), saved_directions(folder.path)
    further = further_maps(looks, methods, progress)
    encoder = _encoder(looks, live, decoder)
    title = Evidence(model, options=folder.options()).title
    with speaking(language):
        text, notices = _compose(looks, title, saved, live, decoder, encoder, further, atlas, progress)
    size = len(text.encode())
    if size >= MOST_BYTES:
        raise InputError(f"the page would take {size / 1e6:.0f} MB; choose fewer images with count")
    path = pages.write(Path(out) if out is not None else folder.path / "explorer.html", text)
    return Written(path, size, len(judged), bool(decoder), tuple(notices))


def _compose(
    looks: Survey,
    title: str,
    saved: Sequence[Direction],
    live: Runtime | None,
    decoder: list[Part],
    encoder: PageEncoder,
    further: Sequence[FurtherMap],
    asked: bool,
    progress: Progress | None,
) -> tuple[str, list[str]]:
    """Return the page and its notices; title: of the model. asked: whether an atlas was asked for."""
    labels = looks.column("label")
    plane = map_codes(looks.codes, labels if labels is not None and (labels >= 0).sum() > 1 else None)
    space = space_of(looks.codes, plane.points)
    columns = columns_of(looks)
    directions = directions_of(looks, saved) if isinstance(looks.model, Decodes) else []
    parts, description = _data(looks, plane, space, columns, directions, further)
    description["encoder"] = encoder.data
    if not (decoder or encoder.part):
        live = None
    parts += [*([live.part] if live else []), *decoder, *([encoder.part] if encoder.part else [])]
    shell = _layout(looks, plane, title, further, encoder)
    left = MOST_BYTES - SHELL - len(render(shell, description, parts, live).encode())
    if left <= 0:
        raise InputError(
            f"codes and numbers of {len(looks):,} images leave no room for pictures; choose a smaller count"
        )
    decodes = isinstance(looks.model, Decodes)
    needs_atlas = decodes and not decoder
    beforehand = decode_atlas(looks, space, directions, left / 2, progress) if needs_atlas else None
    if beforehand:
        parts += beforehand.parts
        left -= sum(part.size for part in beforehand.parts)
    pictures = tiles("image", looks.originals, len(looks), left, progress)
    parts += pictures.parts
    description |= {"sheets": pictures.layout, "atlas": beforehand.data if beforehand else None}
    notices = _left_out(looks.judged, looks.model.usual_count) + _notices(
        pictures.every, description["codes"]["every"], beforehand, asked
    )
    layout = shell | {
        "notices": notices,
        "tile_width": pictures.layout["width"],
        "tile_height": pictures.layout["height"],
        "live": bool(decoder),
        "status": say("starting the decoder …") if decoder else say("decoded beforehand, in steps") if decodes else "",
        "single": beforehand is not None and looks.codes.shape[1] != 2,
    }
    return render(layout, description, parts, live), notices


def _decoder(model: Any, folder: Path, live: Runtime) -> Part:
    from latente.export import onnx_bytes

    part = Part.of("model", onnx_bytes(model, "decoder"))
    if len(part.text) + len(live.part.text) > MOST_DECODER * MOST_BYTES:
        raise InputError(
            f"the decoder of {folder} would take {len(part.text) / 1e6:.0f} MB in the page, which leaves no room for "
            "images; use --atlas, which decodes beforehand"
        )
    return part


def _encoder(looks: Survey, live: Runtime | None, decoder: list[Part]) -> PageEncoder:
    if live is None:
        return PageEncoder(None, None, say("this page was written without what runs a model"))
    taken = sum(len(part.text) for part in [live.part, *decoder])
    return page_encoder(looks, MOST_DECODER * MOST_BYTES - taken)


def _data(
    looks: Survey,
    plane: LatentMap,
    space: Space,
    columns: Sequence[Column],
    directions: Sequence[Direction],
    further: Sequence[FurtherMap],
) -> tuple[list[Part], dict[str, Any]]:
    """Return all that the scripts read but pictures and decoder: parts, and the description that names them."""
    parts: list[Part] = []

    def stored(name: str, values: np.ndarray) -> dict[str, str]:
        part, how = numbers(name, values)
        parts.append(part)
        return how

    codes, every = _kept(looks.codes)
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
        "map": TITLES[plane.method],
        "maps": [each.to_json() | {"points": stored(f"map-{k}", each.points)} for k, each in enumerate(further)],
        "columns": described,
        "start": CLASS if named else columns[0].name,
        "directions": [{"name": each.attribute, "accuracy": each.accuracy} for each in directions],
        "format": looks.format,
        "decodes": isinstance(looks.model, Decodes),
        "conditions": looks.condition_names,
        "score": score_of(looks),
        "part": PART,
        "neighbours": {"most": NEIGHBOURS, "values": None},
        "apart": [(in_short(name), translated(in_short(name), LANGUAGES[0])) for name in looks.judged.apart],
        "slug": re.sub(r"[^A-Za-z0-9]+", "-", looks.images.name).strip("-") or "images",
        "encoder": None,
        "rows": None,
        "vectors": None,
        "sheets": None,
        "atlas": None,
    }
    if every > 1:  # the page looks among all codes by itself where it has them
        most = min(NEIGHBOURS, len(looks) - 1)
        description["neighbours"] = {"most": most, "values": stored("neighbours", neighbours(looks.codes, most))}
    rows = looks.judged.rows
    if not np.array_equal(rows, np.arange(len(looks))):
        description["rows"] = stored("rows", rows.astype(np.uint32))
    if directions:
        description["vectors"] = stored("vectors", np.stack([each.vector for each in directions]).astype(np.float32))
    if looks.judged.files:
        parts.append(json_part("files", [printable(file) for file in looks.judged.files]))
    return parts, description


def neighbours(codes: np.ndarray, most: int) -> np.ndarray:
    """Return the rows (N, most) of the codes nearest to each of the codes (N, D), without itself."""
    found = nearest(codes, codes, k=most + 1).indices
    others = np.argsort(found == np.arange(len(codes))[:, None], axis=1, kind="stable")  # itself goes last
    return np.take_along_axis(found, others, axis=1)[:, :most].astype(np.uint32)


def _kept(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the codes as the page holds them: exact where they are few, else in half precision, or only some."""
    if codes.nbytes > MOST_EXACT_CODES and np.abs(codes).max() < LARGEST_HALF:
        codes = codes.astype(np.float16)
    every = -(-codes.nbytes // MOST_CODES)
    return codes[::every], every


def _layout(
    looks: Survey, plane: LatentMap, title: str, further: Sequence[FurtherMap], encoder: PageEncoder
) -> dict[str, Any]:
    """What the template lays out before it is known which pictures fit."""
    channels, height, width = looks.model.image_shape_
    known = {1: say("grey"), 2: say("grey and alpha"), 3: "RGB", 4: "RGBA"}
    colour = known.get(channels, say("{channels} channels", channels=channels))
    values = looks.codes.shape[1]
    facts = [
        (say("images"), _by_part(looks.judged)),
        (say("each"), say("{width} × {height}, {colour}", width=str(width), height=str(height), colour=colour)),
        (say("code"), count(values, "number")),
        (say("map"), _map_in_words(plane)),
    ]
    if looks.errors is not None:
        facts.append((say("mean squared error"), _mean_by_part(looks.judged, looks.errors)))
    if looks.answers is not None:
        facts.append((say("mean confidence"), Figure(f"{looks.answers[1].mean(dtype=np.float64):.3f}")))
    if plane.knn_accuracy is not None:
        facts.append((say("k-NN accuracy on the map"), Figure(f"{plane.knn_accuracy:.3f}")))
    return {
        "model": title,
        "decodes": isinstance(looks.model, Decodes),
        "set_name": looks.images.name,
        "facts": facts,
        "count": figure(len(looks)),
        "version": latente.__version__,
        "width": width,
        "height": height,
        "tile_width": width,
        "tile_height": height,
        "first": (TITLES[plane.method], _map_in_words(plane)),
        "further": [(each.title, each.words) for each in further],
        "problem": encoder.problem,
        "live": False,
        "status": "",
        "notices": [],
        "single": False,
        "sorted": values > 2,
    }


def _by_part(judged: Collection) -> str:
    parts = [say("{count} {part}", count=len(part), part=in_short(part.name)) for part in judged.parts]
    return _with_parts(figure(len(judged)), parts)


def _mean_by_part(judged: Collection, errors: np.ndarray) -> str:
    means = [errors[judged.part_of == k].mean(dtype=np.float64) for k in range(len(judged.parts))]
    parts = [
        say("{name} {value}", name=in_short(part.name), value=Figure(f"{mean:.3g}"))
        for part, mean in zip(judged.parts, means, strict=True)
    ]
    return _with_parts(Figure(f"{errors.mean(dtype=np.float64):.3g}"), parts)


def _with_parts(whole: str, parts: Sequence[str]) -> str:
    return say("{whole}: {parts}", whole=whole, parts=joined(parts)) if len(parts) > 1 else whole


def _map_in_words(plane: LatentMap) -> str:
    if plane.method == "identity":
        return say("the codes themselves")
    words = [say("main plane of the codes (PCA)")]
    if plane.share is not None:
        words.append(say("{share} of the variance", share=percent(plane.share)))
    if plane.trustworthiness is not None:
        words.append(say("trustworthiness {trust}", trust=Figure(f"{plane.trustworthiness:.2f}")))
    return joined(words)


def _left_out(judged: Collection, usual_count: int | None) -> list[str]:
    """Say which images of the set are not in the page, and how to get them; usual_count: of images in such a page."""
    notices = []
    if len(judged) < judged.total:
        cure = say("without `--count` all are")
        if usual_count is not None:
            cure = say("`--count {total}` takes all, and longer", total=str(judged.total))
        if judged.total > MOST_IMAGES:
            template = "a page holds at most {most}; to see a part whole, name it (`latente explore RUN IMAGES`)"
            cure = say(template, most=MOST_IMAGES)
        template = "{some} of {all} images are in this page, evenly drawn: {cure}."
        notices.append(say(template, some=len(judged), all=judged.total, cure=cure))
    images = judged.images
    if len(judged.parts) == 1 and images.parts and images.source:
        shown = images.source.get("split") or images.parts[0]
        if others := [part for part in images.parts if part != shown]:
            template = "Only the part {shown} of {set} is in this page; the others have pages of their own: {others}."
            commands = joined(f"`--split {part}`" for part in others)
            notices.append(say(template, shown=str(shown), set=images.name, others=commands))
    return notices


def _notices(pictures: int, codes: int, beforehand: Atlas | None, asked: bool) -> list[str]:
    notices = []
    if beforehand:
        template = "The decoder of this page is an atlas of pictures decoded beforehand."
        if not asked:
            template = (
                "The decoder of this page is an atlas of pictures decoded beforehand; for the live one: `make web` in "
                "the sources of Latente (with Node.js 20 or newer), and write the page again."
            )
        notices.append(say(template))
    most = MOST_BYTES // 1_000_000
    if pictures > 1:
        template = (
            "The picture of one image in {every} is in this page, so that the file stays under {most} MB; all points "
            "are."
        )
        notices.append(say(template, every=pictures, most=most))
    rebuilt = beforehand.every if beforehand else codes
    if rebuilt > 1:
        template = "The reconstruction of one image in {every} is in this page, so that the file stays under {most} MB."
        notices.append(say(template, every=rebuilt, most=most))
    return notices
