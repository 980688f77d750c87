"""The libraries on torch: Lightning, skorch and pythae, each as its documentation shows it, on float32 tensors."""

from __future__ import annotations

import logging
import tempfile
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from loops import TorchModel
from models import Model, torch_pair
from segment import Segment, StepClock, epochs_for

__all__ = ["Lightning", "Pythae", "Skorch"]


def _floats(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 255)


class Lightning:
    """`Trainer.fit` with a DataLoader over a TensorDataset; no logger, checkpoint, progress bar or summary."""

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        import lightning

        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="lightning")
        torch.manual_seed(0)

        class Module(lightning.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.net = TorchModel(model)

            def training_step(self, batch: list[Tensor], index: int) -> Tensor:
                return self.net(batch[0])

            def configure_optimizers(self) -> torch.optim.Optimizer:
                return torch.optim.Adam(self.parameters(), lr=1e-3)

        class Ticks(lightning.Callback):
            clock: StepClock
            loss: Tensor

            def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
                self.clock.tick()
                self.loss = outputs["loss"]

        self._trainer = lambda steps: lightning.Trainer(
            accelerator="cpu",
            max_epochs=-1,
            max_steps=steps,
            callbacks=[self._ticks],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        self._ticks = Ticks()
        self._module = Module()
        self._loader = DataLoader(TensorDataset(_floats(pixels)), batch_size=model.batch, shuffle=True)
        self.parameters = sum(p.numel() for p in self._module.parameters())

    def train(self, steps: int) -> Segment:
        self._ticks.clock = StepClock(steps)
        self._trainer(steps).fit(self._module, self._loader)
        return self._ticks.clock.segment(float(self._ticks.loss.detach()))


class Skorch:
    """`NeuralNet.partial_fit` on a float32 array; no validation split, no printed log."""

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        from skorch import NeuralNet
        from skorch.callbacks import Callback

        torch.manual_seed(0)

        class LossItself(nn.Module):
            def forward(self, loss: Tensor, target: Tensor) -> Tensor:
                return loss

        class Ticks(Callback):
            clock: StepClock

            def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, **others: Any) -> None:
                self.clock.tick()

        self._ticks = Ticks()
        self._batch = model.batch
        self._images = pixels.astype(np.float32) / 255
        self._net = NeuralNet(
            TorchModel,
            criterion=LossItself,
            module__model=model,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            batch_size=model.batch,
            train_split=None,
            iterator_train__shuffle=True,
            callbacks=[("ticks", self._ticks)],
            callbacks__print_log=None,
        )
        self._net.initialize()
        self.parameters = sum(p.numel() for p in self._net.module_.parameters())

    def train(self, steps: int) -> Segment:
        images, epochs = epochs_for(steps, self._batch, len(self._images))
        self._ticks.clock = StepClock(epochs * images // self._batch)
        part = self._images[:images]
        self._net.set_params(max_epochs=epochs)
        self._net.partial_fit(part, np.zeros(images, dtype=np.int64))
        return self._ticks.clock.segment(float(self._net.history[-1, "train_loss"]))


class Pythae:
    """`BaseTrainer.train` on pythae's own AE or VAE with our encoder and decoder; it has no denoiser.

    Its AE loss is the sum over an image's values where the others take the mean, and its VAE takes
    probabilities where the others take logits: the same objective, so both are left as they are.
    """

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        import pythae.trainers.base_trainer.base_trainer as base_trainer
        from pythae.data.datasets import BaseDataset
        from pythae.models import AE, VAE, AEConfig, VAEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder
        from pythae.trainers import BaseTrainer, BaseTrainerConfig
        from pythae.trainers.training_callbacks import TrainingCallback

        if model.noise:
            raise SystemExit("pythae has no denoising autoencoder")
        base_trainer.logger.setLevel(logging.ERROR)
        torch.manual_seed(0)
        inner_encoder, inner_decoder = torch_pair(model)

        class Encoder(BaseEncoder):
            def __init__(self) -> None:
                super().__init__()
                self.layers = inner_encoder

            def forward(self, x: Tensor) -> Any:
                code = self.layers(x)
                if not model.variational:
                    return ModelOutput(embedding=code)
                mean, log_var = code.chunk(2, 1)
                return ModelOutput(embedding=mean, log_covariance=log_var)

        class Decoder(BaseDecoder):
            def __init__(self) -> None:
                super().__init__()
                self.layers = inner_decoder

            def forward(self, z: Tensor) -> Any:
                return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)))

        class Ticks(TrainingCallback):
            clock: StepClock
            loss = 0.0

            def on_train_step_end(self, training_config: Any, **others: Any) -> None:
                self.clock.tick()

            def on_log(self, training_config: Any, logs: Any, **others: Any) -> None:
                self.loss = float(logs["train_epoch_loss"])

        if model.variational:
            config = VAEConfig(input_dim=model.shape, latent_dim=model.latent_dim, reconstruction_loss="bce")
            self._net = VAE(config, Encoder(), Decoder())
        else:
            self._net = AE(AEConfig(input_dim=model.shape, latent_dim=model.latent_dim), Encoder(), Decoder())
        self._ticks = Ticks()
        self._model = model
        self._images = _floats(pixels)
        self._folder = tempfile.TemporaryDirectory()

        def trainer(images: int, epochs: int) -> Any:
            options = BaseTrainerConfig(
                output_dir=self._folder.name,
                per_device_train_batch_size=model.batch,
                num_epochs=epochs,
                learning_rate=1e-3,
            )
            data = BaseDataset(self._images[:images], torch.zeros(images))
            return BaseTrainer(self._net, data, training_config=options, callbacks=[self._ticks])

        self._trainer = trainer
        self.parameters = sum(p.numel() for p in self._net.parameters())

    def train(self, steps: int) -> Segment:
        images, epochs = epochs_for(steps, self._model.batch, len(self._images))
        trainer = self._trainer(images, epochs)
        self._ticks.clock = StepClock(epochs * images // self._model.batch)
        trainer.train()
        loss = self._ticks.loss if self._model.variational else self._ticks.loss / self._model.values
        return self._ticks.clock.segment(loss)
