"""The named public sets: found where the user put them, fetched and checked where not."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import hashlib
import http.server
import io
import struct
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from images.corpus import picture
from latente.errors import InputError
from latente.images import catalog, open_images
from latente.images.claims import claimed
from latente.images.entries import ENTRIES, Entry, File

RNG = np.random.default_rng(0)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


IMAGES = RNG.integers(0, 256, (20, 8, 8), dtype=np.uint8)
LABELS = np.arange(20, dtype=np.uint8) % 2
CONTENT = {
    "train-images-idx3-ubyte.gz": idx(IMAGES[:15]),
    "train-labels-idx1-ubyte.gz": idx(LABELS[:15]),
    "t10k-images-idx3-ubyte.gz": idx(IMAGES[15:]),
    "t10k-labels-idx1-ubyte.gz": idx(LABELS[15:]),
}


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    for name, data in CONTENT.items():
        (folder / name).write_bytes(gzip.compress(data, compresslevel=1))
    return folder


@pytest.fixture
def server(served: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=served)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str) -> Entry:
    """A set of the catalogue that the test's own server offers; the first mirror does not answer."""
    entry = Entry(
        name="toy",
        title="a toy",
        files=tuple(File(name, sha256(data)) for name, data in CONTENT.items()),
        mirrors=("http://127.0.0.1:9/", f"{server}missing/", server),
        homepage="http://127.0.0.1/",
        licence="none",
        citation="none",
        digests="computed here",
        label_names=("even", "odd"),
    )
    monkeypatch.setattr(catalog, "ENTRIES", (*ENTRIES, entry))
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LATENTE_DATA", raising=False)
    monkeypatch.delenv("LATENTE_OFFLINE", raising=False)
    return entry


def test_every_entry_is_complete() -> None:
    assert {entry.name for entry in catalog.entries()} == {
        "mnist",
        "fashion-mnist",
        "kmnist",
        "cifar10",
        "celeba",
    }
    for entry in catalog.entries():
        assert entry.licence
        assert entry.citation
        assert entry.digests
        assert bool(entry.files) != bool(entry.by_hand)
        assert all(address.endswith("/") for address in entry.mirrors)
        for file in entry.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.of in ("content", "file")
        assert entry.to_json()["name"] == entry.name


def test_a_set_is_fetched_from_the_first_mirror_that_has_it_and_then_opened(toy: Entry, tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    folder = catalog.get("toy", lambda done, total, what: seen.append((done, total, what)))
    assert folder == catalog.locate("toy") == tmp_path / "cache" / "data" / "toy"
    assert sorted(path.name for path in folder.iterdir()) == sorted(CONTENT)
    assert {what for _, _, what in seen} == set(CONTENT)
    images = open_images("toy", split="test")
    np.testing.assert_array_equal(images.pixels[:, 0], IMAGES[15:])
    np.testing.assert_array_equal(images.labels, LABELS[15:])
    assert images.label_names == ("even", "odd")
    assert images.source == {"source": "toy", "split": "test"}


def test_what_is_there_is_not_fetched_again(toy: Entry, served: Path) -> None:
    folder = catalog.get("toy")
    for path in served.iterdir():
        path.unlink()
    assert catalog.get("toy") == folder


def test_what_a_killed_fetch_left_is_removed_by_the_next_one(toy: Entry, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "data" / "toy"
    folder.mkdir(parents=True)
    dead, living = folder / ".0123.part.train", folder / ".4567.part.train"
    for path in (dead, living):
        path.write_bytes(b"half")
    with claimed(living):
        catalog.get("toy")
        assert living.exists()
    assert not dead.exists()
    living.unlink()
    assert sorted(path.name for path in folder.iterdir()) == sorted(CONTENT)


@pytest.mark.parametrize("fault", ["other content", "cut", "no gzip", "missing"])
def test_a_file_that_is_not_the_official_one_is_never_kept(
    toy: Entry, served: Path, fault: str, tmp_path: Path
) -> None:
    path = served / "t10k-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    if fault == "missing":
        path.unlink()
    else:
        wrong = {"other content": gzip.compress(b"hello"), "cut": whole[:-20], "no gzip": b"<html>404</html>"}
        path.write_bytes(wrong[fault])
    with pytest.raises(InputError, match=r"toy could not be fetched .*put .*t10k-images-idx3-ubyte\.gz") as caught:
        catalog.get("toy")
    assert "\n" not in str(caught.value)
    left = sorted(file.name for file in (tmp_path / "cache" / "data" / "toy").iterdir())
    assert left == sorted(name for name in CONTENT if name.startswith("train"))


def test_a_digest_of_the_file_as_served_is_checked_too(
    toy: Entry, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(File(name, sha256((served / name).read_bytes()), of="file") for name in CONTENT)
    monkeypatch.setattr(catalog, "ENTRIES", (dataclasses.replace(toy, files=files),))
    catalog.get("toy")
    wrong = (*files[:-1], dataclasses.replace(files[-1], sha256="0" * 64))
    monkeypatch.setattr(catalog, "ENTRIES", (dataclasses.replace(toy, name="wrong", files=wrong),))
    with pytest.raises(InputError, match="SHA-256"):
        catalog.get("wrong")


def test_offline_nothing_is_fetched_and_the_error_says_which_files_go_where(
    toy: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LATENTE_OFFLINE", "1")
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path / "mine"))
    with pytest.raises(InputError) as caught:
        catalog.get("toy")
    for words in (*CONTENT, str(tmp_path / "mine" / "toy"), "LATENTE_OFFLINE"):
        assert words in str(caught.value)
    with pytest.raises(InputError, match="latente data get toy"):
        open_images("toy")


@pytest.mark.parametrize("compressed", [True, False])
def test_the_users_own_files_come_first_compressed_or_not(
    toy: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compressed: bool
) -> None:
    folder = tmp_path / "mine" / "toy"
    folder.mkdir(parents=True)
    for name, data in CONTENT.items():
        (folder / (name if compressed else name[:-3])).write_bytes(gzip.compress(data) if compressed else data)
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path / "mine"))
    assert catalog.get("toy") == catalog.locate("toy") == folder
    np.testing.assert_array_equal(open_images("toy").pixels[:, 0], IMAGES[:15])


