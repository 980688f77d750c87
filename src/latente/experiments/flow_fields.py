"""Flow fields with their condition in a latent plane: regimes lie apart in it, and new fields come with conditions.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders.
Claim: a VAE with two latent dimensions of 4,872 pictures of the relative Mach number in NASA's rotor 37, together with
the mass flow, gives SSIMs of 0.905, 0.922 and 0.903 of the training, development and test pictures.
Ours: fields of a cascade that we solve ourselves, see `latente.images.generated.flow`; the model learns Mach numbers
and draws them in the report's colours.
Command: latente reproduce flow-fields --verify 20 --out DIR
Measured: 0.982 in colours (asked for: 0.90) and 0.992 in grey (0.97) of the test fields; the mass flow is 0.031 % off
(0.2), the shock 0.29 % of the chord (1); a straight line tells the regimes of all of them; new fields have a median
SSIM of 0.997 with the solver's (0.90). With --count 1000: 0.981, 0.990, 0.039 %, 0.25 %, all, 0.999.
Minutes: about 4 of one core; with --count 1000, 6, and 30 to solve the fields.

Without --count the 200 fields that come with the package: 140 train, 20 choose the epoch, 40 test. With --count N as
many in all, in the same shares; those that are missing are solved first. The throttles of the test fields lie in ranges
of their own, between those of the training.

The condition is the mass flow, the throttle, the speed of the wheel and the place of the shock. What is asked of the
latent plane is asked by it: of codes from the plane those are kept whose decoded mass flow lies within bounds, and
whose shock stands before a place; each new field is compared with the solver's answer at the throttle and the speed
that were decoded with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.flow_views import Looks, gaussian_process, guessed_fields, misranked, nearest, rebuilt
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images, VariationalAutoencoder

__all__ = ["run", "trained"]

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}
TINY = {"train": 20, "val": 8, "test": 12}
STEPS, STUDY_STEPS, BATCH = 5_000, 1_000, 25
VERIFIED = 20
SIZES = (10, 32, 100, 320)  # training fields of the study of overfitting
VAE, PCA, GUESS, NEAREST = "VAE, 2 numbers", "PCA, 2 numbers", "PCA, Gaussian process", "nearest training field"
MASS, THROTTLE, WHEEL, SHOCK = range(4)
EDGE = 5  # fields a side of the lattice


def run(request: Request) -> Result:
    """Train the model, measure it beside the simplest ways, ask the plane for new fields, and study overfitting."""
    from latente.metrics import mse

    parts = _open(request)
    train, test = parts["train"], parts["test"]
    looks = Looks.of(train)
    # in memory: an epoch has but a few steps, and to write each of them down would take longer
    model = trained(_epochs(request, STEPS, len(train)), parts["val"]).fit(train)
    request.tell(f"trained; the best epoch is {model.best_epoch_}")
    made = {name: model.reconstruct(images) for name, images in parts.items()}
    beside = nearest(train, test)
    ways = {VAE: made["test"].images, **_simple_ways(train, test), NEAREST: train.pixels[beside]}
    measured = {}
    for way, fields in ways.items():
        measured[way] = looks.measure(test.pixels, fields)
        told = ", ".join(f"{name} {np.nanmean(values):.4g}" for name, values in measured[way].items())
        request.tell(f"{way}: {told}")
    known, truth = (images.columns["condition"][:, MASS].astype(np.float64) for images in (train, test))
    guess = gaussian_process(_inputs(train), known[:, None])
    masses = {VAE: made["test"].conditions[:, MASS], GUESS: guess(_inputs(test))[:, 0], NEAREST: known[beside]}
    off = {way: float(np.abs(mass / truth - 1).mean()) for way, mass in masses.items()}
    request.tell("mass flow, mean error in %: " + ", ".join(f"{way} {100 * value:.3g}" for way, value in off.items()))
    apart = _separated(model, parts)
    request.tell(f"regimes told apart by a straight line: {apart:.3f}")
    new, lines = _verified(request, model, train, looks)
    study, curves = _study(request, parts, looks)
    row, first, second = misranked(measured)
    of_sets = [_of_set(name, looks, images, made[name].images) for name, images in parts.items()]
    shock = 100 * float(np.nanmean(measured[VAE]["shock"]))
    claims = [
        Claim("colour SSIM, test", "0.903 ([UAO])", float(measured[VAE]["colour"].mean()), 0.90, True),
        Claim("grey SSIM, test", "", float(measured[VAE]["grey"].mean()), 0.97, True),
        Claim("mass flow, test, mean error in %", "", 100 * off[VAE], 0.2),
        Claim("shock, test, mean error in % of the chord", "", shock, 1.0),
        Claim("regimes told apart by a straight line, test, %", "", 100 * apart, 98, True),
    ]
    if lines:
        grey = float(np.median([line["grey SSIM"] for line in lines]))
        claims.append(Claim("new fields beside the solver's, median grey SSIM", "", grey, 0.90, True))
    pictures = {f"{way} (field {row})": ways[way][[row]] for way in (first, second)}
    return Result(
        data=", ".join(f"{len(images)} fields {name}" for name, images in parts.items()),
        claims=claims,
        notes=[
            (
                f"Mach numbers from {looks.low:.3f} to {looks.high:.3f}, those of the training, are the data range. "
                "The SSIM in colours is the mean over the three channels of jet, blades being white."
            ),
            f"Of test field {row} the squared error ranks {first} before {second}, and the SSIM the other way round.",
        ],
        tables={
            "SSIM by part": of_sets,
            "test fields, each way": [_of_way(way, one, off.get(way)) for way, one in measured.items()],
            "a pair that the squared error misranks": [
                {
                    "way": way,
                    "log p(x|z), nats": _log_likelihood(model, test.pixels[[row]], ways[way][[row]]),
                    "squared error": float(mse(looks.grey(test.pixels[[row]]), looks.grey(ways[way][[row]]))[0]),
                    "SSIM, grey": float(measured[way]["grey"][row]),
                }
                for way in (first, second)
            ],
            "new fields beside the solver's": lines,
            "overfitting: training fields, and SSIM in grey": study,
        },
        figures={
            **_maps(model, parts),
            "lattice": _lattice(model, train, looks),
            "test fields": _strips(looks, {"solved": test.pixels, **ways}, rows=_spread(len(test), 5)),
            "misranked pair": _strips(looks, {f"solved (field {row})": test.pixels[[row]], **pictures}, rows=[0]),
            **({"new fields": _strips(looks, new, rows=range(min(5, len(lines))))} if lines else {}),
            "overfitting": curves,
        },
    )


def trained(epochs: int, validation: Images, beta: float = 1.0) -> VariationalAutoencoder:
    """Return the model of fields and conditions, to be fitted; validation: what chooses its epoch."""
    from latente import VariationalAutoencoder

    return VariationalAutoencoder(
        latent_dim=2,
        condition="joint",
        network="dense",
        hidden=(128, 64),
        activation="silu",
        likelihood="gaussian",
        beta=beta,
        condition_weight=10.0,  # four numbers beside 9,216: with 1, the speed of the wheel is learned last
        prior="mixture",
        epochs=epochs,
        batch_size=BATCH,
        learning_rate=2e-3,
        betas=(0.9, 0.99),  # the first gradients are forty times the later ones, and are forgotten in time
        schedule="cosine",
        validation=validation,
        threads=1,
        random_state=0,
    )


def _open(request: Request) -> dict[str, Images]:
    """Return the parts of the set; those of the tiny variant are all that it looks at."""
    from latente import open_images

    def count(split: str) -> int | None:
        if request.tiny:
            return TINY[split]
        return None if request.count is None else max(2, round(SHARES[split] * request.count))

    def told(done: int, total: int, what: str) -> None:
        request.tell(f"{what} fields: {done:,} of {total:,}")

    return {split: open_images("flow", split=split, count=count(split), progress=told) for split in SHARES}


def _simple_ways(train: Images, test: Images) -> dict[str, np.ndarray]:
    """Return the test fields by two principal components, and as guessed from their inputs."""
    return {
        PCA: rebuilt(train, test, 2),
        GUESS: guessed_fields(train, _inputs(train), _inputs(test)),
    }


def _inputs(images: Images) -> np.ndarray:
    """Return what the solver is given: throttle and speed of the wheel."""
    return images.columns["condition"][:, [THROTTLE, WHEEL]].astype(np.float64)


def _epochs(request: Request, steps: int, count: int) -> int:
    """Return in how many epochs of so many fields so many steps are taken."""
    return 2 if request.tiny else round(steps / math.ceil(count / BATCH))


def _of_set(name: str, looks: Looks, images: Images, made: np.ndarray) -> Line:
    one = looks.measure(images.pixels, made)
    reported = {"train": 0.905, "val": 0.922, "test": 0.903}
    return {
        "part": name,
        "fields": len(images),
        "SSIM, colour": float(one["colour"].mean()),
        "[UAO]": reported[name],
        "SSIM, grey": float(one["grey"].mean()),
        "squared error": float(one["mse"].mean()),
    }


def _of_way(way: str, one: Mapping[str, np.ndarray], off: float | None) -> Line:
    return {
        "way": way,
        "SSIM, colour": float(one["colour"].mean()),
        "SSIM, grey": float(one["grey"].mean()),
        "squared error": float(one["mse"].mean()),
        "shock, % of the chord": 100 * float(np.nanmean(one["shock"])),
        "mass flow, %": "" if off is None else 100 * off,
    }


def _log_likelihood(model: VariationalAutoencoder, fields: np.ndarray, made: np.ndarray) -> float:
    """Return log p(x|z) in nats of a field, where the decoder's mean is what was made."""
    import torch

    from latente import formulas
    from latente.objectives import VariationalObjective

    objective = model.objective_
    assert isinstance(objective, VariationalObjective)
    truth, mean = (torch.from_numpy(model.scaling_.to_range(values)) for values in (fields, made))
    with torch.no_grad():
        density = formulas.normal_log_prob(truth, mean, objective.sigma.log())
    return float(density[0]) - model.scaling_.log_jacobian(model.image_shape_)


