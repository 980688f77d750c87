"""`latente encode`, `decode`, `reconstruct` and `sample`: what a trained model does with images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.inputs import codes_of, images_for, model_of
from latente.cli.options import Count, Force, Run, Source, Split, examples, whole
from latente.cli.options import seed as seed_of
from latente.cli.outputs import refuse_used, save_arrays, save_images
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["verbs"]

verbs = typer.Typer()

Codes = Annotated[Path, typer.Argument(metavar="CODES", help="A .npz file as `latente encode` writes it, or .npy.")]
CodesOut = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .npz file to write.")]
ImagesOut = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="PATH",
        help="A folder for PNG files, a .png file for one sheet of all, or a .npy or .npz file.",
    ),
]
Number = Annotated[int, typer.Option("-n", parser=whole, metavar="N", help="How many images.")]
Seed = Annotated[
    int | None, typer.Option(parser=seed_of, metavar="N", help="Seed of the draw: same seed, same images.")
]


@verbs.command(epilog=examples("latente encode runs/digits digits --out codes.npz"))
def encode(
    run: Run, images: Source, out: CodesOut, split: Split = None, count: Count = None, force: Force = False
) -> None:
    """Write the codes of images.

    The file holds the arrays codes (N, D), files and labels (-1 where unknown).
    """
    import numpy as np

    if out.suffix != ".npz":
        raise InputError(f"--out {out}: codes, files and labels go together into one .npz file")
    refuse_used(out, force)
    model = model_of(run)
    found = images_for(model, images, split, count)
    codes = model.transform(found)
    labels = np.full(len(found), -1) if found.labels is None else found.labels
    save_arrays(out, {"codes": codes, "files": np.array(found.files or [""] * len(found)), "labels": labels})
    _tell(out, f"{len(codes)} codes of {codes.shape[1]} numbers")


@verbs.command(epilog=examples("latente decode runs/digits codes.npz --out decoded"))
def decode(run: Run, codes: Codes, out: ImagesOut, force: Force = False) -> None:
    """Turn codes back into images."""
    refuse_used(out, force)
    array, names = codes_of(codes)
    model = model_of(run)
    _save(out, model, model.decode(array), names=names)


@verbs.command(
    epilog=examples(
        "latente reconstruct runs/digits digits --split test --out reconstructed",
        "latente reconstruct runs/digits digits --count 64 --out side-by-side.png",
    )
)
def reconstruct(
    run: Run, images: Source, out: ImagesOut, split: Split = None, count: Count = None, force: Force = False
) -> None:
    """Pass images through the model.

    Each comes out under its own name, and in its own units.
    """
    refuse_used(out, force)
    model = model_of(run)
    found = images_for(model, images, split, count)
    rebuilt = model.reconstruct(found)
    _save(out, model, rebuilt, layout=found.layout, names=found.files, originals=found.pixels)


@verbs.command(
    epilog=examples(
        "latente sample runs/digits --out samples.png",
        "latente sample runs/digits -n 100 --seed 7 --out samples/",
    )
)
def sample(run: Run, out: ImagesOut, n: Number = 64, seed: Seed = None, force: Force = False) -> None:
    """Draw new images from the model."""
    refuse_used(out, force)
    model = model_of(run)
    _save(out, model, model.sample(n, random_state=seed))


def _save(out: Path, model: Any, pixels: np.ndarray, **more: Any) -> None:
    """Write images that `model` made, by default in the layout of its training images."""
    offset, scale = model.scaling_.offset, model.scaling_.scale
    data_range = min(offset), max(low + span for low, span in zip(offset, scale, strict=True))
    _tell(out, save_images(out, pixels, **{"layout": model.layout_, "data_range": data_range} | more))


def _tell(out: Path, what: str) -> None:
    show.console().print(show.pairs([("wrote", f"{out}: {what}")]))
