"""`latente restore`: better pictures of worse ones, each under its own name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente import words
from latente.checks import Choice, Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import model_for
from latente.cli.shared.options import ExcludeOption, JsonFlag, LanguageOption
from latente.cli.shared.outputs import refuse_file_name, refuse_place
from latente.cli.shared.readers import checked, option_parser
from latente.errors import InputError, LatenteError
from latente.estimators.shipped import FOLDER, shipped_names
from latente.languages import say

if TYPE_CHECKING:
    from latente.restoring import Comparison, Results

__all__ = ["verb"]

verb = typer.Typer()

PAGE = "check.html"
_STEPS = 1000  # of the bar
_NAMED = 3  # files that the last line names

SourcesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="[RUN] PICTURES",
        help="Folder of a training, but for --with; then picture files, folders or zip archives.",
        show_default=False,
    ),
]
ShippedOption = Annotated[
    str | None,
    typer.Option(
        "--with",
        parser=option_parser(Choice(shipped_names(), kind="model that comes with Latente").read),
        metavar="NAME",
        help=f"A model that comes with Latente instead of a RUN: {', '.join(shipped_names())}.",
    ),
]
FolderOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the results.")]
MaskOption = Annotated[
    Path | None,
    typer.Option(
        "--mask", metavar="FILE|DIR", help="What an inpainter fills in: white in one picture for all, or in one each."
    ),
]
TileOption = Annotated[
    int | None,
    typer.Option(
        "--tile",
        parser=checked(Whole(least=32)),
        metavar="N",
        help="Side of the parts in which large pictures are worked on [dim](default: 512, less where memory runs out)"
        "[/dim]",
    ),
]
EnsembleFlag = Annotated[
    bool, typer.Option("--self-ensemble", help="Mean over turns and mirror images: a little better, 8 times as long.")
]
CheckFlag = Annotated[bool, typer.Option("--check", help=f"Write {PAGE}: before and after, with a slider.")]
CleanOption = Annotated[
    Path | None, typer.Option("--clean", metavar="FILE|DIR", help="The clean pictures, to measure by.")
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente restore photos/0.jpg --with sr-x2 --out first",
        "latente restore runs/larger photos/ --out larger --check",
        "latente restore runs/larger photos/0.jpg photos/1.jpg --out two --self-ensemble",
    ),
)
def restore(
    sources: SourcesArgument,
    out: FolderOption,
    shipped: ShippedOption = None,
    exclude: ExcludeOption = None,
    mask: MaskOption = None,
    tile: TileOption = None,
    self_ensemble: EnsembleFlag = False,
    check: CheckFlag = False,
    clean: CleanOption = None,
    lang: LanguageOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Enlarge, denoise, sharpen or complete pictures.

    Each result has its picture's name, format, depth, transparency, colour profile and EXIF. What lies in the folder
    already is kept and counted as done, so that the same command goes on where it was stopped.
    """
    from latente.images.options import DoorOptions
    from latente.restoring import MOST_SHOWN, compare, find_pictures, restore_files, write_page

    refuse_file_name(out, "what comes out")
    refuse_place(out)
    run, pictures = _parted(sources, shipped)
    _refuse_own_folder(out, pictures)
    model = model_for("restore", run)
    _refuse_model(model, mask)
    places = find_pictures(pictures, DoorOptions(exclude=exclude).excluded)
    with show.progress() as step:
        results = restore_files(
            model,
            places,
            out,
            masks=mask,
            tile=tile,
            self_ensemble=self_ensemble,
            progress=lambda part, name: step(round(_STEPS * part), _STEPS, name),
        )
    comparisons: list[Comparison] = []
    unmeasured: dict[str, str] = {}
    page = out / PAGE if check and results.paths else None
    if page is not None or clean is not None:
        comparisons, unmeasured = compare(places, results.paths, clean, shown=MOST_SHOWN if check else 0)
    means = _means(comparisons)
    if page is not None:
        facts = {
            say("pictures"): words.figure(len(results.paths)),
            say("shown"): words.figure(sum(bool(one.before) for one in comparisons)),
        }
        write_page(page, shipped or str(run), comparisons, facts | _in_words(means, comparisons), lang)
    _tell(shipped or str(run), out, results, comparisons, unmeasured, means, page, as_json)
    _fail(results, len(places))


