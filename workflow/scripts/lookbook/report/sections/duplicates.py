"""Validation accuracy without the images that are also trained on, where classes are balanced before the split."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Column, Inline, Name, Paragraph, Styled, Table, join, section
from lookbook.report.experiment import Experiment
from lookbook.report.formatting import fixed, thousands
from lookbook.report.inputs import Document

TEXT = (
    "Classes are balanced by resampling images. If that happens before the split, the same image can be in the "
    "training and in the validation split. A network that memorizes the image is then counted as correct although it "
    "has not learned the class, so the validation accuracy is too high. Accuracy without duplicates counts only the "
    "validation images that are not in the training split."
)
SCORES = (
    " The document's own scores in the competition, whose images are not in the training split, are lower than its "
    "validation accuracies: "
)
COLUMNS = (
    Column("Experiment", lambda e: Name(e.name), is_number=False),
    Column("Also in the training split", lambda e: thousands(e.statistic("valid_duplicates_in_train").mean)),
    Column("Accuracy, all images", lambda e: e.statistic("valid_accuracy").text),
    Column("Accuracy without duplicates", lambda e: Styled(e.statistic("valid_accuracy_without_duplicates").text)),
    Column("Published", lambda e: fixed(e.statistic("valid_accuracy").published)),
    Column("Balanced accuracy", lambda e: e.statistic("valid_balanced_accuracy").text),
    Column("Macro F1", lambda e: e.statistic("valid_macro_f1").text),
)


def with_duplicates(document: Document) -> list[Experiment]:
    """Return the experiments whose validation images are compared with the training images."""
    return [e for e in document.experiments if e.statistic("valid_duplicates_in_train").mean is not None]


@section("Images on both sides of the split", with_duplicates)
def duplicates(document: Document) -> Iterator[Block]:
    scored: list[Inline] = [
        [fixed(e.score, 3), " against ", fixed(e.accuracy.published, 3), " (", Name(e.name), ")"]
        for e in document.experiments
        if e.score is not None and e.split == "valid" and e.accuracy.published is not None
    ]
    yield Paragraph([TEXT, *([SCORES, join(scored), "."] if scored else [])])
    label = f"{document.name}: images in the training and the validation split"
    yield Table(label, with_duplicates(document), COLUMNS, "Validation split, mean ± standard deviation over trials")
