"""Time each convolutional case in float32 and in bfloat16, and tell whether ``precision: auto`` takes the faster.

The decision depends on the processor's instruction sets or the GPU, so run it on the machine in question.
"""

import argparse
import sys
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cases import CONVOLUTIONAL
from results_file import Checkpoint, hardware, provenance, table, write_section
from throughput import Contender, take_turns, turns_parser

TITLE = "float32 or bfloat16"
PRECISIONS = ("float32", "mixed_bfloat16")
# Ratios nearer to 1 than this are noise.
NOISE = 0.05


def main() -> None:
    """Time the cases, print the table and write it."""
    arguments = turns_parser(__doc__, CONVOLUTIONAL).parse_args()
    measured = Checkpoint(arguments.checkpoint)
    for name in arguments.cases:
        if name not in measured:
            measured[name] = measure(name, arguments)
        print(name, measured[name], flush=True)
    found = [measured[name] for name in arguments.cases]
    ratios = [case["mixed_bfloat16"] / case["float32"] for case in found]
    rows, slower = [], []
    for name, case, ratio in zip(arguments.cases, found, ratios, strict=True):
        rows.append([name, *(f"{case[key]:,.0f}" for key in PRECISIONS), f"**{ratio:.2f}**", case["auto"]])
        faster = max(PRECISIONS, key=case.__getitem__)
        if case["auto"] != faster and abs(ratio - 1) > NOISE:
            slower.append(name)
    note = (
        f"Images per second of training on {found[0]['device']}: medians of {arguments.rounds} turns of about "
        f"{arguments.seconds:g} s. Geometric mean of the ratios: {geometric_mean(ratios):.2f}. "
        f"`precision: auto` takes the slower one for {', '.join(slower) or 'no case'}."
    )
    text = table(["case", *PRECISIONS, "ratio", "auto takes"], rows)
    path = write_section(hardware(found[0]["device"]), TITLE, f"{note}\n\n{text}\n{provenance(found[0]['versions'])}")
    print(f"\n{note}\n\n{text}\n{path}")


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the images per second in each precision, what ``auto`` takes, the device and the versions."""
    settings = {"threads": arguments.threads, "gpu": bool(arguments.gpu), "backend": arguments.backend}
    contenders = {key: Contender("ours", name, settings | {"precision": key}) for key in (*PRECISIONS, "auto")}
    facts = contenders["auto"].facts
    contenders.pop("auto").end()
    take_turns(contenders.values(), arguments.rounds, arguments.seconds)
    rates = {key: median(contender.rates) for key, contender in contenders.items()}
    return {**rates, "auto": facts["precision"], "device": facts["device"], "versions": facts["versions"]}


if __name__ == "__main__":
    main()
