"""Times as people write them."""

from __future__ import annotations

import pytest

from latente.errors import InputError
from latente.training.durations import seconds_of


@pytest.mark.parametrize(("duration", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400), ("0.5 min", 30)])
def test_a_number_with_its_unit_is_a_time(duration: str, seconds: float):
    assert seconds_of(duration) == seconds


@pytest.mark.parametrize("duration", ["", "10", "min", "-3min", "0s", "10m", "infh", "nans", "ten minutes"])
def test_anything_else_is_refused_with_examples(duration: str):
    with pytest.raises(InputError, match="such as 30s, 10min or 2h"):
        seconds_of(duration)
