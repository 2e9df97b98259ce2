"""Lookbook's own training: the setup of a trial, and the compiled calls of its epochs."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Case, images_and_labels, spec_of
from contenders import Settings
from lookbook.datasets.arrays import Dataset
from lookbook.runtime import devices


def ready(case: Case, settings: Settings) -> tuple[Callable[[int], None], dict[str, Any]]:
    """Return a function that trains a number of steps of a case, and a dictionary of facts."""
    images, labels = images_and_labels()
    data = Dataset(
        name="sample",
        classes=tuple(map(str, range(10))),
        train_images=images,
        train_labels=labels,
        test_images=images[:1000],
        test_labels=labels[:1000],
        manifest={"digest": "benchmark"},
    )
    return ready_for(spec_of(case, settings.backend, settings.precision), data, settings)


def ready_for(spec: dict[str, Any], data: Dataset, settings: Settings) -> tuple[Callable[[int], None], dict[str, Any]]:
    """Return the same for a resolved experiment and its dataset."""
    # As in train_trial.py: trials that are measured together share a GPU.
    slots = int(os.environ.get("LOOKBOOK_SLOTS_PER_GPU", "1"))
    devices.prepare(settings.threads, gpu=settings.gpu, slots_per_gpu=slots, backend=settings.backend)
    devices.limit_threads(settings.threads)
    from lookbook.training.setup import set_up

    setup = set_up(spec, 0, data, devices.detect())
    rows, size = setup.data.epoch(1), setup.data.batch_size

    def train(steps: int) -> None:
        setup.program.train(np.resize(rows, steps * size).reshape(steps, size))

    return train, {
        "precision": setup.precision,
        "compile": setup.task.compilation,
        "device": devices.facts(settings.threads, gpu=False)["device"],
        "versions": devices.versions(),
        "parameters": setup.model.count_params(),
        "batch_size": size,
    }
