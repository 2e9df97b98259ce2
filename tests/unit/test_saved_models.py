"""The evaluation of one saved model by hand: of all classes, of some of them, and of one against the others."""

import json

import keras
import numpy as np
import pytest
import small_trials as small
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from lookbook.datasets import arrays
from lookbook.datasets.by_hand import prepared
from lookbook.errors import DatasetError, ResultError
from lookbook.results.reading import write_json
from lookbook.runtime.saved_models import as_text, evaluate_model, manifest_of, outputs_of

PIXELS = np.asarray(small.IMAGES[small.COUNT :], np.float32)
LABELS = small.LABELS[small.COUNT :]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return arrays.load(small.write_tiny(tmp_path_factory.mktemp("tiny")))


def save(path, outputs, penalty=0.0):
    """Save a network with random weights and return it."""
    keras.utils.set_random_seed(1)
    regularizer = keras.regularizers.L2(penalty) if penalty else None
    layers = [keras.Input((6, 5, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(outputs, kernel_regularizer=regularizer)])
    model.save(path)
    return model


def evaluated(path, data, split=None, one_vs_all=None, classes=None):
    return evaluate_model(path, data, split, outputs_of(path, data, one_vs_all, classes))


def test_all_classes_have_the_metrics_of_scikit_learn(data, tmp_path):
    model = save(tmp_path / "m.keras", 3, penalty=0.01)
    found = evaluated(tmp_path / "m.keras", data)
    predicted = model.predict(PIXELS, verbose=0).argmax(1)
    assert (found["split"], found["samples"], found["classes"]) == ("test", 12, ["a", "b", "c"])
    assert found["accuracy"] == pytest.approx(accuracy_score(LABELS, predicted))
    _, recall, _, support = precision_recall_fscore_support(LABELS, predicted, zero_division=np.nan)
    assert found["per_class"]["support"] == support.tolist()
    assert found["per_class"]["recall"] == pytest.approx(recall.tolist())
    assert found["loss"] - found["cross_entropy"] == pytest.approx(float(sum(model.losses)))


def test_a_one_vs_all_model_has_two_classes(data, tmp_path):
    model = save(tmp_path / "m.keras", 2)
    predicted = model.predict(PIXELS, verbose=0).argmax(1)
    for stated in ("b", "1"):
        found = evaluated(tmp_path / "m.keras", data, one_vs_all=stated)
        assert found["classes"] == ["others", "b"]
        assert found["accuracy"] == pytest.approx(np.mean(predicted == (LABELS == 1)))
        assert found["per_class"]["support"] == [8, 4]


def test_a_model_of_some_classes_sees_only_their_images(data, tmp_path):
    model = save(tmp_path / "m.keras", 2)
    found = evaluated(tmp_path / "m.keras", data, classes=2)  # the two largest classes are a and b
    kept = LABELS < 2
    predicted = model.predict(PIXELS[kept], verbose=0).argmax(1)
    assert (found["classes"], found["samples"]) == (["a", "b"], 8)
    assert found["accuracy"] == pytest.approx(np.mean(predicted == LABELS[kept]))


@pytest.mark.parametrize("keys", [{"one_vs_all": 2}, {"sampling": {"classes": 2}}], ids=["one vs all", "some classes"])
def test_the_trial_beside_a_model_says_what_its_outputs_are(keys, data, tmp_path):
    spec = small.trial_spec_of(small.with_defaults(small.tiny_spec(**keys), small.schema("experiment")))
    facts = small.run(spec, data.directory / "manifest.json", tmp_path)
    assert facts["status"] == "ok", facts["traceback"]
    found = evaluated(tmp_path / "model.keras", data)
    saved = small.predictions_in(tmp_path)
    assert found["samples"] == len(saved["test_labels"])
    assert found["accuracy"] == pytest.approx(np.mean(saved["test_predicted"] == saved["test_labels"]))
    assert found["classes"] == (["others", "c"] if "one_vs_all" in keys else ["a", "b"])


def test_without_labelled_test_images_the_training_images_are_used(tmp_path):
    empty = {"test_images": small.IMAGES[:0], "test_labels": small.LABELS[:0]}
    arrays.write(tmp_path, name="unlabelled", classes=["a", "b", "c"], source="none", **(small.ARRAYS | empty))
    data = arrays.load(tmp_path / "manifest.json")
    save(tmp_path / "m.keras", 3)
    found = evaluated(tmp_path / "m.keras", data)
    assert (found["split"], found["samples"]) == ("train", small.COUNT)
    stated = "m.keras: 90 train images (the test images of unlabelled have no labels)\n"
    assert as_text(found).startswith(f"{tmp_path}/{stated}")
    assert evaluated(tmp_path / "m.keras", data, "train")["note"] is None
    with pytest.raises(ResultError, match="the test images of unlabelled have no labels; use --split train"):
        evaluated(tmp_path / "m.keras", data, "test")


def test_the_tables_have_the_names_of_the_classes(data, tmp_path):
    save(tmp_path / "m.keras", 3)
    found = evaluated(tmp_path / "m.keras", data)
    text = as_text(found)
    assert "12 test images" in text
    assert f"accuracy{found['accuracy']:>22.4f}" in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line[:2] in ("a ", "b ", "c ")}
    assert [cells[-1] for cells in rows.values()] == ["4", "4", "4"]
    assert rows["b"][1] == f"{found['per_class']['recall'][1]:.4f}"
    means = [precision_of_predicted(found), found["balanced_accuracy"], found["macro_f1"]]
    assert text.splitlines()[-1].split() == ["mean,", "total", *(f"{mean:.4f}" for mean in means), "12"]
    json.dumps(found, allow_nan=False)


