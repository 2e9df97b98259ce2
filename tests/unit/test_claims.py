"""Claims: what an experiments file may state, how a claim is judged, and the script that judges them."""

import math

import numpy as np
import pandas as pd
import pytest
import small_benchmark as small

import judge_claims as script
from lookbook.config.claims import TESTS, check_datasets, claims_of, names_with
from lookbook.config.experiments import defined, resolve
from lookbook.config.trial_specs import read_config
from lookbook.config.validation import ROOT
from lookbook.errors import ConfigError
from lookbook.results.benchmark import read_benchmark, write_benchmark
from lookbook.results.metrics import write_metrics
from lookbook.results.tables import read_derived, read_table, write_table
from lookbook.results.trial import read_trial
from lookbook.statistics.claims import COLUMNS, judge_claims
from lookbook.statistics.trials import collect_trials

PROFILE = {"comparable": True, "margin": {"accuracy": 0.01, "loss": 0.03}}
SPEC = {"split": {"validation": 0.0}, "dataset": "fashion_mnist"}
HEAD = """\
document: doc
claims:
  - {claim: c, source: s, TEST}
experiments:
  first: {title: t, model: {class_name: mlp}}
  second: {title: t, model: {class_name: mlp}, watch: [test]}
  third: {title: t, dataset: generated, model: {class_name: mlp}}
"""
REFUSED = {
    "better: first": "the test 'better' needs the key 'than'; add it",
    "than: first": "must have one of the tests better, not_better,",
    "better: first, than: second, spread: first": "must have one of the tests .*; got better and spread",
    "better: frist, than: second": "better: there is no experiment 'frist'; did you mean 'first'",
    "better: first, than: elsewhere": "better: there is no experiment 'elsewhere'",
    "better: first, than: first": "better: 'first' is given twice; name another one",
    "better: first, than: second, margin: 0.1": "the test 'better' has no key 'margin'",
    "betther: first, than: second": "unknown key 'betther'; did you mean 'better'",
    "order: [first]": "order: must have at least two experiments; got 1",
    "order: first": "order",
    "equal: [first, second, third]": "equal: must have two names; got 3",
    "equal: [first, second], margin: 0": "margin: must be greater than 0",
    "above: first": "needs the key 'threshold'",
    "collapses: first, share: 1": "share: must be less than 1",
    "plateau: second, from_epoch: 5, to_epoch: 5": r"to_epoch: must be greater than from_epoch \(5\)",
    "most_confused: [Shirt, Shrit], in: [first]": "there is no class 'Shrit'; did you mean 'Shirt'",
    "most_confused: [Shirt, Coat]": "needs the key 'in'",
    "most_confused: [Shirt, Coat], in: [frist]": "there is no experiment 'frist'",
}


def claims_in(folder, test):
    """Return the claims of an experiments file with one claim, checked."""
    path = folder / "mine.yaml"
    path.write_text(HEAD.replace("TEST", test))
    config = {"experiment_files": [str(path)]}
    claims = claims_of(defined(config, folder))
    check_datasets(claims, {name: e.spec for name, e in resolve(config, folder).items()})
    return claims


@pytest.mark.parametrize(("test", "message"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_mistake_is_refused_with_its_file(test, message, tmp_path):
    with pytest.raises(ConfigError, match=message) as refusal:
        claims_in(tmp_path, test)
    assert str(refusal.value).startswith(f"{tmp_path}/mine.yaml: claims[0]")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("plateau: first, from_epoch: 1, to_epoch: 5", "plateau: first does not record the test set; add watch"),
        ("above: first, threshold: 0.5, metric: valid_loss", "metric: first has no validation images"),
        ("above: third, threshold: 0.5", "metric: the test images of third have no labels"),
    ],
)
def test_a_claim_about_what_is_not_recorded_is_refused(test, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        claims_in(tmp_path, test)


def test_a_claim_is_complete_and_in_no_specification(tmp_path):
    (claim,) = claims_in(tmp_path, "not_better: first, than: second")
    assert claim == {
        **{"document": "doc", "claim": "c", "source": "s", "test": "not_better", "experiments": ["first", "second"]},
        **{"metric": "test_accuracy", "margin": None},
    }
    (claim,) = claims_in(tmp_path, "most_confused: [Shirt, T-shirt/top], in: [first]")
    assert (claim["classes"], claim["labels"]) == (["Shirt", "T-shirt/top"], [6, 0])
    resolved = resolve({"experiment_files": [str(tmp_path / "mine.yaml")]}, tmp_path)
    assert "claims" not in resolved["first"].spec


def test_the_documents_claims_are_many_and_use_every_test():
    config = read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}
    claims = claims_of(defined(config, ROOT))
    check_datasets(claims, {name: e.spec for name, e in resolve(config, ROOT).items()})
    assert len(claims) >= 25
    assert {claim["test"] for claim in claims} == set(TESTS)
    assert len({claim["document"] for claim in claims}) == 5
    assert len({(claim["document"], claim["claim"]) for claim in claims}) == len(claims)


