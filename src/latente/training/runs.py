"""The run folder: everything about one training, on disk, readable while it is being written."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from latente import locks, words
from latente.errors import InputError, ModelError
from latente.files import left_behind, load_tensors, read_json, refuse_links, replacing, save_tensors, write_json
from latente.training.launch import leads
from latente.training.lines import read_line
from latente.training.status import Status

__all__ = ["Run"]

# by which a run is gone on with, the newest first
_CHECKPOINTS = {
    "last": "the newest checkpoint",
    "last-previous": "the checkpoint before it",
    "best": "the checkpoint of the best epoch",
}

# what is read, written or removed in a run
_OWN = ("options.json", "metrics.jsonl", "checkpoints", "model", "samples", "pretraining", "tensorboard", "directions")

# what of options.json is read by others than the model itself
_KINDS = {
    **dict.fromkeys(("model", "device", "started", "command", "estimator"), str),
    "options": dict,
    "data": dict,
    "versions": dict,
    "parameters": int,
}
_DATA = {
    **dict.fromkeys(("name", "dtype", "fingerprint"), str),
    **dict.fromkeys(("count", "train_count", "validation_count", "total"), int),
    "source": dict,
    "left_out": dict,
    "shape": list,
    "columns": list,
    "label_names": list,
}


class Run:
    """A folder with options.json, status.json, metrics.jsonl, checkpoints/, model/ and samples/."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._is_held = False
        self._status: Status | None = None

    @classmethod
    def create(cls, path: str | os.PathLike[str], options: Mapping[str, Any]) -> Run:
        """Make the folder and write options.json; raises InputError where it holds something already."""
        run = cls(path)
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            run._refuse_used()  # nothing is written into a folder of others, not even a lock
            with locks.held(run.path):
                run._refuse_used()
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
        refuse_links(run.path, _OWN)
        return run

    def _refuse_used(self) -> None:
        """Raise InputError where the folder holds more than what a process killed in its first moment leaves."""
        if set(self.path.iterdir()) - {self.path / locks.LOCK, *left_behind(self.path)}:
            cure = f"continue it with `latente resume {self.path}`" if self.options_file.exists() else "it is not empty"
            raise InputError(f"{self.path} exists already: {cure}, or choose another folder")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the run's one writer for the time of the block; within another such block of this object nothing changes.

        Of several processes that train together the first holds it for all. Where `tell` was called within, status.json
        says at the end how it ended. Raises InputError, saying who it is and since when, where another one writes.
        """
        if self._is_held or not leads():
            yield
            return
        error: BaseException | None = None
        with locks.held(self.path):
            self._is_held = True
            try:
                yield
            except BaseException as raised:
                error = raised
                raise
            finally:
                if self._status is not None:
                    self._status.end(error)
                self._is_held, self._status = False, None

    def tell(self, step: int | None = None, steps: int | None = None) -> None:
        """Let status.json say that training goes on, and how far it is; only within `held`, else nothing is said."""
        if self._status is None and self._is_held:
            self._status = Status(self.status_file)
        if self._status is not None and step is not None and steps is not None:
            self._status.at(step, steps)

    def tell_trouble(self, trouble: str | None) -> None:
        """Let status.json say what goes wrong in the training, or None; only within `held`, as `tell`."""
        if self._status is not None:
            self._status.trouble(trouble)

    def status(self) -> dict[str, Any] | None:
        """Return what status.json says; None where there is none that can be read.

        Who was killed could not say so: where it says "running", or "paused", and nobody holds the run, the state is
        "interrupted".
        """
        try:
            status = json.loads(self.status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(status, dict):
            return None
        is_dead = status.get("state") in ("running", "paused") and not locks.is_held(self.path)
        return status | {"state": "interrupted"} if is_dead else status

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
    def status_file(self) -> Path:
        return self.path / "status.json"

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
        options = read_json(self.options_file)
        odd = _odd(options, _KINDS) or [f"data.{name}" for name in _odd(options.get("data"), _DATA)]
        if odd or not isinstance(options.get("options"), dict):
            where = f" ({odd[0]})" if odd else ""
            raise ModelError(
                f"{self.options_file} does not hold the options of a run{where}: it was changed or damaged"
            )
        return options

    def write_options(self, options: Mapping[str, Any]) -> None:
        write_json(self.options_file, options)

    def log(self, line: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl."""
        with open(self.metrics_file, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of metrics.jsonl; an unfinished last line, as a running training may show, is left out.

        Others that are none are left out with a warning.
        """
        if not self.metrics_file.exists():
            return []
        content = self.metrics_file.read_bytes()
        entries = [read_line(line) for line in content[: content.rfind(b"\n") + 1].splitlines(keepends=True)]
        if odd := entries.count(None):
            warnings.warn(f"{self.metrics_file}: {words.count(odd, 'line')} could not be read", stacklevel=2)
        return [entry for entry in entries if entry is not None]

    def sweep(self) -> None:
        """Remove the temporary files that a killed process left behind."""
        for path in left_behind(self.path):
            path.unlink(missing_ok=True)

    def metrics_size(self) -> int:
        return self.metrics_file.stat().st_size if self.metrics_file.exists() else 0

    def sync_metrics(self) -> None:
        """Bring metrics.jsonl to the disk: a checkpoint must not remember lines that a lost power takes away."""
        if self.metrics_file.exists():
            with open(self.metrics_file, "ab") as file:
                os.fsync(file.fileno())

    def cut_metrics(self, size: int) -> None:
        """Keep of metrics.jsonl the sound lines among its first `size` bytes, those that the checkpoint knows of.

        Warns where they are fewer: a machine that lost power, or an editor, may have left less, or something else.
        """
        content = b""
        if self.metrics_file.exists():
            with open(self.metrics_file, "rb") as file:
                content = file.read(min(size, self.metrics_size()))
        kept = b"".join(line for line in content.splitlines(keepends=True) if read_line(line) is not None)
        if len(kept) < size:
            warnings.warn(
                f"{self.metrics_file} has lost lines that the checkpoint remembers, or holds others that are none: "
                "its sound lines stay",
                stacklevel=2,
            )
        if not content.startswith(kept):
            with replacing(self.metrics_file) as temporary:
                temporary.write_bytes(kept)
        elif len(kept) < self.metrics_size():
            os.truncate(self.metrics_file, len(kept))

    def save_checkpoint(self, tree: Mapping[str, Any], is_best: bool) -> None:
        """Write checkpoints/last (and best, where it is), keeping the one before as last-previous."""
        self.checkpoints.mkdir(exist_ok=True)  # who was killed while making the run may have come no further
        links = [self.checkpoints / "best.safetensors"] if is_best else []
        previous = self.checkpoints / "last-previous.safetensors"
        save_tensors(self.checkpoints / "last.safetensors", tree, *links, keep=previous)

    def checkpoint(self) -> dict[str, Any] | None:
        """Return the newest sound checkpoint; None where none was written yet.

        It is last, else (with a warning) the one before it, else that of the best epoch. Raises ModelError where
        checkpoints exist and none of them is sound, and where there is none beside a trained model: see `starts_anew`.
        """
        if self.starts_anew():
            return None
        problems: list[str] = []
        for name, what in _CHECKPOINTS.items():
            try:
                tree = load_tensors(self.checkpoints / f"{name}.safetensors")
            except ModelError as error:
                problems.append(str(error))
                continue
            if problems:
                warnings.warn(f"{problems[0]}; going on from {what}", stacklevel=2)
            return tree
        raise ModelError("no checkpoint can be used: " + "; ".join(problems))

    def starts_anew(self) -> bool:
        """Whether training starts from the first step, for want of any checkpoint.

        Raises ModelError, saying what can be done, where there is a trained model, which that would overwrite.
        """
        if any((self.checkpoints / f"{name}.safetensors").exists() for name in _CHECKPOINTS):
            return False
        if (self.model / "model.json").exists():
            raise ModelError(
                f"{self.path} holds a trained model, but none of its checkpoints is left in {self.checkpoints}: it "
                "cannot be trained on, and to start anew would overwrite it. It can be used as it is; "
                f"`latente fit IMAGES --init {self.path} --out NEW` trains a new run from its weights"
            )
        return True

    def best_checkpoint(self) -> dict[str, Any]:
        """Return the checkpoint of the best epoch; raises ModelError where it is missing or damaged."""
        return load_tensors(self.checkpoints / "best.safetensors")


def _odd(values: Mapping[str, Any] | None, kinds: Mapping[str, type]) -> list[str]:
    """Return the names of the values that are there and not of their kind."""
    known = {name: value for name, value in (values or {}).items() if name in kinds and value is not None}
    return [name for name, value in known.items() if not isinstance(value, kinds[name]) or isinstance(value, bool)]
