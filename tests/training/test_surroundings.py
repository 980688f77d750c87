"""The same call gives the same result, bit for bit, whatever surrounds it: settings, threads, forks, folders."""

from __future__ import annotations

import contextlib
import locale
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
import torch
from sklearn.model_selection import GridSearchCV

from latente import Autoencoder, InputError, StackedAutoencoderClassifier, VariationalAutoencoder, load, resume
from latente.training import Run, devices, surroundings
from toys import difference

PICTURES = np.random.default_rng(0).integers(0, 256, (40, 12, 12), dtype=np.uint8)
ROWS = np.random.default_rng(1).normal(size=(40, 6))
LABELS = np.arange(40) % 3
COMMON = {"hidden": (8,), "epochs": 2, "batch_size": 16, "dropout": 0.2, "random_state": 0, "device": "cpu"}

FAMILIES: dict[str, tuple[Callable[..., Any], np.ndarray]] = {
    "dense": (lambda: Autoencoder(**COMMON, latent_dim=2, corruption="gaussian:0.1"), ROWS),
    "conv": (lambda: Autoencoder(**COMMON, latent_dim=2, network="conv", normalization="batch", ema=0.9), PICTURES),
    "vae": (lambda: VariationalAutoencoder(**COMMON, latent_dim=2, augmentation="flips", precision="bf16"), PICTURES),
    "stacked": (lambda: StackedAutoencoderClassifier(**{**COMMON, "hidden": (8, 4)}, pretrain_epochs=1), PICTURES),
}


def all_of(name: str) -> dict[str, Any]:
    """Fit a family and use it, and return everything that came of it."""
    make, X = FAMILIES[name]
    model = make().fit(X, LABELS)
    results = {"weights": dict(model.objective_.state_dict()), "codes": np.asarray(model.transform(X)).tobytes()}
    results["evaluated"] = model.evaluate(X, LABELS) if name == "stacked" else model.evaluate(X)
    if name != "stacked":
        results["samples"] = model.sample(3, random_state=0).tobytes()
        results["layers"] = model.layers()
        model.partial_fit(X)
        results["fitted further"] = dict(model.objective_.state_dict())
    return results


@cache
def usual(name: str) -> dict[str, Any]:
    return all_of(name)