def _separated(model: VariationalAutoencoder, parts: Mapping[str, Images]) -> float:
    """Return the share of test fields that a straight line through the training's codes puts on their regime's side."""
    from sklearn.linear_model import LogisticRegression

    train, test = parts["train"], parts["test"]
    line = LogisticRegression(C=1e4, max_iter=1_000).fit(model.transform(train), train.columns["label"])
    return float(line.score(model.transform(test), test.columns["label"]))


def _verified(
    request: Request, model: VariationalAutoencoder, train: Images, looks: Looks
) -> tuple[dict[str, np.ndarray], list[Line]]:
    """Ask the plane for fields within three regions, and solve each at its decoded condition."""
    from latente.images.generated.flow import solve_apart
    from latente.images.generated.flow_cascade import DENSITY, PITCH, SPEED
    from latente.images.generated.flow_pictures import pictures

    count = (2 if request.tiny else VERIFIED) if request.verify is None else request.verify
    if not count:
        return {}, []
    regions = _regions(train)
    shares = np.array_split(np.arange(count), min(len(regions), count))
    asked = [  # of so few steps no code need decode to such a mass flow
        model.sample(len(share), random_state=k, within=None if request.tiny else regions[k])
        for k, share in enumerate(shares)
    ]
    wanted = [region for region, share in zip(regions, shares, strict=False) for _ in share]
    fields = np.concatenate([one.images for one in asked])
    conditions = np.concatenate([one.conditions for one in asked]).astype(np.float64)
    known = train.columns["condition"].astype(np.float64)
    settings = np.clip(conditions, known.min(0), known.max(0))  # beyond, there may be no flow at all
    solved, masses = [], []
    for start in range(0, count, 4):
        some = settings[start : start + 4]
        flows = solve_apart(some[:, THROTTLE], some[:, WHEEL])
        solved.append(pictures(flows.mach))
        masses.append(flows.mass * (DENSITY * SPEED * PITCH))
        request.tell(f"solved {min(start + 4, count)} of {count} new fields")
    truth, mass = np.concatenate(solved), np.concatenate(masses)
    one = looks.measure(truth, fields)
    lines: list[Line] = [
        {
            "asked for": ", ".join(_in_words(name, *bounds) for name, bounds in wanted[k].items()),
            "mass flow": conditions[k, MASS],
            "solved": mass[k],
            "off, %": 100 * abs(conditions[k, MASS] / mass[k] - 1),
            "throttle": conditions[k, THROTTLE],
            "wheel, m/s": conditions[k, WHEEL],
            "shock": conditions[k, SHOCK],
            "grey SSIM": float(one["grey"][k]),
            "colour SSIM": float(one["colour"][k]),
            "shock off, % of the chord": 100 * float(one["shock"][k]),
        }
        for k in range(count)
    ]
    return {"from the plane": fields, "solved": truth}, lines


