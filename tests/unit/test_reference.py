"""What README.md tells of the reference results follows from them, and only matching runs are taken into them."""

import re
from dataclasses import replace

import pandas as pd
import pytest
import small_benchmark as small

import reference
import reference_readme
from lookbook.errors import ResultError
from lookbook.results.benchmark import read_benchmark, write_benchmark
from lookbook.results.figures import read_figure
from lookbook.results.metrics import write_metrics
from lookbook.results.tables import write_table
from lookbook.results.trial import read_trial, write_trial
from lookbook.statistics.trials import collect_trials
from reference_report import write_reference_report

NAME = "growing_batch_n1_k4_e10"


def test_the_readme_and_the_claims_follow_from_the_reference_results(tmp_path):
    claims, summary, section, report = reference.tell()
    start, end = reference_readme.MARKS
    text = reference.README.read_text(encoding="utf-8")
    assert text.partition(start)[2].partition(end)[0] == section
    for name, table in {"claims.csv": claims, "summary.csv": summary}.items():
        write_table(table.drop(columns="identity"), tmp_path / name)
        assert (tmp_path / name).read_text() == (reference.REFERENCE / name).read_text()
    read_figure(reference.REFERENCE / "figures" / "published.svg", report.identity(report.experiments))
    moved = replace(report, benchmark=replace(report.benchmark, results=tmp_path))
    write_reference_report(moved, tmp_path / "report.md")
    assert (tmp_path / "report.md").read_text() == (reference.REFERENCE / "report.md").read_text()


