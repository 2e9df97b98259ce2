"""What trials are expected to cost, roughly: for the order in which they start, and for `make plan`.

The rates are those of one thread in float32 on an AMD EPYC with AVX2, rounded: of the reference results where there are
any, else of quick runs. Other processors are faster or slower by a common factor. Imports light modules only: the rules
use it.
"""

from collections.abc import Mapping
from typing import Any

from lookbook.config.experiments import Experiment
from lookbook.datasets import DATASETS

# Seconds of training per 1,000 images of 28x28 pixels, by model; others are taken for a network of middle size.
PER_THOUSAND = {
    **{"mlp": 0.01, "sigmoid_width": 0.3, "sigmoid_depth": 0.3, "small_cnn": 0.9, "simpsons_cnn": 3.0},
    **{"mini_vgg": 2.5, "residual_cnn": 2.5, "stacked_cnn": 3.3, "basic_cnn": 3.8, "mobilenet_v2": 5.0},
    **{"shufflenet_v2": 6.0, "bottleneck_resnet": 8.0, "resnet_v2": 20.0, "wide_resnet": 25.0, "shake_shake": 40.0},
}
OTHER = 3.0
START = 6.0  # seconds of imports, compilation, predictions and results
PIXELS = 28 * 28
# Megabytes of a trial's results, of quick runs: its model, and predictions for all images of the full protocol.
MEGABYTES = {"resnet_v2": 85.0, "shake_shake": 90.0, "wide_resnet": 12.0, "mobilenet_v2": 11.0, "shufflenet_v2": 10.0}
OTHER_MEGABYTES = 6.0
COMPETITION_IMAGES = 20_933  # of the Simpsons, which have no other count before they are prepared


def images_of(spec: Mapping[str, Any]) -> float:
    """Return the expected number of training images of an epoch, with copies and resampling."""
    info, sampling, training = DATASETS[spec["dataset"]], spec["sampling"], spec["training"]
    count = info.train_images or COMPETITION_IMAGES
    classes = sampling["classes"] or info.classes
    if sampling["per_class"]:
        count = sampling["per_class"] * classes
    count = min(spec["limit"]["train_images"] or count, count) * (1 - (spec["split"]["validation"] or 0))
    count *= training["multiplicity"] * (spec["augmented_copies"] or 1)
    return min(count, (training["steps_per_epoch"] or count) * training["batch_size"])


def relative_cost(model: Mapping[str, Any]) -> float:
    """Return the cost of a residual_cnn in units of beyond_94's; its experiments differ too much for one rate."""
    if model["class_name"] != "residual_cnn":
        return 1.0
    filters, blocks = (
        # A nonsensical value is refused later, with a message of its own.
        [value for value in model["config"][key] if isinstance(value, int)]
        for key in ("filters", "blocks")
    )
    return (max(filters, default=0) / 128) ** 2 * (len(filters) + 2 * sum(blocks)) / 5


def seconds_of(spec: Mapping[str, Any]) -> float:
    """Return the expected seconds of a trial with its maximum number of epochs."""
    height, width, _ = DATASETS[spec["dataset"]].shape
    rate = PER_THOUSAND.get(spec["model"]["class_name"], OTHER) * height * width / PIXELS
    rate *= relative_cost(spec["model"])
    return START + images_of(spec) * spec["training"]["epochs"] * rate / 1000


def megabytes_of(spec: Mapping[str, Any]) -> float:
    """Return the expected size of a trial's results in megabytes."""
    return MEGABYTES.get(spec["model"]["class_name"], OTHER_MEGABYTES)


def priorities(experiments: Mapping[str, Experiment]) -> dict[str, int]:
    """Return the rank of each experiment, from 1: the cheaper its trials, the higher."""
    longest_first = sorted(experiments, key=lambda name: -seconds_of(experiments[name].spec))
    return {name: rank for rank, name in enumerate(longest_first, start=1)}
