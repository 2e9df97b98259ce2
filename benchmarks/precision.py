"""Compare the accuracy of float32 and bfloat16: Lookbook trains the same trials in both precisions.

The benchmark runs Snakemake on precision_experiments.yaml, resumes after an interruption, and keeps its trials in
results/precision.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from cases import CONFIG, ROOT, read_config
from lookbook.formatting import listed
from results_file import hardware, provenance, table, write_section

TITLE = "float32 and bfloat16"
HERE = Path(__file__).parent
RESULTS = Path("results/precision")
NETWORKS = ("exp104", "exp107", "exp110", "width_8_16", "basic_cnn")


def main() -> None:
    """Train missing trials, print the comparison and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", default=str(len(os.sched_getaffinity(0))), help="CPU cores for Snakemake (all)")
    parser.add_argument("--gpus", default="1", help="number of trials that share the GPU, if there is one (1)")
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="Keras's backend")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--epochs", type=int, help="maximum number of epochs (the experiments' own)")
    arguments = parser.parse_args()
    names = {name: (f"{name}_float32", f"{name}_bfloat16") for name in arguments.networks}
    # A configuration file replaces lists of the previous one, so all experiment files are listed.
    files = [*read_config([CONFIG])["experiment_files"], str((HERE / "precision_experiments.yaml").relative_to(ROOT))]
    config = {
        "experiment_files": files,
        "experiments": [name for pair in names.values() for name in pair],
        "results": str(RESULTS),
        "devices": {"backend": arguments.backend, "slots_per_gpu": int(arguments.gpus)},
        "profile": {"name": "precision", "comparable": False, "epochs": arguments.epochs},
    }
    file = ROOT / RESULTS / "precision.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--configfile", str(file), "--cores", arguments.cores]
    command += ["--resources", f"gpu={arguments.gpus}", "--", str(RESULTS / "comparisons.csv")]
    subprocess.run(command, cwd=ROOT, check=True)

    means = {row["experiment"]: row for row in read(ROOT / RESULTS / "summary.csv")}
    differences = {row["experiment"]: row for row in read(ROOT / RESULTS / "comparisons.csv")}
    specs = json.loads((ROOT / RESULTS / "experiments.json").read_text())["experiments"]
    rows = []
    for name, (single, half) in names.items():
        spec = specs[single]["spec"]
        size = [f"{spec['limit']['train_images']:,}", str(spec["training"]["batch_size"])]
        compared, spread = differences[half], float(means[single]["test_accuracy_std"])
        difference = float(compared["test_accuracy_difference"])
        low, high = float(compared["test_accuracy_ci_low"]), float(compared["test_accuracy_ci_high"])
        agree = "yes" if abs(difference) <= spread else "no"
        rows.append([name, *size, accuracy(means[single]), accuracy(means[half])])
        rows[-1] += [f"{difference:+.4f} ({low:+.4f} to {high:+.4f})", agree]
    trial = json.loads((ROOT / RESULTS / "trials" / names[arguments.networks[0]][0] / "0" / "trial.json").read_text())
    header = ["network", "training images", "batch", "float32", "mixed_bfloat16", "difference (95% interval)"]
    header.append("within the standard deviation")
    text = table(header, rows)
    budget = f"at most {arguments.epochs} epochs" if arguments.epochs else "the experiments' number of epochs"
    note = (
        f"Test accuracy, mean ± SD of {means[names[arguments.networks[0]][0]]['n']} trials of "
        f"{budget}, on {trial['device']}, Keras on {arguments.backend}; the same seeds in both precisions."
    )
    # A run of some networks has a section of its own, which does not replace that of all.
    title = TITLE if set(arguments.networks) == set(NETWORKS) else f"{TITLE}: {listed(arguments.networks)}"
    path = write_section(hardware(trial["device"]), title, f"{note}\n\n{text}\n{provenance(trial['versions'])}")
    print(f"\n{text}\n{path}")


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def accuracy(row: dict[str, str]) -> str:
    """Return mean and standard deviation of the test accuracy."""
    return f"{float(row['test_accuracy_mean']):.4f} ± {float(row['test_accuracy_std']):.4f}"


if __name__ == "__main__":
    main()
