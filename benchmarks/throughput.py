"""Images per second of training: Lookbook, plain Keras and PyTorch, in one run, taking turns.

Each contender has a process of its own, set up as it would be by itself; only one works at a time. After its warm-up
each trains as many steps as take it a few seconds, in turn with the others, several times; medians are compared.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, IMAGES, Case
from results_file import Checkpoint, hardware, provenance, table, write_section

TITLE = "Training throughput"
NAMES = {"ours": "Lookbook", "keras_fit": "plain Keras `fit`", "torch_eager": "PyTorch eager"}
# Lookbook once more, beside an augmented case: the same network without augmentation.
UNAUGMENTED = "unaugmented"
SHARE = 0.9
# Graph mode trains so many steps in a call; other numbers would leave a rest.
WHOLE = 4


class Contender:
    """A worker process for one case."""

    def __init__(self, name: str, case: str, settings: dict[str, Any]) -> None:
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), name, case, json.dumps(settings)]
        self.batch_size = CASES[case].batch_size
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = self._answer()
        self.steps = 0
        self.rates: list[float] = []

    def warm_up(self, seconds: float) -> None:
        """Choose how many steps take about so many seconds, having trained them once."""
        self.steps = WHOLE
        most = IMAGES // self.batch_size // WHOLE * WHOLE
        while self.steps < most:
            spent = self._train(self.steps)
            if spent >= seconds / 2:
                # A first call of so many steps may have compiled them.
                spent = self._train(self.steps)
            if spent >= seconds / 2:
                return
            self.steps = min(most, -(-int(self.steps * min(8.0, seconds / spent)) // WHOLE) * WHOLE)
        self._train(self.steps)

    def measure(self) -> None:
        """Train once more and note the rate."""
        self.rates.append(self.steps * self.batch_size / self._train(self.steps))

    def end(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()

    def _train(self, steps: int) -> float:
        self.process.stdin.write(json.dumps({"steps": steps}) + "\n")
        self.process.stdin.flush()
        return self._answer()["seconds"]

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"error: {' '.join(self.process.args[1:4])} ended with {self.process.wait()}")
        return json.loads(line)


def parse_arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=3, help="timed turns of each contender (3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="about how long a turn lasts (3)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="CPU threads (all cores)")
    parser.add_argument("--gpu", type=int, default=0, help="1 uses a GPU (0)")
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="of Keras")
    parser.add_argument("--precision", default="auto", help="of Lookbook: auto, float32 or mixed_bfloat16")
    parser.add_argument("--contenders", nargs="+", choices=NAMES, help="PyTorch too where it is installed")
    parser.add_argument("--checkpoint", type=Path, help="a file of the cases that are measured already (none)")
    return parser.parse_args()


def compare(name: str, arguments: argparse.Namespace) -> dict[str, Contender]:
    """Time every contender at one case."""
    settings = {key: getattr(arguments, key) for key in ("threads", "backend", "precision")} | {
        "gpu": bool(arguments.gpu)
    }
    contenders: dict[str, Contender] = {}
    for contender in arguments.contenders:
        if contender == "torch_eager" and CASES[name].augmented:
            continue
        contenders[contender] = Contender(contender, name, settings)
        # Lookbook comes first, and has chosen what the hardware computes best in.
        settings["precision"] = (
            contenders[contender].facts["precision"] if contender == "ours" else settings["precision"]
        )
    if CASES[name].augmented:
        contenders[UNAUGMENTED] = Contender("ours", unaugmented(name), settings)
    for contender in contenders.values():
        contender.warm_up(arguments.seconds)
    for _ in range(arguments.rounds):
        for contender in contenders.values():
            contender.measure()
    for contender in contenders.values():
        contender.end()
    if len({contender.facts["parameters"] for contender in contenders.values()}) > 1:
        raise SystemExit(f"error: {name}: the contenders train different networks")
    return contenders


def unaugmented(name: str) -> str:
    """Return the case that differs from an augmented one in that only."""
    case = CASES[name]
    return next(key for key, other in CASES.items() if other == case._replace(augmented=False, target=other.target))


def share_of(name: str, contenders: dict[str, Contender]) -> str:
    """Return a sentence on how much of its rate a network keeps when its batches are augmented."""
    share = median(contenders["ours"].rates) / median(contenders[UNAUGMENTED].rates)
    return f"{name}: **{share:.2f}** of Lookbook's rate without augmentation, in turns (wanted: at least {SHARE:g})."


def row_of(name: str, case: Case, contenders: dict[str, Contender], columns: list[str]) -> list[str]:
    """Return a line of the table."""
    ours = contenders["ours"]
    rates = {key: median(contender.rates) for key, contender in contenders.items()}

    def rate(key: str) -> str:
        if key not in contenders:
            return "-"
        spread = (max(contenders[key].rates) - min(contenders[key].rates)) / rates[key]
        return f"{rates[key]:,.0f} (spread {spread:.0%})"

    def ratio(key: str) -> str:
        return f"**{rates['ours'] / rates[key]:.2f}**" if key in rates else "-"

    how = f"{ours.facts['precision']}, {ours.facts['compile']}"
    others = [cell for key in columns if key != "ours" for cell in (rate(key), ratio(key))]
    target = f"{case.target:g}" if case.target else "-"
    return [name, str(case.batch_size), how, rate("ours"), *others, target]


def main() -> None:
    """Time the cases, print the table and write it."""
    arguments = parse_arguments()
    installed = [key for key in NAMES if key != "torch_eager" or importlib.util.find_spec("torch")]
    arguments.contenders = ["ours", *(key for key in arguments.contenders or installed if key != "ours")]
    measured = Checkpoint(arguments.checkpoint)
    for name in arguments.cases:
        if name not in measured:
            measured[name] = case_of(name, compare(name, arguments), arguments.contenders)
        print(" | ".join(measured[name]["row"]), flush=True)
        # After every case, so that a run that is cut off leaves what it measured.
        path, text = write([measured[case] for case in arguments.cases if case in measured], arguments)
    print(f"\n{text}\n{path}")


def case_of(name: str, contenders: dict[str, Contender], columns: list[str]) -> dict[str, Any]:
    """Return what is kept of a case: its line, its share, and what it was measured on and with."""
    return {
        "row": row_of(name, CASES[name], contenders, columns),
        "share": share_of(name, contenders) if CASES[name].augmented else None,
        "device": contenders["ours"].facts["device"],
        "versions": {k: v for c in contenders.values() for k, v in c.facts.get("versions", {}).items()},
    }


def write(cases: list[dict[str, Any]], arguments: argparse.Namespace) -> tuple[Path, str]:
    """Write the section of the results, and return its file and the table."""
    others = [cell for key in arguments.contenders[1:] for cell in (NAMES[key], "ratio")]
    header = ["case", "batch", "precision, loop", "Lookbook", *others, "wanted on a CPU"]
    shares = [f"{case['share']}\n" for case in cases if case["share"]]
    text = "\n".join([table(header, [case["row"] for case in cases]), *shares])
    device = cases[0]["device"]
    note = (
        f"Images per second on {device}: medians of {arguments.rounds} turns of about {arguments.seconds:g} s, "
        "and their range as a share of the median; ratios are Lookbook's rate to the other's. Plain Keras runs in "
        "float32 with its default layers, NumPy arrays and settings; its ratio is the one that is wanted."
    )
    versions = {name: version for case in cases for name, version in case["versions"].items()}
    return write_section(hardware(device), TITLE, f"{note}\n\n{text}\n{provenance(versions)}"), text


if __name__ == "__main__":
    main()
