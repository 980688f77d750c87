"""The directions that were learned for a run, kept in its folder: what `edit` goes by, and the explorer's sliders."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from latente.errors import InputError, ModelError
from latente.files import read_json, write_json
from latente.latents.directions import Direction

__all__ = ["save_direction", "saved_directions"]


def save_direction(run: Path, direction: Direction) -> Path:
    """Write a direction into the run's folder `directions`, in place of an older one of that name."""
    folder = run / "directions"
    folder.mkdir(exist_ok=True)
    path = folder / f"{quote(direction.attribute, safe=' ')}.json"  # a class may be called T-shirt/top
    write_json(path, direction.to_json())
    return path


def saved_directions(run: Path) -> list[Direction]:
    """Return the directions in the run's folder, by name. Raises ModelError for a damaged file."""
    directions = []
    for path in sorted((run / "directions").glob("*.json")):
        try:
            directions.append(Direction.from_json(read_json(path)))
        except InputError as error:
            raise ModelError(f"{path} cannot be read as a direction: {error}; remove it, or learn it again") from error
    return directions
