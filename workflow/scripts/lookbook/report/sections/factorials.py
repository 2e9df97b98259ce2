"""Factorial studies: every combination of some factors, and the effect of each factor."""

from collections.abc import Iterator, Mapping
from functools import partial
from operator import itemgetter

from lookbook.formatting import probability, signed, span
from lookbook.report.blocks import Block, Cell, Column, Group, Heading, Paragraph, Table
from lookbook.report.experiment import EXPERIMENT, LABELS, Experiment
from lookbook.report.inline import Inline, quiet, strong
from lookbook.report.inputs import Document, Row, group_by

TEXT = (
    "Every combination of the factors is trained. The effect of a factor is the mean over the combinations with it "
    "minus the mean over those without it. The effect of a product is the interaction: how much one factor changes "
    "the effect of the others."
)
P_VALUES = " P-values are adjusted for the number of effects (Holm)."
REDUCED = " The budgets of this run are too small to estimate effects."
Terms = Mapping[str, Mapping[str, Row]]  # Term -> metric -> row of factorials.csv.


def studies(document: Document) -> dict[str, list[Experiment]]:
    """Return the factorial studies of a document, with the experiments of each."""
    members = (experiment for experiment in document.experiments if experiment.entry["factorial"])
    return group_by(members, lambda experiment: experiment.entry["factorial"]["study"])


def terms_of(document: Document, study: str) -> Terms:
    """Return the estimated effects of a study."""
    estimated = (row for row in document.report.factorials if row["study"] == study and row["term"] is not None)
    terms = group_by(estimated, itemgetter("term"))
    return {term: {row["metric"]: row for row in rows} for term, rows in terms.items()}


def words(term: str) -> str:
    """Return a term for the reader, such as "one cycle x averaging" with a multiplication sign."""
    return " × ".join(term.split(":")).replace("_", " ")  # noqa: RUF001 - a multiplication sign


def factorials(document: Document) -> Iterator[Block]:
    """Yield the combinations of each study and, unless the budgets are reduced, the effects."""
    comparable = document.report.comparable
    if found := studies(document):
        yield Paragraph(TEXT + (P_VALUES if comparable else REDUCED))
    for study, experiments in found.items():
        yield Heading(study, 4)
        terms = terms_of(document, study) if comparable else {}
        tables = [combinations(study, experiments), *([effects(study, terms)] if terms else [])]
        yield Group(tables, "columns even")
        notes = dict.fromkeys(row["note"] for row in document.report.factorials if row["study"] == study)
        yield from (Paragraph(note, "small quiet") for note in notes if note)


def combinations(study: str, experiments: list[Experiment]) -> Table:
    """Return the table of the combinations, those with the fewest factors first."""
    levels = {e.name: e.entry["factorial"]["factors"] for e in experiments}
    factors = list(dict.fromkeys(factor for factors in levels.values() for factor in factors))

    def state(factor: str, experiment: Experiment) -> Inline:
        return strong("on") if levels[experiment.name].get(factor) else quiet("off")

    def order(experiment: Experiment) -> tuple[int, list[bool]]:
        off = [not levels[experiment.name].get(factor) for factor in factors]
        return -sum(off), off

    columns = (
        EXPERIMENT,
        *(Column(words(factor), partial(state, factor), is_number=False) for factor in factors),
        Column("Accuracy", lambda e: e.accuracy.text),
        Column("Trials", lambda e: f"{e.n_ok} of {e.n}"),
    )
    caption = "Every combination, accuracy as mean ± standard deviation"
    return Table(f"{study}: combinations", sorted(experiments, key=order), columns, caption)


def effects(study: str, terms: Terms) -> Table:
    """Return the table of the effects on each metric."""

    def effect(metric: str, term: str) -> Cell:
        row = terms[term].get(metric, {})
        low, high = row.get("ci_low"), row.get("ci_high")
        return Cell(signed(row.get("effect")), [] if low is None else [span(low, high, signed)])

    def adjusted_p(metric: str, term: str) -> str:
        return probability(terms[term].get(metric, {}).get("p_adjusted"))

    columns = [Column("Factor", words, is_number=False)]
    for metric in dict.fromkeys(metric for rows in terms.values() for metric in rows):
        columns.append(Column(LABELS[metric].capitalize(), partial(effect, metric)))
        columns.append(Column("Adjusted p", partial(adjusted_p, metric)))
    return Table(f"{study}: effects", list(terms), columns, "Effects with their 95% intervals")
