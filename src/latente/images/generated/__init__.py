"""Sets drawn by code or shipped inside a dependency: seeded, without a download."""

from __future__ import annotations

from collections.abc import Callable

from latente.images.container import Images
from latente.images.generated.digits import digits
from latente.images.generated.emoji import emoji
from latente.images.generated.faces import faces
from latente.images.generated.flow import flow
from latente.images.generated.glyphs import glyphs
from latente.images.generated.letters import letters
from latente.images.generated.photos import photos
from latente.images.generated.plates import plates

__all__ = ["GENERATED"]

# name -> function(count=None, *, split="train", seed=0) -> Images; digits and photos also take a `size`, and
# faces, flow and plates, which take half a minute and more, `progress`.
# Each imports what it draws with when it is called: importing this package costs no more than numpy.
GENERATED: dict[str, Callable[..., Images]] = {
    "digits": digits,
    "emoji": emoji,
    "faces": faces,
    "flow": flow,
    "glyphs": glyphs,
    "letters": letters,
    "photos": photos,
    "plates": plates,
}
