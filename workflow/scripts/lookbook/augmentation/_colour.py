"""What the two transforms of hue and saturation share.

Both leave the largest channel where it is and move the others towards or around it, so they are written on RGB
directly: `ops.image.rgb_to_hsv` and back costs XLA on a CPU 100 times more, for the same pictures.
"""

from typing import Any

from keras import ops


def is_grey(images: Any) -> bool:
    """Return whether images have one channel: grey has no hue, and no saturation to scale.

    Raises:
        ValueError: the channels are neither 1 nor 3.
    """
    channels = images.shape[-1]
    if channels not in (1, 3):
        raise ValueError(f"hue and saturation need images of 1 or 3 channels, not {channels}")
    return channels == 1


def value_and_chroma(images: Any) -> tuple[Any, Any]:
    """Return each pixel's largest channel, and its distance to the smallest: twice (B, H, W, 1)."""
    value = ops.max(images, axis=-1, keepdims=True)
    return value, value - ops.min(images, axis=-1, keepdims=True)
