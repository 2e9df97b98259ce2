"""Where the settings of an experiment are stated: in its document, in its author's code, or only here."""

from collections.abc import Iterable, Mapping
from typing import Any

from lookbook.config.experiments import flattened, with_defaults
from lookbook.config.validation import schema

ORIGINS = ("text", "code", "ours")
# Settings of the run rather than of the experiment: a default of config.yaml fills them in.
OF_THE_RUN = ("backend",)
# Settings that every experiment chooses, even where they equal the defaults.
ALWAYS = ("model", "optimizer", "training.epochs", "training.batch_size")


def deciding(setting: str, settings_from: Mapping[str, str]) -> str | None:
    """Return the longest key of ``settings_from`` that is a setting or a group that it is in; None without any."""
    parts = setting.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in settings_from), None)


def origin(setting: str, settings_from: Mapping[str, str]) -> str | None:
    """Return where a setting is stated, one of ``ORIGINS``; None if ``settings_from`` does not say."""
    return settings_from.get(deciding(setting, settings_from) or "")


def stated_settings(spec: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the settings of an experiment that someone has chosen, as dotted keys.

    They are the network, the optimizer, the epochs, the batch size, each other setting that differs from its default,
    and each that differs from the base's.

    Args:
        spec: the resolved specification.
        changes: what it changes from its base, as ``config.experiments.changes`` returns it.
    """
    default = flattened(with_defaults({}, schema("experiment")))
    differing = {
        key
        for key, value in flattened(spec).items()
        if key.startswith(ALWAYS) or key not in default or default[key] != value
    }
    changed = {change["key"] for change in changes}
    return sorted(key for key in differing | changed if not key.startswith(OF_THE_RUN))


def settings_by_origin(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the chosen settings by origin, as few groups as ``settings_from`` has.

    Args:
        entry: an experiment in experiments.json, with ``spec``, ``changes`` and ``settings_from``.

    Returns:
        Each of ``ORIGINS`` with the keys of ``settings_from`` that decide about a chosen setting, in their order.
    """
    settings_from = entry["settings_from"]
    used = {deciding(setting, settings_from) for setting in stated_settings(entry["spec"], entry["changes"])}
    return {word: [key for key, value in settings_from.items() if value == word and key in used] for word in ORIGINS}
