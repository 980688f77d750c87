"""Stands in for `latente fit`, `resume` and what follows: it keeps a run folder as a training does, and learns nothing.

It takes steps until a file named "enough" lies in the workspace, fails where one is named "broken", and where one is
named "deaf" it does not hear that it is to stop. While one is named "early" there is no model yet.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from latente.errors import InputError, Interrupted
from latente.training.runs import Run


def stop(number: int, frame: object) -> None:
    raise Interrupted


def train(run: Run, first: int) -> None:
    workspace = next(folder.parent for folder in run.path.parents if folder.name == "runs")
    if (workspace / "deaf").exists():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with run.held():
        run.tell()
        if (workspace / "broken").exists():
            raise InputError("fotos holds no picture that can be used: a.png (encrypted)")
        for step in range(first, 10_000):
            run.log({"part": "train", "epoch": 1, "step": step, "loss": 1 / step, "time": time.time()})
            run.tell(step, 10_000)
            if not (workspace / "early").exists():
                run.model.mkdir(exist_ok=True)
                (run.model / "model.json").write_text("{}")
            if not (run.samples / "step-000000001.png").exists():
                (run.samples / "step-000000001.png").write_bytes(b"picture")
            if (workspace / "enough").exists():
                break
            time.sleep(0.01)
    (run.path / "report.html").write_text("<script>1</script>")


def verdict(level: str, answer: str) -> str:
    return json.dumps({"verdict": {"level": level, "answer": answer, "reasons": [], "advice": []}})


def main(verb: str, *arguments: str) -> None:
    signal.signal(signal.SIGTERM, stop)
    out = Path(arguments[arguments.index("--out") + 1]) if "--out" in arguments else Path()
    if verb == "fit":
        train(Run.create(out, {"model": "vae", "options": {}}), 1)
    elif verb == "style":
        if Path(arguments[1]).name == "broken.png":
            sys.exit("error: broken.png is no picture")
        if "--fast" in arguments:
            out.write_bytes(b"painted")
            return
        run = Run.create(arguments[arguments.index("--run") + 1], {"model": "transfer", "options": {}})
        train(run, 1)
        (run.path / "picture.png").write_bytes(b"painted")
    elif verb == "reproduce":
        out.mkdir(exist_ok=True)
        (out / "begun").write_text("")
        while not (out.parents[1] / "enough").exists():
            time.sleep(0.01)
        (out / "result.json").write_text("{}")
    elif verb == "resume":
        run = Run.open(arguments[0])
        train(run, len(run.lines()) + 1)
        (run.path / "picture.png").write_bytes(b"painted")
    elif verb == "report":
        (Path(arguments[0]) / "report.html").write_text("late")
        print(verdict("fair", "It has begun to learn."))
        return
    elif verb == "rank":
        if "--maps" in arguments and (out.parents[3] / "mapless").exists():
            sys.exit("error: this model does not tell where")
        out.write_text("file,score,threshold,odd\nb.png,-9,-3,1\na.png,1,-3,0\n")
    elif verb == "classify":
        out.write_text("file,class,probability\na.png,cats,0.9\nb.png,dogs,0.6\n")
    else:
        sys.exit("error: nothing can be done with this")
    print(verdict("good", "It learned."))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InputError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
