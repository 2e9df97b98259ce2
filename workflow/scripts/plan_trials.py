"""Write plan.json: the trials of each experiment with the digests of their specifications.

example: plan_trials.py --config config/config.yaml config/quick.yaml --output plan.json
"""

import json
from pathlib import Path

from lookbook.command_line import exits_with_message, new_parser
from lookbook.config.benchmark import benchmark_content, plan_content
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.results.benchmark import write_benchmark


@exits_with_message
def main() -> None:
    """Write the file."""
    parser = new_parser(__doc__, output="the plan.json to write")
    parser.add_argument("--config", type=Path, nargs="+", default=[CONFIG], help="YAML files, later ones override")
    parser.add_argument("--config-json", type=json.loads, help="the configuration as JSON, instead of --config")
    arguments = parser.parse_args()
    config = arguments.config_json or read_config(arguments.config)
    write_benchmark(arguments.output, plan_content(benchmark_content(config)))


if __name__ == "__main__":
    main()
