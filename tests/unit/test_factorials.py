"""Factorial studies: effects against cell means and against statsmodels, and incomplete studies."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests

from lookbook.statistics.factorials import COLUMNS, estimate_factorials

FACTORS = ("one_cycle", "averaging", "augmentation")


def design(factors=FACTORS, study="mini_vgg"):
    """Return the experiments of a full design, named after what is on, as ``vgg_101``."""
    return {
        "vgg_" + "".join(str(int(on)) for on in cell): {
            "factorial": {"study": study, "factors": dict(zip(factors, cell, strict=True))}
        }
        for cell in product((False, True), repeat=len(factors))
    }


def draw(experiments, trials=3, seed=0):
    """Return trials with main effects, an interaction, a block effect per seed, and noise."""
    generator = np.random.default_rng(seed)
    levels = generator.normal(0, 0.01, 100)
    rows = []
    for name, experiment in experiments.items():
        on = [2 * value - 1 for value in experiment["factorial"]["factors"].values()]
        expected = 0.9 + 0.01 * on[0] - 0.004 * on[-1] + 0.002 * on[0] * on[-1]
        for trial in range(trials):
            value = expected + levels[trial] + generator.normal(0, 0.001)
            rows.append(
                {"experiment": name, "trial": trial, "seed": 40 + trial, "status": "ok", "test_accuracy": value}
            )
    table = pd.DataFrame(rows)
    identities = table["experiment"] + table["trial"].astype(str)
    return table.assign(test_loss=3 - 3 * table["test_accuracy"], identity=identities)


def reference(trials, experiments, metric):
    """Return statsmodels' fit of a formula with the factors' names and the seed as a block."""
    table = trials.copy()
    for factor in FACTORS:
        table[factor] = [2 * experiments[name]["factorial"]["factors"][factor] - 1 for name in table["experiment"]]
    return smf.ols(f"{metric} ~ {' * '.join(FACTORS)} + C(seed)", table).fit()


@pytest.mark.parametrize("dropped", [(), (3, 17)], ids=["balanced", "unbalanced"])
@pytest.mark.parametrize("metric", ["test_accuracy", "test_loss"])
def test_agrees_with_statsmodels(metric, dropped):
    experiments = design()
    trials = draw(experiments).drop(index=list(dropped))
    found = estimate_factorials(trials, experiments)
    found = found[found["metric"] == metric].set_index("term")
    fit = reference(trials, experiments, metric)
    terms = [name for name in fit.params.index if name.split(":")[0] in FACTORS]
    assert sorted(found.index) == sorted(terms)
    assert len(terms) == 7
    interval = fit.conf_int()
    for term in terms:
        row = found.loc[term]
        assert row["effect"] == pytest.approx(2 * fit.params[term])
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(2 * interval.loc[term]))
        assert row["p"] == pytest.approx(fit.pvalues[term])
        assert row["n"] == len(trials)
    adjusted = multipletests(found["p"], method="holm")[1]
    assert found["p_adjusted"].tolist() == pytest.approx(adjusted.tolist())


def test_effects_of_a_balanced_design_are_differences_of_means():
    experiments = design()
    trials = draw(experiments)
    found = estimate_factorials(trials, experiments)
    found = found[found["metric"] == "test_accuracy"].set_index("term")["effect"]
    cells = trials.groupby("experiment")["test_accuracy"].mean()
    signs = {name: [2 * int(digit) - 1 for digit in name[4:]] for name in cells.index}
    for order in (1, 2, 3):
        for term in [name for name in found.index if name.count(":") == order - 1]:
            factors = [FACTORS.index(factor) for factor in term.split(":")]
            high = np.array([np.prod([signs[name][i] for i in factors]) > 0 for name in cells.index])
            assert found[term] == pytest.approx(cells[high].mean() - cells[~high].mean())
    assert found["one_cycle"] == pytest.approx(0.02, abs=0.002)


def test_terms_are_sorted_by_order():
    table = estimate_factorials(draw(design()), design())
    assert list(table.columns) == list(COLUMNS)
    first = table[table["metric"] == "test_accuracy"]
    assert first["order"].tolist() == [1, 1, 1, 2, 2, 2, 3]
    assert first["term"].tolist()[:4] == [*FACTORS, "one_cycle:averaging"]
    assert first["term"].tolist()[-1] == ":".join(FACTORS)


def test_seeds_are_blocks_that_reduce_the_error():
    experiments = design(("a", "b"))
    trials = draw(experiments)
    blocked = estimate_factorials(trials, experiments)
    # The same values with one seed for all trials: the block effects become noise.
    unblocked = estimate_factorials(trials.assign(seed=0), experiments)
    assert blocked["effect"].tolist() == pytest.approx(unblocked["effect"].tolist())
    widths = [(table["ci_high"] - table["ci_low"])[0] for table in (blocked, unblocked)]
    assert widths[0] < widths[1] / 3


def test_one_trial_per_cell_gives_effects_without_intervals():
    table = estimate_factorials(draw(design(), trials=1), design())
    assert table["effect"].notna().all()
    assert table[["ci_low", "ci_high", "p", "p_adjusted"]].isna().all(axis=None)
    assert table["n"].unique().tolist() == [8]


def test_trials_with_a_seed_of_their_own_change_nothing_and_are_not_counted():
    experiments = design(("a", "b"))
    trials = draw(experiments)
    more = draw(experiments, trials=10)
    more = more[(more["experiment"] == "vgg_11") & (more["trial"] >= 3)]
    alone, together = (estimate_factorials(t, experiments) for t in (trials, pd.concat([trials, more])))
    for column in ("effect", "ci_low", "ci_high", "p", "n"):
        assert together[column].tolist() == pytest.approx(alone[column].tolist()), column
    assert together["n"].unique().tolist() == [12]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t, e: t.loc.__setitem__((t["experiment"] == "vgg_10", "status"), "failed"), "vgg_10 (a on, b off)"),
        (lambda t, e: t.loc.__setitem__((t["experiment"] == "vgg_00", "test_accuracy"), np.nan), "vgg_00"),
        (lambda t, e: e.pop("vgg_01"), "an experiment with a off, b on"),
        (lambda t, e: e["vgg_01"].update(e["vgg_11"]), "vgg_01 and vgg_11 have the same factors"),
        (lambda t, e: e["vgg_01"]["factorial"]["factors"].update(c=True), "do not name the same factors"),
        (lambda t, e: t.__setitem__("seed", range(len(t))), "too few seeds"),
    ],
    ids=["failed", "no value", "no experiment", "twice", "other factors", "no common seed"],
)
def test_an_incomplete_study_names_what_is_missing(edit, words):
    experiments = design(("a", "b"))
    trials = draw(experiments)
    edit(trials, experiments)
    table = estimate_factorials(trials, experiments)
    rows = table[table["metric"] == "test_accuracy"]
    assert len(rows) == 1
    assert words in rows["note"].iloc[0]
    assert rows[["term", "effect", "p"]].isna().all(axis=None)


def test_a_collapsed_trial_counts():
    experiments = design(("a", "b"))
    trials = draw(experiments)
    trials.loc[0, "status"] = "collapsed"
    assert estimate_factorials(trials, experiments)["n"].unique().tolist() == [12]


def test_equal_values_have_no_effect():
    experiments = design(("a", "b"))
    table = estimate_factorials(draw(experiments).assign(test_accuracy=0.1, test_loss=2.3), experiments)
    assert table["effect"].tolist() == pytest.approx([0] * 6, abs=1e-12)
    assert table["p"].tolist() == [1] * 6


def test_studies_do_not_mix():
    first, second = design(("a", "b")), {f"{n}_x": e for n, e in design(("a", "b"), study="basic_cnn").items()}
    trials = pd.concat([draw(first), draw(second, seed=1)])
    table = estimate_factorials(trials, first | second | {"exp001": {"factorial": None}, "exp002": {}})
    assert table["study"].unique().tolist() == ["mini_vgg", "basic_cnn"]
    alone = estimate_factorials(draw(second, seed=1), second)
    second_rows = table[table["study"] == "basic_cnn"]
    assert second_rows["p_adjusted"].tolist() == pytest.approx(alone["p_adjusted"].tolist())
    assert second_rows["identity"].tolist() == alone["identity"].tolist()
    assert table["identity"].nunique() == 2
