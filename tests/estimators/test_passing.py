"""What is NaN or infinite never goes through a model: every method that uses one says so instead."""

from __future__ import annotations

import numpy as np
import pytest

from latente import Autoencoder, Images, InputError, StackedAutoencoderClassifier, VariationalAutoencoder

X = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
Y = np.arange(20) % 2
USES = ("encode", "transform", "reconstruct", "score_samples", "score", "evaluate", "outputs")
USES_OF = {
    Autoencoder: USES,
    VariationalAutoencoder: (*USES, "posterior", "bound"),
    StackedAutoencoderClassifier: ("encode", "transform", "predict", "predict_proba", "decision_function", "score"),
}
SMALL = {"hidden": (4,), "epochs": 1, "random_state": 0, "device": "cpu"}


@pytest.mark.parametrize("kind", USES_OF)
def test_images_that_are_not_finite_are_refused_by_every_method_however_they_came(kind: type):
    model = kind(**SMALL).fit(X, Y)
    for value in (np.nan, np.inf):
        spoilt = X.copy()
        spoilt[3, 2, 1] = value
        columns = {"label": Y} if kind is StackedAutoencoderClassifier else {}
        by_hand = Images(spoilt[:, None], columns, layout="NHW")
        for use in USES_OF[kind]:
            for images in (spoilt, by_hand):
                with pytest.raises(InputError, match=r"holds? NaN,? or infinity|hold NaN, infinity"):
                    getattr(model, use)(images)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_codes_that_are_not_finite_or_whose_images_are_not_are_refused(dtype: type):
    model = Autoencoder(latent_dim=2, **SMALL).fit((X * 255).astype(dtype) if dtype is np.uint8 else X * 9)
    for value in (np.nan, np.inf, -np.inf, 1e300):
        codes = np.zeros((3, 2))
        codes[1, 0] = value
        for use in (model.decode, model.inverse_transform):
            with pytest.raises(InputError, match="codes hold NaN or infinity, first in row 1"):
                use(codes)
    with pytest.raises(InputError, match="NaN or infinite: what went in lies too far outside"):
        model.decode(np.full((1, 2), 3e38))


def test_a_table_s_row_far_outside_the_training_s_is_refused_where_it_has_no_code():
    table = X[:, 0].astype(np.float64)
    model = Autoencoder(latent_dim=2, **SMALL).fit(table)
    with pytest.raises(InputError, match="far outside the range of the training"):
        model.encode(np.where(np.arange(8) == 1, 1e300, table))
