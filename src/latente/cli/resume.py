"""`latente resume`: a training goes on where it was."""

from __future__ import annotations

from typing import Annotated

import typer

from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import TRAIN, examples
from latente.cli.shared.images import say_left_out_by
from latente.cli.shared.options import JsonFlag, NoReportFlag, RunArgument, WatchFlag
from latente.cli.shared.readers import checked
from latente.cli.shared.training import finish, watched

__all__ = ["verb"]

verb = typer.Typer()

EpochsOption = Annotated[
    int | None,
    typer.Option(parser=checked(Whole()), metavar="N", help="Train on to this many epochs in all."),
]


@verb.command(rich_help_panel=TRAIN, epilog=examples("latente resume runs/digits --epochs 25"))
def resume(
    run: RunArgument,
    epochs: EpochsOption = None,
    as_json: JsonFlag = False,
    no_report: NoReportFlag = False,
    watch: WatchFlag = False,
) -> None:
    """Go on with an interrupted run, or extend a finished one.

    The result is the same as if the training had never stopped.
    """
    from latente.estimators import resume as go_on

    screen = show.console(as_json)
    say_left_out_by(run)
    with watched(screen, run, watch):
        model = go_on(run, epochs=epochs, verbose=True)
        finish(screen, run, model, None, as_json=as_json, no_report=no_report)
