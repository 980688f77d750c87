"""A set that lies in a file takes no memory of its own: training and use take what their batches need."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from latente import Autoencoder, open_images

ROWS, COLUMNS = 40_000, 2048  # 82 MB
BOUND = 60e6  # bytes; neither the set fits in it nor the part that is drawn from it


class Peak:
    """The highest that this process's private memory rises above where it was."""

    def __enter__(self) -> Peak:
        self.start = self.highest = self._private()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        return self.highest - self.start

    def _watch(self) -> None:
        while not self._end.wait(0.005):
            self.highest = max(self.highest, self._private())

    @staticmethod
    def _private() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_set_in_a_file_is_trained_on_judged_and_encoded_within_the_memory_of_a_few_batches(tmp_path: Path) -> None:
    tile = np.random.default_rng(0).integers(0, 256, (1000, COLUMNS), dtype=np.uint8)
    array = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", np.uint8, (ROWS, COLUMNS))
    for start in range(0, ROWS, len(tile)):
        array[start : start + len(tile)] = tile
    del array
    model = Autoencoder(network="dense", hidden=(), latent_dim=2, epochs=1, batch_size=256, random_state=0)
    model.fit(tile).evaluate(tile)  # what is loaded only once is loaded now
    with Peak() as peak:
        images = open_images(tmp_path / "rows.npy", count=ROWS * 17 // 20)
        model.fit(images)
        assert model.evaluate(images)["count"] == len(images)
        assert model.encode(images).shape == (len(images), 2)
    assert peak.growth < BOUND
