"""Trains the autoencoder, makes the fakes with it, and trains the detector on both."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from crops import Pair, centre_square, random_square, random_stream
from networks import Autoencoder, Detector
from post_processing import draw
from settings import Settings
from tensors import normalised, to_images, to_tensor

TRAINING_SCALES = (2 / 3, 3 / 2)
log = logging.getLogger(__name__)


def make_deterministic(settings: Settings) -> None:
    """Fixes everything that could make two runs on one machine differ."""
    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(settings.seed)


def train_autoencoder(crops: Sequence[Image.Image], settings: Settings) -> Autoencoder:
    """Learns to restore random parts of training crops."""
    random = random_stream(settings, "autoencoder")
    network = Autoencoder().to(memory_format=torch.channels_last)
    optimiser = AdamW(network.parameters(), settings.autoencoder_rate)
    schedule = OneCycleLR(
        optimiser, settings.autoencoder_rate, total_steps=settings.autoencoder_steps
    )
    for step in range(settings.autoencoder_steps):
        chosen = random.integers(len(crops), size=settings.autoencoder_batch)
        parts = [random_square(crops[k], settings.autoencoder_crop, random) for k in chosen]
        images = to_tensor(parts)
        loss = l1_loss(network(images), images)
        _descend(loss, optimiser, schedule)
        if step % 100 == 0:
            log.info("autoencoder step %d: mean absolute error %.4f", step, loss.item())
    return network.eval()


@torch.inference_mode()
def reconstruct(
    network: Autoencoder, crops: Sequence[tuple[str, Image.Image]], settings: Settings
) -> list[Pair]:
    """Returns every crop beside the autoencoder's version of it, both without the margin."""
    pairs = []
    for start in range(0, len(crops), 16):
        batch = crops[start : start + 16]
        fakes = to_images(network(to_tensor([crop for _, crop in batch])))
        for (name, real), fake in zip(batch, fakes, strict=True):
            side = real.width - 2 * settings.margin
            pairs.append(Pair(name, centre_square(real, side), centre_square(fake, side)))
    return pairs


def train_detector(pairs: Sequence[Pair], settings: Settings) -> Detector:
    """Learns to tell crops from their reconstructions, both halves of a pair in one batch."""
    random = random_stream(settings, "detector")
    network = Detector().to(memory_format=torch.channels_last)
    optimiser = AdamW(
        network.parameters(), settings.detector_rate, weight_decay=settings.detector_decay
    )
    steps = settings.detector_epochs * (len(pairs) // settings.detector_pairs_per_batch)
    schedule = OneCycleLR(optimiser, settings.detector_rate, total_steps=steps)
    for epoch in range(settings.detector_epochs):
        losses = []
        for images, targets in _batches(pairs, settings, random):
            loss = binary_cross_entropy_with_logits(network(images)[:, 0], targets)
            _descend(loss, optimiser, schedule)
            losses.append(loss.item())
        log.info("detector epoch %d: mean cross-entropy %.4f", epoch, np.mean(losses))
    return network.eval()


def _descend(loss: Tensor, optimiser: AdamW, schedule: OneCycleLR) -> None:
    """Takes one step against the gradient."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()


def _batches(
    pairs: Sequence[Pair], settings: Settings, random: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields one epoch in random order; what does not fill a batch waits for the next epoch."""
    size = settings.detector_pairs_per_batch
    order = random.permutation(len(pairs))
    for start in range(0, len(pairs) - size + 1, size):
        chosen = [
            augment_alike((pairs[k].real, pairs[k].fake), settings, random)
            for k in order[start : start + size]
        ]
        images = [real for real, _ in chosen] + [fake for _, fake in chosen]
        yield normalised(images), torch.cat([torch.zeros(size), torch.ones(size)])


def augment_alike(
    images: Sequence[Image.Image], settings: Settings, random: Generator
) -> tuple[Image.Image, ...]:
    """Returns all images after the same post-processing, crop and flip."""
    step = draw(random, 0.5, TRAINING_SCALES)
    ready = [step.apply(image, settings.crop, 2 * settings.source_crop) for image in images]
    place = random.integers(2**32)
    ready = [random_square(i, settings.crop, np.random.default_rng(place)) for i in ready]
    return tuple(ImageOps.mirror(i) for i in ready) if random.random() < 0.5 else tuple(ready)
