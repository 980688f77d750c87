"""The entries of the catalogue of named public sets."""

from __future__ import annotations

import dataclasses
from typing import Any

from latente.languages import say

__all__ = ["ENTRIES", "Entry", "File"]


@dataclasses.dataclass(frozen=True)
class File:
    """One file of a set. sha256: of the content after decompression, or of the file as it is served."""

    name: str
    sha256: str
    of: str = "content"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A named set. mirrors: addresses that end in "/", tried in turn; source: where the digests come from."""

    name: str
    title: str
    files: tuple[File, ...]
    mirrors: tuple[str, ...]
    homepage: str
    licence: str
    citation: str
    digests: str
    label_names: tuple[str, ...] = ()
    archive: str = ""  # the one file that is served, where it holds the others
    by_hand: str = ""  # how to get a set that may not be fetched by a program

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _idx(
    train_images: str, train_labels: str, test_images: str, test_labels: str, of: str = "content"
) -> tuple[File, ...]:
    return (
        File("train-images-idx3-ubyte.gz", train_images, of),
        File("train-labels-idx1-ubyte.gz", train_labels, of),
        File("t10k-images-idx3-ubyte.gz", test_images, of),
        File("t10k-labels-idx1-ubyte.gz", test_labels, of),
    )


ENTRIES = (
    Entry(
        name="mnist",
        title="70,000 handwritten digits, 28x28 grey, labelled; 60,000 to train, 10,000 to test",
        files=_idx(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        homepage="http://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0, as commonly stated (Yann LeCun and Corinna Cortes hold the copyright)",
        citation="LeCun et al.: Gradient-based learning applied to document recognition, 1998",
        digests="computed from files whose MD5 is the official one (train images: the content's)",
        label_names=tuple("0123456789"),
    ),
    Entry(
        name="fashion-mnist",
        title="70,000 pictures of clothes, 28x28 grey, labelled; 60,000 to train, 10,000 to test",
        files=_idx(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        citation="Xiao, Rasul, Vollgraf: Fashion-MNIST, a novel image dataset, arXiv 1708.07747, 2017",
        digests="computed from files whose MD5 is the one that its authors state",
        label_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    Entry(
        name="kmnist",
        title="70,000 cursive Japanese characters, 28x28 grey, labelled; 60,000 to train, 10,000 to test",
        files=_idx(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
            of="file",
        ),
        mirrors=(
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
        homepage="https://codh.rois.ac.jp/kmnist/",
        licence="CC BY-SA 4.0",
        citation="Clanuwat et al.: Deep learning for classical Japanese literature, arXiv 1812.01718, 2018",
        digests="of the .gz files, as torchvision states them; not verified here; checked when fetched",
        label_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    Entry(
        name="cifar10",
        title="60,000 photographs of ten kinds of things, 32x32 RGB, labelled; 10,000 of them to test",
        files=(
            File("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
            File("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
            File("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
            File("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
            File("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
            File("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
        ),
        mirrors=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="none stated; its author asks for the citation",
        citation="Krizhevsky: Learning multiple layers of features from tiny images, technical report, 2009",
        digests="of the unpacked files, as the torchvision package for Ruby states them; not verified here",
        label_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        archive="cifar-10-binary.tar.gz",
    ),
    Entry(
        name="celeba",
        title="202,599 faces, 178x218 RGB, 40 attributes; train, val and test parts",
        files=(),
        mirrors=(),
        homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        licence="non-commercial research only, under the agreement on its homepage; no redistribution",
        citation="Liu, Luo, Wang, Tang: Deep learning face attributes in the wild, ICCV 2015",
        digests="none: it is your own copy",
        by_hand=say("the unpacked folder img_align_celeba, list_attr_celeba.txt and list_eval_partition.txt"),
    ),
)
