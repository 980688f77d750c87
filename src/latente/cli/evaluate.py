"""`latente evaluate`: how good a trained model is, in figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import judged_images_for
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    PairsOption,
    RunArgument,
    SplitOption,
    TargetOption,
)
from latente.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from latente.estimators.base import Estimator
    from latente.images import Images
    from latente.metrics import Group
    from latente.weaknesses import SampleShares

__all__ = ["verb"]

verb = typer.Typer()

MOST_GROUPS = 20  # in a table; --json has all

BoundSamplesOption = Annotated[
    int | None, typer.Option(metavar="K", min=1, help="Also the bound of log p(x) with so many samples (vae).")
]
SamplesOption = Annotated[
    int | None,
    typer.Option(
        "--samples",
        metavar="N",
        min=0,
        help="Count each attribute of the images among so many samples, 0 for none "
        "[dim](default: 10,000, fewer of large pictures)[/dim]",
    ),
]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples("latente evaluate runs/digits digits", "latente evaluate runs/digits digits --json"),
)
def evaluate(
    run: RunArgument,
    images: ImagesArgument,
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    pairs: PairsOption = None,
    target: TargetOption = None,
    bound_samples: BoundSamplesOption = None,
    samples: SamplesOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a model on images.

    They are those of the test part, where there is one and --split names no other. Where they have classes or
    attributes, the error of each is told apart, and the share of each attribute among samples is counted.
    """
    from latente.estimators.abilities import Bounds
    from latente.estimators.kinds import kind_named
    from latente.metrics import protocols_of

    model = model_for("evaluate", run)
    title = kind_named(model.kind).title
    if bound_samples is not None and not isinstance(model, Bounds):
        raise InputError(f"--bound-samples has no meaning for this {title}, which bounds no likelihood; leave it out")
    door = {"count": count, "frames": frames, "budget": budget, "pairs": pairs, "target": target}
    source, part = judged_images_for(model, images, split=split, **door)
    if samples is not None:
        _refuse_samples(model, title, source)
    metrics, groups = _measured(model, source)
    if bound_samples is not None:
        bound = model.bound(source, bound_samples).mean(dtype="float64")
        metrics |= {"bound": float(bound), "bound_samples": bound_samples}
    shares = _shares(model, source, samples)
    protocols = protocols_of(metrics, model.scaling_.range_in_words)
    if as_json:
        facts = {"run": run, "images": source.name, "part": part, "count": len(source)}
        show.print_json(facts | {"metrics": metrics, "protocols": protocols} | _as_json(groups, shares))
        return
    screen = show.console()
    of_part = f" of the {part} part" if part else ""
    screen.print(show.pairs([("images", f"{source.name}: {len(source):,}{of_part}")]), "")
    figures = show.table("metric", "value", "protocol", right=["value"])
    for name, value in metrics.items():
        if name != "count":  # it stands above
            figures.add_row(name, words.figure(value), protocols.get(name, ""))
    screen.print(figures)
    for kind, lines in groups.items():
        screen.print("", _table_of_groups(kind, lines))
    if shares is not None:
        screen.print("", _table_of_shares(shares))
        screen.print("\n" + _learned(shares))


def _refuse_samples(model: Estimator, title: str, images: Images) -> None:
    from latente.estimators.abilities import Samples
    from latente.weaknesses import has_attributes

    if not isinstance(model, Samples):
        raise InputError(f"--samples has no meaning for this {title}, which draws no images; leave it out")
    if images.is_table or not has_attributes(images):
        raise InputError(f"--samples counts attributes, of which {images.name} has none; leave it out")


def _measured(model: Estimator, images: Images) -> tuple[dict[str, Any], dict[str, list[Group]]]:
    """Return the model's figures, and the error by attribute and by class where it rebuilds pictures."""
    from latente.estimators.abilities import Reconstructs
    from latente.metrics import averages
    from latente.weaknesses import groups_of

    if not isinstance(model, Reconstructs) or images.is_table:
        return model.evaluate(images), {}
    figures = model.measure(images)
    groups = groups_of(figures["mse"], images) if "mse" in figures else {}
    return {"count": len(images)} | averages(figures, model.noises), groups


def _shares(model: Estimator, images: Images, count: int | None) -> SampleShares | None:
    from latente.weaknesses import halves_of, has_attributes, shares_among_samples

    if count == 0 or images.is_table or not has_attributes(images):
        return None
    return shares_among_samples(model, *halves_of(images), images.attribute_names, count=count)


def _as_json(groups: Mapping[str, Sequence[Group]], shares: SampleShares | None) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if groups:
        facts["errors"] = {kind: [dataclasses.asdict(group) for group in lines] for kind, lines in groups.items()}
    if shares is not None:
        facts["samples"] = dataclasses.asdict(shares)
    return facts


def _table_of_groups(kind: str, groups: Sequence[Group]) -> Table:
    """Return the hardest groups with the mean squared error of each, of the others, and the difference."""
    columns = ("images", "mse", "of others", "difference", "95 % (Welch)")
    table = show.table(f"error {kind}", *columns, right=columns)
    for group in groups[:MOST_GROUPS]:
        low, high = group.gap_interval
        means = map(words.figure, group.means)
        table.add_row(group.name, f"{group.counts[0]:,}", *means, f"{group.gap:.2g}", f"{low:.2g} to {high:.2g}")
    if len(groups) > MOST_GROUPS:
        table.add_row(f"{len(groups) - MOST_GROUPS:,} more in --json")
    return table


def _table_of_shares(shares: SampleShares) -> Table:
    """Return the share of each attribute among samples beside its share of real images."""
    columns = ("told right", "commoner", "in the data", "said of real", "of samples", "95 % (Wilson)")
    table = show.table(f"among {shares.count:,} samples", *columns, right=columns)
    for share in shares.shares:
        known = map(words.percent, (share.accuracy, share.commoner, share.in_data, share.called))
        if share.in_samples is None or share.interval is None:
            table.add_row(share.name, *known, "", "cannot be told")
            continue
        low, high = map(words.percent, share.interval)
        table.add_row(share.name, *known, words.percent(share.in_samples), f"{low} to {high}")
    return table


def _learned(shares: SampleShares) -> str:
    return (
        f"Told by logistic regressions that learned from {shares.learned:,} of the images and were tried on "
        f"{shares.tried:,} others; commoner: what always giving the commoner answer would get right. An attribute of "
        "which they leave more than half of its errors cannot be told."
    )
