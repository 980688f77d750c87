"""The critic of patches: it scores places by their surroundings alone."""

from __future__ import annotations

import torch

from latente.networks import PatchCritic


def test_a_score_depends_on_its_surroundings_alone_and_there_is_one_for_each_four_pixels() -> None:
    torch.manual_seed(0)
    critic = PatchCritic(3).eval()
    x = torch.rand(2, 3, 40, 48)
    changed = x.clone()
    changed[..., :4, :4] = 0
    one, other = critic(x), critic(changed)
    assert one.shape == (2, 1, 10, 12)
    different = (one != other).flatten(0, 1).any(0)
    assert different[0, 0]
    assert not different[4:].any()
    assert not different[:, 4:].any()
