"""Pictures to try the studio with, for those who have none at hand: parts of the photographs that come with Latente."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from latente.studio.uploads import Announced, Uploads

__all__ = ["fill"]

_SET, _COUNT = "photos", 300


def fill(uploads: Uploads, set_folder: Path, count: int = _COUNT) -> None:
    """Put so many pictures into a set, in groups: a folder for each photograph that they are parts of."""
    from PIL import Image

    from latente.images import open_images

    images = open_images(_SET, count=count)
    assert images.labels is not None
    contents: dict[str, bytes] = {}
    for row, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        file = io.BytesIO()
        Image.fromarray(pixels.transpose(1, 2, 0)).save(file, "PNG")
        contents[f"{images.label_names[label]}/{row:03}.png"] = file.getvalue()
    listed = [Announced(name, hashlib.sha256(content).hexdigest(), len(content)) for name, content in contents.items()]
    uploads.announce(set_folder, listed)
    for one in listed:
        uploads.keep(set_folder, one.sha256, contents[one.name])
