"""The findings of a document: a few sentences from the tables. In a sentence, backticks enclose names."""

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter

import pandas as pd

from lookbook.formatting import fixed, listed, plural, signed, span
from lookbook.report.experiment import LABELS, SPLITS, Experiment
from lookbook.report.inputs import Document, group_by
from lookbook.report.sections.claims import counts, judged_rows, uses_reference
from lookbook.report.sections.ensembles import comparisons, is_combined, members, seed_ensembles
from lookbook.report.sections.factorials import studies, terms_of, words
from lookbook.report.sections.results import with_duplicates
from lookbook.report.sections.text_and_code import REACHED, UNDECIDED, published_values
from lookbook.statistics.intervals import CONFIDENCE
from lookbook.statistics.published import VALUES, VERDICTS

SIGNIFICANT = 1 - CONFIDENCE
RANKED = 4  # A rank correlation of fewer experiments has no meaning.
NAMED = 4
EXPLAINED = {
    "both": "explained by both",
    "text": "explained only by the text",
    "code": "explained only by the code",
    "neither": "explained by neither",
    REACHED: "explained by neither, but reached by settings of our own",
    UNDECIDED: UNDECIDED,
}


def findings(document: Document) -> list[str]:
    """Return what was found in a document's experiments.

    Reduced budgets support no statement about results, so that those of the reference results take their place.
    """
    found = FINDINGS if document.report.comparable else (by_reference, verdicts, not_run)
    return [sentence for find in found for sentence in find(document)]


def verdicts(document: Document) -> Iterator[str]:
    """Count the verdicts, and yield the largest difference and the rank correlation with the published values.

    Each published value counts once: ``text_and_code`` has the further experiments that are compared with it.
    """
    compared = [e for e in document.experiments if e.accuracy.delta is not None and e.has_own_published_values]
    if not compared:
        return
    if not document.report.comparable:
        yield "The budgets of this run are too small for a comparison with the published accuracies."
        return
    parts = counted(Counter(experiment.accuracy.verdict for experiment in compared))
    compare = plural(len(compared), "comparison with a published accuracy", "comparisons with published accuracies")
    yield f"{compare}: {', '.join(parts)}."
    largest = max(compared, key=lambda experiment: abs(experiment.accuracy.delta or 0.0))
    yield f"The largest difference is {signed(largest.accuracy.delta)} (`{largest.name}`)."
    accuracies = pd.DataFrame([(e.accuracy.mean, e.accuracy.published) for e in compared])
    correlation = accuracies.corr("spearman", min_periods=RANKED).to_numpy()[0, 1]  # NaN if all values are equal.
    if not pd.isna(correlation):
        yield f"Spearman's rank correlation with the published accuracies is {fixed(correlation, 2)}."


def further_verdicts(document: Document) -> Iterator[str]:
    """Count the verdicts on the published losses, and on the published accuracies of other splits, by metric."""
    found: dict[str, Counter[str | None]] = {}
    for experiment in document.experiments:
        main = f"{experiment.split}_accuracy"
        for column in VALUES if experiment.has_own_published_values else ():
            verdict = experiment.statistic(column).verdict
            if verdict and column != main:
                found.setdefault(column, Counter())[verdict] += 1
    parts = [f"{listed(counted(counts))} ({LABELS[column]})" for column in VALUES if (counts := found.get(column))]
    if parts:
        total = sum(counts.total() for counts in found.values())
        compare = plural(
            total, "comparison with a further published value", "comparisons with further published values"
        )
        yield f"{compare}: {', '.join(parts)}."


def text_and_code(document: Document) -> Iterator[str]:
    """Count the published values that the text explains, the code, both or neither."""
    found = published_values(document)
    counts = Counter(value.explained_by for value in found)
    parts = [f"{counts[word]} {phrase}" for word, phrase in EXPLAINED.items() if counts[word]]
    if parts:
        yield f"{plural(len(found), 'published value')} compared with text and code: {', '.join(parts)}."


def claims(document: Document) -> Iterator[str]:
    """Count the verdicts on the claims of the document."""
    found = [row for row in judged_rows(document.report) if row["document"] == document.name]
    if found:
        yield f"{plural(len(found), 'claim')} of the document: {counts(found)}."


def by_reference(document: Document) -> Iterator[str]:
    """Yield what the reference results say about the published accuracies, or the highest one, and about the claims."""
    if not uses_reference(document.report):
        return
    own = [experiment for experiment in document.experiments if experiment.has_own_published_values]
    found = Counter(e.reference_accuracy.verdict for e in own if e.reference_accuracy.verdict)
    if found:
        compare = plural(found.total(), "published accuracy", "published accuracies")
        yield f"Reference results of this project against {compare}: {listed(counted(found))}."
    elif any(experiment.accuracy.published is not None for experiment in own):
        yield "This project has no reference results for the published accuracies yet."
    elif ranked := [e for e in own if e.reference_accuracy.mean is not None and not e.remark]:
        top = max(ranked, key=lambda experiment: experiment.reference_accuracy.mean or 0.0)
        yield f"Highest mean accuracy of the reference results: `{top.name}`, {top.reference_accuracy.text}."
    yield from claims(document)


