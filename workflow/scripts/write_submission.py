"""Write an experiment's predictions of the competition's test images: the mean probabilities of its trials."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import DatasetError, ResultError

EXAMPLE = """example: write_submission.py --experiments results/experiments.json --experiment simpsons_c42_n700_b64 \\
      --manifest resources/datasets/simpsons/manifest.json --output submission.csv
Trials that did not finish are left out; if none finished, the file has only its header."""


def main() -> None:
    """Write the CSV file, and a JSON file beside it with its identity."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiments", type=Path, required=True, help="the benchmark's experiments.json")
    parser.add_argument("--experiment", required=True, help="name of the experiment")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json of the experiment's dataset")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.csv", help="file to write")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    arguments = parser.parse_args()

    # Imported here, so that --help does not wait for NumPy and pandas.
    from lookbook.datasets.arrays import load
    from lookbook.results.benchmark import read_benchmark
    from lookbook.results.trial import read_trial
    from lookbook.runtime import devices
    from lookbook.runtime.predict import submit

    try:
        benchmark = read_benchmark(arguments.experiments)
        if arguments.experiment not in benchmark.experiments:
            raise ResultError(f"{arguments.experiments} has no experiment {arguments.experiment}")
        trials = [read_trial(planned) for planned in benchmark.trials([arguments.experiment])]
        devices.prepare(arguments.threads, gpu=False)
        devices.limit_threads(arguments.threads)
        finished = submit(arguments.output, trials, load(arguments.manifest))
    except (DatasetError, ResultError) as error:
        sys.exit(f"error: {error}")
    print(f"{arguments.output}: {arguments.experiment}, {finished} of {len(trials)} trials", file=sys.stderr)


if __name__ == "__main__":
    main()
