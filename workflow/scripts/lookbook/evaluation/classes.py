"""The names of the classes that a network tells apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookbook.sampling.rows import kept_classes


def class_names(spec: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    """Return the name of each output of an experiment's network, in their order.

    Args:
        spec: the resolved experiment, with ``one_vs_all`` and ``sampling``. It may keep some classes only.
        manifest: the dataset's manifest, with ``classes`` and ``class_counts``.
    """
    classes = manifest["classes"]
    if spec["one_vs_all"] is not None:
        return ["others", classes[spec["one_vs_all"]]]
    if spec["sampling"]["classes"] is None:
        return list(classes)
    labels = np.repeat(np.arange(len(classes)), manifest["class_counts"]["train"])
    return [classes[label] for label in kept_classes(spec, labels)]
