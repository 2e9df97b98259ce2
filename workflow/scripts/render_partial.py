"""Render the report of a run that has not ended, from the trials evaluated so far, without disturbing the run.

The report is in a folder beside the run's results, for example results-partial, which is made anew each time.

example: render_partial.py --experiments results/experiments.json
"""

import os
import subprocess
import sys
from pathlib import Path

from lookbook.command_line import exits_with_message, new_parser, positive_number
from lookbook.datasets.arrays import read_manifest
from lookbook.errors import ResultError
from lookbook.files import write_json
from lookbook.results.benchmark import read_benchmark
from lookbook.results.partial import link_trials


@exits_with_message
def main() -> None:
    """Link the evaluated trials into the folder, and make everything else there with Snakemake."""
    parser = new_parser(__doc__, "experiments")
    parser.add_argument("--cores", type=positive_number, default=1, help="CPU cores that the jobs may use (1)")
    arguments = parser.parse_args()
    benchmark = read_benchmark(arguments.experiments)
    results = benchmark.config.get("results")
    if results is None or Path(results).resolve() != benchmark.results.resolve():
        raise ResultError(f"{arguments.experiments} is not of a run in this directory; change to the run's directory")
    datasets = sorted({entry["dataset"] for entry in benchmark.experiments.values() if entry["trials"]})
    manifests = {name: read_manifest(Path("resources/datasets", name, "manifest.json")) for name in datasets}
    folder = Path(f"{results}-partial")
    if not link_trials(benchmark, folder, {name: manifest["digest"] for name, manifest in manifests.items()}):
        raise ResultError(f"no trial of {arguments.experiments} has been evaluated yet; try again later")
    config = folder / "config.json"
    write_json(config, {**benchmark.config, "results": str(folder)})
    # No job trains. The lock of the working directory is the run's.
    command = [sys.executable, "-m", "snakemake", "--nolock", "--cores", str(arguments.cores), "--configfile", config]
    environment = os.environ | {"LOOKBOOK_COMMAND": str(benchmark.provenance["command"])}
    if status := subprocess.run(command, env=environment, check=False).returncode:
        sys.exit(status)
    print(f"The report: {Path.cwd() / folder / 'report' / 'report.html'}")


if __name__ == "__main__":
    main()
