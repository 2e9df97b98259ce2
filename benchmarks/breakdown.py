"""Where the time of a training step goes: by kind of operation, and what is spent outside of operations.

TensorFlow's profiler tells how long every operation of a compiled call took. With one thread between operations they
follow each other, so that they add up to the call; the rest of its wall clock is Python's and the runtime's own.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES
from contenders import Settings
from contenders.ours import ready
from results_file import hardware, provenance, table, write_section

TITLE = "Where the time of a step goes"
# What an operation is for, by its outermost scope or a part of its type; the first that fits counts.
KINDS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "input": ("input", ()),
    "augmentation": ("augmentation", ()),
    "optimizer": ("optimizer", ()),
    "convolution": (None, ("Conv2D", "DepthwiseConv")),
    "normalisation": (None, ("BatchNorm",)),
    "dense layers": (None, ("MatMul",)),
    "pooling": (None, ("MaxPool", "AvgPool")),
    "dropout's draws": (None, ("Random", "StatelessWhile")),
}
REST, OUTSIDE = "elementwise and other", "Python and runtime"


def kind_of(operation: str) -> str:
    """Return what an operation ``scope/name:Type`` counts as."""
    path, _, kind = operation.rpartition(":")
    outermost = path.split("/")[0].rstrip("0123456789").rstrip("_")
    for label, (scope, kinds) in KINDS.items():
        if outermost == scope or any(part in kind for part in kinds):
            return label
    return REST


def measure(name: str, threads: int, steps: int, rounds: int) -> tuple[dict[str, float], float, dict[str, Any]]:
    """Return seconds of a step by kind, seconds of a step without the profiler, and what it was computed with."""
    case = CASES[name]._replace(augmented=True)
    train, facts = ready(case, Settings(threads, False, "tensorflow", "auto"))
    # Only now: the environment decides which convolutions TensorFlow takes, and it is read on import.
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
    return kinds | {OUTSIDE: sum(profiled) / rounds - sum(kinds.values())}, median(plain), facts


def _timed(train: Callable[[int], None], steps: int) -> float:
    started = time.perf_counter()
    train(steps)
    return (time.perf_counter() - started) / steps


def main() -> None:
    """Measure each case, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=["basic_cnn", "wide_resnet_16_4"])
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    parser.add_argument("--steps", type=int, default=8, help="steps of one profile (8)")
    parser.add_argument("--rounds", type=int, default=3, help="profiles (3)")
    arguments = parser.parse_args()
    columns = {name: measure(name, arguments.threads, arguments.steps, arguments.rounds) for name in arguments.cases}
    header, rows = ["kind"], [[label] for label in [*KINDS, REST, OUTSIDE, "step without the profiler"]]
    for name, (kinds, plain, _) in columns.items():
        header.append(f"{name}, batch {CASES[name].batch_size}")
        whole = sum(kinds.values())
        cells = [f"{1000 * seconds:.1f} ms ({seconds / whole:.0%})" for seconds in kinds.values()]
        for row, cell in zip(rows, [*cells, f"{1000 * plain:.1f} ms"], strict=True):
            row.append(cell)
    facts = columns[arguments.cases[0]][2]
    text = table(header, rows)
    note = (
        f"Milliseconds of one training step on {facts['device']}, augmentation included: means of "
        f"{arguments.rounds} profiles of {arguments.steps} steps. A convolution's time has the bias and the rectifier "
        "that TensorFlow fuses with it."
    )
    path = write_section(hardware(facts["device"]), TITLE, f"{note}\n\n{text}\n{provenance(facts['versions'])}")
    print(f"{text}\n{path}")


if __name__ == "__main__":
    main()
