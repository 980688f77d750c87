"""The encoder in the page, and the door's rules for what a picture file becomes before it, for a browser to follow."""

from __future__ import annotations

import dataclasses
from typing import Any

from latente.errors import InputError
from latente.explorer.parts import Part
from latente.explorer.survey import Survey
from latente.images.options import DoorOptions

__all__ = ["PageEncoder", "page_encoder"]


@dataclasses.dataclass(frozen=True)
class PageEncoder:
    """The encoder as part of a page and how a picture is made its input; or, without them, why no image is encoded."""

    part: Part | None
    data: dict[str, Any] | None
    problem: str = ""


def page_encoder(looks: Survey, room: float) -> PageEncoder:
    """Return the encoder of a model for a page that has `room` characters for it.

    A browser gives every picture as 8 bits, so that only a model of such images can be shown new ones. What it is given
    is the picture's box (`centre_box`) of the model's size, by Lanczos' filter, in the model's channels; of a model of
    crops the centre at its own size.
    """
    from latente.export import onnx_bytes

    model = looks.model
    channels, height, width = model.image_shape_
    if model.scaling_.dtype != "uint8":
        values = f"are {model.scaling_.dtype} {model.scaling_.range_in_words}"
        return _without(f"the model's images {values}, and a browser reads pictures as 8 bits")
    if channels > 4:
        return _without(f"the model's images have {channels} channels, and picture files at most 4")
    try:
        part = Part.of("encoder", onnx_bytes(model, "encoder"))
    except InputError as error:
        return _without(str(error))
    if part.size > room:
        return _without(f"the encoder would take {part.size / 1e6:.0f} MB")
    crop = DoorOptions(crop=model.crop_).window
    rules = {"channels": channels, "height": height, "width": width, "crop": crop and list(crop)}
    return PageEncoder(part, rules | {"keeps": model.window_ is not None})


def _without(problem: str) -> PageEncoder:
    return PageEncoder(None, None, problem)
