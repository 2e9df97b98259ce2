"""Draw the contact sheet of each augmentation: four images before and after it, with six draws of each.

example: plot_contact_sheets.py --only zoom mixup --output results/figures/contact_sheets
"""

from lookbook.command_line import exits_with_message, json_object, new_parser
from lookbook.config.digests import digest
from lookbook.config.selection import sheet_names
from lookbook.results.figures import write_figure
from lookbook.runtime import devices


@exits_with_message
def main() -> None:
    """Parse the command line and write one SVG for each augmentation."""
    parser = new_parser(__doc__, output="folder for <augmentation>.svg")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="the augmentations to draw; default: all")
    parser.add_argument(
        "--arguments",
        type=json_object(),
        default={},
        help="JSON object: arguments for each augmentation in place of its defaults; Keras layers named here are drawn",
    )
    arguments = parser.parse_args()

    # Keras is imported only after the environment variables that choose its device are set.
    devices.prepare(1, gpu=False)
    from lookbook.figures.contact_sheets import contact_sheet

    known = {**dict.fromkeys(sheet_names()), **arguments.arguments}
    for name in arguments.only or known:
        if name not in known:
            parser.error(f"--only: there is no augmentation {name}; known: {', '.join(known)}")
        used = arguments.arguments.get(name, {})
        identity = digest({"sheet": name, "arguments": used})
        write_figure(arguments.output / f"{name}.svg", contact_sheet(name, used), identity)


if __name__ == "__main__":
    main()
