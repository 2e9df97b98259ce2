"""Which experiments have, together, every class that an experiment can be made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from lookbook.config.experiments import Experiment


def parts_of(spec: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the classes of an experiment (network, loss, optimizer, rates, transforms), and its kinds of images."""
    rate = spec["optimizer"]["config"]["learning_rate"]
    classes = {kind: spec[kind]["class_name"] for kind in ("model", "loss", "optimizer")}
    classes["learning_rate"] = rate["class_name"] if isinstance(rate, dict) else "constant"
    used = {key: str(spec[key] is not None) for key in ("augmented_copies", "one_vs_all")}
    sampled = {f"sampling.{key}": str(value is not None) for key, value in spec["sampling"].items()}
    return {
        *(classes | used | sampled).items(),
        *(("augmentation", item["class_name"]) for item in spec["augmentation"]),
    }


def covering(names: Iterable[str], experiments: Mapping[str, Experiment]) -> list[str]:
    """Return those of the named experiments that have a part that none before them has."""
    seen, chosen = set(), []
    for name in names:
        if not (parts := parts_of(experiments[name].spec)) <= seen:
            chosen.append(name)
            seen |= parts
    return chosen
