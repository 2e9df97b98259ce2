"""A change that only the report shows trains and evaluates no trial."""

import pytest

EXPERIMENTS = "config/experiments/tiny.yaml"
CLAIM = "claims: [{claim: faster is better, source: page 1, better: heir, than: plain}]\n"
TEMPLATE = "reports/templates/report.md.j2"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param(EXPERIMENTS, "title: a perceptron", "title: one hidden layer", id="title"),
        pytest.param(EXPERIMENTS, "The smallest network that learns", "The first network that learns", id="note"),
        pytest.param("config/published.csv", "0.123", "0.187", id="published figure"),
        pytest.param(EXPERIMENTS, "experiments:\n", f"{CLAIM}experiments:\n", id="claim"),
        pytest.param(TEMPLATE, "# Lookbook report", "# A lookbook report", id="template"),
    ],
)
def test_a_change_of_the_report_trains_and_evaluates_nothing(finished, file, old, new):
    finished.replace(file, old, new)
    plan = finished.plan()
    assert plan.jobs["render_report"] == 1
    assert not plan.jobs.keys() & {"prepare_dataset", "train_trial", "evaluate_trial"}


def test_the_report_shows_its_changed_template_title_note_and_published_figure(finished):
    trial = finished.path("results/trials/plain/0/trial.json")
    before = trial.stat().st_mtime_ns
    finished.replace(TEMPLATE, "# Lookbook report", "# A new heading")
    finished.replace(EXPERIMENTS, "title: a perceptron", "title: a new title")
    finished.replace(EXPERIMENTS, "The smallest network that learns", "A new note about a network that learns")
    finished.replace("config/published.csv", "0.123", "0.187")
    finished.run()
    report = finished.path("results/report/report.md").read_text()
    assert "# A new heading" in report
    html = finished.path("results/report/report.html").read_text()
    assert "a new title" in html
    assert "A new note about a network that learns" in html
    assert "0.187" in report
    assert "0.123" not in report
    assert trial.stat().st_mtime_ns == before
    assert finished.plan().is_empty


def test_a_changed_metric_evaluates_again_and_trains_nothing(finished):
    metrics = "workflow/scripts/lookbook/evaluation/metrics.py"
    finished.replace(metrics, "CALIBRATION_BINS = 15", "CALIBRATION_BINS = 10")
    plan = finished.plan()
    assert {"evaluate_trial", "collect_trials", "summarise", "render_report"} <= plan.jobs.keys()
    assert "train_trial" not in plan.jobs
    assert "prepare_dataset" not in plan.jobs
