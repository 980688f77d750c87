"""`latente rank`: the pictures of a set by how odd they are, as a table and as a page to choose on."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente import words
from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import USE, examples
from latente.cli.shared.images import images_for, say_left_out
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ExcludeOption,
    ForceFlag,
    FramesOption,
    JsonFlag,
    LanguageOption,
    SizeOption,
    SplitOption,
    door_options,
)
from latente.cli.shared.outputs import refuse_file_name, refuse_used, refuse_used_table, save_images
from latente.cli.shared.readers import checked
from latente.errors import InputError
from latente.languages import say

if TYPE_CHECKING:
    from latente.culling import Candidate, Maps, Ranking
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer()

NAMED = 10  # of the oddest, in the terminal

SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="[RUN] IMAGES",
        help="Folder of a training whose model scores, if there is one; then the images.",
        show_default=False,
    ),
]
TableOption = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The .csv file to write; the page beside it is called alike.")
]
MapsOption = Annotated[
    Path | None, typer.Option("--maps", metavar="DIR", help="A folder for heat maps and masks of the oddest.")
]
RegionOption = Annotated[
    Path | None, typer.Option("--region", metavar="MASK", help="A picture, black where nothing counts.")
]
TopOption = Annotated[
    int,
    typer.Option("--top", parser=checked(Whole()), metavar="N", help="How many of the oddest are shown on the page."),
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente rank photos/",
        "latente rank photos/ --top 5 --maps maps --out odd.csv",
        "latente rank runs/digits digits --json --out digits.csv",
    ),
)
def rank(
    sources: SourcesArgument,
    out: TableOption = Path("ranking.csv"),
    maps: MapsOption = None,
    region: RegionOption = None,
    top: TopOption = 100,
    split: SplitOption = None,
    size: SizeOption = None,
    count: CountOption = None,
    exclude: ExcludeOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    lang: LanguageOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Rank images by how odd they are, the oddest first.

    Writes a table (file, score, threshold, odd) and a page with the oddest, on which you choose what is left out;
    `latente fit --exclude` reads its list. Without a run each picture is compared with all others, at its own size: an
    odd one does not vouch for itself, though two that are odd in the same way can.
    """
    from latente.culling import SIDE, maps_of, rank_among, tells_where, within_region, write_table
    from latente.culling import rank as rank_by

    run, source = _split(sources)
    refuse_used_table(out, force)
    page = out.with_suffix(".html")
    refuse_used(page, force)
    if maps is not None:
        refuse_file_name(maps, "heat maps")
        refuse_used(maps, force, "--maps")
    door = {"split": split, "count": count, "exclude": exclude, "frames": frames, "budget": budget}
    if run is not None and size is not None:
        raise InputError("--size is that of the run's own images; leave it out")
    model = None if run is None else model_for("rank", run)
    if maps is not None and model is not None and not tells_where(model):
        raise InputError(f"--maps {maps}: this model does not tell where in a picture something is odd; leave it out")
    images = _open(source, size, door) if model is None else images_for(model, source, **door)
    if maps is not None and images.is_table:
        raise InputError(
            f"--maps {maps}: {images.name} holds rows of a table, of which there are no maps; leave it out"
        )
    place = None
    if region is not None:
        images, place = within_region(images, region)
    side = SIDE if maps is None and place is None else None  # what the page shows, where nothing else is made of maps
    if model is None:
        with show.progress() as step:
            ranking, maps_at = rank_among(images, progress=step)
        shown = ranking.order[:top]
        of_shown = maps_at(shown, side)
    else:
        ranking = rank_by(model, images)
        shown = ranking.order[:top]
        of_shown = maps_of(model, images.take(shown), side)
    if of_shown is not None and place is not None:
        of_shown = of_shown.within(place)
    if maps is not None and of_shown is not None:
        _save_maps(maps, of_shown, [ranking.names[row] for row in shown], ranking.odd[shown])
    write_table(out, ranking.rows())
    _write_page(page, images, ranking, of_shown, shown, run, source, lang)
    _tell(ranking, run, source, out, page, maps, as_json)


def _split(sources: list[str]) -> tuple[Path | None, str]:
    """Tell the run, which holds an options.json, from the images."""
    is_run = [(Path(source) / "options.json").is_file() for source in sources]
    if len(sources) == 1 and not is_run[0]:
        return None, sources[0]
    if len(sources) == 2 and is_run[0]:
        return Path(sources[0]), sources[1]
    if len(sources) == 1:
        raise InputError(f"{sources[0]} is a run; name the images to rank by its model, too")
    if len(sources) == 2:
        raise InputError(f"{sources[0]} is no run folder: it has no options.json; give IMAGES alone, or RUN IMAGES")
    raise InputError(f"a run and images are two arguments, not {len(sources)}: {shlex.join(sources)}")


