"""Emoji in a latent space: where a plain autoencoder leaves holes, and what makes a variational one fill them.

Source: [BFPS] Banfi, Fleischer, Perez Rivera, Szejer: Autoencoders.
Claim: a new set, emoji, first with the plain autoencoder, then a variational one; new samples are shown, no figure.
Ours: both with the same net and reconstruction loss, on emoticons drawn by code and, where LATENTE_DATA/twemoji is, on
Twemoji in colour: samples, ways from picture to picture and, with codes of two values, a lattice of the whole plane;
and for each how far its pictures are from the nearest training picture. Of all sets what is decoded anywhere is nearest
with the largest beta: 0.107 to 0.178 of the range, 1.2 to 1.6 times as far as rebuilt pictures are; plain 0.113 to
0.229, 1.6 to 5.3 times.
Command: latente reproduce emoji-vae
Minutes: 13 on one core beside other work.

Why a plain autoencoder leaves holes. Its loss is the error at the codes of the training pictures and nowhere else. It
does not say where the codes shall lie, so that there is no density to draw from but one fitted afterwards, nor what is
to be decoded between them: there the decoder does what its layers happen to do, mostly a blend of pictures or neither.

Why a variational one need not. Its code is a cloud q(z|x), and whatever is drawn from the cloud must be decoded to the
picture: so the decoder is trained on all of the cloud. The KL divergence to the prior N(0, I) costs more, the smaller
the cloud and the farther out it lies: clouds grow until they touch, and come together around the origin.

How far that goes can be read off. Averaged over N pictures, KL(q(z|x) | p) = I + KL(q(z) | p), with q(z) the mixture of
all clouds and I the information that the code has about which picture it is, at most log N (Hoffman & Johnson 2016).
What the KL exceeds log N by is thus a lower bound of KL(q(z) | p), in nats: the holes, as prior draws that no cloud
accounts for. And in the balance of nats a picture of 1,000 to 3,000 values outweighs a code of two: an error too small
to be seen costs more than the KL of a tiny cloud. With beta = 1 such a model hardly differs from the plain one, and
draws from its prior may be worse, since that is where the model is told to be and is not. A larger beta (Higgins et
al. 2017) lets clouds grow until they fill the plane, at the price of blurred pictures.

How it is measured. The distance is the root mean squared difference per value, of white less black, to the nearest
training picture. As blurred pictures are nearer to all others than sharp ones are, distances are told beside those of
the same model's reconstructions of training pictures: 1 means that what is decoded anywhere is as much of a picture as
what is decoded at the codes. Held-out pictures' own distance says how far new ones lie, and it limits the other side:
of a few dozen pictures, a model without holes shows those again and blends of neighbours, and nothing else.
The lattice of a plain autoencoder is that of the normal density fitted to its codes, so that both are shown as far out
as they are drawn from.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import ARCHIVE, split_families, twemoji

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Autoencoder, Images, VariationalAutoencoder

__all__ = ["CASES", "Case", "Standardized", "model", "open_set", "run"]

SIDE = 32
FACES = r"1f6[0-4][0-9a-f]"  # the emoticons of Unicode, U+1F600 to U+1F64F
TONES = r"-1f3f[b-f]"
STEPS = 16  # of the lattice
SAMPLES, IN_A_ROW, WAYS = 500, 12, 3  # samples, and those of them and of the ways between pictures in the figures
PLAIN = "plain"


@dataclasses.dataclass(frozen=True)
class Case:
    """A set, the net for it, and the betas of the variational autoencoders beside the plain one."""

    latent_dim: int
    network: str
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    betas: tuple[float, ...]


CASES: Mapping[str, Case] = {
    "emoticons": Case(2, "dense", (256, 64), 1500, 64, (1.0, 5.0, 15.0)),
    "colour faces": Case(2, "dense", (256, 64), 1500, 64, (1.0, 10.0, 40.0)),
    "moved emoticons": Case(16, "dense", (512, 256), 20, 128, (1.0, 4.0)),
    "all Twemoji": Case(64, "conv", (32, 64, 128), 100, 64, (1.0, 4.0)),
}
SETS: Mapping[str, str] = {
    "emoticons": "one of each of the 63 emoticons of DejaVu Sans, grey, drawn by code",
    "colour faces": "U+1F600 to U+1F64F of Twemoji",
    "moved emoticons": "the same emoticons under small random maps, drawn by code",
    "all Twemoji": "all of Twemoji; a picture and its skin tones on the same side of the split",
}


def run(request: Request) -> Result:
    """Train plain and variational autoencoders on each set that is there, and measure what lies between codes."""
    entries: list[_Entry] = []
    data = []
    for name, case in CASES.items():
        parts = open_set(name, request.tiny)
        if parts is None:
            data.append(f"{name}: left out, as there is no LATENTE_DATA/{ARCHIVE}")
            continue
        train, test = parts
        data.append(f"{name}: {SETS[name]}, {len(train):,} to train, {len(test):,} held out")
        for seed in range(request.seeds):
            for beta in (None, *case.betas):
                entries.append(_Entry.of(name, case, beta, seed, train, test, request))
                request.tell(entries[-1].line())
    return Result(
        data="; ".join(data),
        claims=_claims(entries),
        notes=[_nats(entries)],
        tables={
            "models": [entry.model_line for entry in entries],
            "distance to the nearest training picture": [line for entry in entries for line in entry.lines],
        },
        extra={"sets": list(dict.fromkeys(entry.name for entry in entries))},
        figures=dict(_figures([entry for entry in entries if entry.seed == 0])),
    )


# -- the sets


def open_set(name: str, tiny: bool = False) -> tuple[Images, Images] | None:
    """Return the pictures of a case to train on and those held out; None where they are not on this machine."""
    from latente import open_images

    if name == "moved emoticons":
        counts = {"train": 200, "test": 50} if tiny else {"train": 10_000, "test": 2_000}
        return (
            open_images("emoji", split="train", count=counts["train"]),
            open_images("emoji", split="test", count=counts["test"]),
        )
    if name == "emoticons":
        many = open_images("emoji", count=2_000)
        _, first = np.unique(np.asarray(many.labels), return_index=True)
        return split_families(many.take(first), [many.label_names[label] for label in np.asarray(many.labels)[first]])
    pictures = twemoji(SIDE)
    if pictures is None:
        return None
    stems = [PurePosixPath(file).stem for file in pictures.files]
    if name == "colour faces":
        rows = [row for row, stem in enumerate(stems) if re.fullmatch(FACES, stem)]
    else:
        rows = list(range(len(stems)))[:: 10 if tiny else 1]
    return split_families(pictures.take(rows), [re.sub(TONES, "", stems[row]) for row in rows])


# -- the models


def model(case: Case, beta: float | None, seed: int, epochs: int) -> Autoencoder | VariationalAutoencoder:
    """Return a model that is not yet trained: the plain one for a beta of None, else a variational one.

    The nets are alike but for the encoder's log-variances; both losses are the cross-entropy of the pixels.
    """
    from latente import Autoencoder, VariationalAutoencoder

    shared: dict[str, Any] = {
        "latent_dim": case.latent_dim,
        "network": case.network,
        "hidden": case.hidden,
        "activation": "gelu",
        "epochs": epochs,
        "batch_size": case.batch_size,
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "warmup": 0,
        "precision": "float32",
        "validation": None,
        "prior": "normal",
        "log_every": 1000,
        "threads": 1,
        "random_state": seed,
    }
    if beta is None:
        return Autoencoder(loss="bce", shortcut=None, **shared)
    return VariationalAutoencoder(likelihood="bernoulli", beta=beta, **shared)


class Standardized:
    """A plain autoencoder whose codes are measured in the normal density fitted to them, as if that were the prior."""

    code_shape_ = (2,)

    def __init__(self, plain: Autoencoder) -> None:
        assert plain.codes_mean_ is not None
        assert plain.codes_covariance_ is not None
        self.plain, self.mean = plain, plain.codes_mean_
        self.root = np.linalg.cholesky(plain.codes_covariance_)

    def encode(self, images: Any) -> np.ndarray:
        """Return codes of mean 0 and, but for the shrinkage of that density, covariance 1."""
        codes: np.ndarray = np.linalg.solve(self.root, (self.plain.transform(images) - self.mean).T).T
        return codes

    def decode(self, codes: Any) -> np.ndarray:
        """Return the images of such codes."""
        images: np.ndarray = self.plain.decode(self.mean + np.asarray(codes) @ self.root.T)
        return images


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One model trained on one set: its figures, and the pictures it makes."""

    name: str
    way: str
    seed: int
    model_line: Line
    lines: list[Line]
    samples: np.ndarray
    between: np.ndarray
    lattice: np.ndarray | None
    away: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls, name: str, case: Case, beta: float | None, seed: int, train: Images, test: Images, request: Request
    ) -> _Entry:
        from latente import latents

        way = PLAIN if beta is None else f"variational, beta {beta:g}"
        fresh = model(case, beta, seed, 2 if request.tiny else case.epochs)
        # a run folder is written each epoch, which takes longer than an epoch of a few dozen pictures
        keeper = dataclasses.replace(request, out=None) if case.latent_dim == 2 else request
        fitted = keeper.fit(f"{name} {way} {seed}".replace(" ", "-").replace(",", ""), fresh, train)
        plane = None
        if case.latent_dim == 2:
            plane = latents.lattice(Standardized(fitted) if beta is None else fitted, STEPS)
        order = np.random.default_rng(seed).permutation(len(train))
        ends = np.array_split(order[: min(200, len(order) // 2 * 2)], 2)
        between = latents.interpolate(fitted, *(train.take(rows) for rows in ends), steps=9)
        samples = fitted.sample(SAMPLES, random_state=seed)
        few = order[:SAMPLES]
        pictures = {
            "held-out pictures": test.pixels,
            "training pictures rebuilt": fitted.reconstruct(train.take(few)),
            "held-out pictures rebuilt": fitted.reconstruct(test),
            "half way between two": between[:, 4],
            "samples": samples,
        }
        if plane is not None:
            pictures["lattice"] = plane.reshape(-1, *plane.shape[2:])
        away = {what: _away(images, train) for what, images in pictures.items()}
        facts = {"set": name, "model": way, "seed": seed}
        errors = {"training MSE": fitted.evaluate(train.take(few)), "held-out MSE": fitted.evaluate(test)}
        kl = float(errors["training MSE"].get("kl", math.nan))
        model_line = {
            **facts,
            **{what: values["mse"] for what, values in errors.items()},
            "KL, nats": kl,
            "log N": math.log(len(train)),
            "KL - log N": kl - math.log(len(train)),
        }
        return cls(name, way, seed, model_line, _lines(facts, away), samples[:IN_A_ROW], between[:WAYS], plane, away)

    def share(self, what: str) -> float:
        """How far such pictures are from the nearest training picture, beside this model's rebuilt ones."""
        return float(self.away[what].mean() / self.away["training pictures rebuilt"].mean())

    @property
    def spread(self) -> str:
        """What shows the holes: the lattice where codes have two values, else the samples."""
        return "samples" if self.lattice is None else "lattice"

    def line(self) -> str:
        return (
            f"{self.name}, {self.way}, seed {self.seed}: held-out MSE {self.model_line['held-out MSE']:.4f}, "
            f"{self.spread} {self.share(self.spread):.2f} times as far as rebuilt pictures"
        )


def _away(images: np.ndarray, train: Images) -> np.ndarray:
    from latente.latents import nearest

    return nearest(images, train.pixels, scale=255).distances[:, 0]


def _lines(facts: Mapping[str, Any], away: Mapping[str, np.ndarray]) -> list[Line]:
    held_out, rebuilt = away["held-out pictures"], away["training pictures rebuilt"]
    limit = float(np.quantile(held_out, 0.95))
    return [
        {
            **facts,
            "pictures": what,
            "mean": float(values.mean()),
            "95 %": float(np.quantile(values, 0.95)),
            "of held-out pictures'": float(values.mean() / held_out.mean()),
            "of rebuilt training pictures'": float(values.mean() / rebuilt.mean()),
            "beyond 95 % of held-out, %": 100 * float((values > limit).mean()),
        }
        for what, values in away.items()
    ]


# -- what came of it


def _best(entries: Sequence[_Entry], name: str, seed: int) -> tuple[_Entry, _Entry]:
    """Return the plain model and the variational one of the largest beta."""
    models = [entry for entry in entries if (entry.name, entry.seed) == (name, seed)]
    return models[0], models[-1]


def _claims(entries: Sequence[_Entry]) -> list[Claim]:
    """Return for each set how far its pictures are, plain and variational; of several seeds the worst one."""
    claims = []
    for name in dict.fromkeys(entry.name for entry in entries):
        pairs = [_best(entries, name, seed) for seed in sorted({entry.seed for entry in entries})]
        plain, variational = max(pairs, key=lambda pair: pair[1].share(pair[1].spread) / pair[0].share(pair[0].spread))
        what = f"{name}: distance of the {plain.spread} / of rebuilt pictures"
        ours = plain.share(plain.spread)
        claims.append(Claim(f"{what}, plain", "[BFPS] shows pictures, no figure", ours))
        claims.append(Claim(f"{what}, {variational.way}", "", variational.share(variational.spread), ours))
    return claims


def _nats(entries: Sequence[_Entry]) -> str:
    excess = [
        f"{entry.name}, {entry.way.removeprefix('variational, ')}: {entry.model_line['KL - log N']:.2f}"
        for entry in entries
        if entry.way != PLAIN and entry.seed == 0
    ]
    return (
        "KL less log N, in nats, a lower bound of what sets the mixture of all clouds apart from the prior (below 0 it"
        f" says nothing): {'; '.join(excess)}."
    )


def _figures(entries: Sequence[_Entry]) -> Iterator[tuple[str, Figure]]:
    from latente.figures import histograms, lattice, strips

    for name in dict.fromkeys(entry.name for entry in entries):
        models = [entry for entry in entries if entry.name == name]
        short = [entry.way.replace("variational", "VAE") for entry in models]
        yield f"{name} samples", strips(np.stack([entry.samples for entry in models]), short)
        ways = np.concatenate([entry.between for entry in models])
        yield f"{name} interpolation", strips(ways, [way for way in short for _ in range(WAYS)])
        for entry, way in zip(models, short, strict=True):
            if entry.lattice is not None:
                yield f"{name} lattice {way.replace(',', '')}", lattice(entry.lattice)
        series = {way: entry.away[entry.spread] for entry, way in zip(models, short, strict=True)}
        series["held-out pictures"] = models[0].away["held-out pictures"]
        yield f"{name} distances", histograms(series, f"distance of the {models[0].spread} to the nearest")
