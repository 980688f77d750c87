"""What the figures of a classifier are: it measures them itself, by its objective's terms."""

from __future__ import annotations

__all__ = ["PROTOCOLS"]

PROTOCOLS = {
    "accuracy": "share of the images whose most probable class is their label; images without a label are left out",
    "error": "share of the images whose most probable class is another one, 1 - accuracy",
    "cross_entropy": "-log of the probability of the label, in nats; mean over images",
}
