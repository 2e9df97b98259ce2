"""The data of the interactive parts of the HTML report, as JSON values."""

from typing import Any

from scipy import stats

from lookbook.report.experiment import Experiment
from lookbook.report.inputs import Report
from lookbook.results.predictions import SPLITS
from lookbook.results.trial import FINISHED
from lookbook.statistics.comparisons import UNPAIRED
from lookbook.statistics.histories import METRICS
from lookbook.statistics.intervals import CONFIDENCE

DIGITS = 5  # of accuracies and losses
MOST_FREEDOM = 200  # Student's t hardly changes beyond.


def leaderboard_data(report: Report) -> dict[str, Any]:
    """Return the rows of the leaderboard, and the curves and trials of each experiment for comparisons.

    Returns:
        ``rows``: one per experiment, see ``row``. ``comparable``: whether the run has the full budgets. ``curves``:
        experiment to ``{"epoch": [...], "test_loss": [...]}`` and so on, without metrics that have no value.
        ``trials``: experiment to ``{"split": ..., "values": {seed: accuracy}}`` of its finished trials. ``unpaired``:
        the settings whose change leaves no pairs of trials. ``quantiles``: Student's t for a two-sided interval of
        ``CONFIDENCE`` by degrees of freedom, from 1.
    """
    return {
        "rows": [row(report, experiment) for experiment in report.experiments.values()],
        "comparable": report.comparable,
        "curves": curves(report),
        "trials": trials(report),
        "unpaired": UNPAIRED,
        "quantiles": [round(float(stats.t.ppf((1 + CONFIDENCE) / 2, n)), 6) for n in range(1, MOST_FREEDOM + 1)],
    }


def row(report: Report, experiment: Experiment) -> dict[str, Any]:
    """Return one row of the leaderboard; values that are missing are None.

    Where the budgets are reduced, the difference from the published value is that of the reference result.
    """
    accuracy, reference, facts, entry = (
        experiment.accuracy,
        experiment.reference_accuracy,
        experiment.row,
        experiment.entry,
    )
    compared = accuracy if report.comparable else reference
    return {
        "name": experiment.name,
        "title": entry["title"],
        "document": entry["document"],
        "dataset": entry["dataset"],
        "split": SPLITS[experiment.split],
        "remark": experiment.remark,
        **{key: rounded(getattr(accuracy, key)) for key in ("mean", "std", "ci_low", "ci_high")},
        "reference": rounded(reference.mean),
        "reference_std": rounded(reference.std),
        "reference_trials": experiment.reference["n_ok"] if experiment.reference else None,
        **{key: rounded(getattr(accuracy, key)) for key in ("published", "published_std")},
        **{key: rounded(getattr(compared, key)) for key in ("delta", "delta_low", "delta_high")},
        "verdict": compared.verdict or (None if experiment.n else "not run"),
        "finished": experiment.n_ok,
        "trials": experiment.n,
        "parameters": facts["parameters_mean"],
        "seconds": facts["seconds_mean"],
        "rate": facts["images_per_second_mean"],
    }


def curves(report: Report) -> dict[str, dict[str, list[Any]]]:
    """Return the mean curves of each experiment."""
    found: dict[str, dict[str, list[Any]]] = {}
    for values in report.curves:
        own = found.setdefault(values["experiment"], {key: [] for key in ("epoch", *METRICS)})
        own["epoch"].append(values["epoch"])
        for metric in METRICS:
            own[metric].append(rounded(values[metric]))
    return {
        name: {metric: values for metric, values in own.items() if any(value is not None for value in values)}
        for name, own in found.items()
    }


def trials(report: Report) -> dict[str, dict[str, Any]]:
    """Return the accuracy of each finished trial on the main split of its experiment, by seed."""
    found: dict[str, dict[str, Any]] = {
        name: {"split": SPLITS[experiment.split], "values": {}} for name, experiment in report.experiments.items()
    }
    for values in report.trials:
        name = values["experiment"]
        accuracy = values[f"{report.experiments[name].split}_accuracy"]
        if values["status"] in FINISHED and accuracy is not None and not report.experiments[name].is_range_test:
            found[name]["values"][str(values["seed"])] = rounded(accuracy)
    return found


def rounded(value: float | None) -> float | None:
    """Return a value with as many digits as are shown."""
    return None if value is None else round(float(value), DIGITS)
