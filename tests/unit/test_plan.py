"""The plan of a run: what is done counts only with the settings of now."""

import re
import subprocess
import sys

import pytest

from lookbook.config.digests import digest as digest_of
from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config, trial_spec
from lookbook.config.validation import ROOT
from lookbook.results.reading import write_json

FILES = [ROOT / "config" / "config.yaml", ROOT / "config" / "quick.yaml"]


def plan(folder):
    command = [sys.executable, ROOT / "workflow" / "scripts" / "show_plan.py", "--config", *FILES]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def counts(text):
    """Return experiments, trials and finished trials of the whole run."""
    return tuple(map(int, re.search(r"^all +(\d+) +(\d+) +(\d+) ", text, re.MULTILINE).groups()))


@pytest.fixture(scope="module")
def experiments():
    return resolve(read_config(FILES), ROOT)


def test_nothing_is_done_in_an_empty_folder(tmp_path, experiments):
    text = plan(tmp_path)
    assert counts(text) == (len(experiments), sum(e.trials for e in experiments.values()), 0)
    assert "not run" not in text
    assert list(tmp_path.iterdir()) == []


def test_a_trial_is_done_only_with_the_settings_of_now(tmp_path, experiments):
    digest = digest_of(trial_spec(experiments["exp104"], 0, 0, experiments))
    for name, stated in {"exp104": digest, "exp103": digest}.items():
        facts = {"status": "ok", "identity": "i", "files": {}, "digests": {"trial_spec": stated}}
        write_json(tmp_path / "results" / "quick" / "trials" / name / "0" / "trial.json", facts)
    assert counts(plan(tmp_path))[2] == 1