def settings() -> list[Any]:
    """Return what a call must leave as it was; the tests' checks of array shapes draw from Python's own generator."""
    return [
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.get_float32_matmul_precision(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
        torch.get_rng_state().tolist(),
        str(np.random.get_state()),
        np.geterr(),
        warnings.filters[:],
        signal.getsignal(signal.SIGINT),
    ]


@contextlib.contextmanager
def set_to(write: Callable[[Any], object], value: object, before: object) -> Iterator[None]:
    write(value)
    try:
        yield
    finally:
        write(before)


def seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


@contextlib.contextmanager
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


SURROUNDINGS: dict[str, Callable[[], contextlib.AbstractContextManager[Any]]] = {
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "default dtype": lambda: set_to(torch.set_default_dtype, torch.float64, torch.float32),
    "default device": lambda: set_to(torch.set_default_device, "meta", None),
    "device": lambda: torch.device("meta"),
    "rounded products": lambda: set_to(torch.set_float32_matmul_precision, "medium", "highest"),
    "deterministic": lambda: set_to(torch.use_deterministic_algorithms, True, False),
    "seeds": lambda: set_to(seed_everything, 7, 0),
    "NumPy raises": lambda: np.errstate(all="raise"),
    "warnings": warnings_are_errors,
    "scikit-learn": lambda: sklearn.config_context(
        transform_output="pandas", assume_finite=True, enable_metadata_routing=True, array_api_dispatch=True
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("around", SURROUNDINGS)
def test_a_model_is_the_same_whatever_surrounds_its_fit(around: str, name: str):
    expected = usual(name)
    with SURROUNDINGS[around]():
        before = settings()
        results = all_of(name)
        after = settings()
    assert difference(results, expected) is None
    assert after == before


@pytest.mark.parametrize("around", SURROUNDINGS)
def test_a_model_is_saved_and_loaded_alike_in_any_surroundings(around: str, tmp_path: Path):
    make, X = FAMILIES["conv"]
    model = make().fit(X)
    with SURROUNDINGS[around]():
        again = load(model.save(tmp_path / "model"))
    assert difference(dict(again.objective_.state_dict()), dict(model.objective_.state_dict())) is None
    assert again.encode(X).tobytes() == model.encode(X).tobytes()
    again.partial_fit(X)  # as it could not be with weights of inference mode


def test_fits_in_threads_give_what_each_gives_alone():
    results: dict[str, Any] = {}

    def fit(name: str) -> None:
        results[name] = all_of(name)

    threads = [threading.Thread(target=fit, args=(name,)) for name in FAMILIES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in FAMILIES:
        assert difference(results[name], usual(name)) is None, name


def test_a_search_in_threads_scores_as_one_in_series():
    make, X = FAMILIES["dense"]
    search = GridSearchCV(make(), {"dropout": [0.0, 0.3], "threads": [None, 1]}, cv=2, refit=False)
    in_series = search.fit(X).cv_results_["mean_test_score"]
    with joblib.parallel_backend("threading", n_jobs=4):
        in_threads = search.fit(X).cv_results_["mean_test_score"]
    assert in_threads.tolist() == in_series.tolist()


def test_a_model_is_used_while_another_thread_trains():
    make, X = FAMILIES["dense"]
    model, codes = make().fit(X), []

    class Watcher(Autoencoder):
        """In whose training, once it has its turn, another thread uses a model."""

        def _augmentation(self):
            def use(batch, generator):
                user = threading.Thread(target=lambda: codes.append(model.encode(X).tobytes()))
                user.start()
                user.join(30)
                return batch

            return use

    Watcher(**{**COMMON, "epochs": 1}, latent_dim=2).fit(X)
    assert codes
    assert set(codes) == {model.encode(X).tobytes()}


def test_settings_come_back_when_the_last_of_several_calls_ends():
    torch.set_default_dtype(torch.float64)
    try:
        first, second = surroundings.own_surroundings(), surroundings.own_surroundings()
        with first:
            second.__enter__()
        assert torch.get_default_dtype() == torch.float32
        second.__exit__(None, None, None)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_run_goes_on_from_another_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    for name, images in (("train", PICTURES), ("held-out", PICTURES[:9]), ("labels", LABELS)):
        np.save(f"{name}.npy", images)
    make, _ = FAMILIES["dense"]
    whole = make().set_params(validation="held-out.npy", schedule="constant", epochs=3).fit("train.npy")
    model = make().set_params(validation="held-out.npy", schedule="constant", out="run").fit("train.npy")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert model.encode(PICTURES).tobytes() == load("../run").encode(PICTURES).tobytes()
    further = resume("../run", epochs=3)
    assert difference(dict(further.objective_.state_dict()), dict(whole.objective_.state_dict())) is None


def test_a_decimal_comma_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    compiler = shutil.which("localedef")
    if compiler is None:
        pytest.skip("no locale can be made here")
    (tmp_path / "source").write_text('LC_NUMERIC\ndecimal_point ","\nthousands_sep "."\ngrouping 3;3\nEND LC_NUMERIC\n')
    command = [compiler, "-c", "-i", "source", "-f", "UTF-8", "./comma"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)  # it warns of what is left out
    monkeypatch.setenv("LOCPATH", str(tmp_path))
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "comma")
        assert locale.localeconv()["decimal_point"] == ","
        make, X = FAMILIES["dense"]
        assert difference(all_of("dense"), usual("dense")) is None
        model = make().set_params(out=tmp_path / "run").fit(X)
        assert load(tmp_path / "run").encode(X).tobytes() == model.encode(X).tobytes()
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


def test_a_machine_without_home_or_temporary_folder_in_plain_ascii_trains_alike(tmp_path: Path):
    make, X = FAMILIES["dense"]
    np.save(tmp_path / "größe.npy", X)
    program = """
import sys
import test_surroundings
make, _ = test_surroundings.FAMILIES["dense"]
make().set_params(out=sys.argv[2]).fit(sys.argv[1])
"""
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "/proc/none", "TMPDIR": "/proc/none"}
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program, "größe.npy", "läufe/eins"],
        env={**os.environ, **bare, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert load(tmp_path / "läufe/eins").encode(X).tobytes() == make().fit(X).encode(X).tobytes()


def in_fork(work: Callable[[], bool], seconds: int = 60) -> int:
    """Return the exit status of a forked child: 0 where `work` says yes, and that of an alarm where it hangs."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(seconds)
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_from_one_that_uses_a_graphics_card_is_told_what_to_use(monkeypatch: pytest.MonkeyPatch):
    def is_told() -> bool:
        with pytest.raises(InputError, match="start processes by 'spawn'"):
            devices.resolve_device("auto")
        return devices.resolve_device("cpu") == torch.device("cpu")

    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_initialized", lambda: True)
        patch.setattr(surroundings._process, "card_is_in_use", False)
        assert in_fork(is_told) == 0
    assert devices.resolve_device("auto")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_after_a_fit_fits_too_with_one_thread_and_says_so():
    X = np.random.default_rng(0).random((256, 400), dtype=np.float32)  # enough for torch to use its threads
    options: dict[str, Any] = {**COMMON, "hidden": (256,), "epochs": 1, "batch_size": 128, "latent_dim": 2}

    def fit() -> bool:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model = Autoencoder(**options).fit(X)
        said = [str(one.message) for one in told if "forked" in str(one.message)]
        return len(said) == 1 and torch.get_num_threads() == 1 and np.isfinite(model.encode(X)).all()

    torch.set_num_threads(2)
    try:
        Autoencoder(**options).fit(X)
        with surroundings.take_turns():  # as another thread may have it, which is not in the child
            assert in_fork(fit) == 0
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_a_generator_of_numpy_stands_for_a_seed_and_moves_on(make: Callable[[int], Any], tmp_path: Path):
    family, X = FAMILIES["dense"]
    models = [family().set_params(random_state=make(5), out=tmp_path / f"{n}").fit(X) for n in range(2)]
    assert models[0].seed_ == models[1].seed_
    assert f"random_state={models[0].seed_}" in Run(tmp_path / "0").options()["command"]
    assert difference(dict(models[0].objective_.state_dict()), dict(models[1].objective_.state_dict())) is None
    generator = make(5)
    draws = [models[0].sample(2, random_state=generator).tobytes() for _ in range(2)]
    assert draws[0] == models[0].sample(2, random_state=make(5)).tobytes()
    assert draws[0] != draws[1]
