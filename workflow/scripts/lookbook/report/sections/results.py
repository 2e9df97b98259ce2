"""The main table of a document: accuracy and loss of each experiment beside the published values."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Cell, Chip, Column, Link, Name, Table, section
from lookbook.report.experiment import Experiment
from lookbook.report.formatting import plural, signed, slug, span, spread
from lookbook.report.inputs import Document


@section()
def results(document: Document) -> Iterator[Block]:
    def name(experiment: Experiment) -> Cell:
        budget = [experiment.entry["budget"]] if experiment.n and not document.report.comparable else []
        remark = Chip(experiment.remark or "")
        linked = (
            Link(remark, f"{slug(document.name)}-learning-rate-range-tests") if experiment.is_range_test else remark
        )
        small = [experiment.entry["title"], *budget, *([linked] if experiment.remark else [])]
        return Cell(Name(experiment.name), small, experiment.name)

    columns = [Column("Experiment", name, is_number=False), Column("Trials", trials)]
    caption = "Mean ± standard deviation over trials, lowest to highest value, 95% interval of the mean"
    columns += [*values("accuracy"), *values("loss")]
    yield Table(f"{document.name}: results", document.experiments, columns, caption, "headline", is_sortable=True)


def trials(experiment: Experiment) -> Cell:
    """Return how many trials finished and how many of them collapsed."""
    if not experiment.n:
        return Cell(Link(Chip("not run"), "not-run"), value=0)
    collapsed = int(experiment.row["n_collapsed"])
    chip = [Chip(f"{collapsed} collapsed", "collapsed")] if collapsed else []
    return Cell(f"{experiment.n_ok} of {experiment.n}", chip, experiment.n_ok)


def values(metric: str) -> Iterator[Column]:
    """Yield the columns of a metric: our value, the published one and their difference."""

    def split(experiment: Experiment) -> list[str]:
        return [] if experiment.split == "test" else [f"{experiment.split_words} split"]

    def ours(experiment: Experiment) -> Cell:
        found = getattr(experiment, metric)
        ranges = (
            [span(found.min, found.max), f"95%: {span(found.ci_low, found.ci_high)}"] if found.std is not None else []
        )
        return Cell(found.text, [*ranges, *split(experiment)] if found.mean is not None else [], found.mean)

    def published(experiment: Experiment) -> Cell:
        found = getattr(experiment, metric)
        small = (
            [plural(int(found.published_trials), "trial"), *split(experiment)] if found.published is not None else []
        )
        return Cell(spread(found.published, found.published_std), small, found.published)

    def difference(experiment: Experiment) -> Cell:
        found = getattr(experiment, metric)
        chip = [Chip(found.verdict, found.verdict)] if found.verdict not in (None, "not comparable") else []
        return Cell(signed(found.delta), chip, found.delta)

    yield Column(f"Test {metric}", ours)
    yield Column("Published", published)
    yield Column("Difference", difference)
