"""Every constructor argument of the estimators as an option of `fit`.

The defaults live in the estimators alone: an option that is not given is not passed on. The words in
`Setting.default` are help text, which the tests hold against the constructors.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from latente.cli.options import choice, given, number, or_none, seed, whole, widths
from latente.errors import InputError

__all__ = ["MODELS", "SETTINGS", "Setting", "estimator_of", "with_settings"]

MODELS = ("autoencoder", "vae")  # the names in `latente.estimators.ESTIMATORS`, which is heavy to import


@dataclasses.dataclass(frozen=True)
class Setting:
    """One constructor argument as an option.

    read: turns the option's text into the argument. default: the constructor's default, in words.
    choices: the names that the option takes, where it takes names.
    """

    name: str
    read: Callable[[str], Any]
    metavar: str
    default: str
    help: str
    panel: str = ""
    choices: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        return "--seed" if self.name == "random_state" else "--" + self.name.replace("_", "-")

    def value(self, text: str) -> Any:
        """Return the argument for which `text` stands on the command line."""
        return given({self.name: self.read(text)})[self.name]

    def parameter(self) -> inspect.Parameter:
        """Return the parameter of which typer makes the option."""
        option = typer.Option(
            self.option,
            parser=self.read,
            metavar=self.metavar,
            help=f"{self.help} [dim](default: {self.default})[/dim]",
            rich_help_panel=self.panel,
        )
        return inspect.Parameter(
            self.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Any, option]
        )


def _named(name: str, default: str, what: str, *choices: str) -> Setting:
    """Return a setting that takes one of `choices`, the word "none" among them where there is a None."""
    names = [known for known in choices if known != "none"]
    read = choice(name.replace("_", " "), names)
    text = f"{what}: {', '.join(choices[:-1])} or {choices[-1]}."
    return Setting(name, or_none(read) if "none" in choices else read, "NAME", default, text, choices=tuple(names))


_ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid")

_PANELS: dict[str, tuple[Setting, ...]] = {
    "Network": (
        Setting("latent_dim", or_none(whole), "N", "32", "Length of the code; none leaves it spatial (conv)."),
        _named("network", "auto", "Kind of network", "auto", "dense", "conv"),
        Setting("hidden", or_none(widths), "N,N", "by the images", "Widths, or channels (conv), such as 512,256."),
        _named("activation", "relu", "Between layers", *_ACTIVATIONS),
        _named("normalization", "none", "After each layer", "none", "batch", "layer", "group"),
        Setting("dropout", number, "SHARE", "0", "Share of the values that training drops."),
        Setting("kernel_size", whole, "N", "3", "Side of a filter (conv)."),
        Setting("stride", whole, "N", "2", "Step of a filter where the image shrinks (conv)."),
        Setting("depth", whole, "N", "1", "Layers at each width."),
    ),
    "Objective": (
        _named("loss", "mse", "autoencoder: distance to the image", "mse", "bce", "l1"),
        _named("latent_activation", "none", "autoencoder: last step of the encoder", "none", *_ACTIVATIONS),
        _named("likelihood", "auto", "vae: density of the pixels", "auto", "bernoulli", "gaussian"),
        Setting("beta", number, "X", "1", "vae: weight of the KL term."),
        Setting("beta_warmup", whole, "STEPS", "0", "vae: steps in which beta grows from 0."),
        Setting("free_bits", number, "NATS", "0", "vae: KL per dimension that costs nothing."),
        Setting("importance_samples", whole, "K", "1", "vae: samples of the bound that is trained."),
        _named("binarization", "none", "vae: pixels as draws of 0 or 1", "none", "dynamic"),
        Setting(
            "corruption",
            or_none(str),
            "KIND:X",
            "none",
            "Worsen the input, such as gaussian:0.2: a denoiser.",
        ),
    ),
    "Training": (
        Setting("epochs", whole, "N", "20", "Passes over the images."),
        Setting("batch_size", whole, "N", "128, less for small sets", "Images in a step."),
        Setting("learning_rate", number, "X", "0.001", "Length of a step."),
        _named("optimizer", "adam", "Who takes the steps", "adam", "adamw", "sgd", "lbfgs"),
        Setting("weight_decay", number, "X", "0", "Pull of the weights towards 0."),
        _named("schedule", "constant", "Course of the learning rate", "constant", "cosine"),
        Setting("warmup", whole, "STEPS", "0", "Steps in which the learning rate grows from 0."),
        Setting("gradient_clip", or_none(number), "X", "none", "Largest norm of the gradient."),
        Setting("accumulate", whole, "N", "1", "Parts a step is worked out in, to save memory."),
        Setting("ema", or_none(number), "DECAY", "none", "Average the weights, with a decay such as 0.999."),
        Setting("patience", or_none(whole), "EPOCHS", "none", "Stop after so many epochs without gain."),
        Setting("validation", or_none(number), "SHARE", "0.1", "Share held out to judge each epoch, or none."),
        Setting("random_state", seed, "N", "drawn anew", "Seed of every draw: same seed, same result."),
        Setting("init", or_none(str), "RUN", "none", "Start from the weights of this run."),
    ),
    "Machine and run folder": (
        Setting("device", str, "NAME", "auto", "auto, cpu, cuda, cuda:1 ... or mps."),
        _named("precision", "float32", "Precision of the products", "float32", "bf16"),
        Setting("threads", or_none(whole), "N", "all", "Threads on the processor."),
        Setting("checkpoint_every", or_none(whole), "STEPS", "each epoch", "Save the state this often."),
        Setting("log_every", whole, "STEPS", "50", "Log the losses this often."),
    ),
}

SETTINGS: tuple[Setting, ...] = tuple(
    dataclasses.replace(setting, panel=panel) for panel, settings in _PANELS.items() for setting in settings
)


def with_settings(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give `verb`, whose last parameter is `**settings`, one option for each of `SETTINGS`."""
    signature = inspect.signature(verb, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters = [*own, *(setting.parameter() for setting in SETTINGS)]
    verb.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    verb.__annotations__ = {p.name: p.annotation for p in parameters}
    return verb


def estimator_of(model: str, settings: Mapping[str, Any], **more: Any) -> Any:
    """Return the unfitted estimator of `model` with the settings that were given.

    Raises InputError where a setting belongs to another model.
    """
    from latente.estimators.loading import ESTIMATORS

    chosen = given(settings)
    for setting in SETTINGS:
        if setting.name in chosen:
            owners = [name for name, kind in ESTIMATORS.items() if setting.name in inspect.signature(kind).parameters]
            if model not in owners:
                belongs = f"it belongs to {', '.join(owners)}"
                raise InputError(f"{setting.option} has no meaning for --model {model}; {belongs}")
    return ESTIMATORS[model](**chosen, **more)
