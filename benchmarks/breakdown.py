"""Measure the time of a training step by kind of operation.

TensorFlow's profiler records how long each operation of a compiled call takes. With one thread the operations run one
after another, so their times add up; the rest of the call's wall time is spent in Python and the runtime. The rate at
which convolutions and dense layers compute is compared with a product of large matrices, the machine's practical limit.
"""

import argparse
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, CONVOLUTIONAL, spec_of
from contenders import Settings
from contenders.ours import ready
from results_file import hardware, provenance, table, write_section

TITLE = "Where the time of a step goes"
# Kind -> outermost scope and parts of the type of its operations. The first match counts.
KINDS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "input": ("input", ()),
    "augmentation": ("augmentation", ()),
    "optimizer": ("optimizer", ()),
    "convolution": (None, ("Conv2D", "DepthwiseConv")),
    "normalization": (None, ("BatchNorm",)),
    "dense layers": (None, ("MatMul",)),
    "pooling": (None, ("MaxPool", "AvgPool")),
    "dropout": (None, ("Random", "StatelessWhile")),
}
REST, OUTSIDE = "elementwise and other", "Python and runtime"
PRODUCT = 4096  # rows and columns of the matrices
# Targets: the share of the product's rate, and the share of a step outside convolutions and dense layers.
RATE_SHARE, OUTSIDE_SHARE = 0.8, 0.25


def kind_of(operation: str) -> str:
    """Return the kind of an operation ``scope/name:Type``."""
    path, _, kind = operation.rpartition(":")
    outermost = path.split("/")[0].rstrip("0123456789").rstrip("_")
    for label, (scope, kinds) in KINDS.items():
        if outermost == scope or any(part in kind for part in kinds):
            return label
    return REST


class Measured(NamedTuple):
    """The measurements of a case.

    Attributes:
        kinds: seconds per step by kind.
        products: seconds per step in convolutions and dense layers.
        plain: seconds per step without the profiler.
        computed: floating-point operations per second in convolutions and dense layers.
        ceiling: floating-point operations per second in a product of large matrices, in the same precision.
        facts: device, precision and versions.
    """

    kinds: dict[str, float]
    products: float
    plain: float
    computed: float
    ceiling: float
    facts: dict[str, Any]


def measure(name: str, threads: int, steps: int, rounds: int, precision: str) -> Measured:
    """Profile a case, and time the product of matrices."""
    case = CASES[name]._replace(augmented=True)
    train, facts = ready(case, Settings(threads, False, "tensorflow", precision))
    # Imported after `ready` has set the environment variables that TensorFlow reads on import.
    import tensorflow as tf

    from profile_file import seconds_by_operation

    train(steps)
    plain, profiled = [], []
    spent: Counter[str] = Counter()
    for _ in range(rounds):
        plain.append(_timed(train, steps))
        with tempfile.TemporaryDirectory() as folder:
            tf.profiler.experimental.start(folder)
            profiled.append(_timed(train, steps))
            tf.profiler.experimental.stop()
            for operation, seconds in seconds_by_operation(Path(folder)).items():
                spent[kind_of(operation)] += seconds / steps / rounds
    kinds = {label: spent[label] for label in [*KINDS, REST]}
    products = kinds["convolution"] + kinds["dense layers"]
    operations = case.batch_size * operations_of(name) / products
    kinds |= {OUTSIDE: sum(profiled) / rounds - sum(kinds.values())}
    return Measured(kinds, products, median(plain), operations, _product(facts["precision"], rounds), facts)


def operations_of(name: str) -> float:
    """Return the floating-point operations of convolutions and dense layers in training on one image.

    These are the forward pass and the gradients of the inputs (except the images) and of the kernels. A multiplication
    and an addition count as two.
    """
    from keras import layers

    from lookbook import models

    spec = spec_of(CASES[name], "tensorflow")
    model = models.build(spec["model"], (28, 28, 1), 10, spec["rescaling"])
    found = [layer for layer in models.layers_of(model) if isinstance(layer, layers.Conv2D | layers.Dense)]
    # Each value of a kernel is used once per output pixel.
    forward = [2.0 * math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1]) for layer in found]
    return 3 * sum(forward) - forward[0]


@cache
def _multiplication(precision: str) -> Callable[[], Any]:
    import tensorflow as tf

    matrix = tf.ones((PRODUCT, PRODUCT), "bfloat16" if precision == "mixed_bfloat16" else "float32")
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    multiply()  # traced
    return multiply


def _product(precision: str, rounds: int) -> float:
    multiply = _multiplication(precision)
    return 2 * PRODUCT**3 / median(_timed(lambda _: multiply().numpy(), 1) for _ in range(rounds))


def _timed(train: Callable[[int], None], steps: int) -> float:
    started = time.perf_counter()
    train(steps)
    return (time.perf_counter() - started) / steps


def main() -> None:
    """Measure each case, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CONVOLUTIONAL, metavar="CASE")
    parser.add_argument("--precision", default="auto", help="auto, float32 or mixed_bfloat16")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    parser.add_argument("--steps", type=int, default=8, help="steps per profile (8)")
    parser.add_argument("--rounds", type=int, default=3, help="number of profiles (3)")
    arguments = parser.parse_args()
    options = (arguments.threads, arguments.steps, arguments.rounds, arguments.precision)
    columns = {name: measure(name, *options) for name in arguments.cases}
    labels = [*KINDS, REST, OUTSIDE, "step without the profiler"]
    labels += ["rate of convolutions and dense layers", f"rate of a product of {PRODUCT} x {PRODUCT} matrices"]
    labels += [f"share of the product's rate (target: at least {RATE_SHARE:g})"]
    labels += [f"step outside convolutions and dense layers (target: at most {OUTSIDE_SHARE:.0%})"]
    header, rows = ["kind"], [[label] for label in labels]
    for name, found in columns.items():
        header.append(f"{name}, batch {CASES[name].batch_size}")
        whole = sum(found.kinds.values())
        cells = [f"{1000 * seconds:.1f} ms ({seconds / whole:.0%})" for seconds in found.kinds.values()]
        cells += [f"{1000 * found.plain:.1f} ms"]
        cells += [f"{rate / 1e9:.0f} GFLOP/s" for rate in (found.computed, found.ceiling)]
        cells += [f"{found.computed / found.ceiling:.2f}", f"{1 - found.products / whole:.0%}"]
        for row, cell in zip(rows, cells, strict=True):
            row.append(cell)
    facts = columns[arguments.cases[0]].facts
    text = table(header, rows)
    note = (
        f"Milliseconds per training step with augmentation on {facts['device']}: means of "
        f"{arguments.rounds} profiles of {arguments.steps} steps. The time of a convolution includes the "
        "bias and the activation that TensorFlow fuses with it."
    )
    path = write_section(hardware(facts["device"]), TITLE, f"{note}\n\n{text}\n{provenance(facts['versions'])}")
    print(f"{text}\n{path}")


if __name__ == "__main__":
    main()
