"""Remove the trials without results (failed, diverged, out of memory), so that the next run trains them again.

example: discard_failed.py --experiments results/experiments.json
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.errors import ResultError
from lookbook.results.benchmark import read_benchmark
from lookbook.results.trial import has_failed, read_trial


@exits_with_message
def main() -> None:
    """Delete trial.json of each of them, which Snakemake then makes again, and print their names."""
    arguments = new_parser(__doc__, "experiments").parse_args()
    discarded = []
    for planned in read_benchmark(arguments.experiments).trials():
        try:
            trial = read_trial(planned)
        except ResultError:  # not trained yet, or damaged: the next run makes it anyway
            continue
        if has_failed(trial.facts["status"]):
            trial.path.unlink()
            discarded.append(f"{planned.experiment}/{planned.trial}")
    print("\n".join([f"{len(discarded)} trials without results are removed", *discarded]))


if __name__ == "__main__":
    main()
