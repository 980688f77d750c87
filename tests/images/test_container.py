"""Images: one array with named columns beside it."""

from __future__ import annotations

import numpy as np
import pytest

from latente.errors import InputError
from latente.images import Images

PIXELS = np.arange(4 * 3 * 2 * 2, dtype=np.uint8).reshape(4, 3, 2, 2)


def make(**columns: np.ndarray) -> Images:
    return Images(PIXELS, columns, files=("a", "b", "c", "d"), source={"source": "x"}, parts=("train",))


def test_it_knows_its_length_shape_and_kind() -> None:
    images = make(label=np.arange(4))
    assert (len(images), images.image_shape, images.is_table) == (4, (3, 2, 2), False)
    assert Images(np.zeros((5, 7))).is_table
    assert repr(images) == "<Images array: 4 of 3x2x2 uint8, columns label>"
    np.testing.assert_array_equal(images.labels, np.arange(4))
    assert make().labels is None


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), (3, 1, 2, 2, 2)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="open_images"):
        Images(np.zeros(shape))


def test_unknown_columns_and_columns_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="unknown column 'labels'"):
        make(labels=np.arange(4))
    with pytest.raises(InputError, match="3 rows for 4 images"):
        make(label=np.arange(3))


@pytest.mark.parametrize("indices", [[2, 0], np.array([2, 0]), slice(1, 3)])
def test_take_carries_columns_and_files_along_and_forgets_the_source(indices: object) -> None:
    images = make(label=np.arange(4))
    taken = images.take(indices)
    rows = np.arange(4)[indices]
    np.testing.assert_array_equal(taken.pixels, PIXELS[rows])
    np.testing.assert_array_equal(taken.labels, rows)
    assert taken.files == tuple("abcd"[row] for row in rows)
    assert taken.source == {}
    assert taken.fingerprint != images.fingerprint


def test_a_slice_copies_nothing() -> None:
    assert np.shares_memory(make().take(slice(0, 2)).pixels, PIXELS)


def test_the_fingerprint_covers_content_dtype_shape_and_columns() -> None:
    prints = {
        Images(PIXELS).fingerprint,
        Images(PIXELS + 1).fingerprint,
        Images(PIXELS.astype(np.int8)).fingerprint,
        Images(PIXELS.reshape(4, 1, 3, 4)).fingerprint,
        Images(PIXELS, {"label": np.arange(4)}).fingerprint,
        Images(PIXELS, {"attributes": np.arange(4)}).fingerprint,
    }
    assert len(prints) == 6
    assert Images(np.asfortranarray(PIXELS)).fingerprint == Images(PIXELS.copy()).fingerprint


def test_the_fingerprint_of_many_rows_is_that_of_their_bytes() -> None:
    import hashlib

    pixels = np.random.default_rng(0).integers(0, 256, (9001, 5), dtype=np.uint8)
    expected = hashlib.sha256(b"pixels |u1 (9001, 5)" + pixels.tobytes()).hexdigest()
    assert Images(pixels).fingerprint == expected


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True, True]), slice(1, 3), [1]])
def test_rows_are_taken_as_scikit_learn_asks_for_them(rows: object) -> None:
    images = make(label=np.arange(4))
    assert images.shape == (4, 3, 2, 2)
    for taken in (images[rows], images[rows, ...]):
        np.testing.assert_array_equal(taken.pixels, PIXELS[rows])
        np.testing.assert_array_equal(taken.labels, np.arange(4)[rows])
    assert [int(one.labels[0]) for one in images] == [0, 1, 2, 3]
    np.testing.assert_array_equal(np.asarray(images), PIXELS)