def test_the_report_has_a_row_for_every_experiment_and_says_which_are_missing():
    trials, _ = reference.reference()
    text = (reference.REFERENCE / "report.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    rows, _, missing = text.partition("## Not run")
    for name in reference.configuration()["experiments"]:
        count = (trials["experiment"] == name).sum()
        # The trials are in the second column after the name, other than in the tables of factorial studies.
        (trials_of,) = re.findall(rf"^\| `{name}` \| [^|]+ \| (not run|\d+ of \d+)\b", rows, flags=re.MULTILINE)
        assert trials_of == (f"{count} of {count}" if count else "not run")
        assert (f"`{name}`" in missing) == (count == 0)


def test_the_evidence_names_what_was_trained_with_other_settings():
    changed = {"a": "augmentation limit", "b": ""}
    assert reference.remark(["b"], changed) == ""
    assert reference.remark(["a", "b"], changed) == (
        " Settings that have changed since the training: `a` (augmentation, limit)."
    )
    claims, summary, section, _ = reference.tell()
    outdated = set(summary.loc[summary["changed_keys"].notna(), "experiment"])
    for row in claims.to_dict("records"):
        told = "Settings that have changed" in row["evidence"]
        assert told == (row["verdict"] not in reference_readme.UNJUDGED and bool(outdated & set(row["names"].split())))
    # Each published value counts once, not again for an experiment that shares it.
    own = [name for name, e in reference.configuration()["experiments"].items() if e["published_as"] is None]
    count = summary.loc[summary["experiment"].isin(own), "test_accuracy_verdict"].notna().sum()
    assert f"| {count} test accuracies |" in section


def test_the_findings_that_the_readme_states_are_those_of_the_summary():
    rows = pd.read_csv(reference.REFERENCE / "summary.csv").set_index("experiment")
    text = " ".join(reference.README.read_text(encoding="utf-8").partition(reference_readme.MARKS[0])[0].split())
    mean = rows["test_accuracy_mean"]
    before = rows.loc["simpsons_mnist_imbalanced_n800"]
    assert f"validation accuracy of {before['valid_accuracy_mean']:.3f};" in text
    assert f"it is {before['valid_accuracy_without_duplicates_mean']:.3f}, and {mean[before.name]:.3f} on other" in text
    assert f"within its reach: {mean['basic_cnn_tuned']:.4f} with settings" in text
    by = [f"({mean[name]:.4f}" for name in ("mini_vgg", "mini_vgg_as_committed", "mini_vgg_tuned")]
    assert re.search(".*".join(map(re.escape, by)), text)
    for name, goal, trials in (("beyond_94", "0.940", 10), ("beyond_95", "0.950", 5)):
        assert rows.loc[name, "n_ok"] == trials
        assert f"{mean[name]:.4f} ± {rows.loc[name, 'test_accuracy_std']:.4f} (" in text
        assert f"goal {goal})" in text
        assert mean[name] < float(goal)


def test_a_section_replaces_what_stands_between_the_marks():
    start, end = reference_readme.MARKS
    assert reference_readme.with_section(f"a{start}old\n{end}b", "new \\1\n") == f"a{start}new \\1\n{end}b"


def test_the_verdicts_on_every_split_and_metric_are_counted():
    columns = [f"{split}_{metric}_verdict" for split in ("train", "valid", "test") for metric in ("accuracy", "loss")]
    summary = pd.DataFrame(index=range(3), columns=columns, dtype=object)
    summary["valid_loss_verdict"] = ["lower", "reproduced", "lower"]
    summary.loc[1, "test_accuracy_verdict"] = "compatible"
    assert reference_readme.verdicts(summary) == [
        # reproduced, compatible, higher, lower, inconclusive
        ["1 test accuracy", "0", "1", "0", "0", "0"],
        ["3 validation losses", "1", "0", "0", "2", "0"],
    ]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Copies of the reference tables, and the results of a run of one experiment; a function writes its trials."""
    monkeypatch.setattr(reference, "REFERENCE", tmp_path / "reference")
    (tmp_path / "reference").mkdir()
    trials, histories = pd.read_csv(reference.ROOT / "reports/reference/trials.csv"), []
    write_table(trials, tmp_path / "reference" / "trials.csv")
    columns = ["experiment", "trial", "epoch", "train_accuracy", "test_accuracy"]
    write_table(pd.DataFrame(histories, columns=columns), tmp_path / "reference" / "histories.csv")
    spec = reference.configuration()["experiments"][NAME]["spec"]
    (tmp_path / "reference" / "specifications.json").write_text("{}")
    images = trials.loc[trials["experiment"] == NAME, "dataset_digest"].iloc[0]

    def write(*, spec=spec, dataset=images):
        benchmark = small.plan(tmp_path / "run", {NAME: 2}, spec=spec)
        for planned in benchmark.trials():
            rows = [{"epoch": epoch, "train_accuracy": 0.5, "test_accuracy": epoch / 10} for epoch in (1, 2)]
            small.finish(planned, history=rows, spec=spec, dataset=dataset, seed=planned.trial)
            metrics = {"test": {"accuracy": 0.9 + planned.trial / 100}}
            write_metrics(planned.file("metrics.json"), read_trial(planned), metrics)
        write_table(collect_trials(benchmark), tmp_path / "run" / "trials.csv")
        content = {"profile": {}, "provenance": {}, "experiments": dict(benchmark.experiments)}
        write_benchmark(tmp_path / "run" / "experiments.json", content)
        assert read_benchmark(tmp_path / "run" / "experiments.json").experiments.keys() == {NAME}
        return tmp_path / "run"

    return write, spec


def test_a_run_replaces_the_earlier_trials_of_its_experiments(folders):
    write, _ = folders
    before, _ = reference.reference()
    reference.add(write())
    after, histories = reference.reference()
    assert after.loc[after["experiment"] == NAME, "test_accuracy"].tolist() == [0.9, 0.91]
    others = [table[table["experiment"] != NAME].reset_index(drop=True) for table in (before, after)]
    pd.testing.assert_frame_equal(*others, check_dtype=False)
    assert histories["test_accuracy"].tolist() == [0.1, 0.2] * 2
    reference.add(write())
    assert len(reference.reference()[1]) == 4


def test_other_settings_and_other_images_are_refused(folders):
    write, spec = folders
    with pytest.raises(ResultError, match=rf"{NAME} has other settings now \(augmented_copies\); train it again"):
        reference.add(write(spec=spec | {"augmented_copies": 7}))
    with pytest.raises(ResultError, match="the images of fashion_mnist are not those of the other trials"):
        reference.add(write(dataset="others"))


def test_a_larger_number_of_trials_with_the_same_settings_stays(folders):
    write, spec = folders
    reference.add(write())  # Of other settings than the earlier three trials, so they are replaced.
    two, _ = reference.reference()
    three = pd.concat([two, two[two["experiment"] == NAME].tail(1).assign(trial=2)])
    write_table(three, reference.REFERENCE / "trials.csv")
    reference.add(write())
    assert (reference.reference()[0]["experiment"] == NAME).sum() == 3
    assert reference.specifications() == {NAME: spec}


def test_a_pending_trial_is_left_out(folders):
    write, _ = folders
    folder = write()
    pending = folder / "trials" / NAME / "1"
    write_trial(pending, read_trial(pending / "trial.json").facts | {"status": "pending"})
    write_table(collect_trials(read_benchmark(folder / "experiments.json")), folder / "trials.csv")
    reference.add(folder)
    assert (reference.reference()[0]["experiment"] == NAME).sum() == 1


def test_settings_that_have_changed_since_the_training_are_named(folders):
    write, spec = folders
    reference.add(write())
    assert reference.specifications() == {NAME: spec}
    changed = spec | {"augmentation": ["other"], "limit": None, "watch": ["others"], "backend": "jax"}
    assert reference.changed_keys(spec, changed) == "augmentation limit"
    assert reference.changed_keys(spec, spec | {"added": 1}) == "added"
    assert reference.changed_keys(spec, spec) == ""
