"""The two loops that need no library but torch: one that is tuned, and one as tutorials write it."""

from __future__ import annotations

import contextlib
import ctypes
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import Model, torch_pair
from segment import Segment, StepClock

__all__ = ["Bare", "TorchModel", "Usual"]


class TorchModel(nn.Module):
    """Networks and loss of a model on plain torch; `forward` returns the loss of scaled images."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.encoder, self.decoder = torch_pair(model)
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        seen = (x + self.model.noise * torch.randn(x.shape)).clamp_(0, 1) if self.model.noise else x
        if not self.model.variational:
            return functional.mse_loss(torch.sigmoid(self.decoder(self.encoder(seen)).float()), x)
        mean, log_var = self.encoder(seen).float().chunk(2, 1)
        code = mean + torch.exp(0.5 * log_var) * torch.randn(mean.shape)
        logits = self.decoder(code).float()
        error = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum()
        return (error + divergence) / len(x)


class Bare:
    """The tuned loop: images gathered by index from one uint8 array and scaled on the fly, fused Adam, no `.item()`.

    Convolutions in channels-last, and glibc keeps freed memory; both were measured to win.
    """

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 512 << 20)  # M_TRIM_THRESHOLD
        torch.manual_seed(0)
        self._net = TorchModel(model)
        self._channels_last = model.convolutional
        if self._channels_last:
            self._net = self._net.to(memory_format=torch.channels_last)
        self._batch = model.batch
        self._pixels = torch.from_numpy(pixels)
        self._bf16 = precision == "bf16"
        self._optimizer = torch.optim.Adam(self._net.parameters(), lr=1e-3, fused=True)
        self.parameters = sum(p.numel() for p in self._net.parameters())

    def train(self, steps: int) -> Segment:
        losses: list[Tensor] = []
        order = torch.randperm(len(self._pixels))
        batches = order.split(self._batch)
        start = time.perf_counter()
        for step in range(steps):
            rows = batches[step % len(batches)]
            x = torch.mul(self._pixels.index_select(0, rows), 1 / 255)
            if self._channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16) if self._bf16 else contextlib.nullcontext():
                loss = self._net(x)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self._optimizer.step()
            losses.append(loss.detach())
        seconds = time.perf_counter() - start
        return Segment(seconds, steps, float(torch.stack(losses[-50:]).mean()))


class _ToTensor(torch.utils.data.Dataset[Tensor]):
    """What torchvision's MNIST with ToTensor() does: one image at a time, through PIL, to floats in [0, 1]."""

    def __init__(self, pixels: np.ndarray) -> None:
        from PIL import Image

        self._pixels = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1).squeeze())
        self._from_array = Image.fromarray

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, index: int) -> Tensor:
        image = torch.from_numpy(np.array(self._from_array(self._pixels[index]), copy=True))
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1).contiguous()
        return image.to(torch.float32).div(255)


class Usual:
    """The loop as tutorials write it: DataLoader, ToTensor, Adam as it comes, `loss.item()` at every step."""

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        torch.manual_seed(0)
        self._net = TorchModel(model)
        data = _ToTensor(pixels)
        self._loader = torch.utils.data.DataLoader(data, batch_size=model.batch, shuffle=True)
        self._optimizer = torch.optim.Adam(self._net.parameters(), lr=1e-3)
        self.parameters = sum(p.numel() for p in self._net.parameters())

    def train(self, steps: int) -> Segment:
        clock = StepClock(steps)
        done, total = 0, 0.0
        while done < steps:
            for x in self._loader:
                loss = self._net(x)
                self._optimizer.zero_grad()
                loss.backward()
                self._optimizer.step()
                total += loss.item()
                clock.tick()
                done += 1
                if done == steps:
                    break
        return clock.segment(total / steps)
