"""What every test stands on: one thread, a cache of its own, the same random numbers in any order."""

from __future__ import annotations

import os

# before anything imports numpy or torch; programs that tests start inherit it
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["SCIPY_ARRAY_API"] = "1"  # without it scikit-learn skips one of its checks of estimators

import functools
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# a shell's background jobs ignore Ctrl-C, and so would the programs that tests start in order to interrupt them
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# the same examples on every machine, however slow; nothing is written beside the tests
hypothesis.settings.register_profile("latente", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("latente")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded images go into a folder of this session, never into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    """What tests ask for again and again is made once in each of their processes: it takes seconds, and is the same."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry  # what each operation becomes in a file

    from latente.images.generated.drawing import Shapes

    registry, field = functools.cache(ONNXRegistry.from_torchlib), Shapes.field
    drawn = functools.cache(lambda side, em, longest, *shape: field(Shapes(side, em, longest), *shape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(registry))
        patch.setattr(Shapes, "field", lambda self, *shape: drawn(self.side, self.em, self.longest, *shape))
        yield


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """No test's outcome depends on which tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets, which is no part of the project."""
    folder = os.environ.get("LATENTE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real data: set LATENTE_DATA to the folder that holds mnist/, fashion-mnist/ ...")
    return Path(folder)
