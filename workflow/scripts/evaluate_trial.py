"""Compute every metric of one trial from its saved predictions. No training backend is needed or imported."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.evaluation.trials import evaluate_trial

EXAMPLE = "example: evaluate_trial.py results/trials/exp001/0 --output results/trials/exp001/0/metrics.json"


def main() -> None:
    """Read a trial's folder, write its metrics as strict JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("trial", type=Path, help="folder with trial.json and predictions.npz")
    parser.add_argument("--output", type=Path, required=True, help="metrics.json to write")
    arguments = parser.parse_args()

    metrics = evaluate_trial(arguments.trial)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(metrics, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
