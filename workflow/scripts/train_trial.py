"""Train one trial of an experiment and write its results: the job of the rule train_trial, also by hand."""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

from lookbook.errors import ConfigError, DatasetError

EXAMPLES = """examples:
  train_trial.py exp104 --output my/exp104
  train_trial.py exp104 --output my/longer --initial-weights my/exp104/model.keras --set training.epochs=5
"""


def parse_arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", help="an experiment of the configuration")
    what.add_argument("--order", help="a trial as JSON, in place of an experiment's name (the rule gives it)")
    parser.add_argument("--trial", type=int, default=0, help="zero-based number; the seed follows from it (0)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one key, YAML value")
    parser.add_argument("--config", type=Path, nargs="+", help="YAML files (config/config.yaml)")
    parser.add_argument("--dataset", type=Path, help="prepared data set (resources/datasets/<name>)")
    parser.add_argument("--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--checkpoint", type=Path, help="state after each epoch (<output>/checkpoint.npz)")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--initial-weights", type=Path, help="a model.keras to start from")
    weights.add_argument("--start", default="", help="the trial.json of a trial to start from; the rule gives it")
    parser.add_argument("--copies", type=Path, help="manifest.json of copies.py, where the experiment trains on copies")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    parser.add_argument("--gpu", type=int, default=0, help="1 uses a GPU, where there is one (0)")
    return parser.parse_args()


def main() -> None:
    """Train what the command line asks for."""
    started = time.perf_counter()
    arguments = parse_arguments()
    if arguments.order:
        order = json.loads(arguments.order)
    else:
        from lookbook.config.trial_specs import CONFIG, order_by_hand

        order = order_by_hand(arguments.experiment, arguments.trial, arguments.config or [CONFIG], arguments.set)
    dataset = arguments.dataset or Path("resources/datasets") / order["spec"]["dataset"]

    # Keras is imported only now: the environment decides what it computes on.
    from lookbook.runtime import compilations, devices

    compilations_in = compilations.folder_for(order)
    compilations.keep_in(compilations_in, order["spec"]["backend"])
    slots = int(os.environ.get("LOOKBOOK_SLOTS_PER_GPU", "1"))
    devices.prepare(arguments.threads, gpu=bool(arguments.gpu), slots_per_gpu=slots, backend=order["spec"]["backend"])
    devices.limit_threads(arguments.threads)
    from lookbook.runtime.trial import run

    copies = None
    if order["spec"]["copies"]:
        if arguments.copies is None:
            raise ConfigError(
                f"{order['experiment']} trains on copies of the images: make them with copies.py and name their "
                "manifest.json with --copies"
            )
        from lookbook.datasets import growing_batch

        copies = growing_batch.load_for(arguments.copies.parent, dataset, order["spec"]["copies"])
    say = partial(print, flush=True)
    say(f"{order['experiment']}, trial {order['trial']}, seed {order['seed']}")
    run(
        order,
        dataset,
        arguments.output,
        arguments.checkpoint or arguments.output / "checkpoint.npz",
        threads=arguments.threads,
        initial_weights=Path(arguments.start).with_name("model.keras")
        if arguments.start
        else arguments.initial_weights,
        copies=copies,
        compilations_in=compilations_in,
        started=started,
        say=say,
    )


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, DatasetError) as error:
        sys.exit(f"error: {error}")
