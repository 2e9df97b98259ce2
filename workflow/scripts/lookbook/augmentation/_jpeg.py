"""The lossy steps of JPEG compression: 8x8 cosine transform and quantization, as matrix products.

The lossless entropy coding is omitted. Reference: ITU-T T.81 (1992), sections A.3.3 (transform) and A.3.4
(quantization), and annex K.1 (tables). The scaling of the table by quality is that of the Independent JPEG Group.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def quantization_table(quality: int) -> np.ndarray:
    """Return the luminance quantization steps, (8, 8), for a quality of 0 to 100; 0 counts as 1, as in libjpeg."""
    quality = min(max(quality, 1), 100)
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((LUMINANCE * scale + 50) // 100, 1, 255)


@lru_cache
def transform(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices of an axis's blockwise cosine transform, which pads, and of its inverse, which crops.

    The axis is padded to a multiple of 8 with its last pixel, as encoders do.

    Returns:
        forward (padded, size) and inverse (size, padded), float32.
    """
    blocks = -(-size // 8)
    frequency, position = np.arange(8)[:, None], np.arange(8)[None]
    cosines = np.cos((2 * position + 1) * frequency * np.pi / 16) / 2
    cosines[0] /= np.sqrt(2)
    blockwise = np.kron(np.eye(blocks), cosines)
    padding = np.eye(size)[np.minimum(np.arange(8 * blocks), size - 1)]
    return (blockwise @ padding).astype("float32"), blockwise.T[:size].astype("float32")


def jpeg(images: Any, quality: int) -> Any:
    """Return images after JPEG encoding and decoding, each channel coded as luminance.

    Args:
        images: (B, H, W, C) float32, 0..255; rounded to integers first.
        quality: 0 to 100.

    Returns:
        (B, H, W, C) float32, integers 0..255.
    """
    height, width, channels = images.shape[1:]
    (down, up), (across, back) = transform(height), transform(width)
    table = quantization_table(quality).astype("float32")
    steps = np.tile(table, (down.shape[0] // 8, across.shape[0] // 8))
    planes = ops.reshape(ops.transpose(images, (0, 3, 1, 2)), (-1, height, width))
    coefficients = ops.matmul(ops.matmul(down, ops.round(planes) - 128.0), across.T)
    coefficients = ops.round(coefficients / steps) * steps
    decoded = ops.matmul(ops.matmul(up, coefficients), back.T) + 128.0
    decoded = ops.transpose(ops.reshape(decoded, (-1, channels, height, width)), (0, 2, 3, 1))
    return ops.clip(ops.round(decoded), 0.0, 255.0)
