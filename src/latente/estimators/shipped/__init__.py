"""Models that come with Latente: each lies in a folder beside this file, with a card that says where it is from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latente.errors import did_you_mean

if TYPE_CHECKING:
    from latente.estimators.restoration import Restorer

__all__ = ["FOLDER", "load_shipped", "shipped_names"]

FOLDER = Path(__file__).parent


def shipped_names() -> tuple[str, ...]:
    """Return the names of the models that come with Latente."""
    return tuple(sorted(file.parent.name for file in FOLDER.glob("*/model.json")))


def load_shipped(name: str) -> Restorer:
    """Return a trained model that comes with Latente, by its name, such as "sr-x2"; `shipped_names` lists them.

    The card of each, CARD.md beside its weights in `latente/estimators/shipped`, names the pictures that it learned
    from, their licences, the command that trained it, and how good it is. `save` makes of it a folder that every verb
    takes. Raises InputError, with the nearest name, where there is no such model.
    """
    from latente.estimators.restoration import Restorer

    if name not in shipped_names():
        raise did_you_mean("model that comes with Latente", name, shipped_names())
    return Restorer.load(FOLDER / name)
