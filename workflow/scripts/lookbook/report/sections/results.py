"""The accuracy and loss of a document's experiments, and its validation accuracy without duplicate images."""

from collections.abc import Callable, Iterator

from lookbook.formatting import MISSING, fixed, plural, signed, slug, span, spread, thousands
from lookbook.report.blocks import Block, Cell, Column, Details, Paragraph, Table
from lookbook.report.experiment import EXPERIMENT, SPLITS, Experiment
from lookbook.report.inline import Inline, chip, experiment_link, join, link, strong
from lookbook.report.inputs import Document
from lookbook.statistics.published import NOT_COMPARABLE

DUPLICATES = (
    "Classes are balanced by resampling images. If that happens before the split, the same image can be in the "
    "training and in the validation split. A network that memorizes the image is then counted as correct although it "
    "has not learned the class, so the validation accuracy is too high. Accuracy without duplicates counts only the "
    "validation images that are not in the training split."
)
SCORES = (
    " The document's own scores in the competition, whose images are not in the training split, are lower than its "
    "validation accuracies: "
)
DUPLICATES_COLUMNS = (
    EXPERIMENT,
    Column("Also in the training split", lambda e: thousands(e.statistic("valid_duplicates_in_train").mean)),
    Column("Accuracy, all images", lambda e: e.statistic("valid_accuracy").text),
    Column("Accuracy without duplicates", lambda e: strong(e.statistic("valid_accuracy_without_duplicates").text)),
    Column("Published", lambda e: fixed(e.statistic("valid_accuracy").published)),
    Column("Balanced accuracy", lambda e: e.statistic("valid_balanced_accuracy").text),
    Column("Macro F1", lambda e: e.statistic("valid_macro_f1").text),
)


def results(document: Document) -> Iterator[Block]:
    """Yield the main table of a document: accuracy and loss of each experiment beside the published values."""

    def name(experiment: Experiment) -> Cell:
        remark: list[Inline] = [chip(experiment.remark)] if experiment.remark else []
        if experiment.is_range_test:
            remark = [link(remark, f"{slug(document.name)}-learning-rate-range-tests")]
        return Cell(experiment_link(experiment.name), [experiment.entry["title"], *remark], experiment.name)

    def trials(experiment: Experiment) -> Cell:
        if not experiment.n:
            return Cell(link(chip("not run"), "not-run"), value=0)
        # A reduced budget lets every network end untrained.
        collapsed = experiment.row["n_collapsed"] if document.report.comparable else 0
        small = [chip(f"{collapsed} collapsed", "collapsed")] if collapsed else []
        return Cell(f"{experiment.n_ok} of {experiment.n}", small, experiment.n_ok)

    def title(experiment: Experiment) -> str:
        return "; ".join(filter(None, dict.fromkeys((experiment.entry["title"], experiment.remark))))

    details = [Column("What it is", title, is_number=False)]
    columns = [Column("Experiment", name, is_number=False, details=details), Column("Trials", trials)]
    caption = "Mean over trials"
    if any(experiment.accuracy.std is not None for experiment in document.experiments):
        caption = "Mean ± standard deviation over trials, lowest to highest value, 95% interval of the mean"
    if document.report.comparable and has_published_values(document):
        caption += "; difference from the published value with its 95% interval"
    columns += [*values("accuracy", document), *values("loss", document)]
    table = Table(f"{document.name}: results", document.experiments, columns, caption, "headline", is_sortable=True)
    yield Details("Accuracy and loss of all experiments as a table", [table])


def values(metric: str, document: Document) -> Iterator[Column]:
    """Yield the columns of a metric: our value, the published one and, with the full budgets, their difference.

    A document without published values has only the first. Where the experiments are not all measured on one split,
    each cell states its own.
    """
    splits = {experiment.split for experiment in document.experiments}
    is_mixed = len(splits) > 1
    label = metric.capitalize() if is_mixed else f"{SPLITS[splits.pop()]} {metric}".capitalize()

    def split(experiment: Experiment) -> list[str]:
        return [f"{SPLITS[experiment.split]} split"] if is_mixed else []

    def ours(experiment: Experiment) -> Cell:
        found = experiment.main(metric)
        ranges = []
        if found.std is not None:
            ranges = [span(found.min, found.max), f"95%: {span(found.ci_low, found.ci_high)}"]
        return Cell(found.text, [*ranges, *split(experiment)] if found.mean is not None else [], found.mean)

    def published(experiment: Experiment) -> Cell:
        found = experiment.main(metric)
        small = []
        if found.published_trials is not None:
            small = [plural(found.published_trials, "trial"), *split(experiment)]
        if found.published_min is not None and found.published_max is not None:
            small.append(span(found.published_min, found.published_max))
            if found.in_range is not None:
                small.append(f"holds {thousands(found.in_range)} of our {experiment.n_ok}")
        return Cell(spread(found.published, found.published_std), small, found.published)

    def difference(experiment: Experiment) -> Cell:
        found = experiment.main(metric)
        if found.verdict in (None, NOT_COMPARABLE):
            return Cell(signed(found.delta), [], found.delta)
        # Without "95%: ", which does not fit into the column.
        interval = [span(found.delta_low, found.delta_high, signed)] if found.delta_low is not None else []
        return Cell(signed(found.delta), [*interval, chip(found.verdict, found.verdict)], found.delta)

    def interval(low: str, high: str, write: Callable[[float], str]) -> Column:
        def cell(experiment: Experiment) -> str:
            found = experiment.main(metric)
            return span(getattr(found, low), getattr(found, high), write)

        return Column("95% interval", cell)

    verdict = Column("Verdict", lambda e: e.main(metric).verdict or MISSING, is_number=False)
    states_split = is_mixed and metric == "accuracy"  # once in a row
    where = [Column("Split", lambda e: SPLITS[e.split], is_number=False)] if states_split else []
    yield Column(label, ours, details=[*where, interval("ci_low", "ci_high", fixed)])
    if not has_published_values(document):
        return
    yield Column("Published", published, details=[])
    if document.report.comparable:
        yield Column("Difference", difference, details=[interval("delta_low", "delta_high", signed), verdict])


def has_published_values(document: Document) -> bool:
    """Return whether an experiment of the document has a published accuracy or loss; recipes of our own have none."""
    return any(e.main(metric).published is not None for e in document.experiments for metric in ("accuracy", "loss"))


def with_duplicates(document: Document) -> list[Experiment]:
    """Return the experiments whose validation images are compared with the training images."""
    return [e for e in document.experiments if e.statistic("valid_duplicates_in_train").mean is not None]


def duplicates(document: Document) -> Iterator[Block]:
    """Yield the validation accuracies without the images that are also trained on."""
    experiments = with_duplicates(document)
    if not experiments:
        return
    scored: list[Inline] = [
        [fixed(e.score, 3), " against ", fixed(e.accuracy.published, 3), " (", experiment_link(e.name), ")"]
        for e in document.experiments
        if e.score is not None and e.split == "valid" and e.accuracy.published is not None
    ]
    yield Paragraph([DUPLICATES, *([SCORES, join(scored), "."] if scored else [])])
    label = f"{document.name}: images in the training and the validation split"
    yield Table(label, experiments, DUPLICATES_COLUMNS, "Validation split, mean ± standard deviation over trials")