def test_own_files_of_another_content_are_refused(toy: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "toy"
    folder.mkdir(parents=True)
    for name, data in CONTENT.items():
        (folder / name).write_bytes(gzip.compress(data))
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(255 - IMAGES[:15])))
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path / "mine"))
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz is not the official file"):
        open_images("toy")


def test_a_full_disk_leaves_no_half_file(toy: Entry, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    from latente.errors import TrainingError

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(TrainingError, match="the disk is full"):
            catalog.get("toy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in (tmp_path / "cache" / "data" / "toy").iterdir()] == []


@pytest.fixture
def cifar(toy: Entry, served: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """CIFAR-10's entry with batches of our own, served as its archive."""
    cifar10 = next(entry for entry in ENTRIES if entry.name == "cifar10")
    batches = {file.name: RNG.integers(0, 10, (4, 3073), dtype=np.uint8) for file in cifar10.files}
    with tarfile.open(served / cifar10.archive, "w:gz") as archive:
        for name, batch in {**batches, "../../evil.bin": np.zeros((1, 1), np.uint8)}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = batch.nbytes
            archive.addfile(member, io.BytesIO(batch.tobytes()))
    files = tuple(File(name, sha256(batch.tobytes())) for name, batch in batches.items())
    monkeypatch.setattr(catalog, "ENTRIES", (dataclasses.replace(cifar10, files=files, mirrors=toy.mirrors),))
    return batches


def test_cifar10_is_unpacked_from_its_archive_and_opened(cifar: dict[str, np.ndarray]) -> None:
    folder = catalog.get("cifar10")
    assert sorted(path.name for path in folder.iterdir()) == sorted(cifar)
    train, test = open_images("cifar10"), open_images("cifar10", split="test")
    rows = np.concatenate([cifar[f"data_batch_{k}.bin"] for k in range(1, 6)])
    np.testing.assert_array_equal(train.pixels, rows[:, 1:].reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(train.labels, rows[:, 0])
    np.testing.assert_array_equal(test.labels, cifar["test_batch.bin"][:, 0])
    assert train.parts == ("train", "test")
    assert train.label_names[3] == "cat"


def test_celeba_is_the_users_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"for you to get, from https://.*img_align_celeba"):
        catalog.get("celeba")
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for k in (1, 2):
        picture(k, size=(178, 218)).save(folder / "img_align_celeba" / f"00000{k}.jpg")
    (folder / "list_attr_celeba.txt").write_text("2\nSmiling Male\n000001.jpg 1 -1\n000002.jpg -1 -1\n")
    (folder / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 2\n")
    images = open_images("celeba", crop=148, size=64)
    assert images.image_shape == (3, 64, 64)
    assert images.parts == ("train", "test")
    np.testing.assert_array_equal(images.columns["attributes"], [[1, -1]])


def test_an_unknown_set_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'mnist'"):
        catalog.get("mnits")
    with pytest.raises(InputError, match="did you mean 'fashion-mnist'"):
        open_images("fashion_mnist")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_sets_meet_their_digests(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path))  # so that nothing is taken from an earlier start
    for part, count in (("train", 60_000), ("test", 10_000)):
        images = open_images(name, split=part)
        assert images.pixels.shape == (count, 1, 28, 28)
        assert np.bincount(images.labels).min() > 0.08 * count
        assert len(images.label_names) == 10
