"""Prepared datasets for commands outside of the workflow, whose rules fetch and prepare them otherwise."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookbook.datasets import DATASETS, RESOURCES, unavailable_reason
from lookbook.errors import DatasetError


def prepared(dataset: str, data: Mapping[str, Any], resources: Path = RESOURCES) -> Path:
    """Return manifest.json of a dataset, which is fetched and prepared first unless it is prepared.

    Args:
        dataset: a key of ``DATASETS``.
        data: the config's ``data`` section, with the paths of original files.
        resources: the folder with ``downloads/<family>`` and ``datasets/<name>``.

    Raises:
        DatasetError: the dataset is unavailable, or it cannot be fetched or prepared.
        ConfigError: the path in the config is wrong.
    """
    manifest = resources / "datasets" / dataset / "manifest.json"
    if manifest.is_file():
        return manifest
    if reason := unavailable_reason(dataset, data, resources):
        raise DatasetError(reason)
    info, originals = DATASETS[dataset], []
    module = importlib.import_module(info.module)
    if info.originals:
        folder = resources / "downloads" / info.family
        module.fetch(folder, path=(data.get(info.family) or {}).get("path"))
        originals = [folder / name for name in info.originals]
    print(f"preparing {dataset} in {manifest.parent}", flush=True)
    module.prepare(dataset, manifest.parent, originals)
    return manifest
