"""Which trials a partial report counts as evaluated."""

import pytest
import small_benchmark as small

from lookbook.results.metrics import write_metrics
from lookbook.results.partial import link_trials
from lookbook.results.trial import read_trial


@pytest.mark.parametrize(("evaluated", "linked"), [({"first", "second"}, {"first", "second"}), ({"second"}, set())])
def test_a_trial_counts_only_with_the_one_whose_weights_it_starts_from(tmp_path, evaluated, linked):
    specs = {"first": {"initial_weights": None}, "second": {"initial_weights": "first"}}
    each = {name: {"spec": spec, "dataset": "levels"} for name, spec in specs.items()}
    benchmark = small.plan(tmp_path / "run", dict.fromkeys(specs, 1), each)
    benchmark.config.update(seed=0)
    for planned in benchmark.trials():
        small.finish(planned, spec=specs[planned.experiment])
        if planned.experiment in evaluated:
            write_metrics(planned.file("metrics.json"), read_trial(planned), {"test": {"accuracy": 0.5}})
    folder = tmp_path / "partial"
    assert link_trials(benchmark, folder, {"levels": "0" * 64}) == len(linked)
    for name in specs:
        status = read_trial(folder / "trials" / name / "0" / "trial.json").facts["status"]
        assert status == ("ok" if name in linked else "pending")
