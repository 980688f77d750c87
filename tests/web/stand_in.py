"""Stands in for the verbs of Latente as `tests/studio/trainer.py` does, and leaves pictures that a browser can show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "studio"))

import trainer

from latente.files import replacing
from latente.training.runs import Run


def draw(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, synced=False) as temporary:  # a page may be reading the one before
        Image.new("RGB", (32, 24), colour).save(temporary, "PNG")


def make(folder: Path, codes: Path, count: int) -> None:
    for number in range(count):
        draw(folder / f"{number:02}.png", (20 * number, 80, 120))
    np.savez(codes, codes=np.eye(count, dtype=np.float32), files=[f"{number:02}.png" for number in range(count)])


def main(verb: str, *arguments: str) -> None:
    out = Path(arguments[arguments.index("--out") + 1]) if "--out" in arguments else Path()
    if verb == "sample":
        make(out, Path(arguments[arguments.index("--codes") + 1]), 6)
    elif verb == "vary":
        make(out, Path(arguments[arguments.index("--codes") + 1]), 12)
    elif verb == "restore":
        for path in sorted(Path(arguments[1]).rglob("*.png")):
            draw(out / path.relative_to(arguments[1]), (200, 200, 90))
    elif verb == "style" and "--fast" in arguments:
        draw(out, (10, 200, 20))
    elif verb == "rank":
        pictures = arguments[0 if arguments[1].startswith("--") else 1]  # behind the model, where there is one
        names = sorted(path.relative_to(pictures).as_posix() for path in Path(pictures).rglob("*.png"))
        rows = [f"{name},{-9 if place == 0 else place},-3,{int(place == 0)}" for place, name in enumerate(names)]
        out.write_text("\n".join(["file,score,threshold,odd", *rows]))
    elif verb == "classify":
        names = sorted(path.relative_to(arguments[1]).as_posix() for path in Path(arguments[1]).rglob("*.png"))
        out.write_text("\n".join(["file,class,probability", *(f"{name},{name.split('/')[0]},0.9" for name in names)]))
    else:
        trainer.main(verb, *arguments)
        run = Run(arguments[arguments.index("--run") + 1]) if verb == "style" else Run(out)
        if verb in ("fit", "style"):
            for step in (1, 5, 9):
                draw(run.samples / f"step-{step:09}.png", (20 * step, 60, 60))
        if verb == "style":
            draw(out, (10, 20, 200))
        return
    print(json.dumps({}))


if __name__ == "__main__":
    main(*sys.argv[1:])
