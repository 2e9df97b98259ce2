"""Test-time augmentation: what a trial predicts, what it leaves as it is, and what the configuration accepts."""

import json
import sys
from importlib import import_module

import keras
import numpy as np
import pytest
from small_trials import (
    COUNT,
    EXPERIMENTS,
    IMAGES,
    predictions_in,
    run,
    tiny_spec,
    trial_spec_of,
    write_tiny,
)

from lookbook.config.digests import code_digest, digest
from lookbook.config.experiments import changes, identity, schema
from lookbook.datasets import arrays
from lookbook.report.experiment import Experiment
from lookbook.report.sections.experiments import facts
from lookbook.results.predictions import log_softmax
from lookbook.runtime import devices
from lookbook.runtime.predict import mean_probabilities
from lookbook.runtime.saved_models import evaluate_model, outputs_of
from lookbook.training.test_time_augmentation import TRANSFORMS, averaged

BOTH = ["identity", "horizontal_flip"]
TEST = IMAGES[COUNT:].astype("float32")
KINDS = {
    "graph": {},
    "xla": {"compile": "xla"},
    "eager": {"compile": "eager"},
    "one vs all": {"one_vs_all": 1},
    "convolutions": {"model": {"class_name": "residual_cnn", "config": {"filters": [4, 4, 8]}}},
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"))


def trained(folder, manifest, **keys):
    written = run(trial_spec_of(tiny_spec(**keys)), manifest, folder)
    assert written["status"] == "ok", written["traceback"]
    return folder, written


def probabilities(model, images):
    return np.exp(log_softmax(model.predict(images, verbose=0)))


@pytest.mark.parametrize("keys", KINDS.values(), ids=KINDS)
def test_a_trial_saves_the_mean_of_the_probabilities(keys, manifest, tmp_path):
    folder, written = trained(tmp_path / "averaged", manifest, evaluation={"average_over": BOTH}, **keys)
    saved, model = predictions_in(folder), keras.models.load_model(folder / "model.keras")
    as_it_is, flipped = probabilities(model, TEST), probabilities(model, TEST[:, :, ::-1])
    expected = (as_it_is + flipped) / 2
    np.testing.assert_allclose(saved["test_probabilities"], expected, atol=3e-4)
    np.testing.assert_array_equal(saved["test_predicted"], expected.argmax(1))
    true = np.log(expected[np.arange(len(expected)), saved["test_labels"]])
    np.testing.assert_allclose(saved["test_log_likelihood"], true, rtol=1e-4, atol=1e-5)
    assert np.abs(expected - as_it_is).max() > 0.002
    assert written["accuracy"]["test"] == pytest.approx(np.mean(expected.argmax(1) == saved["test_labels"]), abs=1e-6)


def test_only_the_predictions_differ_from_those_of_a_plain_trial(manifest, tmp_path):
    keys = {"model": {"class_name": "small_cnn", "config": {"filters": [4], "batch_normalization": True}}}
    plain, _ = trained(tmp_path / "plain", manifest, **keys)
    other, _ = trained(tmp_path / "averaged", manifest, evaluation={"average_over": BOTH}, **keys)
    models = [keras.models.load_model(folder / "model.keras") for folder in (plain, other)]
    for one, two in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, two)
    layers = [[(type(layer), layer.name.rstrip("_0123456789")) for layer in model.layers] for model in models]
    assert layers[0] == layers[1]
    accuracies = [
        [line.split(",")[4:] for line in (folder / "history.csv").read_text().splitlines()] for folder in (plain, other)
    ]
    assert accuracies[0] == accuracies[1]
    differing = [predictions_in(folder)["valid_probabilities"] for folder in (plain, other)]
    assert np.abs(differing[0] - differing[1]).max() > 0.001


def test_probabilities_near_zero_have_a_finite_logarithm():
    model = keras.Sequential([keras.Input((1, 2, 1)), keras.layers.Flatten(), keras.layers.Rescaling(1000.0)])
    outputs = averaged(model, BOTH).predict(np.array([[[[1.0], [0.0]]], [[[1.0], [1.0]]]]), verbose=0)
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(np.exp(log_softmax(outputs)), 0.5)
    assert averaged(model, ()) is model


