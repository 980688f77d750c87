"""The options of `fit` that belong to the models: which there are, how they are read, what help shows of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from latente.checks import Choice, Own
from latente.cli.shared.model_options import all_options, new_estimator, options_of_kind, read_options
from latente.errors import InputError
from latente.estimators.kinds import KINDS

Client = Callable[..., Any]

each_kind = pytest.mark.parametrize("kind", KINDS)
OTHERWISE = {"out", "verbose"}  # --out is the verb's own, and fit always shows its progress


def shown_options(text: str) -> set[str]:
    return set(re.findall(r"^│ --([a-z0-9-]+) ", text, re.MULTILINE))


@each_kind
def test_every_constructor_argument_is_an_option_and_the_other_way_round(kind: str) -> None:
    arguments = inspect.signature(KINDS[kind].load_class()).parameters
    assert set(options_of_kind(kind)) == set(arguments) - OTHERWISE


@each_kind
def test_the_declared_default_is_the_constructors(kind: str) -> None:
    parameters = new_estimator(kind, {}).get_params(deep=False)
    for name, option in options_of_kind(kind).items():
        assert parameters[name] == option.default


@each_kind
def test_every_default_that_is_told_as_a_value_is_read_as_that_value(kind: str) -> None:
    words = {"all", "128, less for small sets", "20, more for small sets", "by the images", "drawn anew", "each epoch"}
    words |= {
        "0, with cosine up to 200",
        "pairs",
        "crops of 64 pixels, of 32 before they are enlarged, flips and turns",
    }
    words |= {"crops of 64 pixels, and flips", "crops of 128 pixels, and flips", "drawn textures"}
    words |= {"32, of shuffle 64", "5, of shuffle 4", "the generator's", "1, with wasserstein 5"}
    words |= {"1 for each 784 pixels, with wasserstein 0", "0, with wasserstein 10"}
    for option in options_of_kind(kind).values():
        if option.shown not in words:
            assert option.read(option.shown) == option.default


@pytest.mark.parametrize("name", [n for n, o in all_options().items() if "NAME" in o.check.metavar and n != "device"])
def test_the_names_in_the_help_are_those_that_are_taken(name: str) -> None:
    option = all_options()[name]
    check = option.check.plain if isinstance(option.check, Own) else option.check
    assert isinstance(check, Choice)
    for choice in check.names:
        assert re.search(rf"\b{choice}\b", option.help)
        assert option.read(choice) == choice
    with pytest.raises(InputError, match=f"unknown .* known: {', '.join(sorted(check.names))}"):
        option.read("no such name")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hidden", "512, 256", (512, 256)),
        ("hidden", "none", None),
        ("latent_dim", "none", None),
        ("validation", "none", None),
        ("validation", "0.25", 0.25),
        ("validation", "folder/of/others", "folder/of/others"),
        ("learning_rate", "3e-4", 3e-4),
        ("betas", "0.5,0.999", (0.5, 0.999)),
        ("minutes", "1.5", 1.5),
        ("checkpoint_every", "10min", "10min"),
        ("checkpoint_every", "200", 200),
        ("corruption", "gaussian:0.2", "gaussian:0.2"),
        ("random_state", "7", 7),
        ("normalization", "none", None),
        ("tensorboard", "true", True),
    ],
)
def test_text_becomes_the_constructors_value(name: str, text: str, value: Any) -> None:
    assert read_options("autoencoder", {name: text}) == {name: value}
    assert getattr(new_estimator("autoencoder", {name: value}), name) == value


@pytest.mark.parametrize(
    ("model", "name", "text", "message"),
    [
        ("vae", "hidden", "512;256", "invalid value for '--hidden': '512;256' is not a whole number"),
        ("vae", "epochs", "2.5", "invalid value for '--epochs': '2.5' is not a whole number"),
        ("vae", "epochs", "0", "--epochs must be a whole number of at least 1, not 0"),
        ("vae", "beta", "much", "invalid value for '--beta': 'much' is not a number"),
        ("vae", "betas", "0.9", "--betas must be 2 numbers, not"),
        ("vae", "minutes", "0", "--minutes must be a number above 0, not 0.0"),
        ("vae", "checkpoint_every", "10m", "invalid value for '--checkpoint-every': '10m' is no duration"),
        ("vae", "random_state", "-1", "--seed must be a whole number from 0 to 4294967295, not -1"),
        ("vae", "network", "cnov", "invalid value for '--network': unknown network 'cnov'; did you mean 'conv'?"),
        ("stacked", "hidden", "none", "invalid value for '--hidden': 'none' is not a whole number"),
        ("autoencoder", "beta", "2", "--beta has no meaning for --model autoencoder; it belongs to vae"),
        ("stacked", "loss", "mse", "--loss has no meaning for --model stacked; it belongs to autoencoder"),
        ("vae", "pretrain_epochs", "2", "--pretrain-epochs has no meaning for --model vae; it belongs to stacked"),
        (
            "stacked",
            "latent_dim",
            "2",
            "--latent-dim has no meaning for --model stacked; it belongs to autoenc",
        ),
    ],
)
def test_text_that_is_no_value_is_refused_by_the_options_name(model: str, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_options(model, {name: text})
    assert message in str(caught.value)


def test_only_what_is_on_the_command_line_reaches_the_constructor() -> None:
    assert read_options("vae", {"beta": "2", "epochs": None}) == {"beta": 2.0}


def test_what_is_true_or_false_is_a_flag_without_a_value(latente: Client) -> None:
    pytest.importorskip("tensorboardX", reason="needs tensorboardX: pip install 'latente[tensorboard]'")
    for words, value in (("--tensorboard digits", True), ("digits --tensorboard", True), ("digits", False)):
        plan = latente(f"fit {words} --count 64 --epochs 1 --dry-run --json").json
        assert plan["options"]["tensorboard"] is value


def test_an_unknown_model_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown model 'vea'; did you mean 'vae'"):
        options_of_kind("vea")


# -- help


def test_help_shows_what_all_models_share_and_lists_them_by_family(latente: Client) -> None:
    text = latente("fit --help").out
    shared = set.intersection(*(set(options_of_kind(kind)) for kind in KINDS)) - {"hidden", "corruption"}
    own = {"model", "out", "dry-run", "json", "no-report", "watch", "help"}
    door = {"split", "size", "crop", "channels", "count", "labels", "pairs", "target", "frames", "budget", "exclude"}
    door.add("condition-columns")
    flags = {all_options()[name].flag.removeprefix("--") for name in shared}
    assert shown_options(text) == flags | own | door
    flat = " ".join(text.replace("│", " ").split())
    for kind in KINDS.values():
        assert f"{kind.name} {kind.sentence}" in flat
        assert f"Models: {kind.family}" in text
    assert "latente fit --model NAME --help" in text.partition("Models:")[2]


@each_kind
@pytest.mark.parametrize("line", ["fit --model {} --help", "fit --help --model {}", "fit --help --model={}"])
def test_help_of_a_model_shows_its_options_by_panels_wherever_the_model_stands(
    latente: Client, kind: str, line: str
) -> None:
    shown = latente(line.format(kind))
    assert (shown.code, shown.err) == (0, "")
    options = options_of_kind(kind)
    flags = {option.flag.removeprefix("--") for option in options.values()}
    foreign = {option.flag.removeprefix("--") for option in all_options().values()} - flags
    assert flags <= shown_options(shown.out)
    assert not foreign & shown_options(shown.out)
    panels = re.findall(r"^╭─ (.+?) ─", shown.out, re.MULTILINE)
    assert set(panels) == {"Arguments", "Options", "Images"} | {option.panel for option in options.values()}
    assert panels[-1] == "Machine and run folder"
    assert KINDS[kind].sentence in " ".join(shown.out.split())


def test_help_tells_each_models_own_default(latente: Client) -> None:
    for kind, default in {"autoencoder": "by the images", "stacked": "512,256,64"}.items():
        text = latente("fit", "--help", "--model", kind).out
        [entry] = re.findall(r"^│ --hidden .*?(?=^│ --|^╰)", text, re.MULTILINE | re.DOTALL)
        assert f"(default: {default})" in " ".join(entry.replace("│", " ").split())


def test_a_model_is_no_model_where_its_name_is_another_options_value(latente: Client) -> None:
    """The shared help is shown: the word after --out names a folder."""
    assert shown_options(latente("fit --help --out --model").out) == shown_options(latente("fit --help").out)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_keeps_to_the_width_of_the_terminal(
    latente: Client, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for line in ("fit --help", "fit --help --model stacked"):
        assert max(map(len, latente(line).out.splitlines())) <= columns
