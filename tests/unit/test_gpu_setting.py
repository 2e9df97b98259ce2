"""`train_trial.py --gpu` decides as the workflow does; by hand the setting is `auto`."""

import json
import sys

import pytest
from small_trials import tiny_spec, trial_spec_of, write_tiny

import train_trial
from lookbook.runtime import devices, hardware


class PreparedError(Exception):
    """Ends the training when the device is known."""


@pytest.fixture
def gpu_of(tmp_path, monkeypatch):
    """Return a function that calls train_trial.py and returns whether it prepares a GPU."""

    def prepare(_, gpu, **__):
        raise PreparedError(gpu)

    monkeypatch.setattr(devices, "prepare", prepare)
    files = ["--manifest", str(write_tiny(tmp_path / "data")), "--output", str(tmp_path / "trial")]
    arguments = ["train_trial.py", "--trial-spec", json.dumps(trial_spec_of(tiny_spec())), *files]

    def call(*options):
        monkeypatch.setattr(sys, "argv", [*arguments, *options])
        with pytest.raises(PreparedError) as caught:
            train_trial.main()
        return caught.value.args[0]

    return call


@pytest.mark.parametrize(
    ("options", "usable", "visible", "expected"),
    [
        ([], True, "0,1", True),
        ([], True, "", False),
        ([], False, "0,1", False),
        (["--gpu", "auto"], True, "0", True),
        (["--gpu", "0"], True, "0", False),
        (["--gpu", "1"], False, "", True),
    ],
)
def test_auto_uses_a_gpu_that_the_backend_supports_and_that_is_visible(
    options, usable, visible, expected, gpu_of, monkeypatch
):
    monkeypatch.setattr(hardware, "supports_gpus", lambda _: usable)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_of(*options) is expected


@pytest.mark.parametrize("value", ["2", "yes", "AUTO", "", "-1"])
def test_another_value_is_refused_with_the_valid_ones(value, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train_trial.py", "exp104", "--output", "my/exp104", "--gpu", value])
    with pytest.raises(SystemExit):
        train_trial.parse_arguments()
    assert f"argument --gpu: must be auto, 0 or 1; got {value!r}" in capsys.readouterr().err
