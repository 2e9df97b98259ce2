"""Build the network, optimizer, loss and augmentation of experiments once, without data, and report what cannot be.

Snakemake does so before it trains; `make check` and this command do it at any time.

example: check_experiments.py --config config/config.yaml config/mine.yaml
"""

import sys

from lookbook.command_line import exits_with_message, json_object, new_parser, path
from lookbook.config.experiments import defined, resolve, resolve_config
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.config.validation import check_names


@exits_with_message
def main() -> None:
    """Check the experiments, and print how many there are."""
    parser = new_parser(__doc__)
    parser.add_argument("experiments", nargs="*", help="names of experiments (all)")
    parser.add_argument("--config", type=path, nargs="+", default=[CONFIG], help="YAML files, later ones override")
    parser.add_argument("--config-json", type=json_object(), help="the merged configuration files as JSON")
    arguments = parser.parse_args()

    config = arguments.config_json or read_config(arguments.config)
    experiments = resolve(config | {"experiments": None})
    check_names("experiments", arguments.experiments, experiments)
    names = arguments.experiments or list(experiments)
    from lookbook.runtime import devices

    entries, default = defined(config), resolve_config(config)["devices"]["backend"]
    for name in names:
        backend = experiments[name].spec["backend"]
        where = "config.yaml: devices" if backend == default else entries[name].where
        devices.check_installed(f"{where}: backend", backend)
    # Keras reads its environment when it is imported.
    devices.prepare(threads=1, gpu=False, backend=default)
    from lookbook.runtime.checking import problems

    found = [f"{entries[name].where}: {text}" for name, text in problems({n: experiments[n].spec for n in names})]
    if found:
        # On standard output, without the messages of TensorFlow: Snakemake repeats it.
        print("\n".join(found))
        sys.exit(1)
    print(f"{len(names)} experiments can be built")


if __name__ == "__main__":
    main()
