"""The encoder in the page, and the door's rules for what a picture file becomes before it, for a browser to follow."""

from __future__ import annotations

import dataclasses
from typing import Any

from latente.errors import InputError
from latente.explorer.parts import Part
from latente.explorer.survey import Survey
from latente.images.options import DoorOptions
from latente.languages import Figure, say

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
        template = "the model's images are {dtype} {data_range}, and a browser reads pictures as 8 bits"
        return _without(say(template, dtype=model.scaling_.dtype, data_range=model.scaling_.range_in_words))
    if channels > 4:
        template = "the model's images have {channels} channels, and picture files at most 4"
        return _without(say(template, channels=channels))
    try:
        part = Part.of("encoder", onnx_bytes(model, "encoder"))
    except InputError as error:
        return _without(str(error))
    if part.size > room:
        return _without(say("the encoder would take {size} MB", size=Figure(f"{part.size / 1e6:.0f}")))
    crop = DoorOptions(crop=model.crop_).window
    rules = {"channels": channels, "height": height, "width": width, "crop": crop and list(crop)}
    return PageEncoder(part, rules | {"keeps": model.window_ is not None})


def _without(problem: str) -> PageEncoder:
    return PageEncoder(None, None, problem)
