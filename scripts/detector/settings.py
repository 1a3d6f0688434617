"""Every number that shapes the detector, in one place, so that a run can be read and repeated."""

from dataclasses import dataclass

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Settings:
    """Sizes, rates and seeds; the defaults are those of the committed artefacts."""

    seed: int = 20260610
    threads: int = 1
    """Networks this small gain nothing from a second thread, and one adds up in one order only."""

    longest_side: int = 1920
    """Photographs are reduced to this: camera JPEGs at full size are soft and carry JPEG's grid."""
    crop: int = 96
    source_crop: int = 144
    """What is cut from photographs; leaves room to resize before the final crop."""
    evaluation_crop: int = 384
    margin: int = 8
    """Cut off around every reconstruction, where the autoencoder sees padding, and its original."""
    training_crops_per_photograph: int = 48
    other_crops_per_photograph: int = 24
    evaluation_crops_per_photograph: int = 4
    least_deviation: float = 8.0
    """Crops whose grey levels deviate less are flat; even the autoencoder copies those exactly."""

    autoencoder_steps: int = 800
    autoencoder_batch: int = 32
    autoencoder_crop: int = 64
    autoencoder_rate: float = 2e-3

    detector_epochs: int = 10
    detector_pairs_per_batch: int = 32
    detector_rate: float = 2e-3
    detector_decay: float = 1e-2

    diagnostic_pairs: int = 128
    exclude_top: float = 0.2
    exclude_bottom: float = 0.2

    head_draws: int = 2
    """How often each training crop is post-processed anew for the refit of the head."""
    head_inpainted_every: int = 4
    """One inpainted crop joins the refit for this many pairs of crops."""
    ridges: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)

    sample_photographs: int = 8
