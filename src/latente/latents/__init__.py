"""Looking into a latent space and steering in it: maps, paths, directions of attributes, nearest images.

Everything here takes codes as arrays, or a model that is anything with `encode(images)` and `decode(codes)`:
images keep the layout and units in which the model gives them.
"""

from __future__ import annotations

from latente.latents.coding import Coder
from latente.latents.directions import Direction, edit, edit_codes, learn_direction
from latente.latents.maps import LatentMap, knn_accuracy, map_codes, require_method, to_two_dimensions, trustworthiness
from latente.latents.mixtures import Mixture, fit_mixture
from latente.latents.novelty import Nearest, nearest
from latente.latents.paths import interpolate, interpolate_codes, lattice, nearby_codes, traverse
from latente.latents.saved import save_direction, saved_directions

__all__ = [
    "Coder",
    "Direction",
    "LatentMap",
    "Mixture",
    "Nearest",
    "edit",
    "edit_codes",
    "fit_mixture",
    "interpolate",
    "interpolate_codes",
    "knn_accuracy",
    "lattice",
    "learn_direction",
    "map_codes",
    "nearby_codes",
    "nearest",
    "require_method",
    "save_direction",
    "saved_directions",
    "to_two_dimensions",
    "traverse",
    "trustworthiness",
]