def _regions(train: Images) -> list[dict[str, tuple[float | None, float | None]]]:
    """Return three ranges of the mass flow, in the last of which the shock stands before that of half."""
    known = train.columns["condition"]
    low, second, third, high = np.quantile(known[:, MASS], [0.02, 0.34, 0.67, 0.98]).tolist()
    shock = float(np.median(known[known[:, MASS] >= third, SHOCK]))
    return [
        {"mass_flow": (low, second)},
        {"mass_flow": (second, third)},
        {"mass_flow": (third, high), "shock": (None, shock)},
    ]


def _in_words(name: str, low: float | None, high: float | None) -> str:
    name = name.replace("_", " ")
    return f"{name} before {high:.3g}" if low is None else f"{name} {low:.3g} to {high:.3g}"


def _study(request: Request, parts: Mapping[str, Images], looks: Looks) -> tuple[list[Line], Figure]:
    """Train on ever fewer fields, with the divergence from the prior and without it."""
    from latente import figures

    train, val = parts["train"], parts["val"]
    sizes = [8, 16] if request.tiny else [size for size in SIZES if size <= len(train)]
    lines: list[Line] = []
    for size in sizes:
        few = train.take(np.linspace(0, len(train) - 1, size).round().astype(int))
        line: Line = {"training fields": size}
        for name, beta in (("regularised", 1.0), ("not regularised", 0.0)):
            fresh = trained(_epochs(request, STUDY_STEPS, size), val, beta).set_params(prior="normal")
            model = fresh.fit(few)
            for part, images in (("train", few), ("dev", val)):
                made = model.reconstruct(images).images
                line[f"{part}, {name}"] = float(looks.measure(images.pixels, made)["grey"].mean())
        dev = ", ".join(f"{line[f'dev, {name}']:.3f} {name}" for name in ("regularised", "not regularised"))
        request.tell(f"{size} training fields: dev SSIM {dev}")
        lines.append(line)
    series = {name: (sizes, [line[name] for line in lines]) for name in lines[0] if name != "training fields"}
    return lines, figures.lines(series, "training fields", "SSIM, grey", log="x")


