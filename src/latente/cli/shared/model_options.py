"""The options of `fit` that belong to the models: declared beside the estimators, shown and read as they are there."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from typer.core import TyperCommand, TyperOption

from latente.checks import Flag, Option, options_of
from latente.errors import InputError
from latente.estimators.kinds import KINDS, Kind, kind_named
from latente.screens import Screen

if TYPE_CHECKING:
    from latente.estimators.base import Estimator

__all__ = [
    "ModelCommand",
    "ModelOption",
    "all_options",
    "foreign_option",
    "model_texts",
    "new_estimator",
    "options_of_kind",
    "read_options",
]

_OTHERWISE = ("out", "verbose")  # --out is the verb's own, and training on the command line always shows a bar
# the keys under which a command line's context keeps the model that it names, and the options of models
_MODEL, _TEXTS = "latente.model", "latente.texts"

ModelOption = Annotated[
    str, typer.Option(metavar="NAME", help="What to train; `latente fit --model NAME --help` shows the options of one.")
]


def options_of_kind(name: str) -> dict[str, Option]:
    """Return the options of a kind of models by name; raises InputError, with the nearest name, for no kind."""
    options = options_of(kind_named(name).load_options())
    return {name: option for name, option in options.items() if name not in _OTHERWISE}


def all_options() -> dict[str, Option]:
    """Return the options of all kinds by name, each as the first kind declares it that has it."""
    options: dict[str, Option] = {}
    for kind in KINDS:
        options = options | {name: one for name, one in options_of_kind(kind).items() if name not in options}
    return options


def _shared_options() -> dict[str, Option]:
    """Return the options that every kind declares with the same help; where their defaults differ, it says so."""
    kinds = [options_of_kind(kind) for kind in KINDS]
    options = {}
    for name, option in kinds[0].items():
        declarations = [other[name] for other in kinds if name in other and other[name].help == option.help]
        if len(declarations) == len(kinds):
            is_same = all(other.shown == option.shown for other in declarations)
            options[name] = option if is_same else dataclasses.replace(option, shown="by the model")
    return options


def read_options(model: str, texts: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the arguments for which the texts of options stand; None is an option that is not on the command line.

    Raises InputError, naming the option, where a text is no value of it, or the option belongs to other models.
    """
    options = options_of_kind(model)
    arguments = {}
    for name, text in texts.items():
        if text is None:
            continue
        if name not in options:
            raise foreign_option(model, name)
        option = options[name]
        try:
            arguments[name] = option.read(text)
        except InputError as error:
            raise InputError(f"invalid value for '{option.flag}': {error}") from error
        dataclasses.replace(option, name=option.flag).validate(arguments[name])  # a message names what was typed
    return arguments


def foreign_option(model: str, name: str) -> InputError:
    """Return (not raise) the error for an option that only other models have."""
    owners = [kind for kind in KINDS if name in options_of_kind(kind)]
    return InputError(
        f"{all_options()[name].flag} has no meaning for --model {model}; it belongs to {', '.join(owners)}"
    )


def new_estimator(model: str, arguments: Mapping[str, Any]) -> Estimator:
    """Return the unfitted estimator of a kind with these arguments."""
    return kind_named(model).load_class()(**arguments)


def model_texts(context: typer.Context) -> dict[str, str | None]:
    """Return the text of each option of the models on the command line of a `ModelCommand`, None where it is not."""
    texts: dict[str, str | None] = context.meta[_TEXTS]
    return texts


class ModelCommand(TyperCommand):
    """A command whose help shows the options of the model that the command line names, or of all where it names none.

    The options of the other models are read too, so that what is amiss with them can be said.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        model = self._model_in(ctx, args)
        ctx.meta[_MODEL] = model
        self._arrange(_shared_options() if model is None else options_of_kind(model))
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb, which asks for the options of the models by `model_texts`: typer knows none of them."""
        values = {name: ctx.params.pop(name) for name in all_options()}
        ctx.meta[_TEXTS] = {name: "true" if value is True else value for name, value in values.items()}
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, with the models between the options and the examples."""
        model: str | None = ctx.meta.get(_MODEL)
        introduction, epilog = self.help, self.epilog
        if model is not None:
            self.help = f"{introduction}\n\nThe model: {KINDS[model].title}. {KINDS[model].sentence}"
        self.epilog = None
        super().format_help(ctx, formatter)
        self.help, self.epilog = introduction, epilog
        screen = Screen()
        if model is None:
            screen.print(*_models(), "\n[dim]The options of one: see[/dim] latente fit --model NAME --help", sep="")
        screen.print(f"\n{epilog}\n" if epilog else "")

    def _model_in(self, ctx: Any, args: list[str]) -> str | None:
        """Return the model that the command line names, wherever it stands; raises InputError where there is none."""
        try:
            values, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        except typer.TyperException:
            return None  # which the reading proper says too
        model = values.get("model")
        return None if model is None else kind_named(model).name

    def _arrange(self, options: Mapping[str, Option]) -> None:
        """Show these options of the models, the special ones first, each as it is declared, and hide the others."""
        every = all_options()
        panels = list(dict.fromkeys(option.panel for option in options.values()))[::-1]
        order = sorted(options, key=lambda name: panels.index(options[name].panel))
        own = [param for param in self.params if param.name not in every]
        alike = [param for param in own if isinstance(param, TyperOption) and (param.is_flag or param.name == "model")]
        patterns = {param.is_flag: param for param in alike}
        self.params = own + [_model_option(patterns, options[name]) for name in order]
        self.params += [_model_option(patterns, one, hidden=True) for name, one in every.items() if name not in options]


def _model_option(patterns: Mapping[bool, TyperOption], option: Option, *, hidden: bool = False) -> TyperOption:
    """Return an option of a model as one of the command line, whose value stays the text that it is; or as a flag.

    patterns: options like which it is made, a flag (True) and one with a text.
    """
    is_flag = isinstance(option.check, Flag)
    param = copy.copy(patterns[is_flag])
    param.name, param.opts, param.default, param.hidden = option.name, [option.flag], None, hidden
    param.rich_help_panel, param.help = option.panel, escape(option.help)
    if not is_flag:
        param.metavar = option.check.metavar
        param.help += f" [dim](default: {escape(option.shown)})[/dim]"
    return param


def _models() -> list[Panel]:
    """Return a list of the models for each family."""
    families: dict[str, list[Kind]] = {}
    for kind in KINDS.values():
        families.setdefault(kind.family, []).append(kind)
    width = max(map(len, KINDS))
    panels = []
    for family, kinds in families.items():
        lines = Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(style="bold cyan", no_wrap=True, min_width=width)
        lines.add_column()
        for kind in kinds:
            lines.add_row(kind.name, kind.sentence)
        panels.append(Panel(lines, title=f"Models: {family}", title_align="left", border_style="dim"))
    return panels
