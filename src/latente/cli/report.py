"""`latente report`: a run as a page to show, or several beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import images_for, refuse_choice_among_none, say_left_out_by
from latente.cli.shared.models import model_for, refuse_kind
from latente.cli.shared.options import BudgetOption, ForceFlag, FramesOption, JsonFlag, LanguageOption
from latente.cli.shared.outputs import refuse_used
from latente.errors import InputError

if TYPE_CHECKING:
    from latente.estimators.base import Estimator
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer()

PageOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="The page [dim](default: RUN/report.html; of several runs comparison.html)[/dim]"
    ),
]
FilmOption = Annotated[
    Path | None,
    typer.Option(
        "--film",
        metavar="FILE",
        help="Write the film of the training there as well: .gif, .webp, or .mp4 (extra video).",
        show_default=False,
    ),
]
RunsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN... [IMAGES]",
        help="Folders of trainings; then the images to judge by, if not those of the trainings.",
        show_default=False,
    ),
]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente report runs/digits",
        "latente report runs/digits --out page.html",
        "latente report runs/digits --lang es --out informe.html",
        "latente report runs/digits --film digits.webp",
        "latente report runs/digits runs/digits-autoencoder-1",
    ),
)
def report(
    runs: RunsArgument,
    out: PageOption = None,
    lang: LanguageOption = None,
    film: FilmOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Write the page about a run, or one that compares several.

    One HTML file: what was trained on what, curves, pictures, samples, the latent map. Of several runs: in what they
    differ, and how each does on the same images.
    """
    from latente import sheets
    from latente.report import report_with_verdict, write_comparison
    from latente.training import Run

    folders, source = _split(runs)
    if len(folders) > 1:
        out = out or Path("comparison.html")
    if out is not None:
        refuse_used(out, force)
    if film is not None:
        _refuse_film(film, folders, force)
    refuse_choice_among_none(source, frames=frames, budget=budget)
    for folder in folders:
        refuse_kind("report", folder)
    images = None if source is None else _images(model_for("report", folders[0]), source, frames=frames, budget=budget)
    if images is None:
        say_left_out_by(*folders)
    screen = show.console(as_json)
    verdict = None
    with screen.status("writing the report"):
        if len(folders) > 1 and out is not None:
            page = write_comparison(folders, images=images, out=out, language=lang)
        else:
            page, verdict = report_with_verdict(folders[0], images=images, out=out, language=lang)
    lines = [("report", str(page))]
    if film is not None:
        sheets.film(Run(folders[0]).samples, film)
        lines.append(("film", str(film)))
    screen.print(show.pairs(lines))
    if as_json:
        show.print_json({"report": page, "film": film, "verdict": None if verdict is None else verdict.to_json()})


def _refuse_film(film: Path, folders: list[Path], force: bool) -> None:
    """Raise InputError where no film can come of it, before anything is written."""
    from latente import sheets
    from latente.training import Run

    refuse_used(film, force)
    if len(folders) > 1:
        raise InputError(f"--film {film} is of one run; give one, not {len(folders)}")
    sheets.check_film(film)
    if not any(Run(folders[0]).samples.glob("step-*.png")):
        raise InputError(f"{folders[0]} left no pictures of its training to make a film of")


def _images(model: Estimator, source: str, **door: Any) -> Images:
    """Open what follows the runs; where it is no images either, it may have been meant as a run."""
    try:
        return images_for(model, source, **door)
    except InputError as error:
        raise InputError(f"{source} is neither a run (it holds no options.json) nor images: {error}") from error


def _split(words: list[str]) -> tuple[list[Path], str | None]:
    """Tell the run folders, each of which holds an options.json, from the images that may follow them."""
    are_runs = [(Path(word) / "options.json").is_file() for word in words]
    first = are_runs.index(False) if False in are_runs else len(words)
    if first == 0 or first < len(words) - 1:
        raise InputError(f"{words[first]} is no run folder: it has no options.json; images, if any, come last")
    return [Path(word) for word in words[:first]], words[first] if first < len(words) else None
