"""The configuration of this repository: its files, schemas and guide agree."""

import csv
import re
import shlex
from dataclasses import asdict
from pathlib import Path

import jsonschema
import pytest
from snakemake.cli import parse_config

from lookbook.config.costs import seconds_of
from lookbook.config.experiments import defined, resolve, resolve_config, schema
from lookbook.config.published import check_published
from lookbook.config.selection import arguments_in_use, compared_networks, sheet_names, with_figure
from lookbook.config.signatures import registered
from lookbook.config.strict_yaml import read_yaml
from lookbook.config.trial_specs import read_config
from lookbook.datasets import DATASETS

ROOT = Path(__file__).parents[2]
CONFIG = read_yaml(ROOT / "config" / "config.yaml")
GUIDE = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
EXPERIMENTS = resolve(CONFIG, ROOT)
EXPERIMENT_FILES = sorted((ROOT / "config" / "experiments").glob("*.yaml"))
REFERENCE_RUNS = sorted(
    path for path in (ROOT / "reports" / "reference").glob("*.yaml") if not path.stem.endswith("_experiments")
)


def keys_of_schema(node: dict, prefix: str = "") -> dict[str, dict]:
    """Return every property of a schema at any depth by its dotted key."""
    found = {}
    for key, child in node.get("properties", {}).items():
        found |= {f"{prefix}{key}": child} | keys_of_schema(child, f"{prefix}{key}.")
    return found


def keys_of_config(value: dict, node: dict, prefix: str = "") -> set[str]:
    """Return every key of a configuration at any depth that its schema names, dotted."""
    found = set()
    for key, child in value.items():
        found.add(f"{prefix}{key}")
        if isinstance(child, dict) and "properties" in node.get("properties", {}).get(key, {}):
            found |= keys_of_config(child, node["properties"][key], f"{prefix}{key}.")
    return found


def subschemas(node):
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from subschemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from subschemas(child)


def test_config_yaml_states_every_key_of_the_schema_and_no_other():
    assert keys_of_config(CONFIG, schema("config")) == keys_of_schema(schema("config")).keys()


@pytest.mark.parametrize("name", ["config", "experiment", "experiments"])
def test_every_key_has_a_description_and_every_default_is_valid(name):
    node = schema(name)
    jsonschema.Draft202012Validator.check_schema(node)
    for properties in [n["properties"] for n in subschemas(node) if isinstance(n.get("properties"), dict)]:
        for key, child in properties.items():
            assert child.get("description"), key
            if "default" in child:
                jsonschema.validate(child["default"], {"$defs": node.get("$defs", {})} | child)


@pytest.mark.parametrize("overlay", [None, "quick.yaml"])
def test_the_shipped_configurations_resolve(overlay):
    files = [ROOT / "config" / name for name in ("config.yaml", overlay) if name]
    config = read_config(files)
    assert resolve(config, ROOT)
    assert resolve_config(config)["profile"]["comparable"] == (overlay is None)


@pytest.mark.parametrize("overlay", REFERENCE_RUNS, ids=lambda path: path.stem)
def test_the_configuration_of_each_reference_run_is_valid(overlay):
    config = read_config([ROOT / "config" / "config.yaml", overlay])
    chosen = resolve(config, ROOT)
    assert set(config["experiments"]) <= chosen.keys()
    check_published(ROOT / config["published"], defined(config, ROOT))
    assert resolve_config(config)["results"] != CONFIG["results"]
    assert f"--configfile {overlay.relative_to(ROOT)}\n" in overlay.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("search", "count", "trials"), [("tuning", 8, 1), ("beyond_search", 21, 2), ("beyond_search_long", 3, 2)]
)
def test_the_candidates_of_a_search_are_chosen_without_the_test_images(search, count, trials):
    config = read_config([ROOT / "config" / "config.yaml", ROOT / "reports" / "reference" / f"{search}.yaml"])
    candidates = [e for name, e in resolve(config, ROOT).items() if not name.endswith("_range")]
    assert len(candidates) == count
    assert {e.trials for e in candidates} == {trials}
    assert all(e.spec["split"] == {"validation": 0.1, "seed": 0} and e.spec["watch"] == [] for e in candidates)