def test_a_saved_model_is_evaluated_like_its_trial_unless_stated_otherwise(manifest, tmp_path, monkeypatch, capsys):
    keys = {"one_vs_all": 2, "evaluation": {"average_over": BOTH}}
    folder, written = trained(tmp_path / "trial", manifest, **keys)
    data, saved = arrays.load(manifest), predictions_in(folder)
    outputs = outputs_of(folder / "model.keras", data, None, None)
    as_trained = evaluate_model(folder / "model.keras", data, "test", outputs)
    loss = -saved["test_log_likelihood"].mean(dtype=np.float64)
    assert as_trained["accuracy"] == pytest.approx(written["accuracy"]["test"], abs=1e-6)
    assert as_trained["cross_entropy"] == pytest.approx(loss, abs=1e-5)
    plain = evaluate_model(folder / "model.keras", data, "test", outputs, ["identity"])
    assert abs(plain["cross_entropy"] - loss) > 1e-4

    script = import_module("evaluate_model")
    monkeypatch.setattr(devices, "prepare", lambda *_, **__: 0.0)
    monkeypatch.setattr(devices, "limit_threads", lambda *_: None)
    for stated, expected in (([], as_trained), (["identity"], plain), (BOTH[::-1], as_trained)):
        option = ["--average-over", *stated] if stated else []
        arguments = [str(folder / "model.keras"), "--manifest", str(manifest), "--json", *option]
        monkeypatch.setattr(sys, "argv", ["evaluate_model.py", *arguments])
        script.main()
        found = json.loads(capsys.readouterr().out)["cross_entropy"]
        assert found == pytest.approx(expected["cross_entropy"], abs=1e-6)
    monkeypatch.setattr(sys, "argv", ["evaluate_model.py", "m.keras", "--average-over", "horizontal_flop"])
    with pytest.raises(SystemExit, match=r"--average-over: .*got 'horizontal_flop'; did you mean 'horizontal_flip'"):
        script.main()


def test_a_submission_averages_over_the_transforms_of_its_experiment(manifest, tmp_path):
    folder, _ = trained(tmp_path / "trial", manifest)
    model = keras.models.load_model(folder / "model.keras")
    expected = (probabilities(model, TEST) + probabilities(model, TEST[:, :, ::-1])) / 2
    found = mean_probabilities([folder / "model.keras"], IMAGES[COUNT:], BOTH)
    np.testing.assert_allclose(found, expected, atol=1e-6)


MODEL = "title: t, model: {class_name: mlp}"
NEUTRAL = ["", ", evaluation: null", ", evaluation: {average_over: [identity]}"]


def test_a_neutral_value_leaves_the_identity_of_a_trial_as_it_was_before_the_key(experiments_of):
    text = "document: d\nexperiments:\n  a: {%s%s}\n"
    found = [experiments_of(text % (MODEL, key))["a"] for key in NEUTRAL]
    assert [key for experiment in found for key in experiment.spec if key == "evaluation"] == []
    assert len({digest(identity(experiment, {})) for experiment in found}) == 1
    averaging = experiments_of(text % (MODEL, ", evaluation: {average_over: [identity, horizontal_flip]}"))["a"]
    assert averaging.spec == found[0].spec | {"evaluation": {"average_over": BOTH}}
    assert code_digest(averaging.spec) != code_digest(found[0].spec)


def test_the_documents_average_nothing():
    using = {name for name, experiment in EXPERIMENTS.items() if "evaluation" in experiment.spec}
    assert {EXPERIMENTS[name].document for name in using} == {"beyond"}


def test_it_is_inherited_shown_as_a_change_and_can_be_turned_off(experiments_of):
    text = f"""
        document: d
        experiments:
          plain: {{{MODEL}}}
          both: {{base: plain, title: t, evaluation: {{average_over: {BOTH}}}, settings_from: {{evaluation: ours}}}}
          heir: {{base: both, title: t}}
          without: {{base: both, title: t, evaluation: null}}
    """
    found = experiments_of(text)
    assert found["heir"].spec == found["both"].spec
    assert found["without"].spec == found["plain"].spec
    assert changes(found["both"], found) == [{"key": "evaluation.average_over", "from": None, "to": BOTH}]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{average_over: [identity, flip_horizontal]}", "average_over[1]: must be one of identity, horizontal_flip; "),
        ("{average_over: [horizontal_flips]}", "got 'horizontal_flips'; did you mean 'horizontal_flip'?"),
        ("{average_over: []}", "average_over: must have at least 1 value; got []"),
        ("{average_over: [identity, identity]}", "average_over: must not have a value twice; got ['identity', "),
        ("{average_ovr: [identity]}", "evaluation: unknown key 'average_ovr'; did you mean 'average_over'?"),
        ("{}", "evaluation: the key 'average_over' is missing; add it"),
        ("[identity]", "evaluation: must be of type object or null"),
    ],
)
def test_a_mistake_is_refused(value, message, refusal_of):
    assert message in refusal_of(f"  a: {{{MODEL}, evaluation: {value}}}")


@pytest.mark.parametrize("averages", [True, False])
def test_the_card_of_an_experiment_shows_it(averages):
    spec = {"evaluation": {"average_over": BOTH}} if averages else {}
    entry = {"spec": spec, "budget": "one trial", "published_as": None}
    card = facts(Experiment("a", entry, {"n": 1, "n_ok": 1, "parameters_mean": None, "seconds_mean": None}))
    assert ("predictions averaged over identity and horizontal flip" in list(card)) == averages


def test_the_schema_names_the_transforms_that_exist():
    names = schema("experiment")["properties"]["evaluation"]["properties"]["average_over"]["items"]["enum"]
    assert names == list(TRANSFORMS)
