"""Compute all metrics of one trial from its saved predictions, without a training backend."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.evaluation.metrics import evaluate_trial
from lookbook.results.metrics import write_metrics
from lookbook.results.trial import read_trial

EXAMPLE = "example: evaluate_trial.py results/trials/exp001/0/trial.json --output results/trials/exp001/0/metrics.json"


def main() -> None:
    """Read trial.json and predictions.npz, write metrics.json."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("trial", type=Path, metavar="TRIAL_JSON", help="trial.json; predictions.npz is in its folder")
    parser.add_argument("--spec-digest", metavar="HEX", help="SHA-256 of the trial specification that is expected")
    parser.add_argument("--output", type=Path, required=True, help="metrics.json to write")
    arguments = parser.parse_args()

    trial = read_trial(arguments.trial, arguments.spec_digest)
    write_metrics(arguments.output, trial, evaluate_trial(trial))


if __name__ == "__main__":
    try:
        main()
    except ResultError as error:
        sys.exit(f"error: {error}")
