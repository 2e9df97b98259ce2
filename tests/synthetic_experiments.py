"""The made-up experiments of tests/synthetic.py."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from lookbook.config.digests import digest

CLASSES = 10


class Entry(NamedTuple):
    """One experiment; ``accuracy`` is about that of its trials, ``valid`` whether it has a validation split."""

    document: str
    title: str
    parameters: int
    trials: int
    accuracy: float
    valid: bool = False
    base: str | None = None
    changes: Mapping[str, tuple[Any, Any]] = MappingProxyType({})


GROWING, SERIES, WIDTH, ZOO, SIMPSONS = "growing-batch", "experiment-series", "width-depth", "zoo", "simpsons"
COPIES = {"augmented_copies": (None, 1), "augmentation": ([], [{"class_name": "one_of_k", "config": {"k": 4}}])}
CONVOLUTIONS = {"model.name": ("dense", "convolutions"), "model.widths": ([128], [32, 64, 64])}
NORMALIZED = {"model.batch_norm": (False, True)}
SLOWER = {"optimizer.config.learning_rate": (0.001, 0.0001), "training.batch_size": (32, 64)}
WIDER, WIDEST = {"model.widths": ([2, 4], [8, 16])}, {"model.widths": ([8, 16], [15, 30])}
COPY, NORMALIZATION = "one augmented copy of every image", "batch normalization after every convolution"
COLLAPSING, SMALLER = "15 and 30 feature maps: some trials collapse", "smaller learning rate, larger batches"

EXPERIMENTS: dict[str, Entry] = {
    "growing_batch_baseline": Entry(GROWING, "dense network on raw pixels", 101770, 5, 0.824),
    "growing_batch_n1_k4_e10": Entry(GROWING, COPY, 101770, 5, 0.806, False, "growing_batch_baseline", COPIES),
    "exp001": Entry(SERIES, "two dense layers", 101770, 10, 0.878, True),
    "exp002": Entry(SERIES, "three convolutions", 93322, 10, 0.906, True, "exp001", CONVOLUTIONS),
    "exp003": Entry(SERIES, NORMALIZATION, 93962, 10, 0.901, True, "exp002", NORMALIZED),
    "exp102": Entry(SERIES, "L2 penalty on every kernel", 257162, 3, 0.896, True),
    "exp103": Entry(SERIES, "batch normalization", 257802, 3, 0.905, True, "exp102", NORMALIZED),
    "exp104": Entry(SERIES, SMALLER, 257802, 1, 0.913, True, "exp103", SLOWER),
    "width_2_4": Entry(WIDTH, "2 and 4 feature maps", 156026, 3, 0.887),
    "width_8_16": Entry(WIDTH, "8 and 16 feature maps", 623834, 3, 0.909, False, "width_2_4", WIDER),
    "width_15_30": Entry(WIDTH, COLLAPSING, 1170000, 10, 0.908, False, "width_8_16", WIDEST),
    "mini_vgg": Entry(ZOO, "small VGG with dropout and one-cycle", 199146, 3, 0.944),
    "resnet_34": Entry(ZOO, "ResNet v2 with 34 layers", 21310922, 2, 0.947),
}
# Name, accuracy, and whether one_cycle and averaging are on.
CELLS = (
    ("plain", 0.91, False, False),
    ("one_cycle", 0.93, True, False),
    ("averaging", 0.92, False, True),
    ("one_cycle_averaging", 0.945, True, True),
)
FACTORIALS = {
    f"mini_vgg_{name}": {"study": "mini_vgg", "factors": {"one_cycle": one_cycle, "averaging": averaging}}
    for name, _, one_cycle, averaging in CELLS
}
# Written only if asked for by name: a factorial study, one-vs-all classifiers, resampled images, missing images.
MORE: dict[str, Entry] = {
    **{
        f"mini_vgg_{name}": Entry(ZOO, f"mini VGG, {name.replace('_', ' ')}", 199146, 3, accuracy)
        for name, accuracy, *_ in CELLS
    },
    **{
        f"basic_cnn_{label}_vs_all": Entry(ZOO, f"class {label} or not", 731290, 2, 0.97 + 0.002 * label)
        for label in range(CLASSES)
    },
    "simpsons_c42_n155_b10": Entry(SIMPSONS, "155 images of each class", 399210, 3, 0.93, True),
    "simpsons_c42_n700_b64": Entry(SIMPSONS, "700 images of each class", 399210, 0, 0.95, True),
}
UNAVAILABLE = {"simpsons_c42_n700_b64": "no images of the competition; set data.simpsons.path to its folder or zip"}
# Resampled before the split, so that some images are in both parts; this dataset has no test labels.
RESAMPLED = {"simpsons_c42_n155_b10"}
INCOMPATIBLE = "ValueError: Input 0 of layer 'dense' is incompatible"
EXHAUSTED = "OOM when allocating tensor with shape[128,512,4,4]"
FAILURES = {
    ("exp002", 4): ("diverged", "loss is not a number in epoch 2, step 2417", None),
    ("exp003", 7): ("failed", INCOMPATIBLE, f"Traceback (most recent call last):\n  ...\n{INCOMPATIBLE}"),
    **{("resnet_34", trial): ("out_of_memory", EXHAUSTED, None) for trial in (0, 1)},
    **{("width_15_30", trial): ("collapsed", None, None) for trial in (1, 2, 5, 8)},
}


def class_of(name: str) -> int | None:
    """Return the class that a one-vs-all classifier separates from all others, else None."""
    return int(name.split("_")[2]) if name.endswith("_vs_all") else None


def description(name: str) -> dict[str, Any]:
    """Return an experiment's entry in experiments.json."""
    entry = (EXPERIMENTS | MORE)[name]
    training = {"batch_size": 32, "epochs": 30, "patience": 3 if entry.valid else None}
    optimizer = {"class_name": "Adam", "config": {"learning_rate": 0.001}}
    return {
        "title": entry.title,
        "document": entry.document,
        "citation": f"https://example.org/{entry.document}",
        "claim": "Wider networks are more accurate." if entry.document == WIDTH else None,
        "note": "The code builds more layers than the text counts." if entry.document == WIDTH else None,
        "base": entry.base,
        "changes": [{"key": key, "from": old, "to": new} for key, (old, new) in entry.changes.items()],
        "parameters": entry.parameters,
        "trials": entry.trials,
        "trial_digests": [digest({"experiment": name, "trial": trial}) for trial in range(entry.trials)],
        "factorial": FACTORIALS.get(name),
        "ensemble": None if class_of(name) is None else "basic_cnn_vs_all",
        "figures": ["confusion_matrix", "precision_recall", "wrong_predictions"] if name == "mini_vgg" else [],
        "unavailable": UNAVAILABLE.get(name),
        "dataset": "fashion_mnist",
        "digest": f"{hash_of(name):016x}",
        "spec": {
            "dataset": "fashion_mnist",
            "optimizer": optimizer,
            "training": training,
            "one_vs_all": class_of(name),
        },
        "budget": f"{entry.trials} trials, up to 30 epochs, batch 32",
    }


def hash_of(name: str) -> int:
    """Return a number that is the same in every process, unlike ``hash``."""
    return int.from_bytes(name.encode()[-6:], "big")
