"""The run folder: everything about one training, on disk, readable while it is being written."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latente.errors import InputError, ModelError
from latente.files import left_behind, load_tensors, save_tensors, write_json

__all__ = ["Run"]


class Run:
    """A folder with options.json, metrics.jsonl, checkpoints/, model/ and samples/."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: str | os.PathLike[str], options: Mapping[str, Any]) -> Run:
        """Make the folder and write options.json; raises InputError where it holds something already."""
        run = cls(path)
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            # all that a process killed in its first moment has left
            if set(run.path.iterdir()) - set(left_behind(run.path)):
                cure = f"continue it with `latente resume {path}`" if run.options_file.exists() else "it is not empty"
                raise InputError(f"{path} exists already: {cure}, or choose another folder")
            run.sweep()
            run.write_options(options)
            run.checkpoints.mkdir()
            run.samples.mkdir()
        except OSError as error:
            raise InputError(f"the run folder {path} cannot be made: {error.strerror}; choose another") from error
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Run:
        """Open an existing run folder; raises InputError where there is none at `path`."""
        run = cls(path)
        if not run.options_file.exists():
            raise InputError(f"{path} is no run folder: it has no options.json")
        return run

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what was trained on what, how far it is, curves and the newest samples."""
        from latente.training.display import html_of_run

        return html_of_run(self)

    @property
    def options_file(self) -> Path:
        return self.path / "options.json"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def model(self) -> Path:
        return self.path / "model"

    def options(self) -> dict[str, Any]:
        """Return what options.json holds; raises ModelError where it cannot be read."""
        try:
            options = json.loads(self.options_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{self.options_file} cannot be read: {error}") from error
        if not isinstance(options, dict) or not isinstance(options.get("options"), dict):
            raise ModelError(f"{self.options_file} does not hold the options of a run")
        return options

    def write_options(self, options: Mapping[str, Any]) -> None:
        write_json(self.options_file, options)

    def log(self, line: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl."""
        with open(self.metrics_file, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of metrics.jsonl; an unfinished last line, as a running training may show, is left out."""
        if not self.metrics_file.exists():
            return []
        text = self.metrics_file.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def sweep(self) -> None:
        """Remove the temporary files that a killed process left behind."""
        for path in left_behind(self.path):
            path.unlink(missing_ok=True)

    def metrics_size(self) -> int:
        return self.metrics_file.stat().st_size if self.metrics_file.exists() else 0

    def cut_metrics(self, size: int) -> None:
        """Cut metrics.jsonl back to its first `size` bytes: the lines that the checkpoint knows of."""
        if self.metrics_file.exists():
            os.truncate(self.metrics_file, size)

    def save_checkpoint(self, tree: Mapping[str, Any], is_best: bool) -> None:
        """Write checkpoints/last (and best, where it is), keeping the one before as last-previous."""
        self.checkpoints.mkdir(exist_ok=True)  # who was killed while making the run may have come no further
        links = [self.checkpoints / "best.safetensors"] if is_best else []
        previous = self.checkpoints / "last-previous.safetensors"
        save_tensors(self.checkpoints / "last.safetensors", tree, *links, keep=previous)

    def checkpoint(self) -> dict[str, Any] | None:
        """Return the newest sound checkpoint: last, else (with a warning) the one before it; None where there is none.

        Raises ModelError where checkpoints exist and none of them is sound.
        """
        problems: list[str] = []
        for name in ("last", "last-previous"):
            path = self.checkpoints / f"{name}.safetensors"
            if not path.exists():
                continue
            try:
                tree = load_tensors(path)
            except ModelError as error:
                problems.append(str(error))
                continue
            if problems:
                warnings.warn(f"{problems[0]}; going on from the checkpoint before it", stacklevel=2)
            return tree
        if problems:
            raise ModelError("no checkpoint can be used: " + "; ".join(problems))
        return None

    def best_checkpoint(self) -> dict[str, Any]:
        """Return the checkpoint of the best epoch; raises ModelError where it is missing or damaged."""
        return load_tensors(self.checkpoints / "best.safetensors")
