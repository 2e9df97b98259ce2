"""Write plan.json: the trials of each experiment with the digests of their specifications.

example: plan_trials.py --config-json '{"experiment_files": ["config/experiments/zoo.yaml"]}' --output plan.json
"""

from lookbook.command_line import exits_with_message, json_object, new_parser
from lookbook.config.benchmark import benchmark_content, plan_content
from lookbook.results.benchmark import write_benchmark


@exits_with_message
def main() -> None:
    """Write the file."""
    parser = new_parser(__doc__, output="the plan.json to write")
    parser.add_argument(
        "--config-json", type=json_object(), required=True, help="the merged configuration files as JSON"
    )
    arguments = parser.parse_args()
    write_benchmark(arguments.output, plan_content(benchmark_content(arguments.config_json)))


if __name__ == "__main__":
    main()