def precision_of_predicted(found):
    """Return the mean precision of the classes that the model predicts, from its confusion matrix."""
    matrix = np.array(found["confusion_matrix"])
    predicted = matrix.sum(axis=0)
    return np.mean(np.diag(matrix)[predicted > 0] / predicted[predicted > 0])


def test_a_class_that_is_never_predicted_has_no_precision(data, tmp_path):
    model = save(tmp_path / "m.keras", 3)
    *_, bias = model.weights
    bias.assign([100.0, 0.0, 0.0])
    model.save(tmp_path / "m.keras")
    *_, a, b, c, total = (line.split() for line in as_text(evaluated(tmp_path / "m.keras", data)).splitlines())
    assert a == ["a", "0.3333", "1.0000", "0.5000", "4"]
    assert b[1:] == c[1:] == ["undefined", "0.0000", "0.0000", "4"]
    assert total == ["mean,", "total", "0.3333", "0.3333", "0.1667", "12"]


def test_a_model_is_not_evaluated_on_classes_that_it_was_not_trained_on(data, tmp_path):
    for keys in ({"one_vs_all": 9}, {"sampling": {"classes": 7}}):
        facts = {"spec": small.tiny_spec(dataset="fashion_mnist", **keys), "status": "ok", "identity": "i"}
        write_json(tmp_path / "trial.json", facts | {"files": {}, "digests": {}})
        with pytest.raises(ResultError, match=r"classes of fashion_mnist that tiny does not have; use the manifest of"):
            evaluated(tmp_path / "model.keras", data)


def test_the_dataset_of_a_trial_that_is_not_known_must_be_stated(tmp_path):
    write_json(
        tmp_path / "trial.json",
        {"spec": {"dataset": "mine"}, "status": "ok", "identity": "i", "files": {}, "digests": {}},
    )
    with pytest.raises(ResultError, match=r"trial\.json: its dataset 'mine' is unknown; .* --manifest"):
        manifest_of(tmp_path / "model.keras")
    with pytest.raises(ResultError, match=r"no trial\.json is beside it; state the dataset with --manifest"):
        manifest_of(tmp_path / "other.keras")


def test_a_split_without_an_image_of_the_models_classes_is_refused(tmp_path):
    # The two largest classes are a and b; only c is in the test images.
    only = {"test_images": small.IMAGES[small.COUNT :][LABELS == 2], "test_labels": LABELS[LABELS == 2]}
    arrays.write(tmp_path, name="other", classes=["a", "b", "c"], source="none", **(small.ARRAYS | only))
    save(tmp_path / "m.keras", 2)
    other = arrays.load(tmp_path / "manifest.json")
    with pytest.raises(ResultError, match="no test image of other is of a class of the model; use the other --split"):
        evaluated(tmp_path / "m.keras", other, classes=2)
    assert evaluated(tmp_path / "m.keras", other, "train", classes=2)["samples"] == 80


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"m\.keras: the model maps .* or state --one-vs-all or --classes"),
        ({"one_vs_all": "d"}, "--one-vs-all: tiny has no class 'd'"),
        ({"one_vs_all": "3"}, "--one-vs-all: tiny has no class '3'"),
        ({"classes": 4}, "--classes: must be from 2 to 3, the classes of tiny"),
        ({"classes": 3}, "the model maps"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(options, message, data, tmp_path):
    save(tmp_path / "m.keras", 2)
    with pytest.raises(ResultError, match=message):
        evaluated(tmp_path / "m.keras", data, **options)


def test_a_model_without_its_trial_needs_a_manifest(tmp_path):
    save(tmp_path / "model.keras", 3)
    with pytest.raises(ResultError, match=r"no trial\.json is beside it; state the dataset with --manifest"):
        manifest_of(tmp_path / "model.keras")


def test_a_dataset_that_is_unavailable_is_refused_with_its_remedy(no_kaggle, tmp_path):
    with pytest.raises(DatasetError, match=r"data\.simpsons\.path"):
        prepared("simpsons", {}, tmp_path)
    assert list(tmp_path.glob("datasets/*")) == []
