"""What the figures of a classifier are: it measures them itself, by its objective's terms."""

from __future__ import annotations

from latente.languages import say

__all__ = ["PROTOCOLS"]

PROTOCOLS = {
    "accuracy": say(
        "share of the images whose most probable class is their label; images without a label are left out"
    ),
    "error": say("share of the images whose most probable class is another one, 1 - accuracy"),
    "cross_entropy": say("-log of the probability of the label, in nats; mean over images"),
}
