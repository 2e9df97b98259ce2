"""Without a relevant change there is nothing to be done."""

import os
import time

import pytest


def test_a_finished_benchmark_has_nothing_to_be_done(finished):
    assert finished.plan().is_empty


def test_a_second_run_does_nothing(finished):
    before = {file: file.stat().st_mtime_ns for file in finished.path("results").rglob("*") if file.is_file()}
    assert "Nothing to be done" in finished.run()
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_touched_sources_configuration_and_data_change_nothing(finished):
    data = [file for file in finished.path("resources").rglob("*") if file.is_file()]
    later = time.time() + 10
    for file in [*finished.source_files(), *data]:
        os.utime(file, (later, later))
    assert finished.plan().is_empty


def test_files_that_a_checkout_rewrites_change_nothing(finished):
    for file in finished.source_files():
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
    assert finished.plan().is_empty


def test_comments_docstrings_and_blank_lines_change_nothing(finished):
    library = "workflow/scripts/lookbook"
    for name in ("runtime/trial.py", "training/setup.py", "models/mlp.py", "models/__init__.py"):
        file = finished.path(f"{library}/{name}")
        first, docstring, rest = file.read_text().partition('"""')
        file.write_text(f"# A new comment.\n\n{first}{docstring}New words. {rest}\n\n# Another.\n")
    finished.replace(f"{library}/models/mlp.py", "Build a multilayer", "Construct a multilayer")
    assert finished.plan().is_empty


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["Snakefile", "rules/common.smk", "rules/train.smk", "rules/report.smk"], id="rules"),
        pytest.param(["config/config.yaml"], id="configuration"),
        pytest.param(["config/experiments/tiny.yaml"], id="experiments"),
    ],
)
def test_comments_in_rules_and_configuration_change_nothing(finished, names):
    for name in names:
        with finished.path(name).open("a") as file:
            file.write("\n\n# A new comment.\n")
    assert finished.plan().is_empty


def test_another_command_line_of_a_job_changes_nothing(finished):
    finished.replace("rules/train.smk", "touch {log:q}.all;", "touch  {log:q}.all;")
    finished.replace(
        "rules/report.smk",
        '\'python "$LOOKBOOK_SCRIPTS/render_report.py"',
        '\'python  "$LOOKBOOK_SCRIPTS/render_report.py"',
    )
    assert finished.plan().is_empty


def test_another_folder_of_checkpoints_retrains_nothing(finished):
    with finished.path("config/config.yaml").open("a") as file:
        file.write("checkpoints: /shared/checkpoints\n")
    assert not finished.plan().jobs.keys() & {"prepare_dataset", "train_trial", "evaluate_trial", "collect_trials"}