def test_published_values_and_experiments_agree_on_the_document():
    with (ROOT / CONFIG["published"]).open() as file:
        documents = {row["experiment"]: row["document"] for row in csv.DictReader(file)}
    known = documents.keys() & EXPERIMENTS.keys()
    assert known
    assert {name: EXPERIMENTS[name].document for name in known} == {name: documents[name] for name in known}


def test_the_guide_names_every_key_and_every_dataset():
    guide = re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL)
    named = {part for code in re.findall(r"`([^`\n]+)`", guide) for part in re.findall(r"\w+", code)}
    keys = {key for name in ("config", "experiment", "experiments") for key in keys_of_schema(schema(name))}
    assert sorted(key for key in keys if key.rpartition(".")[2] not in named) == []
    assert sorted(DATASETS.keys() - named) == []


@pytest.mark.parametrize("file", EXPERIMENT_FILES, ids=lambda file: file.stem)
def test_the_head_of_an_experiments_file_states_its_time_and_a_command_that_runs_it(file):
    head = file.read_text(encoding="utf-8").partition("document:")[0]
    number, unit = re.search(r"^# Time on two cores: about ([\d.]+) (hours|days)", head, re.MULTILINE).groups()
    command = shlex.split(re.search(r"^#   (snakemake .*)$", head.replace(",\\\n#", ","), re.MULTILINE)[1])
    assert command[:-2] == ["snakemake", "--cores", "2", "--resources", "gpu=1"]
    assert command[-2] == "--config"
    config = parse_config(command[-1:])
    resolved = resolve(CONFIG | config, ROOT)
    # The further files of a document are based on the experiments that follow its text.
    text = re.sub("_(as_committed|combinations|one_vs_all|record|tuned)$", "", file.stem)
    files = dict.fromkeys([file.with_stem(text), file])
    assert list(resolved) == [name for part in files for name in read_yaml(part)["experiments"]]
    own = [resolved[name] for name in read_yaml(file)["experiments"]]
    if not any(experiment.unavailable for experiment in own):  # whose number of trials is 0
        hours = sum(experiment.trials * seconds_of(experiment.spec) for experiment in own) / 2 / 3600
        assert float(number) * {"hours": 1, "days": 24}[unit] == pytest.approx(hours, rel=0.05)
    # The recipes of this project are no document, which would claim something.
    assert {(e.document, bool(e.citation), bool(e.claim)) for e in resolved.values()} == {
        (text.replace("_", "-"), True, text != "beyond")
    }


def test_augmented_copies_are_made_by_one_of_k_as_the_document_states():
    named = re.compile(r"growing_batch_n(\d)_k(\d)_e(\d+)")
    specs = {name: e.spec for name, e in EXPERIMENTS.items() if named.fullmatch(name)}
    assert len(specs) == 6
    for name, spec in specs.items():
        copies, k, epochs = map(int, named.fullmatch(name).groups())
        assert (spec["augmented_copies"], spec["training"]["epochs"]) == (copies, epochs)
        assert spec["augmentation"] == [{"class_name": "one_of_k", "config": {"k": k}}]


def test_experiments_by_the_code_have_the_published_values_of_those_by_the_text():
    by_code = {name: e for name, e in EXPERIMENTS.items() if name.endswith("_as_committed")}
    with (ROOT / CONFIG["published"]).open() as file:
        published = {row["experiment"] for row in csv.DictReader(file) if row["metric"] == "accuracy"}
    by_text = {e.document: set() for e in by_code.values()}
    for name, experiment in by_code.items():
        assert name == f"{experiment.base}_as_committed"
        assert experiment.published_as == experiment.base
        by_text[experiment.document].add(experiment.base)
    later = {name for name, e in EXPERIMENTS.items() if re.fullmatch(r"exp1\d\d", name)} - {"exp115"}
    zoo = {name for name in published if name in EXPERIMENTS and EXPERIMENTS[name].document == "zoo"}
    assert by_text == {"experiment-series": later & published, "zoo": zoo}


