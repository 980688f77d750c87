"""Fully connected encoder and decoder, for tables and for images of any size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from latente.networks.layers import Finish, activate, initialise, values, whole, widths

__all__ = ["DenseDecoder", "DenseEncoder"]


class DenseEncoder(nn.Module):
    """Map images (B, C, H, W) or rows (B, F) to codes (B, outputs) through layers of the `hidden` widths.

    The code is linear unless `output_activation` names one of the activations. slope: of "leaky_relu" below 0. Raises
    InputError for options out of range. The weights come from torch's global generator.
    """

    def __init__(
        self,
        shape: Sequence[int],
        outputs: int,
        hidden: Sequence[int] = (512, 256),
        *,
        activation: str = "relu",
        normalization: str | None = None,
        dropout: float = 0.0,
        slope: float | None = None,
        output_activation: str | None = None,
    ) -> None:
        super().__init__()
        finish = Finish(activation, normalization, dropout, slope)
        sizes = [values(shape), *widths(hidden), whole("outputs", outputs)]
        layers: list[nn.Module] = [nn.Flatten()] if len(shape) > 1 else []
        layers += _stack(sizes, finish)
        if output_activation is not None:
            layers.append(activate(output_activation))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b outputs"]:
        """Return the codes of a batch of scaled images or rows."""
        return self.layers(x)


class DenseDecoder(nn.Module):
    """Map codes (B, latent_dim) to raw images (B, C, H, W) or rows (B, F): logits or linear, no sigmoid.

    `hidden` is given in the encoder's order and mirrored here. Raises InputError for options out of range.
    The weights come from torch's global generator.
    """

    def __init__(
        self,
        latent_dim: int,
        shape: Sequence[int],
        hidden: Sequence[int] = (512, 256),
        *,
        activation: str = "relu",
        normalization: str | None = None,
        dropout: float = 0.0,
        slope: float | None = None,
    ) -> None:
        super().__init__()
        finish = Finish(activation, normalization, dropout, slope)
        sizes = [whole("latent_dim", latent_dim), *reversed(widths(hidden)), values(shape)]
        layers = _stack(sizes, finish)
        if len(shape) > 1:
            layers.append(nn.Unflatten(1, tuple(shape)))
        self.layers = nn.Sequential(*layers)

    def forward(self, code: Float[Tensor, "b latent"]) -> Float[Tensor, "b *image"]:
        """Return the raw images or rows of a batch of codes."""
        return self.layers(code)


def _stack(sizes: Sequence[int], finish: Finish) -> list[nn.Module]:
    """Linear layers through `sizes`, each but the last with its finish."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += finish.after(nn.Linear(inputs, outputs))
    # Glorot whatever follows: a rectified 784-64 code ends no lower by He's rule; torch's own kills codes
    layers.append(initialise(nn.Linear(sizes[-2], sizes[-1])))
    return layers
