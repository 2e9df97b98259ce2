"""Claims: what an experiments file may state, and the script that judges them."""

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
