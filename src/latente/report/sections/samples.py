"""New images, and whether they are copies of training images."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

import numpy as np
import torch

from latente.errors import InputError
from latente.estimators.abilities import DrawsCodes, Samples
from latente.evidence import Evidence, as_pictures
from latente.images import Conditioned
from latente.languages import Figure, joined, say
from latente.latents import nearest
from latente.pages import embedding
from latente.report.sections.section import Section, conditions_in_words
from latente.words import figure, percent

__all__ = ["Novelty", "Sample", "draw_samples", "find", "find_novelty", "newness"]

SAMPLES = 24
MOST_SEARCHED = 20_000
MOST_SEARCHED_VALUES = 250_000_000  # about 20,000 colour pictures of 64 x 64
YARDSTICKS = 100
CLOSE = 0.05  # held-out images nearer to a training image than the rest of them: so near a sample is suspicious


@dataclasses.dataclass(frozen=True)
class Sample:
    """One new image and, where it was searched, the nearest training image, its distance and its name.

    told: the numbers of its condition in words, where they were decoded with it.
    """

    picture: str
    told: list[str]
    nearest: str | None
    distance: str | None
    name: str | None


@dataclasses.dataclass(frozen=True)
class Novelty:
    """How far new samples lie from the training images.

    distances: (n,) from each sample to its nearest training image, root mean square per value of the range.
    nearest: (n, C, H, W) those images, scaled; names: theirs. held_out: (m,) the same distance of held-out images; None
    where there are none. searched, learned: among how many of how many training images was searched.
    """

    distances: np.ndarray
    nearest: np.ndarray
    names: list[str]
    held_out: np.ndarray | None
    searched: int
    learned: int


def find(model: object, evidence: Evidence) -> Section | None:
    """Samples, each with the nearest training image where these are within reach; None for tables."""
    made = _made(model, evidence)
    if made is None:
        return None
    samples, told = as_pictures(model, made), []
    if isinstance(made, Conditioned):
        told = [conditions_in_words(model, row) for row in made.conditions]
    novelty = find_novelty(evidence, samples)
    lead = [say("{count} new images.", count=len(samples))]
    if isinstance(model, DrawsCodes):
        template = "{count} new images, decoded from codes drawn from {density}."
        lead = [say(template, count=len(samples), density=model.drawn_from())]
    if novelty is not None:
        lead.append(say("Below each the nearest training image and how far away it is, nearest first."))
    if evidence.path is not None:
        run = shlex.quote(str(evidence.path))
        lead.append(say("More of them: `latente sample {run} -n 64 --out samples.png`.", run=run))
    statement = None if novelty is None else newness(novelty)
    content = {"samples": _captioned(evidence, samples, told or [[]] * len(samples), novelty), "statement": statement}
    return Section(say("Samples"), "samples", "samples.html.j2", content, joined(lead, "{first} {second}"))


def draw_samples(model: object, evidence: Evidence) -> np.ndarray | None:
    """Return new images (n, C, H, W), scaled; None for tables, and for a model that cannot draw any."""
    made = _made(model, evidence)
    return None if made is None else as_pictures(model, made)


def _made(model: object, evidence: Evidence) -> Any:
    """Return new images as the model gives them, or a pair of images and conditions; None where there are none."""
    if not isinstance(model, Samples) or evidence.judged is None or evidence.is_table:
        return None
    try:
        return model.sample(SAMPLES, random_state=0)
    except InputError:  # there is no density of its codes
        return None


def find_novelty(evidence: Evidence, samples: np.ndarray) -> Novelty | None:
    """Return how far the samples lie from the training images; None where these are out of reach."""
    learned, judged, scaling = evidence.learned, evidence.measured, evidence.model.scaling_
    if learned is None or judged is None:
        return None
    few = learned.drawn(min(MOST_SEARCHED, max(1, MOST_SEARCHED_VALUES // samples[0].size)), seed=2)
    others = judged.drawn(YARDSTICKS if evidence.is_unseen is not False else 0, seed=3)
    known, units = few.targets, scaling.invert(torch.from_numpy(samples))
    neighbours = nearest(np.concatenate([units, others.targets]), known, scale=scaling.scale)
    distances, count = neighbours.distances[:, 0], len(samples)
    return Novelty(
        distances=distances[:count],
        nearest=scaling.to_range(known[neighbours.indices[:count, 0]]),
        names=[few.images.name_of(int(row)) for row in few.rows[neighbours.indices[:count, 0]]],
        held_out=distances[count:] if len(others) else None,
        searched=len(few),
        learned=len(learned),
    )


def newness(novelty: Novelty) -> str:
    """Say whether samples are new or copies of training images, by the yardstick of held-out images."""
    counts, typical = {"searched": novelty.searched}, figure(float(np.median(novelty.distances)))
    template = (
        "A sample is typically {distance} of the range (root mean square per value) from the nearest of {searched} "
        "training images"
    )
    if novelty.searched < novelty.learned:
        template = (
            "A sample is typically {distance} of the range (root mean square per value) from the nearest of {searched} "
            "of {learned} training images"
        )
        counts["learned"] = novelty.learned
    found = say(template, distance=typical, **counts)
    if novelty.held_out is None:
        return say("{found}; nothing was held out that would tell whether that is near.", found=found)
    near = float(np.quantile(novelty.held_out, CLOSE))
    if near == 0:
        template = "{found}. Held-out images are copies of training images themselves, so that this set tells nothing."
        return say(template, found=found)
    close, total = int((novelty.distances < near).sum()), len(novelty.distances)
    template = (
        "{found}, a held-out image {usual}; {close} of {all} samples are nearer than {share} of the held-out images are"
    )
    usual, share = figure(float(np.median(novelty.held_out))), percent(1 - CLOSE)
    found = say(template, found=found, usual=usual, close=close, all=total, share=share)
    if close > total / 2:
        return say("These samples look memorised. {found}.", found=found)
    if close > total / 4:
        template = (
            "Some of these samples may be copies. {found}. Blurred images come near without being copies, so "
            "compare them with what stands below them."
        )
        return say(template, found=found)
    return say("These samples are new, not copies. {found}.", found=found)


def _captioned(evidence: Evidence, samples: np.ndarray, told: list[list[str]], novelty: Novelty | None) -> list[Sample]:
    """The samples, nearest to a training image first."""
    limits = embedding.window(evidence.originals)
    pictures = embedding.pictures(samples, limits)
    if novelty is None:
        return [Sample(picture, words, None, None, None) for picture, words in zip(pictures, told, strict=True)]
    known, order = embedding.pictures(novelty.nearest, limits), np.argsort(novelty.distances, kind="stable")
    return [
        Sample(pictures[i], told[i], known[i], Figure(f"{novelty.distances[i]:.3f}"), novelty.names[i]) for i in order
    ]
