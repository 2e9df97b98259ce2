r"""Write the report as Markdown and as one HTML file that needs no network.

example: render_report.py --experiments results/experiments.json --trials results/trials.csv \
      --summary results/summary.csv --comparisons results/comparisons.csv --epochs results/epochs.csv \
      --claims results/claims.csv --ensembles results/ensembles.csv --factorials results/factorials.csv \
      --curves results/curves.csv --time-to-accuracy results/time_to_accuracy.csv \
      --published config/published.csv --reference reports/reference/{summary,claims,trials}.csv \
      --manifests resources/datasets/*/manifest.json --citation CITATION.cff --templates reports/templates \
      --markdown results/report/report.md --html results/report/report.html
"""

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.report.inputs import TABLES, read_report
from lookbook.report.rendering import render
from lookbook.results.paths import REFERENCE_FILES


@exits_with_message
def main() -> None:
    """Read the results, write both reports."""
    outputs = {"markdown": "report.md to write", "html": "report.html to write"}
    parser = new_parser(__doc__, "experiments", *TABLES, templates="folder of the templates", **outputs)
    parser.add_argument("--manifests", type=path, nargs="*", default=[], help="manifest.json of each dataset")
    parser.add_argument(
        "--reference", type=path, nargs="*", default=[], help=f"{', '.join(REFERENCE_FILES)} of reference results"
    )
    parser.add_argument("--citation", type=path, help="CITATION.cff; without it the report does not say how to cite it")
    parser.add_argument(
        "--log-pattern",
        default="logs/train_trial/{experiment}/{trial}.log",
        help="path of a trial's log (default: %(default)s)",
    )
    arguments = parser.parse_args()

    tables = {name: getattr(arguments, name) for name in TABLES}
    report = read_report(
        arguments.experiments,
        tables,
        manifests=arguments.manifests,
        log_pattern=arguments.log_pattern,
        reference=arguments.reference,
        citation=arguments.citation,
    )
    render(report, arguments.templates, (arguments.markdown, arguments.html))


if __name__ == "__main__":
    main()
