"""Draw what every augmentation and every offline operation does: four images, the original and eight draws of each."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.figures.sheet_names import sheet_names
from lookbook.runtime import devices

EXAMPLE = "example: plot_contact_sheets.py --only zoom mixup --output results/figures/contact_sheets"


def main() -> None:
    """Run the transforms, write an SVG for each."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--output", type=Path, required=True, help="folder for <augmentation>.svg")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=sheet_names(), help="these, instead of all")
    parser.add_argument(
        "--arguments", type=json.loads, default={}, help="JSON: augmentation to arguments in place of its defaults"
    )
    arguments = parser.parse_args()

    # Keras is imported only now: the environment decides what it computes on.
    devices.prepare(1, gpu=False)
    from lookbook.figures.contact_sheets import contact_sheet

    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.only or sheet_names():
        figure = contact_sheet(name, arguments.arguments.get(name, {}))
        (arguments.output / f"{name}.svg").write_text(figure, encoding="utf-8")


if __name__ == "__main__":
    main()
