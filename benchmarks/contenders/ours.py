"""Lookbook's own training path: what a trial sets up, and the compiled calls that its epochs make."""

from collections.abc import Callable
from typing import Any

from cases import Case, images_and_labels, spec_of
from contenders import Settings


def ready(case: Case, settings: Settings) -> tuple[Callable[[int], None], dict[str, Any]]:
    """Return a function that trains so many steps, and what it computes on."""
    from lookbook.training import devices

    devices.prepare(settings.threads, gpu=settings.gpu, backend=settings.backend)
    devices.limit_threads(settings.threads)
    from lookbook.datasets.arrays import Dataset
    from lookbook.training.setup import set_up

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
    setup = set_up(spec_of(case, settings.backend, settings.precision), 0, data)
    rows = setup.material.epoch(1)

    def train(steps: int) -> None:
        setup.program.train(rows[: steps * case.batch_size].reshape(steps, case.batch_size))

    return train, {
        "precision": setup.precision,
        "compile": setup.compiled,
        "device": devices.describe(settings.threads),
        "versions": devices.versions(),
        "parameters": setup.model.count_params(),
    }
