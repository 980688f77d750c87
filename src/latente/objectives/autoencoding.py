"""What autoencoders minimise: an image is encoded, decoded, and compared with what it should have been."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente import formulas
from latente.errors import InputError, did_you_mean
from latente.objectives.objective import Batch, Objective

__all__ = ["AutoencoderObjective", "ReconstructionObjective"]

_LOSSES = {"mse": formulas.mse, "bce": formulas.bce_with_logits, "l1": formulas.mae}
_OUTPUTS = ("sigmoid", "clipped", "linear")


class ReconstructionObjective(Objective):
    """What the objectives below share: two networks, a corruption of what the encoder sees, and a target."""

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, output: str, corruption: Callable[..., Tensor] | None
    ) -> None:
        super().__init__()
        if output not in _OUTPUTS:
            raise did_you_mean("output", output, _OUTPUTS)
        self.encoder = encoder
        self.decoder = decoder
        self.output = output
        self.corruption = corruption

    def encode(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b *code"]:
        """Return the codes of scaled images, taken as they are (nothing is corrupted)."""
        raise NotImplementedError(f"{type(self).__name__} must define encode(x)")

    def decode(self, code: Float[Tensor, "b *code"]) -> Float[Tensor, "b *image"]:
        """Return the images, in the network's range, that codes stand for."""
        return self._image(self.decoder(code).float())

    def reconstruct(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b *image"]:
        """Return what becomes of scaled images, taken as they are, by way of their codes."""
        return self.decode(self.encode(x))

    def outputs(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return all that becomes of each image of the batch, in the network's range, from one pass.

        "images"; "inputs", where a corruption worsened what the encoder saw; "targets", where others than the images
        were to come out; "codes" (B, K) of the images as they are; "reconstructions" of the inputs; and the terms (B,)
        of `evaluate`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define outputs(batch, generator)")

    def _pictures(self, batch: Batch, inputs: Tensor) -> dict[str, Tensor]:
        """Return what `outputs` says of a batch before any network has worked on it."""
        pictures = {"images": batch["images"]}
        if self.corruption is not None:
            pictures["inputs"] = inputs
        if "target" in batch:
            pictures["targets"] = batch["target"]
        return pictures

    def _image(self, raw: Tensor) -> Tensor:
        if self.output == "sigmoid":
            return torch.sigmoid(raw)
        return raw.clamp(0, 1) if self.output == "clipped" else raw

    def _inputs_and_target(self, batch: Batch, generator: torch.Generator, shared: bool) -> tuple[Tensor, Tensor]:
        """Return what the encoder gets, and what the decoder shall return ("target" where there is one)."""
        images = batch["images"]
        target = batch.get("target", images)
        if self.corruption is None:
            return images, target
        return self.corruption(images, generator, shared=shared), target

    def _raw(self, code: Tensor, target: Tensor) -> Tensor:
        """Decode to raw float32 outputs; losses are worked out in float32 whatever the networks ran in."""
        raw = self.decoder(code).float()
        if raw.shape != target.shape:  # torch would only warn, broadcast, and train on nonsense
            raise InputError(
                f"the decoder returns images of shape {tuple(raw.shape[1:])}, not {tuple(target.shape[1:])}"
            )
        return raw


class AutoencoderObjective(ReconstructionObjective):
    """The mean over all values of the reconstruction's error, in the network's range.

    encoder: images (B, C, H, W) or (B, F) -> codes of any shape (B, ...). decoder: codes -> RAW outputs of
    the target's shape. loss: "mse", "l1", or "bce" (nats; needs targets within [0, 1]). output: "sigmoid"
    where raw outputs are logits, "linear" where they are the image, "clipped" where they are cut to [0, 1] to become
    it, with the gradient of `latente.formulas.cut`; with "bce" they are always logits.
    corruption(x, generator, shared=False) is applied to the encoder's input only: a denoiser (Vincent et al.
    2010). The column "target" is what the result is compared with where a batch has it (set `columns` to ask
    for it), else the clean images.

    Logged terms: the loss under its own name. Raises InputError for unknown names and where shapes do not
    fit.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        loss: str = "mse",
        output: str = "sigmoid",
        corruption: Callable[..., Tensor] | None = None,
    ) -> None:
        super().__init__(encoder, decoder, "sigmoid" if loss == "bce" else output, corruption)
        if loss not in _LOSSES:
            raise did_you_mean("loss", loss, _LOSSES)
        self.loss = loss

    def encode(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b *code"]:
        """Return the codes of scaled images, taken as they are (nothing is corrupted)."""
        codes: Tensor = self.encoder(x)
        return codes

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, a mean per value over the batch, and the same under its name."""
        inputs, target = self._inputs_and_target(batch, generator, shared=False)
        loss = self._error(self._raw(self.encoder(inputs), target), target, over_batch=True)
        return loss, {self.loss: loss.detach()}

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return each image's "objective" (the loss, also under its own name) and "mse", per value, (B,)."""
        inputs, target = self._inputs_and_target(batch, generator, shared=True)
        return self._terms(self._raw(self.encoder(inputs), target), target)

    @torch.no_grad()
    def outputs(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return all that becomes of each image, in one pass: see `ReconstructionObjective.outputs`."""
        inputs, target = self._inputs_and_target(batch, generator, shared=True)
        codes = self.encode(inputs)
        raw = self._raw(codes, target)
        pictures = self._pictures(batch, inputs)
        codes = codes if inputs is batch["images"] else self.encode(batch["images"])
        codes = codes.flatten(1).float()
        return {**pictures, "codes": codes, "reconstructions": self._image(raw), **self._terms(raw, target)}

    def _terms(self, raw: Tensor, target: Tensor) -> dict[str, Tensor]:
        error = self._error(raw, target, over_batch=False)
        return {"objective": error, "mse": formulas.mse(self._image(raw), target), self.loss: error}

    def _error(self, raw: Tensor, target: Tensor, over_batch: bool) -> Tensor:
        if self.loss == "bce":
            return formulas.bce_with_logits(raw, target, over_batch=over_batch)
        image = formulas.cut(raw) if self.output == "clipped" else self._image(raw)
        return _LOSSES[self.loss](image, target, over_batch=over_batch)
