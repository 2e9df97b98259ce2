"""Compare the images per second of training with Lookbook, plain Keras and PyTorch in one run.

Each contender runs in its own process, and only one works at a time. After a warm-up they take turns several times,
each with as many steps as take a few seconds, and their medians are compared.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, IMAGES, Case
from results_file import Checkpoint, hardware, provenance, table, write_section

TITLE = "Training throughput"
NAMES = {
    **{"ours": "Lookbook", "keras_fit": "plain Keras `fit`"},
    **{"torch_eager": "PyTorch eager", "torch_compiled": "PyTorch compiled"},
}
TORCH = ("torch_eager", "torch_compiled")
# Lookbook without augmentation, measured beside an augmented case.
UNAUGMENTED = "unaugmented"
SHARE = 0.9
# Steps per call in graph mode; other numbers would leave a remainder.
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
        """Choose the number of steps that takes about the given time, and train them once."""
        self.steps = WHOLE
        most = IMAGES // self.batch_size // WHOLE * WHOLE
        while self.steps < most:
            spent = self._train(self.steps)
            if spent >= seconds / 2:
                # The first call with this number of steps may have compiled them.
                spent = self._train(self.steps)
            if spent >= seconds / 2:
                return
            self.steps = min(most, -(-int(self.steps * min(8.0, seconds / spent)) // WHOLE) * WHOLE)
        self._train(self.steps)

    def measure(self) -> None:
        """Train and record the rate."""
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
    parser = turns_parser(__doc__, list(CASES))
    parser.add_argument("--precision", default="auto", help="Lookbook's: auto, float32 or mixed_bfloat16")
    parser.add_argument("--contenders", nargs="+", choices=NAMES, help="contenders (all that are installed)")
    return parser.parse_args()


def turns_parser(description: str, cases: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser of the options of a comparison whose contenders take turns."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cases", nargs="+", choices=cases, default=cases, metavar="CASE", help=", ".join(cases))
    parser.add_argument("--rounds", type=int, default=3, help="timed turns of each contender (3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="approximate length of a turn (3)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="CPU threads (all cores)")
    parser.add_argument("--gpu", type=int, default=0, help="1 uses a GPU (0)")
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="Keras's backend")
    parser.add_argument("--checkpoint", type=Path, help="file of finished cases (none)")
    return parser


def compare(name: str, arguments: argparse.Namespace) -> dict[str, Contender]:
    """Time every contender on one case."""
    settings = {key: getattr(arguments, key) for key in ("threads", "backend", "precision")} | {
        "gpu": bool(arguments.gpu)
    }
    contenders: dict[str, Contender] = {}
    for contender in arguments.contenders:
        if contender in TORCH and CASES[name].augmented:
            continue
        contenders[contender] = Contender(contender, name, settings)
        # Lookbook comes first and chooses the precision for the hardware; PyTorch uses the same.
        settings["precision"] = (
            contenders[contender].facts["precision"] if contender == "ours" else settings["precision"]
        )
    if CASES[name].augmented:
        contenders[UNAUGMENTED] = Contender("ours", unaugmented(name), settings)
    take_turns(contenders.values(), arguments.rounds, arguments.seconds)
    if len({contender.facts["parameters"] for contender in contenders.values()}) > 1:
        raise SystemExit(f"error: {name}: the contenders train different networks")
    return contenders


def take_turns(contenders: Collection[Contender], rounds: int, seconds: float) -> None:
    """Warm up every contender, let each train ``rounds`` times for about ``seconds``, and end them."""
    for contender in contenders:
        contender.warm_up(seconds)
    for _ in range(rounds):
        for contender in contenders:
            contender.measure()
    for contender in contenders:
        contender.end()


def unaugmented(name: str) -> str:
    """Return the case that is the same except for augmentation."""
    case = CASES[name]
    return next(key for key, other in CASES.items() if other == case._replace(augmented=False, target=other.target))


def share_of(name: str, contenders: dict[str, Contender]) -> str:
    """Return a sentence with the ratio of the rates with and without augmentation."""
    share = median(contenders["ours"].rates) / median(contenders[UNAUGMENTED].rates)
    return f"{name}: **{share:.2f}** of Lookbook's rate without augmentation (target: at least {SHARE:g})."


def row_of(name: str, case: Case, contenders: dict[str, Contender], columns: list[str]) -> list[str]:
    """Return a row of the table."""
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
    installed = [key for key in NAMES if key not in TORCH or importlib.util.find_spec("torch")]
    arguments.contenders = ["ours", *(key for key in arguments.contenders or installed if key != "ours")]
    measured = Checkpoint(arguments.checkpoint)
    for name in arguments.cases:
        if name not in measured:
            measured[name] = case_of(name, compare(name, arguments), arguments.contenders)
        print(" | ".join(measured[name]["row"]), flush=True)
        # Written after every case, so that an interrupted run keeps its measurements.
        path, text = write([measured[case] for case in arguments.cases if case in measured], arguments)
    print(f"\n{text}\n{path}")


def case_of(name: str, contenders: dict[str, Contender], columns: list[str]) -> dict[str, Any]:
    """Return the results of a case: its row, its share, device and versions."""
    return {
        "row": row_of(name, CASES[name], contenders, columns),
        "rates": {key: median(contender.rates) for key, contender in contenders.items()},
        "share": share_of(name, contenders) if CASES[name].augmented else None,
        "device": contenders["ours"].facts["device"],
        "versions": {k: v for c in contenders.values() for k, v in c.facts.get("versions", {}).items()},
    }


def against_torch(cases: list[dict[str, Any]]) -> list[str]:
    """Return a sentence with the geometric mean of the ratios to the faster PyTorch, or nothing without one."""
    found = [(case["rates"]["ours"], [case["rates"][key] for key in TORCH if key in case["rates"]]) for case in cases]
    ratios = [ours / max(theirs) for ours, theirs in found if theirs]
    if not ratios:
        return []
    share = f"{sum(ratio >= 1 for ratio in ratios)} of {len(ratios)} cases are at least as fast"
    return [f"Against the faster PyTorch: geometric mean **{geometric_mean(ratios):.2f}**; {share}.\n"]


def write(cases: list[dict[str, Any]], arguments: argparse.Namespace) -> tuple[Path, str]:
    """Write the section, and return the path of its file and the table."""
    others = [cell for key in arguments.contenders[1:] for cell in (NAMES[key], "ratio")]
    header = ["case", "batch", "precision, loop", "Lookbook", *others, "target on a CPU"]
    shares = [f"{case['share']}\n" for case in cases if case["share"]]
    text = "\n".join([table(header, [case["row"] for case in cases]), *shares, *against_torch(cases)])
    device = cases[0]["device"]
    note = (
        f"Images per second on {device}: medians of {arguments.rounds} turns of about {arguments.seconds:g} s, "
        "with their range as a share of the median; ratios are Lookbook's rate divided by the other's. Plain Keras "
        "runs in float32 with its default layers, NumPy arrays and settings; the target is of its ratio."
    )
    versions = {name: version for case in cases for name, version in case["versions"].items()}
    return write_section(hardware(device), TITLE, f"{note}\n\n{text}\n{provenance(versions)}"), text


if __name__ == "__main__":
    main()
