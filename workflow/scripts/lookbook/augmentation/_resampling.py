"""Bilinear resampling about the image center."""

from typing import Any

from keras import ops


def resample_axes(images: Any, rows: Any, columns: Any) -> Any:
    """Resample each axis at its own coordinates, for zoom and shift; pixels outside repeat the edge pixel.

    Bilinear interpolation then factors into one matrix per axis, A_rows @ image @ A_columns^T. On a CPU, two
    batched products of 28x28 matrices take 0.3 to 0.5 of the time of gathering four neighbors, and XLA can compile
    them.

    Args:
        images: (B, H, W, C) float32.
        rows: (B, H), the input row of each output row, in pixels; clipped to 0..H - 1.
        columns: (B, W), the input column of each output column, in pixels; clipped to 0..W - 1.

    Returns:
        (B, H, W, C) float32.
    """
    height, width, channels = images.shape[1:]
    down, across = _interpolation(rows, height), _interpolation(columns, width)
    resampled = ops.matmul(down, ops.reshape(images, (-1, height, width * channels)))
    if channels == 1:
        # One product per image instead of one per row.
        resampled = ops.matmul(resampled, ops.transpose(across, (0, 2, 1)))
    else:
        resampled = ops.matmul(across[:, None], ops.reshape(resampled, (-1, height, width, channels)))
    return ops.reshape(resampled, (-1, height, width, channels))


def resample_affine(images: Any, matrix: tuple[tuple[Any, Any], tuple[Any, Any]], fill_mode: str = "nearest") -> Any:
    """Resample by a linear map of (row, column) about the image center.

    Args:
        images: (B, H, W, C) float32, H and W at least 2.
        matrix: maps an output position to its input position, both relative to the center, rows first; each entry is
            a (B, 1, 1, 1) tensor or a number.
        fill_mode: "nearest" repeats the edge pixel outside the image, "reflect" mirrors the image about it.

    Returns:
        (B, H, W, C) float32.

    Raises:
        ValueError: the fill mode is unknown.
    """
    if fill_mode not in _INSIDE:
        raise ValueError(f"fill_mode must be one of {', '.join(_INSIDE)}; got {fill_mode}")
    height, width, channels = images.shape[1:]
    row = ops.reshape(centered(height), (1, height, 1, 1))
    column = ops.reshape(centered(width), (1, 1, width, 1))
    (row_row, row_column), (column_row, column_column) = matrix
    rows = _INSIDE[fill_mode](row_row * row + row_column * column + (height - 1) / 2, height)
    columns = _INSIDE[fill_mode](column_row * row + column_column * column + (width - 1) / 2, width)
    # The last cell starts one pixel before the last, so that the neighbor to the right always exists.
    top = ops.minimum(ops.floor(rows), height - 2)
    left = ops.minimum(ops.floor(columns), width - 2)
    down, across = rows - top, columns - left

    first = ops.arange(ops.shape(images)[0], dtype="int32") * (height * width)
    corner = ops.cast(top * width + left, "int32")[..., 0] + ops.reshape(first, (-1, 1, 1))
    pixels = ops.reshape(images, (-1, channels))

    def neighbor(offset: int) -> Any:
        return ops.take(pixels, corner + offset, axis=0)

    upper, lower = neighbor(0), neighbor(width)
    upper = upper + (neighbor(1) - upper) * across
    lower = lower + (neighbor(width + 1) - lower) * across
    return upper + (lower - upper) * down


def centered(size: int) -> Any:
    """Return the positions of an axis relative to its center: (1, size) float32, in pixels."""
    return ops.arange(size, dtype="float32")[None] - (size - 1) / 2


def _interpolation(coordinates: Any, size: int) -> Any:
    """Return the (B, outputs, size) matrices that interpolate linearly at (B, outputs) coordinates."""
    return ops.relu(1 - ops.abs(_clipped(coordinates, size)[:, :, None] - ops.arange(size, dtype="float32")))


def _clipped(coordinates: Any, size: int) -> Any:
    return ops.clip(coordinates, 0, size - 1)


def _reflected(coordinates: Any, size: int) -> Any:
    """Mirror coordinates about 0 and size - 1, as often as needed."""
    period = 2.0 * (size - 1)
    inside = ops.abs(coordinates)
    inside = inside - period * ops.floor(inside / period)
    return ops.minimum(inside, period - inside)


_INSIDE = {"nearest": _clipped, "reflect": _reflected}