def _maps(model: VariationalAutoencoder, parts: Mapping[str, Images]) -> dict[str, Figure]:
    from latente.figures import latent_map

    codes = {name: model.transform(images) for name, images in parts.items()}
    everything = np.concatenate(list(codes.values()))
    labels = np.concatenate([images.columns["label"] for images in parts.values()])
    masses = np.concatenate([images.columns["condition"][:, MASS] for images in parts.values()])
    test = parts["test"]
    return {
        "regimes": latent_map(everything, labels, test.label_names),
        "test fields on the plane": latent_map(codes["test"], test.columns["label"], test.label_names),
        "mass flow": latent_map(everything, values=masses, value_name="mass flow, kg/(s m)"),
    }


def _lattice(model: VariationalAutoencoder, train: Images, looks: Looks) -> Figure:
    from latente.figures import lattice

    codes = model.transform(train)
    low, high = np.quantile(codes, 0.02, axis=0), np.quantile(codes, 0.98, axis=0)
    across, up = (np.linspace(low[k], high[k], EDGE) for k in (0, 1))
    places = np.array([(x, y) for y in up[::-1] for x in across], np.float32)
    painted = looks.colours(model.decode(places).images)
    return lattice(painted.reshape(EDGE, EDGE, *painted.shape[1:]))


def _strips(looks: Looks, fields: Mapping[str, np.ndarray], rows: Iterable[int]) -> Figure:
    from latente.figures import strips

    chosen = list(rows)
    return strips(np.stack([looks.colours(one[chosen]) for one in fields.values()]), list(fields))


def _spread(total: int, count: int) -> list[int]:
    return np.linspace(0, total - 1, min(total, count)).round().astype(int).tolist()
