"""Print one experiment of the configuration as JSON, or list the names of all.

example: describe_experiment.py exp104 --config config/config.yaml config/quick.yaml
"""

import json
from collections.abc import Mapping
from typing import Any

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.config.experiments import changes, defined, digest_of, locate, resolve, resolve_config
from lookbook.config.published import check_published, published_for
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.config.validation import check_names
from lookbook.datasets import DATASETS


def build(spec: Mapping[str, Any]) -> Any:
    """Return a resolved experiment's network."""
    from lookbook.runtime import devices

    # Keras reads its environment when it is imported.
    devices.prepare(threads=1, gpu=False)
    from lookbook import models
    from lookbook.sampling.rows import number_of_outputs

    info = DATASETS[spec["dataset"]]
    outputs = number_of_outputs(spec, info.classes)
    return models.build(spec["model"], info.shape, outputs, spec["rescaling"])


@exits_with_message
def main() -> None:
    """Print what the command line asks for."""
    parser = new_parser(__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", help="the name of an experiment")
    what.add_argument("--list", action="store_true", help="print all names, one per line")
    parser.add_argument("--config", type=path, nargs="+", default=[CONFIG], help="YAML files, later ones override")
    parser.add_argument("--layers", action="store_true", help="print the layers of the network, as Keras sums them up")
    arguments = parser.parse_args()

    config = read_config(arguments.config) | {"experiments": None}
    experiments = resolve(config)
    if arguments.list:
        print("\n".join(experiments))
        return
    check_names("experiment", [arguments.experiment], experiments)
    table = locate(resolve_config(config)["published"])
    check_published(table, defined(config))
    experiment = experiments[arguments.experiment]
    model = build(experiment.spec)
    if arguments.layers:
        model.summary(line_length=120, expand_nested=True)
        return
    described = {key: getattr(experiment, key) for key in ("title", "document", "note", "trials", "unavailable")}
    described = {"experiment": experiment.name, **described, "parameters": model.count_params()}
    described |= {"digest": digest_of(experiment, experiments), "base": experiment.base}
    described |= {"changes": changes(experiment, experiments)}
    described |= {"published": published_for(table, {experiment.name, experiment.published_as})}
    described |= {"published_as": experiment.published_as, "protocol": experiment.protocol}
    described |= {"settings_from": experiment.settings_from, "spec": experiment.spec}
    print(json.dumps(described, indent=2))


if __name__ == "__main__":
    main()
