r"""Write an experiment's predictions of the competition's test images: the mean probabilities of its trials.

example: write_submission.py --experiments results/experiments.json --experiment simpsons_c42_n700_b64 \
      --manifest resources/datasets/simpsons/manifest.json --output submission.csv
Trials that did not finish are left out; if none finished, the file has only its header.
"""

import sys

from lookbook.command_line import exits_with_message, new_parser, positive_number


@exits_with_message
def main() -> None:
    """Write the CSV file, and a JSON file beside it with its identity."""
    parser = new_parser(__doc__, "experiments", "manifest", output="CSV file to write")
    parser.add_argument("--experiment", required=True, metavar="NAME", help="name of the experiment")
    parser.add_argument("--threads", type=positive_number, default=1, help="CPU threads (1)")
    arguments = parser.parse_args()

    # Imported here, so that --help does not wait for NumPy and pandas.
    from lookbook.datasets.arrays import load
    from lookbook.results.benchmark import read_benchmark
    from lookbook.results.trial import read_trial
    from lookbook.runtime import devices
    from lookbook.runtime.predict import submit

    benchmark = read_benchmark(arguments.experiments)
    trials = [read_trial(planned) for planned in benchmark.trials([arguments.experiment])]
    devices.prepare(arguments.threads, gpu=False)
    devices.limit_threads(arguments.threads)
    finished = submit(arguments.output, trials, load(arguments.manifest))
    print(f"{arguments.output}: {arguments.experiment}, {finished} of {len(trials)} trials", file=sys.stderr)


if __name__ == "__main__":
    main()
