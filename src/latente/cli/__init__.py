"""The command line: `latente VERB RUN-or-IMAGES [options]`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted and resumable. An error is one line on stderr;
LATENTE_DEBUG=1 shows where it came from. Nothing heavy is imported before a verb runs.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

import latente
from latente.cli import (
    classify,
    compare_pca,
    data,
    decode,
    direction,
    doctor,
    edit,
    encode,
    evaluate,
    explore,
    export,
    fit,
    interpolate,
    nearest,
    rank,
    reconstruct,
    report,
    reproduce,
    restore,
    resume,
    sample,
    score,
    studio,
    style,
    sweep,
    traverse,
    vary,
    watch,
)
from latente.cli import map as map_
from latente.cli.shared.console import print_note
from latente.cli.shared.help import examples, tidied
from latente.errors import InputError, Interrupted, LatenteError
from latente.screens import hush, is_plain

__all__ = ["app", "main"]


class _Verbs(TyperGroup):
    """The verbs; an interruption is told in its own words, and a reader that goes away is no error."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with _told_end():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        with _told_end():
            return super().invoke(ctx)


@contextlib.contextmanager
def _told_end() -> Iterator[None]:
    """End the block as Latente does where typer, which would catch it too, would just leave."""
    try:
        yield
        sys.stdout.flush()  # a full disk, or a reader that has gone away, can be told here, and no later
    except KeyboardInterrupt as error:
        _explain(error, "interrupted")
        raise typer.Exit(130) from error
    except BrokenPipeError as error:  # whoever read the output has had enough of it, as `head` has
        hush(sys.stdout)
        raise typer.Exit(0) from error


app = typer.Typer(
    name="latente",
    cls=_Verbs,
    help="Train, inspect and use autoencoders, classifiers, detectors and restorers of images.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog=examples(
        "latente fit digits --model vae --out runs/first",
        "latente sample runs/first --out first.png",
        "latente fit --help",
    ),
)
# in the order, panel by panel, in which help lists them
for home in (
    *(fit, resume, watch, sweep, reproduce, studio),
    *(rank, score, classify, encode, decode, reconstruct, restore, style, sample, vary, edit, export),
    *(evaluate, report, explore, map_, compare_pca, nearest, traverse, interpolate, direction),
    *(data, doctor),
):
    app.add_typer(home.verb)


@app.callback()
def _latente(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"latente {latente.__version__}")
    elif context.invoked_subcommand is None:
        context.get_help()  # typer prints it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    # torch's threads wait for each other by spinning, for milliseconds by default: beside another busy program that
    # makes training ten times slower. So short a wait costs nothing on a quiet machine. Read when torch is imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    _open_streams()
    command = tidied(typer.main.get_command(app))
    if is_plain():
        from typer import rich_utils  # which would still print bold and dim

        rich_utils.COLOR_SYSTEM = None
    with warnings.catch_warnings():
        warnings.showwarning = _print_warning
        try:
            return command.main(args=arguments, prog_name="latente", standalone_mode=False) or 0
        except (typer.TyperException, InputError) as error:
            _explain(error)
            return 2
        except (LatenteError, OSError, MemoryError) as error:
            _explain(error)
            return 1
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            _explain(error)
            return 1


def _open_streams() -> None:
    """Let what is printed go nowhere where the process was started with its streams closed (`>&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.StringIO())


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: torch's own error for it is that of a graphics card alone."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def _explain(error: BaseException, label: str = "error") -> None:
    """Print the error in one line, after its traceback where LATENTE_DEBUG asks for it."""
    if os.environ.get("LATENTE_DEBUG", "0") not in ("", "0"):
        traceback.print_exception(error)
    print_note(label, _in_words(error))


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print_note("warning", str(message))


def _in_words(error: BaseException) -> str:
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, LatenteError | Interrupted):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "nothing was left half-written"
    if _is_out_of_memory(error):
        return "out of memory: try a smaller --batch-size, --size or --count"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _usage(error: typer.TyperException) -> str:
    """Word a misuse of the command line as Latente words all errors, with the nearest name that exists."""
    nearest = getattr(error, "possibilities", None)
    if nearest:
        return f"unknown option {getattr(error, 'option_name', '')!r}; did you mean {nearest[0]!r}?"
    message = error.format_message().rstrip(".").replace(". Did", "; did")
    context = getattr(error, "ctx", None)
    hint = "" if context is None or "did you mean" in message else f"; see {context.command_path} --help"
    return message[:1].lower() + message[1:] + hint
