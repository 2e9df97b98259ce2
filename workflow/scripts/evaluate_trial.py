"""Compute all metrics of one trial from its saved predictions, without a training backend.

example: evaluate_trial.py results/trials/exp001/0/trial.json --output results/trials/exp001/0/metrics.json
"""

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.evaluation.metrics import evaluate_trial
from lookbook.results.metrics import write_metrics
from lookbook.results.trial import read_trial


@exits_with_message
def main() -> None:
    """Read trial.json and predictions.npz, write metrics.json."""
    parser = new_parser(__doc__, output="metrics.json to write")
    parser.add_argument("trial", type=path, metavar="TRIAL_JSON", help="trial.json; predictions.npz is in its folder")
    parser.add_argument("--spec-digest", metavar="HEX", help="SHA-256 of the trial specification that is expected")
    arguments = parser.parse_args()
    trial = read_trial(arguments.trial, arguments.spec_digest)
    write_metrics(arguments.output, trial, evaluate_trial(trial))


if __name__ == "__main__":
    main()