def best(document: Document) -> Iterator[str]:
    """Yield the highest accuracy on each dataset and split, ours and the published one, also of what was not run."""

    def place(experiment: Experiment) -> tuple[str, str]:
        return experiment.entry["dataset"], SPLITS[experiment.split]

    ranked = [experiment for experiment in document.experiments if not experiment.remark]
    groups = group_by((e for e in ranked if e.accuracy.mean is not None), place)
    for (dataset, split), experiments in groups.items():
        if len(experiments) == 1:
            continue
        top = max(experiments, key=lambda experiment: experiment.accuracy.mean or 0.0)
        where = f" on `{dataset}`" if len(groups) > 1 else ""
        sentence = f"Highest mean {split} accuracy{where}: `{top.name}`, {top.accuracy.text}"
        rivals = (e for e in ranked if place(e) == (dataset, split) and e.has_own_published_values)
        published = [e for e in rivals if e.accuracy.published is not None]
        if published:
            rival = max(published, key=lambda experiment: experiment.accuracy.published or 0.0)
            sentence += f"; highest published: `{rival.name}`, {fixed(rival.accuracy.published)}"
        yield f"{sentence}."


def changes(document: Document) -> Iterator[str]:
    """Yield how many changes raise or lower the test accuracy significantly."""
    changed = [e for e in document.experiments if e.entry["changes"] and not e.remark]
    rows = [e.comparison for e in changed if e.comparison and e.comparison["test_accuracy_difference"] is not None]
    p_values = [(row["test_accuracy_p_adjusted"], row) for row in rows]
    sure = [row for p_value, row in p_values if p_value is not None and p_value < SIGNIFICANT]
    parts: list[str] = []
    for verb, sign in (("raise", 1), ("lower", -1)):
        names = [row["experiment"] for row in sure if sign * row["test_accuracy_difference"] > 0]
        if names:
            verb, what = verb + "s" * (len(names) == 1), "it" if parts else "test accuracy"
            parts.append(f"{len(names)} significantly {verb} {what} ({some(names)})")
    if parts:
        yield f"Of {plural(len(rows), 'change')} to a base experiment, {listed(parts)}."


def collapses(document: Document) -> Iterator[str]:
    """Yield the number of collapsed trials by experiment."""
    collapsed = [experiment for experiment in document.experiments if experiment.row["n_collapsed"]]
    if collapsed:
        counts = [f"{e.row['n_collapsed']} of {e.n_ok} of `{e.name}`" for e in collapsed]
        yield f"Collapsed trials: {listed(counts)}."


def duplicates(document: Document) -> Iterator[str]:
    """Yield the experiment whose validation accuracy profits most from images that are also trained on."""
    drops = []
    for experiment in with_duplicates(document):
        everything = experiment.statistic("valid_accuracy").mean
        without = experiment.statistic("valid_accuracy_without_duplicates").mean
        if experiment.statistic("valid_duplicates_in_train").mean and everything is not None and without is not None:
            drops.append((everything - without, everything, without, experiment.name))
    if drops:
        _, everything, without, name = max(drops, key=itemgetter(0, 1, 2))
        yield (
            f"The validation accuracy of `{name}` is {fixed(everything)} for all images, as the document counts, and "
            f"{fixed(without)} for the images that are not in the training split."
        )


def factors(document: Document) -> Iterator[str]:
    """Yield the largest main effect of each factorial study."""
    for study in studies(document):
        rows = [metrics.get("test_accuracy") for metrics in terms_of(document, study).values()]
        main = [row for row in rows if row and row["order"] == 1 and row["effect"] is not None]
        if main:
            row = max(main, key=lambda row: abs(row["effect"]))
            interval = span(row["ci_low"], row["ci_high"], signed)
            effect = signed(row["effect"]) + (f" (95% interval: {interval})" if row["ci_low"] is not None else "")
            yield f"Largest main effect of `{study}` on test accuracy: `{words(row['term'])}`, {effect}."


def ensemble_gains(document: Document) -> Iterator[str]:
    """Yield the mean and the largest gain of ensembles of trials."""
    rows = [row for row in seed_ensembles(document) if is_combined(row) and row["gain"] is not None]
    if rows:
        mean, largest = sum(row["gain"] for row in rows) / len(rows), max(rows, key=lambda row: row["gain"])
        yield (
            f"Ensembles of trials gain {signed(mean)} accuracy on average over {plural(len(rows), 'experiment')}; the "
            f"largest gain is {signed(largest['gain'])} (`{largest['experiment']}`)."
        )


def one_vs_all(document: Document) -> Iterator[str]:
    """Yield the accuracy of each one-vs-all ensemble and of the ensemble of trials to compare it with."""
    for ensemble, _, seeds in comparisons(document):
        if ensemble["accuracy"] is None:
            continue
        sentence = f"The ensemble of {members(ensemble)} one-vs-all networks has accuracy {fixed(ensemble['accuracy'])}"
        if seeds is not None and is_combined(seeds):
            name, accuracy = seeds["experiment"], fixed(seeds["accuracy"])
            sentence += f"; the ensemble of {members(seeds)} seeds of `{name}` has {accuracy}"
        yield f"{sentence}."


def not_run(document: Document) -> Iterator[str]:
    """Yield the number of experiments that were not run."""
    absent = sum(not experiment.n for experiment in document.experiments)
    if absent:
        were = "was" if absent == 1 else "were"
        yield f'{plural(absent, "experiment")} {were} not run; the section "Not run" has the reason and the remedy.'


def counted(verdicts: Counter[str | None]) -> list[str]:
    """Return how often each verdict occurs: 3 reproduced, 2 lower."""
    return [f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS if verdicts[verdict]]


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return listed([*(f"`{name}`" for name in names[:NAMED]), *more])


FINDINGS = (
    verdicts,
    further_verdicts,
    claims,
    text_and_code,
    best,
    changes,
    collapses,
    duplicates,
    factors,
    ensemble_gains,
    one_vs_all,
    not_run,
)
