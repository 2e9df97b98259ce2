"""Train one trial of an experiment and write its results: the rule train_trial, also usable by hand.

examples:
  train_trial.py exp104 --output my/exp104
  train_trial.py exp104 --output my/longer --initial-weights my/exp104/model.keras --set training.epochs=5
"""

import argparse
import time
from pathlib import Path

from lookbook.command_line import (
    exits_with_message,
    gpu_setting,
    json_object,
    natural_number,
    new_parser,
    path,
    positive_number,
)


def parse_arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = new_parser(__doc__, output="folder of the results")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", help="name of an experiment of the configuration")
    what.add_argument(
        "--trial-spec",
        metavar="JSON",
        type=json_object("experiment", "trial", "seed", "code_digest", "spec.dataset", "spec.backend"),
        help="trial specification, in place of a name (the rule uses it)",
    )
    parser.add_argument("--trial", type=natural_number, default=0, help="zero-based number, which sets the seed (0)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one key, YAML value")
    parser.add_argument("--config", type=path, nargs="+", help="configuration files (config/config.yaml)")
    parser.add_argument("--manifest", type=path, help="prepared dataset (that in resources, prepared if it is missing)")
    parser.add_argument("--checkpoint", type=path, help="state after each epoch (<output>/checkpoint.npz)")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--initial-weights", type=path, help="model.keras to start from")
    weights.add_argument("--initial-trial", default="", help="trial.json of the trial to start from (the rule uses it)")
    parser.add_argument("--threads", type=positive_number, default=1, help="CPU threads (1)")
    parser.add_argument("--gpu", type=gpu_setting, default="auto", help="auto, 0 or 1, as `devices.gpu` (auto)")
    parser.add_argument("--attempt", type=positive_number, default=1, help="number for the log (the rule uses it)")
    return parser.parse_args()


@exits_with_message
def main() -> None:
    """Train the trial that the command line names."""
    started = time.perf_counter()
    arguments = parse_arguments()
    from lookbook.runtime.training_job import train

    trial_spec, manifest = arguments.trial_spec, arguments.manifest
    if trial_spec is None:
        from lookbook.config.experiments import resolve_config
        from lookbook.config.trial_specs import CONFIG, read_config, trial_spec_by_hand
        from lookbook.datasets.by_hand import prepared

        files = arguments.config or [CONFIG]
        trial_spec = trial_spec_by_hand(arguments.experiment, arguments.trial, files, arguments.set)
        manifest = manifest or prepared(trial_spec["spec"]["dataset"], resolve_config(read_config(files))["data"])
    train(
        trial_spec,
        arguments.output,
        manifest=manifest,
        checkpoint=arguments.checkpoint,
        threads=arguments.threads,
        gpu=arguments.gpu,
        attempt=arguments.attempt,
        adopt=bool(arguments.trial_spec),
        started=started,
        initial_weights=arguments.initial_weights,
        initial_trial=Path(arguments.initial_trial) if arguments.initial_trial else None,
    )


if __name__ == "__main__":
    main()