def _open(source: str, size: Any, door: dict[str, Any]) -> Images:
    """Open images as large as each is, unless a size is asked for."""
    from latente.culling import as_one_array
    from latente.images import open_images

    with show.progress() as step:
        images: Images = open_images(source, progress=step, **door_options(size=size or "keep", **door))
    say_left_out(images)
    return as_one_array(images)


def _save_maps(out: Path, maps: Maps, names: list[str], odd: Any) -> None:
    """Write a heat map and a mask of what stands out for each picture, called like it."""
    import numpy as np

    from latente.pages.embedding import heat_palette
    from latente.sheets import to_uint8

    colours = np.frombuffer(heat_palette(), np.uint8).reshape(-1, 3)
    digits, limits = len(str(len(names))), maps.limits
    for place, (name, values, mask) in enumerate(zip(names, maps.values, maps.masks(odd), strict=True), 1):
        stem = f"{place:0{digits}}-{Path(name).stem}"
        heat = colours[to_uint8(values, *limits)].transpose(2, 0, 1)
        save_images(out, heat[None], names=[f"{stem}.png"])
        save_images(out, mask[None, None], names=[f"{stem}-mask.png"])


def _write_page(
    page: Path,
    images: Images,
    ranking: Ranking,
    maps: Maps | None,
    shown: Any,
    run: Path | None,
    source: str,
    language: str | None,
) -> None:
    from latente.culling import write_page

    number, threshold = int(ranking.odd.sum()), words.figure(ranking.threshold)
    facts = {
        say("pictures"): words.figure(len(images)),
        **({say("compared with"): say("all others")} if run is None else {say("scored by"): str(run)}),
        say("odd"): say("{count}, with a score below {score}", count=number, score=threshold),
        say("shown"): say("the {count} oddest, the oddest first", count=len(shown)),
    }
    notices = []
    if run is None:
        template = (
            "Each picture is compared with all others, so that an odd one does not vouch for itself; two that are odd "
            "in the same way can."
        )
        notices.append(say(template))
    if not ranking.is_learned:
        template = "Nobody said what is normal: odd is what lies 3.5 robust deviations below the median score."
        notices.append(say(template))
    if maps is not None:
        notices.append(say("Beside each picture is {what}, all on one scale of colours.", what=maps.what))
    if images.files:
        template = "To train without what you leave out: `latente fit {source} --exclude LIST`"
        notices.append(say(template, source=shlex.quote(source)))
    write_page(
        page,
        say("ranking"),
        images.name,
        _candidates(images, ranking, maps, shown),
        ranking.names,
        facts=facts,
        notices=notices,
        language=language,
    )


def _candidates(images: Images, ranking: Ranking, maps: Maps | None, shown: Any) -> list[Candidate]:
    """Return the pictures of a page, in the order of their rows `shown`."""
    from latente.culling import SIDE, Candidate, thumbnails
    from latente.pages.embedding import heat_maps

    heats = [""] * len(shown)
    if maps is not None:
        limits = maps.limits
        heats = [heat_maps(values[None], limits, side=SIDE)[0] for values in maps.values]
    scores = [words.figure(float(ranking.scores[row])) for row in shown]
    return [
        Candidate(
            name=ranking.names[row],
            note=say("{score}, odd", score=score) if ranking.odd[row] else score,
            picture=look,
            heat=heat,
        )
        for row, score, look, heat in zip(shown, scores, thumbnails(images, shown), heats, strict=True)
    ]


def _tell(
    ranking: Ranking, run: Path | None, source: str, out: Path, page: Path, maps: Path | None, as_json: bool
) -> None:
    rows = ranking.rows()
    count = int(ranking.odd.sum())
    if as_json:
        facts = {"run": run, "images": source, "threshold": ranking.threshold, "is_learned": ranking.is_learned}
        show.print_json({**facts, "odd": count, "ranking": rows, "table": out, "page": page, "maps": maps})
        return
    lines = [
        (
            "odd",
            f"{count:,} of {words.count(len(rows), 'image')}, with a score below {words.figure(ranking.threshold)}",
        ),
        *(
            ("oddest" if place == 0 else "", f"{words.figure(row['score'])}  {row['file']}")
            for place, row in enumerate(rows[:NAMED])
        ),
        ("wrote", ", ".join(map(str, filter(None, (out, page, maps))))),
    ]
    show.console().print(show.pairs(lines))
