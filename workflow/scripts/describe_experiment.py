"""Print one experiment of the configuration as JSON, or list the names of all.

example: describe_experiment.py exp104 --config config/config.yaml config/quick.yaml
"""

import json
from collections.abc import Mapping
from typing import Any

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.config.experiments import changes, digest_of, resolve
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.config.validation import check_names
from lookbook.datasets import DATASETS


def count_parameters(spec: Mapping[str, Any]) -> int:
    """Return the number of parameters of a resolved experiment's network, the non-trainable ones included."""
    from lookbook.runtime import devices

    # Keras reads its environment when it is imported.
    devices.prepare(threads=1, gpu=False)
    from lookbook import models
    from lookbook.sampling.rows import number_of_outputs

    info = DATASETS[spec["dataset"]]
    outputs = number_of_outputs(spec, info.classes)
    return models.build(spec["model"], info.shape, outputs, spec["rescaling"]).count_params()


@exits_with_message
def main() -> None:
    """Print what the command line asks for."""
    parser = new_parser(__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", help="the name of an experiment")
    what.add_argument("--list", action="store_true", help="print all names, one per line")
    parser.add_argument("--config", type=path, nargs="+", default=[CONFIG], help="YAML files, later ones override")
    arguments = parser.parse_args()

    experiments = resolve(read_config(arguments.config) | {"experiments": None})
    if arguments.list:
        print("\n".join(experiments))
        return
    check_names("experiment", [arguments.experiment], experiments)
    experiment = experiments[arguments.experiment]
    described = {"experiment": experiment.name, "parameters": count_parameters(experiment.spec)}
    described |= {"digest": digest_of(experiment, experiments), "base": experiment.base}
    described |= {"changes": changes(experiment, experiments), "spec": experiment.spec}
    print(json.dumps(described, indent=2))


if __name__ == "__main__":
    main()
