"""Published autoencoder experiments, each rerun by one command, claim beside measurement.

An experiment is one readable file: its docstring says whose it is, what was claimed, what ours costs and gave, and its
`run(request)` trains, measures and draws with nothing but what `latente` offers everyone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from latente.errors import InputError, ModelError, did_you_mean
from latente.experiments.machine import machine
from latente.experiments.record import Claim, Result
from latente.experiments.recorded import recorded
from latente.experiments.request import Request
from latente.files import read_json
from latente.screens import telling

__all__ = ["EXPERIMENTS", "Claim", "Experiment", "Request", "Result", "find", "last_result", "reproduce"]

_CIMAT = "[CIMAT] Cerna: Practica Deep Learning Architectures (CIMAT, 2024)"
_UAO = "[UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders"
_BFPS = "[BFPS] Banfi, Fleischer, Perez Rivera, Szejer: Autoencoders"
_IWAE = "[IWAE] Burda, Grosse, Salakhutdinov: Importance Weighted Autoencoders (2016)"
_SRCNN = "[SRCNN] Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks (2016)"
_DNCNN = "[DnCNN] Zhang, Zuo, Chen, Meng, Zhang: Beyond a Gaussian Denoiser (2017)"
_BIHARMONIC = "[BIHARMONIC] Damelin, Hoang: On Surface Completion and Image Inpainting by Biharmonic Functions (2018)"
_UTEC = "[UTEC] Alarcon, Cruz, Herrera: Proyecto 4, Autoencoders (UTEC)"
_UOH = "[UOH] Lagos: Tarea 4, Aprendizaje Profundo Avanzado (Universidad de O'Higgins, 2023)"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """An experiment, before anything of it is imported.

    module: of this package. source: whose it is. minutes: what all of it takes, with so many `seeds`, on one core of an
    ordinary machine. takes_font: whether it takes characters of one's own. takes_count: whether it takes a number of
    images, and of those that are verified.
    """

    module: str
    source: str
    minutes: float
    seeds: int = 1
    takes_font: bool = False
    takes_count: bool = False


EXPERIMENTS: Mapping[str, Experiment] = {
    "letters": Experiment("letters", _BFPS, minutes=60, seeds=10, takes_font=True),
    "letters-denoise": Experiment("letters_denoise", _BFPS, minutes=90, takes_font=True),
    "basic": Experiment("basic", _UOH, minutes=6),
    "denoise": Experiment("denoise", _UOH, minutes=15),
    "faces-vae": Experiment("faces_vae", _CIMAT, minutes=27),
    "faces-report": Experiment("faces_report", _CIMAT, minutes=90),
    "stacked-mnist": Experiment("stacked", _UAO, minutes=35, seeds=3),
    "stacked-fashion": Experiment("stacked", _UAO, minutes=28, seeds=3),
    "plates-binary": Experiment("plates_binary", _UAO, minutes=30, seeds=3),
    "plates-classes": Experiment("plates_classes", _UAO, minutes=25, seeds=3),
    "plates-one-class": Experiment("plates_one_class", _UAO, minutes=14, seeds=3),
    "map-fashion": Experiment("map_fashion", _UAO, minutes=8),
    "vae-mnist": Experiment("vae_mnist", _IWAE, minutes=75),
    "vae-report": Experiment("vae_report", _BFPS, minutes=30),
    "dcgan-mnist": Experiment("dcgan_mnist", _UOH, minutes=130),
    "translate-edges": Experiment("translate_edges", _UAO, minutes=60),
    "vae-or-gan": Experiment("vae_or_gan", _UAO, minutes=110, seeds=5),
    "low-dose": Experiment("low_dose", _UAO, minutes=25),
    "sr-unet": Experiment("sr_unet", _UTEC, minutes=120),
    "sr-set5": Experiment("sr_set5", _SRCNN, minutes=85),
    "denoise-photos": Experiment("denoise_photos", _DNCNN, minutes=120),
    "inpaint": Experiment("inpaint", _BIHARMONIC, minutes=20),
    "style-transfer": Experiment("style_transfer", _UOH, minutes=10),
    "emoji-vae": Experiment("emoji_vae", _BFPS, minutes=13),
    "flow-fields": Experiment("flow_fields", _UAO, minutes=4, takes_count=True),
}


def find(name: str) -> Experiment:
    """Return the experiment of that name; raises InputError with the nearest name where there is none."""
    if name not in EXPERIMENTS:
        raise did_you_mean("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]


def reproduce(
    name: str,
    *,
    seeds: int = 1,
    tiny: bool = False,
    out: str | Path | None = None,
    font: str | Path | None = None,
    count: int | None = None,
    verify: int | None = None,
    progress: Callable[[str], None] | None = None,
    verbose: bool = False,
) -> Result:
    """Run an experiment and return what came of it.

    seeds, tiny, font, count, verify, progress, verbose: as in `Request`. out: folder for result.json, result.md, the
    figures, and the trainings and trials, which a second run there does not repeat; None writes nothing.
    Raises InputError for an unknown name, fewer seeds than one, a font or a count where there is no use for it, and an
    `out` that is a file.
    """
    experiment = find(name)
    if seeds < 1:
        raise InputError(f"seeds must be a whole number of at least 1, not {seeds}")
    if font is not None and not experiment.takes_font:
        takers = ", ".join(known for known, other in EXPERIMENTS.items() if other.takes_font)
        raise InputError(f"{name} has no use for a font; these have: {takers}")
    if (count is not None or verify is not None) and not experiment.takes_count:
        takers = ", ".join(known for known, other in EXPERIMENTS.items() if other.takes_count)
        raise InputError(f"{name} has no use for a count, and nothing to verify; these have: {takers}")
    folder = None if out is None else Path(out)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder for the result")
    letters = None if font is None else Path(font)
    request = Request(name, seeds, tiny, folder, letters, count, verify, progress, verbose)
    resumed = folder is not None and any(path.is_dir() for kept in ("runs", "study*") for path in folder.glob(kept))
    start = time.perf_counter()
    with contextlib.nullcontext() if verbose else telling():
        result: Result = importlib.import_module(f"latente.experiments.{experiment.module}").run(request)
    before = recorded(name)
    unlike = before.unlike(data=result.data, seeds=seeds, tiny=tiny)
    result = dataclasses.replace(
        result,
        name=name,
        source=experiment.source,
        seeds=seeds,
        tiny=tiny,
        command=_command(name, request),
        minutes=(time.perf_counter() - start) / 60,
        resumed=resumed,
        machine=machine(),
        recorded=None if unlike else before,
        not_compared=unlike,
    )
    if folder is not None:
        result.write(folder)
    return result


def last_result(folder: str | Path) -> dict[str, Any] | None:
    """Return the result.json in a folder; None where there is none that can be read."""
    try:
        return read_json(Path(folder) / "result.json")
    except ModelError:
        return None


def _command(name: str, request: Request) -> str:
    words = ["latente", "reproduce", name]
    words += ["--seeds", str(request.seeds)] * (request.seeds > 1) + ["--tiny"] * request.tiny
    words += ["--font", str(request.font)] if request.font else []
    words += ["--count", str(request.count)] if request.count is not None else []
    words += ["--verify", str(request.verify)] if request.verify is not None else []
    words += ["--out", str(request.out)] if request.out else []
    return shlex.join(words)
