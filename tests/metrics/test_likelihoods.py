from __future__ import annotations

import numpy as np
import pytest

from latente import metrics
from latente.errors import InputError


def test_the_evidence_lower_bound_is_what_reconstruction_and_kl_leave() -> None:
    means = metrics.evaluate_likelihoods(np.array([90.0, 70.0]), np.array([10.0, 20.0]))
    assert means == {"reconstruction": 80.0, "kl": 15.0, "elbo": -95.0}


def test_the_bound_is_averaged_where_there_is_one() -> None:
    terms = np.array([90.0, 70.0]), np.array([10.0, 20.0])
    assert metrics.evaluate_likelihoods(*terms, bound=np.array([-95.0, -85.0]))["bound"] == -90.0


def test_sets_of_no_images_are_refused() -> None:
    with pytest.raises(InputError, match="no images"):
        metrics.evaluate_likelihoods(np.zeros(0), np.zeros(0))


def test_every_figure_states_its_protocol() -> None:
    means = metrics.evaluate_likelihoods(np.zeros(1), np.zeros(1), np.zeros(1))
    assert set(means) <= set(metrics.PROTOCOLS)
