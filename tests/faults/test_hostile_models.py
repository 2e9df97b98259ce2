"""A .keras file from elsewhere runs no code when it is read: it is refused, or it loads without effect."""

import copy
import io
import json
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import keras
import pytest

from lookbook.errors import ResultError
from lookbook.runtime.predict import load_model


class Payload:
    """An object that creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "model.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="relu")]).save(path)
    return path.read_bytes()


def changed(saved: bytes, config=None, **members: bytes) -> bytes:
    """Return the archive with another configuration and further or other members."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as before, zipfile.ZipFile(target, "w") as after:
        contents = {name: before.read(name) for name in before.namelist()}
        if config is not None:
            contents["config.json"] = json.dumps(config(json.loads(contents["config.json"]))).encode()
        for name, content in (contents | members).items():
            after.writestr(name, content)
    return target.getvalue()


def with_layer(layer: dict):
    """Return a change of a configuration that appends a layer."""

    def change(config: dict) -> dict:
        config = copy.deepcopy(config)
        config["config"]["layers"].append(layer)
        return config

    return change


def with_activation(activation: object):
    def change(config: dict) -> dict:
        config = copy.deepcopy(config)
        config["config"]["layers"][-1]["config"]["activation"] = activation
        return config

    return change


def touch(marker: Path, module: str, function: str) -> dict:
    return {"module": module, "class_name": "function", "config": function, "registered_name": function}


def lambda_layer(marker: Path) -> dict:
    layer = keras.layers.Lambda(eval(f"lambda x: (__import__('pathlib').Path({str(marker)!r}).touch(), x)[1]"))
    return keras.saving.serialize_keras_object(layer)


ATTACKS = {
    "Lambda layer": lambda saved, marker: changed(saved, with_layer(lambda_layer(marker))),
    "function of another module": lambda saved, marker: changed(saved, with_activation(touch(marker, "os", "system"))),
    "function of builtins": lambda saved, marker: changed(saved, with_activation(touch(marker, "builtins", "exec"))),
    "class of another module": lambda saved, marker: changed(
        saved,
        with_layer({"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", str(marker)]}}),
    ),
    "function of Keras that downloads": lambda saved, marker: changed(
        saved,
        with_layer(
            {
                "module": "keras.utils",
                "class_name": "get_file",
                "config": {"fname": str(marker), "origin": f"file://{__file__}"},
            }
        ),
    ),
    "wrapper of a pickled module": lambda saved, marker: changed(
        saved,
        with_layer(
            {
                "module": "keras.layers",
                "class_name": "TorchModuleWrapper",
                "config": {"module": pickle.dumps(Payload(marker)).hex()},
            }
        ),
    ),
    "pickled weights": lambda saved, marker: changed(
        saved, None, **{"model.weights.h5": pickle.dumps(Payload(marker))}
    ),
    "pickled assets": lambda saved, marker: changed(
        saved, None, **{"assets/object.pkl": pickle.dumps(Payload(marker))}
    ),
    "path outside the archive": lambda saved, marker: changed(saved, **{f"../../../../../..{marker}": b"x"}),
    "pickle in place of an archive": lambda saved, marker: pickle.dumps(Payload(marker)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_model_runs_no_code_when_it_is_read(name, saved, tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "model.keras"
    path.write_bytes(ATTACKS[name](saved, marker))
    with suppress(ResultError):
        assert isinstance(load_model(path), keras.Model)
    assert not marker.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


def test_the_attacks_would_be_noticed(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "marker")))
    assert (tmp_path / "marker").exists()