def _parted(sources: Sequence[Path], shipped: str | None) -> tuple[Path, Sequence[Path]]:
    """Return the folder of the model, and the pictures; raises InputError where there are none."""
    if shipped is not None:
        if (sources[0] / "model").is_dir():
            raise InputError(f"{sources[0]} is the folder of a training: leave it out, or leave out --with {shipped}")
        return FOLDER / shipped, sources
    if len(sources) == 1:
        raise InputError(
            f"latente restore {sources[0]}: give the folder of a training, then the pictures; or take a model that "
            f"comes with Latente: --with {' or '.join(shipped_names())}"
        )
    return sources[0], sources[1:]


def _refuse_own_folder(out: Path, pictures: Sequence[Path]) -> None:
    """Raise InputError where results would lie among the pictures, and count as such the next time."""
    place = out.resolve()
    for source in pictures:
        folder = source.resolve()
        if source.is_dir() and (folder == place or folder in place.parents):
            raise InputError(f"--out {out} lies in {source}, whose pictures are restored; choose a folder beside it")
        if source.is_file() and folder.parent == place:
            raise InputError(f"--out {out} is the folder of {source} itself; choose another one")


def _refuse_model(model: Any, mask: Path | None) -> None:
    """Raise InputError where the model cannot take picture files, or a mask is missing or has no meaning."""
    channels = model.image_shape_[0]
    if len(model.image_shape_) != 3 or channels > 4:
        what = "rows of a table" if len(model.image_shape_) != 3 else f"images of {channels} channels"
        raise InputError(f"this model was trained on {what}, which no picture file holds; restore arrays from Python")
    fills_in = getattr(model, "fills_in", False)
    if fills_in and mask is None:
        raise InputError("this model fills in what is missing: say where by --mask, white where nothing is known")
    if mask is not None and not fills_in:
        raise InputError(f"--mask {mask}: this model fills in nothing; leave it out")


def _means(comparisons: Sequence[Comparison]) -> dict[str, float]:
    """Return the mean PSNR of the pictures before and after, each counted with at most 100 dB; none of no figures."""
    import numpy as np

    from latente.metrics import means

    known = [(one.input_psnr, one.psnr) for one in comparisons if one.psnr is not None]
    if not known:
        return {}
    before, after = np.array(known, np.float64).T
    return means({"input_psnr": before, "psnr": after})


def _in_words(means: dict[str, float], comparisons: Sequence[Comparison]) -> dict[str, str]:
    if not means:
        return {}
    template = "{result}; before {input}, mean over {pictures}"
    if any(one.factor > 1 for one in comparisons):
        template = "{result}; enlarged bicubically {input}, mean over {pictures}"
    psnr = {"result": words.decibels(means["psnr"]), "input": words.decibels(means["input_psnr"])}
    pictures = words.count(sum(one.psnr is not None for one in comparisons), "picture")
    return {"PSNR": say(template, pictures=pictures, **psnr)}


def _tell(
    run: str,
    out: Path,
    results: Results,
    comparisons: Sequence[Comparison],
    unmeasured: dict[str, str],
    means: dict[str, float],
    page: Path | None,
    as_json: bool,
) -> None:
    for name, why in {**results.lost, **unmeasured}.items():
        show.print_note("left out", f"{words.brief(name)} {why}")
    if as_json:
        figures = [{"file": one.name, "input_psnr": one.input_psnr, "psnr": one.psnr} for one in comparisons if means]
        facts = {"run": run, "out": out, "restored": results.restored, "kept": results.kept, "lost": results.lost}
        show.print_json(facts | {"notes": results.notes, "metrics": means, "pictures": figures, "page": page})
        return
    rows = [("restored", words.count(len(results.restored), "picture"))]
    if results.kept:
        there = words.count(len(results.kept), "result")
        rows.append(("kept", f"{there} that were there before; name another folder to make them anew"))
    counts = Counter(note for notes in results.notes.values() for note in notes)
    rows += [("note", f"{note}: {words.count(number, 'picture')}") for note, number in counts.items()]
    rows += _in_words(means, comparisons).items()
    if means and means["psnr"] < means["input_psnr"]:
        rows.append(("", "the results are further from the clean pictures than what they were made of"))
    if results.paths:
        rows.append(("wrote", str(out) if page is None else f"{out}, {page}"))
    show.console().print(show.pairs(rows))


def _fail(results: Results, total: int) -> None:
    """Raise an error where a picture could not be restored; InputError where none could."""
    if not results.lost:
        return
    named = ", ".join(map(words.brief, list(results.lost)[:_NAMED]))
    more = f" and {len(results.lost) - _NAMED} more" if len(results.lost) > _NAMED else ""
    message = f"{len(results.lost)} of {words.count(total, 'picture')} could not be restored: {named}{more}"
    raise LatenteError(message) if results.paths else InputError(message)
