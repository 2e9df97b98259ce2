"""Which contact sheets there are. Quick to import: the workflow asks each time that it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lookbook.config.signatures import registered

# Of the growing-batch document's list; naming them here spares the import of what performs them.
OFFLINE = (
    "jpeg_compression",
    "rotation",
    "blur",
    "cutout",
    "horizontal_flip",
    "vertical_flip",
    "gaussian_noise",
)
OFFLINE_PREFIX = "offline_"


def sheet_names() -> tuple[str, ...]:
    """Return the name of every contact sheet: the augmentations, then the offline operations as ``offline_<name>``."""
    return (*registered("augmentation"), *(f"{OFFLINE_PREFIX}{name}" for name in OFFLINE))


def arguments_in_use(specs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return augmentation to the arguments with which the first experiment that has it calls it.

    Args:
        specs: resolved experiments.
    """
    found: dict[str, dict[str, Any]] = {}
    for spec in specs:
        for entry in spec["augmentation"]:
            found.setdefault(entry["class_name"], dict(entry["config"]))
    return found
