"""A watched test set is recorded after every epoch, and nothing depends on it."""

import numpy as np
import pytest
from small_trials import (
    ARRAYS,
    EXPERIMENTS,
    Killed,
    history_in,
    kill_after_epoch,
    predictions_in,
    run,
    sample_spec,
    tiny_spec,
    trial_spec_of,
    write_sample,
    write_tiny,
)  # fmt: skip

from lookbook.datasets import arrays
from lookbook.training import fit as fitting

WATCHED = ("test_loss", "test_accuracy")
LOOSE = ("seconds", *WATCHED)
STOPPED = {"batch_size": 12, "epochs": 12, "early_stopping": {"patience": 1}}
AVERAGED = {"batch_size": 12, "epochs": 4, "weight_averaging": {"start_epoch": 2}}
FAST = {"class_name": "Adam", "config": {"learning_rate": 0.3}}
NO_VALIDATION = {"split": {"validation": 0.0}, "training": {"batch_size": 12, "epochs": 3}}
KINDS = {
    "early stopping": {"training": STOPPED, "optimizer": FAST},
    "averaging": {"training": AVERAGED},
    "no validation": NO_VALIDATION,
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def permuted(tmp_path_factory):
    """The same dataset with the labels of its test images in another order."""
    folder = tmp_path_factory.mktemp("permuted")
    labels = {"test_labels": np.roll(ARRAYS["test_labels"], 1)}
    arrays.write(folder, name="tiny", classes=["a", "b", "c"], source="random numbers", **(ARRAYS | labels))
    return folder / "manifest.json"


def spec_of(kind, watch):
    return trial_spec_of(tiny_spec(watch=watch, **KINDS[kind]))


def selected(folder, facts):
    """Return what training, stopping, selection and averaging decided."""
    rows = [{key: value for key, value in row.items() if key not in LOOSE} for row in history_in(folder)]
    # The labels, and the likelihood of the labels, are those of the permuted dataset.
    arrays_of = {
        key: value for key, value in predictions_in(folder).items() if not key.endswith(("labels", "likelihood"))
    }
    logits = {key: value.tobytes() for key, value in arrays_of.items()}
    return rows, logits, [facts[key] for key in ("status", "epochs", "best_epoch", "averaged_epochs", "steps")]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_depends_on_the_watched_images(kind, manifest, permuted, tmp_path):
    runs = {
        name: (tmp_path / name, run(spec_of(kind, watch), where, tmp_path / name))
        for name, watch, where in (("off", [], manifest), ("on", ["test"], manifest), ("permuted", ["test"], permuted))
    }
    assert selected(*runs["on"]) == selected(*runs["off"])
    assert selected(*runs["permuted"]) == selected(*runs["off"])
    watched = {
        name: [[row[key] for key in WATCHED] for row in history_in(folder)] for name, (folder, _) in runs.items()
    }
    assert {cell for row in watched["off"] for cell in row} == {""}
    assert all(cell for row in watched["on"] for cell in row)
    # The permutation reaches the recorded values, so it could have reached a decision.
    assert watched["on"] != watched["permuted"]
    if kind == "early stopping":
        assert runs["on"][1]["epochs"] < STOPPED["epochs"]


def test_a_selection_by_the_watched_images_would_be_noticed(manifest, permuted, tmp_path, monkeypatch):
    evaluate = fitting._evaluate
    monkeypatch.setattr(fitting, "_evaluate", lambda setup, split: evaluate(setup, "test"))
    results = [
        selected(tmp_path / where.parent.name, run(spec_of("early stopping", []), where, tmp_path / where.parent.name))
        for where in (manifest, permuted)
    ]
    assert results[0] != results[1]


def test_the_last_row_is_the_evaluation_of_the_final_weights(manifest, tmp_path):
    run(spec_of("no validation", ["test"]), manifest, tmp_path)
    predictions, last = predictions_in(tmp_path), history_in(tmp_path)[-1]
    probabilities, labels = predictions["test_probabilities"], predictions["test_labels"]
    assert float(last["test_accuracy"]) == pytest.approx(np.mean(probabilities.argmax(1) == labels))
    cross_entropy = -np.log(probabilities[np.arange(len(labels)), labels].astype(np.float64)).mean()
    assert float(last["test_loss"]) == pytest.approx(cross_entropy, rel=2e-3)


def test_an_interrupted_trial_ends_with_the_same_watched_values(manifest, tmp_path):
    spec = spec_of("averaging", ["test"])
    run(spec, manifest, tmp_path / "whole")
    for _ in range(AVERAGED["epochs"]):
        with pytest.raises(Killed):
            run(spec, manifest, tmp_path / "killed", log=kill_after_epoch)
    run(spec, manifest, tmp_path / "killed")
    rows = [
        [{key: value for key, value in row.items() if key != "seconds"} for row in history_in(tmp_path / name)]
        for name in ("whole", "killed")
    ]
    assert rows[0] == rows[1]


def test_a_network_with_batch_statistics_and_dropout_trains_the_same(tmp_path):
    manifest = write_sample(tmp_path / "sample")
    few = {"epochs": 2, "batch_size": 50, "weight_averaging": {"start_epoch": 1, "every": 1}}
    results = []
    for watch in ([], ["test"]):
        spec = trial_spec_of(sample_spec("mini_vgg", training=few, watch=watch))
        folder = tmp_path / f"watch{len(watch)}"
        results.append(selected(folder, run(spec, manifest, folder)))
    assert results[0] == results[1]


def test_competition_images_cannot_be_watched(refusal_of):
    entry = "  a: {title: t, dataset: simpsons, model: {class_name: simpsons_cnn}, watch: [test]}"
    message = refusal_of(entry)
    assert "a: watch: the test images of simpsons have no labels; remove it" in message


def test_the_documents_that_evaluate_the_test_set_after_each_epoch_watch_it():
    watching = {experiment.document for experiment in EXPERIMENTS.values() if experiment.spec["watch"]}
    assert watching == {"width-depth", "growing-batch", "zoo", "beyond"}
    of_them = [experiment for experiment in EXPERIMENTS.values() if experiment.document in watching]
    off = {e.name for e in of_them if not e.spec["watch"]}
    assert off == {e.name for e in of_them if "learning_rate_range" in e.figures or e.ensemble}