def tabulate(**accuracies):
    """Return trials.csv with the test accuracies of each experiment; None is a failed trial, 0.1 a collapsed one."""
    rows = [
        {"experiment": name, "trial": t, "seed": t, "test_accuracy": value, "identity": f"{name}{t}"}
        | {"status": "failed" if value is None else "collapsed" if value == 0.1 else "ok"}
        for name, values in accuracies.items()
        for t, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def judged(trials, test, *names, profile=PROFILE, specs=None, histories=None, matrices=None, **keys):
    claim = {"document": "d", "claim": "c", "source": "s", "test": test, "experiments": list(names)}
    claim |= {"metric": "test_accuracy", "margin": None} | keys
    specs = specs or dict.fromkeys(trials["experiment"], SPEC)
    table = judge_claims([claim], trials, specs, profile, histories or {}, matrices or {})
    assert tuple(table.columns) == COLUMNS
    return table.iloc[0]


def test_equal_splits_are_compared_in_pairs_and_others_as_groups():
    trials = tabulate(a=[0.91, 0.82, 0.73], b=[0.90, 0.81, 0.72])
    row = judged(trials, "better", "a", "b")
    assert (row["verdict"], row["trials"]) == ("supported", 3)
    assert row["evidence"].startswith("Advantage of `a` over `b` in test accuracy: +0.0100 (no interval: all values")
    assert row["evidence"].endswith("3 pairs of trials.")
    other = {"a": SPEC, "b": SPEC | {"split": {"validation": 0.2}}}
    row = judged(trials, "better", "a", "b", specs=other)
    assert row["verdict"] == "undecided"
    assert row["trials_needed"] > 100
    assert row["evidence"].endswith(f"3 trials each; about {row['trials_needed']} would decide.")
    assert "4 and 2 trials" in judged(tabulate(a=[0.9, 0.8, 0.9, 0.8], b=[0.7, 0.6]), "spread", "a", "b")["evidence"]


def test_trials_of_other_images_are_no_pairs():
    trials = tabulate(a=[0.91, 0.82, 0.73], b=[0.90, 0.81, 0.72])
    other = {"a": SPEC | {"sampling": {"per_class": 155}}, "b": SPEC | {"sampling": {"per_class": 300}}}
    assert "3 trials each" in judged(trials, "better", "a", "b", specs=other)["evidence"]


def test_failed_trials_do_not_count_and_collapsed_ones_do():
    trials = tabulate(a=[0.9, None, 0.8, 0.7], b=[0.8, 0.9, 0.7, None])
    assert judged(trials, "better", "a", "b")["trials"] == 2
    assert judged(tabulate(a=[0.9, 0.1, 0.9]), "above", "a", threshold=0.5)["estimate"] == pytest.approx(1.9 / 3 - 0.5)


@pytest.mark.parametrize("trials", [tabulate(a=[0.9]), tabulate(a=[0.9], b=[None, None])])
def test_an_experiment_without_finished_trials_is_not_run(trials):
    row = judged(trials, "better", "a", "b")
    assert (row["verdict"], row["evidence"]) == ("not run", "`b` has no finished trial.")


def test_reduced_budgets_give_no_verdict():
    row = judged(tabulate(a=[0.9, 0.9]), "above", "a", threshold=0.5, profile=PROFILE | {"comparable": False})
    assert row["verdict"] == "not comparable"


def test_one_trial_decides_nothing():
    row = judged(tabulate(a=[0.9], b=[0.8]), "better", "a", "b")
    assert row["verdict"] == "undecided"
    assert "+0.1000 (too few trials for an interval), 1 pair of trials." in row["evidence"]


def test_equal_differences_have_no_interval():
    row = judged(tabulate(a=[0.9, 0.91], b=[0.8, 0.81]), "better", "a", "b")
    assert row["verdict"] == "undecided"
    assert "+0.1000 (no interval: all values are equal), 2 pairs" in row["evidence"]


def test_a_lower_loss_is_better():
    trials = tabulate(a=[0.5] * 3, b=[0.6] * 3).assign(test_loss=[0.5, 0.51, 0.52, 0.6, 0.61, 0.62])
    assert judged(trials, "better", "a", "b", metric="test_loss")["verdict"] == "supported"


def test_an_order_holds_if_each_step_does():
    trials = tabulate(a=[0.9, 0.91, 0.92], b=[0.8, 0.81, 0.82], c=[0.81, 0.79, 0.83])
    assert judged(trials, "order", "a", "b")["verdict"] == "supported"
    row = judged(trials, "order", "a", "b", "c")
    assert row["verdict"] == "undecided"
    assert "`a` over `b` +0.1000" in row["evidence"]
    assert judged(trials, "order", "b", "a")["verdict"] == "contradicted"


def test_thresholds_have_two_sides():
    trials = tabulate(a=[0.90, 0.91, 0.92])
    assert judged(trials, "above", "a", threshold=0.8)["verdict"] == "supported"
    row = judged(trials, "below", "a", threshold=0.8)
    assert row["verdict"] == "contradicted"
    assert row["ci_low"] < row["estimate"] == pytest.approx(0.11)
    assert row["ci_high"] > row["estimate"]


def test_spread_and_collapse():
    trials = tabulate(a=[0.1] * 10, b=[0.9, 0.8, 0.95, 0.7, 0.99], c=[0.900, 0.901, 0.902, 0.903, 0.904])
    assert judged(trials, "collapses", "a", share=0.5)["verdict"] == "supported"
    assert judged(trials, "collapses", "b", share=0.9)["verdict"] == "contradicted"
    assert judged(trials, "spread", "b", "c")["verdict"] == "supported"
    assert judged(trials, "spread", "c", "b")["verdict"] == "contradicted"


def test_a_plateau_needs_a_watched_history():
    trials = tabulate(a=[0.9, 0.9, 0.9])
    curves = [pd.DataFrame({"test_accuracy": [0.5, 0.8, 0.8 + d]}, index=[1, 2, 3]) for d in (0.001, 0.002, 0.003)]
    keys = {"from_epoch": 2, "to_epoch": 3}
    row = judged(trials, "plateau", "a", histories={"a": curves}, **keys)
    assert (row["verdict"], row["estimate"]) == ("supported", pytest.approx(0.002))
    assert (
        judged(trials, "plateau", "a", histories={"a": curves}, from_epoch=1, to_epoch=3)["verdict"] == "contradicted"
    )
    for unwatched in ([], [curves[0].drop(columns="test_accuracy")], [curves[0].loc[:2]], [curves[0] * math.nan]):
        row = judged(trials, "plateau", "a", histories={"a": unwatched}, **keys)
        assert (row["verdict"], row["trials"]) == ("not comparable", 0)


def test_the_most_confused_classes_are_counted_in_both_directions():
    confused = np.array([[90, 1, 9], [3, 90, 7], [2, 1, 97]])
    matrices = {"a": [confused] * 10}
    claim = {"labels": [2, 0], "classes": ["x", "y"]}
    row = judged(tabulate(a=[0.9] * 10), "most_confused", "a", matrices=matrices, **claim)
    assert (row["verdict"], row["estimate"]) == ("supported", 1.0)
    claim["labels"] = [1, 2]
    row = judged(tabulate(a=[0.9] * 10), "most_confused", "a", matrices=matrices, **claim)
    assert row["verdict"] == "contradicted"
    assert judged(tabulate(a=[0.9]), "most_confused", "a", **claim)["verdict"] == "not comparable"


def test_a_trial_that_predicts_one_class_confuses_no_two_most():
    collapsed = np.array([[0, 0, 100], [0, 0, 100], [0, 0, 100]])
    claim = {"labels": [0, 2], "classes": ["x", "y"], "matrices": {"a": [collapsed] * 10}}
    row = judged(tabulate(a=[0.1] * 10), "most_confused", "a", **claim)
    assert (row["verdict"], row["estimate"]) == ("contradicted", 0.0)


def test_the_script_reads_only_the_files_that_claims_need(tmp_path):
    benchmark = small.plan(tmp_path, {"mine": 3, "other": 1}, spec=SPEC)
    for planned in benchmark.trials():
        rows = [{"epoch": e, "test_accuracy": 0.5 + planned.trial / 1000} for e in (1, 2)]
        small.finish(planned, status="failed" if planned.trial == 2 else "ok", history=rows, seed=planned.trial)
        matrix = {"test": {"accuracy": 0.9, "confusion_matrix": [[9, 1], [0, 9]]}}
        write_metrics(planned.file("metrics.json"), read_trial(planned), matrix)
    write_table(collect_trials(benchmark), tmp_path / "trials.csv")
    common = {"document": "d", "source": "s", "experiments": ["mine"], "metric": "test_accuracy", "margin": None}
    claims = [
        common | {"claim": "flat", "test": "plateau", "from_epoch": 1, "to_epoch": 2},
        common | {"claim": "confused", "test": "most_confused", "labels": [0, 1], "classes": ["x", "y"]},
        common | {"claim": "elsewhere", "test": "above", "experiments": ["unselected"], "threshold": 0.5},
    ]
    content = {"profile": PROFILE, "provenance": {}, "experiments": dict(benchmark.experiments), "claims": claims}
    write_benchmark(tmp_path / "experiments.json", content)
    assert names_with(list(read_benchmark(tmp_path / "experiments.json").claims), "plateau") == ["mine"]
    for name in ("history.csv", "metrics.json"):
        next(benchmark.trials(["other"])).file(name).unlink()
    options = {"trials": tmp_path / "trials.csv", "output": tmp_path / "claims.csv"}
    small.run(script, **options, experiments=tmp_path / "experiments.json")
    table = read_derived(options["output"], read_table(options["trials"]), lambda row: row["names"].split())
    assert table["verdict"].tolist() == ["undecided", "undecided", "not run"]
    assert table["trials"].tolist()[:2] == [2, 2]
