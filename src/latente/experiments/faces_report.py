"""What else the report on faces says: a plain autoencoder beside it, its own net, fewer faces, and its decibels.

Source: [CIMAT] Cerna: Practica Deep Learning Architectures (CIMAT, 2024).
Claim: a plain autoencoder "would not have done as well"; trained on 50,000 of 200,000 faces the results were "very
similar"; the listing has convolutions without strides, relu, no normalisation and 500 times a mean of binary
cross-entropy, the text halves the image at each layer; a PSNR of 60 to 70 dB.
Ours: a plain autoencoder of the same net rebuilds at 27.07 dB, the report's loss at 19.05, a Gaussian likelihood at
27.15; a quarter of the faces in as many steps costs 0.37 dB; the net as listed has 173 million weights, as told 2.8;
19.05 dB are 67.18 by a peak of 255.
Command: latente reproduce faces-report
Minutes: about 90 on one core.

Done as well at what? A plain autoencoder is asked for the picture alone: it rebuilds at least as well as any other
likelihood lets the same net rebuild. What it is not asked for is where codes lie, so that a draw from a normal density
fitted to them, or the point halfway between two of them, need not be a face. Both are measured by the distance to the
nearest training face, beside that of a test face, and by their sharpness: a blurred face is near to all others.

Fewer faces, on the report's loss. It lets a code carry a dozen bits; to say which sort of face it is, some thousand
faces tell as much as a million.

The listing and the text are two nets. Without strides the last level has as many pixels as the image: at 64x64 with 128
channels the code is a linear map of 524,288 values, 99 % of all weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.faces import hair
from latente.experiments.faces_nets import (
    BERNOULLI,
    GAUSSIAN,
    IN_A_ROW,
    NET,
    REPORT,
    TRAINING,
    WEIGHT,
    WRONG_PEAK,
    HairJudge,
    autoencoder,
    hair_direction,
    open_faces,
    sharpness,
)
from latente.experiments.machine import fast_precision
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Autoencoder, Images, VariationalAutoencoder

__all__ = ["plain", "run", "share_of"]

PLAIN = "plain autoencoder"
BESIDE = (REPORT, BERNOULLI, GAUSSIAN)
SHARES = {"all": 1, "a half": 2, "a quarter": 4, "an eighth": 8}
# the report's net as its listing and as its text have it, and ours; 2,400 faces once
NETS: Mapping[str, Mapping[str, Any]] = {
    "as listed: no strides, relu, no normalisation": {"stride": 1, "activation": "relu", "normalization": None},
    "as told: halved at each level, relu, no normalisation": {"activation": "relu", "normalization": None},
    "ours: halved, gelu, batch normalisation": {},
}
PASS = 2_400
AT_A_TIME, DRAWN, PAIRS, EDITED = 64, 256, 64, 500
STRENGTH = 1.5


def run(request: Request) -> Result:
    """Train the plain net beside the others, all on fewer faces, and the report's own net for one short pass."""
    train, test = (open_faces(part, request.tiny) for part in ("train", "test"))
    judge = HairJudge(train)
    beside: list[Line] = []
    fewer: list[Line] = []
    first: dict[str, Autoencoder | VariationalAutoencoder] = {}
    for seed in range(request.seeds):
        models = {PLAIN: request.fit(f"plain-{seed}", plain(seed, **_short(request)), train)}
        models |= {name: _fitted(name, seed, train, "all", request) for name in BESIDE}
        figures = {name: _figures(model, train, test) for name, model in models.items()}
        beside += [
            {"trained on": name, "seed": seed, **_of_all(figures[name]), **_between(model, train, test, judge)}
            for name, model in models.items()
        ]
        for share in SHARES:
            of_share = figures[REPORT]
            if share != "all":
                of_share = _figures(_fitted(REPORT, seed, train, share, request), train, test)
            fewer.append({"faces": share, "seed": seed, **of_share})
            request.tell(f"{share} of the faces, seed {seed}: PSNR {fewer[-1]['PSNR (dB, peak 1)']:.2f} dB")
        first = first or models
    nets = _nets(train, test, request)
    return Result(
        data=f"{train.name}: {len(train):,} faces to train and {len(test):,} to test",
        claims=_claims(beside, fewer),
        notes=[DISTANCES, SAME_STEPS, ONE_PASS],
        tables={"a plain autoencoder beside them": beside, "fewer faces": fewer, "the report's own net": nets},
        figures={
            "halfway between two faces": _halfway_strips(first, test),
            "PSNR by either peak": _both_peaks(first[REPORT], test),
            "PSNR by number of faces": _fewer_figure(fewer, len(train)),
        },
    )


