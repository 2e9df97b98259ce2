"""Resolve the experiments of a configuration and write experiments.json."""

import argparse
import json
import sys
from pathlib import Path

from lookbook.config.benchmark import benchmark_content
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.errors import ConfigError
from lookbook.results.benchmark import write_benchmark

EXAMPLE = "example: resolve_experiments.py --config config/config.yaml config/quick.yaml --output experiments.json"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--config", type=Path, nargs="+", default=[CONFIG], help="YAML files, later ones override")
    parser.add_argument("--config-json", type=json.loads, help="the configuration as JSON, instead of --config")
    parser.add_argument("--output", type=Path, required=True, help="the experiments.json to write")
    arguments = parser.parse_args()
    config = arguments.config_json or read_config(arguments.config)
    write_benchmark(arguments.output, benchmark_content(config))


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(f"error: {error}")
