"""A document's published values beside ours by its text, by its code and by settings of our own."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from lookbook.config.settings import ORIGINS
from lookbook.evaluation.metrics import COLUMNS as COLUMNS_OF_TRIALS
from lookbook.formatting import MISSING, spread
from lookbook.report.blocks import Block, Cell, Column, Paragraph, Table
from lookbook.report.experiment import LABELS, Experiment, Statistic
from lookbook.report.inline import chip, experiment_link, join
from lookbook.report.inputs import Document, group_by
from lookbook.statistics.published import HIGHER, LOWER, REPRODUCED

TEXT = (
    "The published code of these experiments trains differently from the text. The experiments by the text and those "
    "by the code are compared with the same published value; the verdict reproduced explains it, higher and lower do "
    "not. It is undecided where one of them has another verdict. Where neither explains it, settings of our own show "
    "whether the network can reach it."
)
METRICS = ("accuracy", "loss")
# Whether a verdict explains the published value; the others do not decide it: compatible trials are too few or vary
# too much to show that the values are equal.
EXPLAINS = {REPRODUCED: True, HIGHER: False, LOWER: False}
# Whether the text and whether the code explains a published value.
WORDS = {(True, True): "both", (True, False): "text", (False, True): "code", (False, False): "neither"}
UNDECIDED = "undecided"
REACHED = "neither, but our settings reach it"


class PublishedValue(NamedTuple):
    """A published value and the experiments that are compared with it.

    Attributes:
        experiment: the name of the experiment that has it as its own.
        column: such as ``test_accuracy``.
        by: ``text``, ``code`` and ``ours``, each with the experiments of that protocol in the run.
    """

    experiment: str
    column: str
    by: Mapping[str, Sequence[Experiment]]

    @property
    def published(self) -> Statistic:
        """The statistic of which the published parts are used."""
        return next(iter(chain(*self.by.values()))).statistic(self.column)

    @property
    def explained_by(self) -> str:
        """One of ``WORDS``, ``REACHED`` or ``UNDECIDED``."""
        by_text, by_code = self._is_explained_by("text"), self._is_explained_by("code")
        if by_text is None or by_code is None:
            return UNDECIDED
        word = WORDS[by_text, by_code]
        return REACHED if word == "neither" and self._is_reached() else word

    def _verdicts(self, protocol: str) -> list[str | None]:
        return [experiment.statistic(self.column).verdict for experiment in self.by[protocol]]

    def _is_explained_by(self, protocol: str) -> bool | None:
        """Return whether one of the experiments explains the value; None if that is undecided."""
        found = [EXPLAINS.get(verdict or UNDECIDED) for verdict in self._verdicts(protocol)]
        if True in found:
            return True
        return None if None in found or not found else False

    def _is_reached(self) -> bool:
        """Return whether the settings of our own give the value or a better one."""
        better = LOWER if COLUMNS_OF_TRIALS[self.column].direction == "lower" else HIGHER
        return any(EXPLAINS.get(verdict or UNDECIDED) or verdict == better for verdict in self._verdicts("ours"))


def published_values(document: Document) -> list[PublishedValue]:
    """Return the accuracies and losses that are compared with the text and with the code, on the main split."""
    further = [experiment for experiment in document.experiments if not experiment.has_own_published_values]
    values = []
    for name, variants in group_by(further, lambda experiment: experiment.entry["published_as"]).items():
        own = [experiment for experiment in document.experiments if experiment.name == name]
        by = {word: [e for e in (*own, *variants) if e.entry["protocol"] == word] for word in ORIGINS}
        values += [PublishedValue(name, f"{variants[0].split}_{metric}", by) for metric in METRICS]
    return [value for value in values if value.published.published is not None]


def text_and_code(document: Document) -> Iterator[Block]:
    """Yield the published values, ours by the text, ours by the code, and which of the two explains them."""
    found = published_values(document)
    if not found or not document.report.comparable:
        return
    yield Paragraph(TEXT)
    caption = "Mean ± standard deviation over trials, with the verdict on the difference from the published value"
    yield Table(f"{document.name}: text, code and published", found, COLUMNS, caption)


def _ours(value: PublishedValue, experiments: Sequence[Experiment]) -> Cell:
    """Return the mean and the verdict of each finished experiment."""
    found = {experiment.name: experiment.statistic(value.column) for experiment in experiments if experiment.n_ok}
    judged = {name: ours.verdict for name, ours in found.items() if ours.verdict}
    small = [join([experiment_link(name), chip(verdict, verdict)], " ") for name, verdict in judged.items()]
    return Cell(join([ours.text for ours in found.values()], "; ") if found else MISSING, small)


COLUMNS = (
    Column("Published for", lambda value: experiment_link(value.experiment), is_number=False),
    Column("Metric", lambda value: LABELS[value.column], is_number=False),
    Column("Published", lambda value: spread(value.published.published, value.published.published_std)),
    Column("Ours by the text", lambda value: _ours(value, value.by["text"])),
    Column("Ours by the code", lambda value: _ours(value, value.by["code"])),
    Column("By our settings", lambda value: _ours(value, value.by["ours"])),
    Column("Explained by", lambda value: value.explained_by, is_number=False),
)