DISTANCES = (
    "Distances are root mean squared differences per value, in the range of 1, to the nearest training face; a test "
    "face's own stands beside them. Sharpness is the variance of the Laplacian, in parts of that of the test faces. "
    f"Halfway is what is decoded in the middle between the codes of two test faces, of {PAIRS} pairs."
)
SAME_STEPS = "Fewer faces are passed through as many times more often: every training has as many steps."
ONE_PASS = f"The report's own net sees {PASS:,} faces once: without strides a step takes too long for more."


def plain(seed: int, **changed: Any) -> Autoencoder:
    """Return the net of `faces-vae` as a plain autoencoder, which minimises the squared error and nothing else."""
    from latente import Autoencoder

    options = {**NET, **TRAINING, "precision": fast_precision(), "prior": "normal", "shortcut": None}
    return Autoencoder(**{**options, "random_state": seed, **changed})


def share_of(train: Images, share: str) -> Images:
    """Return the first images, as many as a share of `SHARES` says."""
    return train.take(np.arange(len(train) // SHARES[share]))


def _short(request: Request) -> dict[str, Any]:
    return {"epochs": 1, "warmup": 0, "hidden": (8, 16, 32)} if request.tiny else {}


def _fitted(name: str, seed: int, train: Images, share: str, request: Request) -> VariationalAutoencoder:
    short = _short(request)
    epochs = short.get("epochs", TRAINING["epochs"]) * SHARES[share]
    run = f"{name.split(maxsplit=1)[0].lower()}-{share.replace(' ', '-')}-{seed}"
    return request.fit(run, autoencoder(name, seed, **{**short, "epochs": epochs}), share_of(train, share))


def _figures(model: Any, train: Images, test: Images) -> dict[str, Any]:
    """Return what a net rebuilds and how near its draws are to faces."""
    from latente.latents import nearest

    figures = model.evaluate(test)
    samples = model.sample(DRAWN, random_state=0)
    apart = nearest(samples[:AT_A_TIME], train.pixels, scale=255).distances.mean()
    return {
        "PSNR (dB, peak 1)": figures["psnr"],
        "SSIM": figures["ssim"],
        **({"KL (nats)": figures["kl"], f"{WEIGHT} BCE": WEIGHT * figures["bce"]} if "kl" in figures else {}),
        "sample to nearest face": float(apart),
        "sharpness of samples": sharpness(samples) / sharpness(test.pixels),
    }


def _halfway(model: Any, test: Images) -> np.ndarray:
    """Return what lies in the middle between the codes of pairs of test faces."""
    pairs = min(PAIRS, len(test) // 2)
    codes = model.encode(test.take(np.arange(2 * pairs)))
    middle: np.ndarray = model.decode((codes[:pairs] + codes[pairs:]) / 2)
    return middle


def _of_all(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures that a plain autoencoder has, too."""
    return {name: value for name, value in figures.items() if name not in ("KL (nats)", f"{WEIGHT} BCE")}


def _between(model: Any, train: Images, test: Images, judge: HairJudge) -> dict[str, Any]:
    """Return what lies halfway between two codes, and what becomes of black hair that is made blond."""
    from latente.latents import edit, nearest

    middle = _halfway(model, test)
    to_face = [nearest(some, train.pixels, scale=255).distances.mean() for some in (middle, test.pixels[:AT_A_TIME])]
    black = test.pixels[np.flatnonzero(hair(test) < 0)[:EDITED]]
    blond = edit(model, black, hair_direction(model, train), [STRENGTH], keep_detail=False)
    return {
        "halfway to nearest face": float(to_face[0]),
        "sharpness halfway": sharpness(middle) / sharpness(test.pixels),
        "test face to nearest": float(to_face[1]),
        f"black hair called blond at {STRENGTH:g}": float(judge.blond(blond[:, 0]).mean()),
    }


def _nets(train: Images, test: Images, request: Request) -> list[Line]:
    """Return what each form of the report's net reaches on its loss in one pass over as many faces."""
    few = train.take(np.arange(min(PASS, len(train))))
    lines: list[Line] = []
    for number, (name, changed) in enumerate(NETS.items()):
        smaller = {"hidden": (8, 8, 8)} if request.tiny else {}
        model = autoencoder(REPORT, 0, **{"warmup": 0, **changed, **smaller, "epochs": 1, "learning_rate": 1e-3})
        model = request.fit(f"net-{number}", model, few)
        seconds = sum(line.get("seconds", 0.0) for line in model.history_)  # of its steps, in whichever sitting
        figures = model.evaluate(test)
        lines.append(
            {
                "net": name,
                "parameters": model.parameter_count(),
                "seconds": round(seconds, 1),
                "KL (nats)": figures["kl"],
                f"{WEIGHT} BCE": WEIGHT * figures["bce"],
                "PSNR (dB, peak 1)": figures["psnr"],
            }
        )
        request.tell(f"{name}: {model.parameter_count():,} parameters, {seconds:.0f} s")
    return lines


def _claims(beside: Sequence[Line], fewer: Sequence[Line]) -> list[Claim]:
    def mean(lines: Sequence[Line], what: str, **wanted: str) -> float:
        return float(
            np.mean([line[what] for line in lines if all(line[key] == value for key, value in wanted.items())])
        )

    psnr, nearest = "PSNR (dB, peak 1)", "sample to nearest face"
    said = '[CIMAT] a plain one "would not have done as well"'
    claims = [
        Claim(f"{psnr}, {name}", said * (name == PLAIN), mean(beside, psnr, **{"trained on": name}))
        for name in (PLAIN, *BESIDE)
    ]
    for what in (nearest, "halfway to nearest face"):
        claims += [
            Claim(f"{what}, {name}", said * (name == PLAIN), mean(beside, what, **{"trained on": name}))
            for name in (PLAIN, GAUSSIAN)
        ]
    lost = mean(fewer, psnr, faces="all") - mean(fewer, psnr, faces="a quarter")
    return [*claims, Claim(f"dB lost with a quarter of the faces, {REPORT}", '[CIMAT] "very similar"', lost)]


def _halfway_strips(models: Mapping[str, Any], test: Images) -> Figure:
    from latente.figures import strips

    few, pairs = slice(IN_A_ROW), min(PAIRS, len(test) // 2)
    ends = [test.pixels[few], test.pixels[pairs : pairs + IN_A_ROW]]
    rows = [ends[0], *(_halfway(model, test)[few] for model in models.values()), ends[1]]
    width = min(len(row) for row in rows)
    return strips(np.stack([row[:width] for row in rows]), ["one face", *models, "another"])


def _both_peaks(model: Any, test: Images) -> Figure:
    """Draw the PSNR of the same reconstructions twice: by the range of the images, and by 255 for values in [0, 1]."""
    from latente import metrics
    from latente.figures import histograms

    psnr = metrics.psnr(test.pixels, model.reconstruct(test), data_range=255)
    series = {"peak 1, their range": psnr, "peak 255": psnr + WRONG_PEAK}
    return histograms(series, "PSNR of values in [0, 1]", "dB")


def _fewer_figure(fewer: Sequence[Line], count: int) -> Figure:
    from latente.figures import lines

    psnr: dict[str, list[float]] = {share: [] for share in reversed(SHARES)}
    for line in fewer:
        psnr[line["faces"]].append(line["PSNR (dB, peak 1)"])
    series = {REPORT: ([count / SHARES[share] for share in psnr], np.array(list(psnr.values())))}
    return lines(series, "training faces, equal steps", "PSNR in dB, peak 1", log="x")
