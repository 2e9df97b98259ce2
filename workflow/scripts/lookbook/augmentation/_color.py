"""Functions shared by the hue and saturation transforms.

Both transforms leave the largest channel of a pixel unchanged, so they are computed from RGB directly. This is faster
than `ops.image.rgb_to_hsv` and `hsv_to_rgb`, which Keras's layers call; see benchmarks/results/augmentation.md.
"""

from typing import Any

from keras import ops


def is_gray(images: Any) -> bool:
    """Return whether images have one channel: gray pixels have neither hue nor saturation.

    Raises:
        ValueError: the number of channels is neither 1 nor 3.
    """
    channels = images.shape[-1]
    if channels not in (1, 3):
        raise ValueError(f"hue and saturation need images of 1 or 3 channels; got {channels}")
    return channels == 1


def value_and_chroma(images: Any) -> tuple[Any, Any]:
    """Return each pixel's largest channel, and its difference from the smallest: both (B, H, W, 1) float32."""
    value = ops.max(images, axis=-1, keepdims=True)
    return value, value - ops.min(images, axis=-1, keepdims=True)
