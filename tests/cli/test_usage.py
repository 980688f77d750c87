"""Help, wrong usage and exit codes: what a user meets before anything runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import latente as package
import latente.__main__ as entry
from latente.cli import main, sample
from latente.errors import InputError, Interrupted, ModelError, TrainingError

Client = Callable[..., Any]

HEAVY = {"torch", "sklearn", "skimage", "matplotlib", "numpy", "PIL"}
TRAINING = ["fit", "resume", "watch", "sweep", "reproduce", "studio"]
USING = ["rank", "score", "classify", "encode", "decode", "reconstruct", "restore", "sample", "vary", "export"]
LOOKING = ["evaluate", "report", "explore", "map", "compare-pca", "nearest"]
STEERING = ["traverse", "interpolate", "direction", "edit"]
SECOND_VERBS = ["data list", "data get", "data show", "data clean", "direction learn", "direction list"]
VERBS = [*TRAINING, *USING, *LOOKING, *STEERING, "data", "doctor"]


@pytest.mark.parametrize("line", ["", "--help"])
def test_without_a_verb_the_verbs_are_shown(latente: Client, line: str) -> None:
    shown = latente(line)
    assert (shown.code, shown.err) == (0, "")
    assert all(f"│ {verb} " in shown.out for verb in VERBS)


@pytest.mark.parametrize(
    "line", [*VERBS, "data list", "data get", "data show", "data clean", "direction learn", "direction list"]
)
def test_every_verb_has_help_with_examples_within_80_columns(latente: Client, line: str) -> None:
    shown = latente(f"{line} --help")
    assert (shown.code, shown.err) == (0, "")
    assert f"latente {line}" in shown.out.partition("Examples")[2]
    assert max(map(len, shown.out.splitlines())) <= 80


def test_the_version_is_that_of_the_package(latente: Client) -> None:
    assert latente("--version").out == f"latente {package.__version__}\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fti digits", "no such command 'fti'; did you mean 'fit'?"),
        ("data lits", "no such command 'lits'; did you mean 'list'?"),
        ("fit digits --epoch 3", "unknown option '--epoch'; did you mean '--epochs'?"),
        ("fit digits --latent_dim 3", "unknown option '--latent_dim'; did you mean '--latent-dim'?"),
        ("fit digits --qqq", "no such option: --qqq; see latente fit --help"),
        ("fit", "missing argument 'IMAGES'; see latente fit --help"),
        ("encode run digits", "missing option '--out'; see latente encode --help"),
        (
            "fit digits --model vea",
            "unknown model 'vea'; did you mean 'vae'? known: autoencoder, classifier,",
        ),
        ("fit digits --loss mes", "unknown loss 'mes'; did you mean 'mse'? known: bce, l1, mse"),
        ("fit digits --optimizer adan", "unknown optimizer 'adan'; did you mean 'adam'?"),
        ("fit digits --epochs many", "invalid value for '--epochs': 'many' is not a whole number"),
        ("fit digits --size 3x4x5", "invalid value for '--size': '3x4x5' is neither a side"),
        ("fit digits --size 0", "invalid value for '--size': '0' is neither a side"),
        ("fit digits --count 0", "invalid value for '--count': it must be a whole number of at least 1, not 0"),
        ("fit digits --budget nan", "invalid value for '--budget': it must be a number of at least 0 and of at most 1"),
        ("fit digits --epochs -3", "--epochs must be a whole number of at least 1, not -3"),
        ("fit '' --epochs 1", "the images have no name"),
        ("fit digits --out results.csv", "--out results.csv: a run is a folder; name one without the ending .csv"),
        ("resume run --epochs -3", "invalid value for '--epochs': it must be a whole number of at least 1, not -3"),
        ("sample run -n 0 --out x.png", "invalid value for '-n': it must be a whole number of at least 1, not 0"),
        (
            "sample run --out a.txt",
            "--out a.txt: name a folder for PNG files, a .png file for one sheet, or a .npy file",
        ),
        ("decode run codes.npz --out a.pdf", "--out a.pdf: name a folder for PNG files"),
        ("reconstruct run digits --out a.csv", "--out a.csv: name a folder for PNG files"),
        ("reconstruct run digits --count 0 --out a", "'--count': it must be a whole number of at least 1"),
        ("traverse run --span nan", "invalid value for '--span': it must be a number above 0, not nan"),
        (
            "interpolate run digits --steps 1",
            "invalid value for '--steps': it must be a whole number of at least 2, not 1",
        ),
        ("explore run --count -1", "invalid value for '--count': it must be a whole number of at least 1, not -1"),
        ("export run --out model.onnx", "--out model.onnx: an export is a folder; name one without the ending .onnx"),
        ("reproduce letters --seeds 0", "invalid value for '--seeds': it must be a whole number of at least 1, not 0"),
    ],
)
def test_wrong_usage_is_one_line_with_a_cure(latente: Client, line: str, message: str) -> None:
    shown = latente(line)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("error: ")
    assert message in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("--size 3 is too small; use 8"), 2, "error: --size 3 is too small; use 8"),
        (ModelError("run holds a pickle"), 2, "error: run holds a pickle"),
        (TrainingError("loss is not finite"), 1, "error: loss is not finite"),
        (
            Interrupted("stopped; go on with: latente resume run"),
            130,
            "interrupted: stopped; go on with: latente resume run",
        ),
        (KeyboardInterrupt(), 130, "interrupted: nothing was left half-written"),
        (PermissionError(13, "Permission denied", "x.png"), 1, "error: x.png: Permission denied"),
        (MemoryError(), 1, "error: out of memory: try a smaller --batch-size, --size or --count"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."),
            1,
            "error: out of memory: try a smaller --batch-size, --size or --count",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_each_kind_of_error_has_its_exit_code_and_one_line(
    latente: Client, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    def fail(verb: str, run: object) -> None:
        raise error

    monkeypatch.setattr(sample, "model_for", fail)
    shown = latente("sample run --out x.png")
    assert (shown.code, shown.out, shown.err) == (code, "", f"{line}\n")
    monkeypatch.setenv("LATENTE_DEBUG", "1")
    shown = latente("sample run --out x.png")
    assert shown.code == code
    assert shown.err.startswith("Traceback")
    assert shown.err.endswith(f"{line}\n")


def test_a_warning_is_one_line_too(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(verb: str, run: object) -> None:
        warnings.simplefilter("always")
        warnings.warn("resumed with other threads", UserWarning, stacklevel=2)
        raise InputError("enough")

    monkeypatch.setattr(sample, "model_for", warn)
    shown = latente("sample run --out x.png")
    assert shown.err == "warning: resumed with other threads\nerror: enough\n"


def test_markup_in_a_message_is_printed_as_it_is(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(verb: str, run: object) -> None:
        raise InputError("photos[red]/a[0].png is damaged")

    monkeypatch.setattr(sample, "model_for", fail)
    assert latente("sample run --out x.png").err == "error: photos[red]/a[0].png is damaged\n"


@pytest.mark.parametrize("line", [["--help"], ["fit", "--help"], ["--version"], ["fit", "digits", "--loss", "mes"]])
def test_nothing_heavy_is_imported_before_there_is_work(line: list[str]) -> None:
    program = (
        f"import sys, latente.cli; latente.cli.main({line!r}); heavy = {HEAVY!r};"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")


def test_python_m_latente_is_the_same_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "latente", "fti"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: no such command 'fti'; did you mean 'fit'?\n")


@pytest.mark.parametrize("line", ["data list", "data list --json", "--version"])
def test_a_reader_that_goes_away_is_no_error(line: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:
        command = [sys.executable, "-m", "latente", *line.split()]
        done = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_streams_that_are_closed_from_the_start_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["data", "list"]) == 0
    assert main(["data", "lits"]) == 2
    for stream in (sys.stdout, sys.stderr):
        stream.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_output_that_finds_no_room_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-m", "latente", "--version"], stdout=full, check=False)
    assert (done.returncode, capfd.readouterr().err) == (1, "error: No space left on device\n")


INTERRUPTED = "interrupted: nothing was left half-written\n"


def test_ctrl_c_while_the_command_line_is_loading_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("latente.cli._open_streams", interrupt)
    monkeypatch.setattr(sys, "argv", ["latente", "data", "list"])
    before = signal.getsignal(signal.SIGINT)
    try:
        assert entry.main() == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr() == ("", INTERRUPTED)


def test_ctrl_c_while_torch_is_imported_leaves_at_once_in_one_line() -> None:
    program = (
        "import importlib.machinery, os, signal, sys, types, latente.__main__ as entry, latente.cli as cli\n"
        "def verb():\n"
        "    sys.modules['torch'] = torch = types.ModuleType('torch')\n"
        "    torch.__spec__ = importlib.machinery.ModuleSpec('torch', None)\n"
        "    torch.__spec__._initializing = True\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('still here')\n"
        "cli.main = verb\n"
        "entry.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", INTERRUPTED)


def test_no_line_ends_in_blanks(latente: Client) -> None:
    lines = latente("data list").out.splitlines() + latente("data show digits").out.splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line != line.rstrip()] == []
