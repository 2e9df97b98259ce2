"""Describe an experiment of the configuration as one JSON object, list them, or resolve them all into a file."""

import argparse
import json
import sys
from pathlib import Path

from lookbook.config.descriptions import describe, describe_all
from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.errors import ConfigError

EXAMPLES = """examples:
  describe_experiment.py exp104
  describe_experiment.py --list
  describe_experiment.py --all --config config/config.yaml config/quick.yaml --output experiments.json
"""


def main() -> None:
    """Print or write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", help="an experiment's name")
    what.add_argument("--list", action="store_true", help="print the names, one a line")
    what.add_argument("--all", action="store_true", help="write every experiment, and the profile, to --output")
    parser.add_argument("--config", type=Path, nargs="+", default=[CONFIG], help="YAML files, later over earlier ones")
    parser.add_argument("--config-json", type=json.loads, help="the configuration as JSON, in place of --config")
    parser.add_argument("--output", type=Path, help="the file that --all writes")
    arguments = parser.parse_args()
    if arguments.all and arguments.output is None:
        parser.error("--all needs --output")

    config = arguments.config_json or read_config(arguments.config)
    if arguments.all:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(describe_all(config), indent=2) + "\n")
        return
    experiments = resolve(config | {"experiments": None})
    if arguments.list:
        print("\n".join(experiments))
    else:
        print(json.dumps(describe(arguments.experiment, experiments), indent=2))


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(f"error: {error}")
