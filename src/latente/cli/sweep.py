"""`latente sweep`: many trainings over a grid or a search of options, as one table and one figure per option."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import TRAIN, examples, file
from latente.cli.shared.options import JsonFlag, PlanFlag
from latente.cli.shared.readers import checked
from latente.errors import TrainingError

__all__ = ["verb"]

verb = typer.Typer()

StudyArgument = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="YAML file that says what to try.", show_default=False)
]
FolderOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the results [dim](default: runs/ and the file's name)[/dim]"),
]
JobsOption = Annotated[int, typer.Option(parser=checked(Whole()), metavar="N", help="Trainings at a time.")]
AgainFlag = Annotated[
    bool,
    typer.Option("--force", help="Go on in a folder with another sweep, keeping what fits; try again what failed."),
]


@verb.command(
    rich_help_panel=TRAIN,
    epilog=examples(
        "latente sweep study.yaml --dry-run",
        "latente sweep study.yaml --jobs 2 --out runs/study",
    )
    + file(
        "study.yaml",
        "images: digits",
        "options: {epochs: 5, latent-dim: 2}",
        "grid: {activation: [relu, gelu], learning-rate: [0.001, 0.003]}",
        "seeds: 3",
    )
    + file(
        "letters.yaml, of an experiment",
        "experiment: letters",
        "options: {optimizer: adam, loss: bce, epochs: 500}",
        "grid: {hidden: [64, [25, 20]], activation: [tanh, relu]}",
        "metric: wrong pixels",
    ),
)
def sweep(
    config: StudyArgument,
    out: FolderOption = None,
    jobs: JobsOption = 1,
    dry_run: PlanFlag = False,
    force: AgainFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Try options of fit, or of an experiment: a grid or a search, with several seeds.

    What is finished is kept: after Ctrl-C or a crash, the same command goes on.

    The folder gets a table of all trainings, a summary and a figure per option.
    """
    from latente.cli.shared import findings
    from latente.cli.shared.studies import read_study

    study = read_study(config)
    folder = out or Path("runs") / config.stem
    screen = show.console(as_json)
    finished = study.sweep.count_finished(study.trial, folder, force=force)
    for images in study.open_images():
        screen.print(show.scan(images))
    screen.print(findings.plan(study.sweep, folder, jobs, finished))
    if dry_run:
        if as_json:
            show.print_json(findings.plan_json(study.sweep) | {"out": folder, "finished": finished})
        return
    note = findings.reporter(screen, study.sweep)
    results = study.sweep.run(study.trial, out=folder, jobs=jobs, force=force, progress=note)
    findings.write(results, folder)
    screen.print("", findings.table(results), "")
    findings.finish(screen, study, results, folder)
    if as_json:
        show.print_json({"out": folder, **results.to_json()})
    if not results.done:
        raise TrainingError(f"all trials failed; the first one: {results.failed[0].error}")