def test_earlier_trials_of_the_series_count_as_20_epochs():
    for name, experiment in EXPERIMENTS.items():
        training = experiment.spec["training"]
        follows = experiment.document == "experiment-series" and name.endswith("_as_committed")
        steps = -(-48_000 // training["batch_size"])
        assert training["steps_per_earlier_trial"] == (20 * steps if follows else None)


def test_the_zoo_by_the_code_has_one_training_and_scales_two_networks_twice():
    zoo = {name: e.spec for name, e in EXPERIMENTS.items() if e.document == "zoo" and e.protocol == "code"}
    keys = ("training", "optimizer", "augmentation")
    first, *others = [{key: spec[key] for key in keys} for spec in zoo.values()]
    assert all(other == first for other in others)
    assert first["optimizer"] == {
        "class_name": "SGD",
        "config": {
            "momentum": 0.9,
            "learning_rate": {
                "class_name": "InverseTimeDecay",
                "config": {
                    "initial_learning_rate": 0.01,
                    "decay_steps": 1,
                    "decay_rate": 0.01 / 30,
                    "staircase": False,
                },
            },
        },
    }
    assert (first["training"]["batch_size"], first["training"]["epochs"], first["augmentation"]) == (32, 30, [])
    assert first["training"]["weight_averaging"] is None
    scales = {name: 255 * spec["rescaling"]["scale"] for name, spec in zoo.items()}
    twice = {name for name, scale in scales.items() if scale == pytest.approx(1 / 255)}
    assert twice == {"mobilenet_v2_as_committed", "shake_shake_34_as_committed"}
    assert all(scales[name] == pytest.approx(1) for name in scales.keys() - twice)


# What rules and scripts choose alike, from resolved experiments and from experiments.json.


@pytest.fixture(params=["experiments", "json"])
def experiments(request):
    return EXPERIMENTS if request.param == "experiments" else {name: asdict(e) for name, e in EXPERIMENTS.items()}


def test_experiments_with_one_of_several_figures_are_chosen(experiments):
    assert with_figure(experiments, "learning_rate_range") == ["mini_vgg_range_test", "basic_cnn_range_test"]
    assert with_figure(experiments, "precision_recall", "wrong_predictions") == ["simpsons_mnist_rgb"]


def test_experiments_without_trials_are_not_chosen(experiments):
    without = {name: (e if isinstance(e, dict) else asdict(e)) | {"trials": 0} for name, e in experiments.items()}
    assert with_figure(without, "learning_rate_range") == []
    assert compared_networks(without) == []


def test_compared_networks_are_the_classifiers_of_the_zoo(experiments):
    chosen = compared_networks(experiments)
    assert chosen[:2] == ["mini_vgg", "basic_cnn"]
    assert len(chosen) == 8 + 2 * 7
    assert not [name for name in chosen if re.search("range_test|vs_all|as_committed|tuned|3_4_6_3", name)]


def test_every_augmentation_of_the_library_and_every_keras_layer_in_use_has_a_contact_sheet():
    assert sheet_names() == registered("augmentation")
    assert sheet_names({"zoom": {}, "RandomFlip": {}, "AugMix": {}}) == (
        *registered("augmentation"),
        "AugMix",
        "RandomFlip",
    )


def test_contact_sheets_use_the_arguments_of_the_first_experiment():
    specs = [
        {"augmentation": [{"class_name": "zoom", "config": {"minimum": 0.5}}]},
        {"augmentation": [{"class_name": "zoom", "config": {}}, {"class_name": "RandomZoom", "config": {}}]},
        {"augmentation": [{"class_name": "mixup", "config": {"alpha": 0.3}}]},
    ]
    assert arguments_in_use(specs) == {"zoom": {"minimum": 0.5}, "RandomZoom": {}, "mixup": {"alpha": 0.3}}
