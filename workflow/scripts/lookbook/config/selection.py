"""Choose experiments and figures from a configuration. Imports light modules only: every Snakemake job parses this."""

from collections.abc import Iterable, Mapping
from typing import Any

from lookbook.config.signatures import registered


def with_figure(experiments: Mapping[str, Any], *figures: str) -> list[str]:
    """Return the names of the experiments that have trials and one of these figures.

    Args:
        experiments: resolved experiments, or the ``experiments`` of an experiments.json.
        figures: values of the key ``figures``.
    """
    return [name for name, keys in _planned(experiments).items() if set(figures) & set(keys["figures"])]


def compared_networks(experiments: Mapping[str, Any]) -> list[str]:
    """Return the names of the zoo's classifiers, of which the report shows the best one in detail.

    One-vs-all classifiers, learning-rate range tests, and further protocols of a published value are excluded.
    """
    return [
        name
        for name, keys in _planned(experiments).items()
        if keys["document"] == "zoo"
        and keys["published_as"] is None
        and keys["spec"]["one_vs_all"] is None
        and "learning_rate_range" not in keys["figures"]
    ]


def arguments_in_use(specs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return each augmentation that resolved specifications name, with the arguments of its first use."""
    found: dict[str, dict[str, Any]] = {}
    for spec in specs:
        for entry in spec["augmentation"]:
            found.setdefault(entry["class_name"], dict(entry["config"]))
    return found


def sheet_names(arguments: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the name of every contact sheet: the augmentations of this library, then Keras layers in use.

    Args:
        arguments: the result of ``arguments_in_use``.
    """
    ours = registered("augmentation")
    return (*ours, *sorted(set(arguments) - set(ours)))


def _planned(experiments: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the keys of the experiments that have trials; rules have Experiment objects, scripts parsed JSON."""
    keys = {name: e if isinstance(e, Mapping) else vars(e) for name, e in experiments.items()}
    return {name: values for name, values in keys.items() if values["trials"]}
