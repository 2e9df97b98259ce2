"""A table of published values with a mistake is refused before any training, with file, line, column and remedy."""

import random
import time

import pytest

from lookbook.config.experiments import defined
from lookbook.config.inheritance import Entry
from lookbook.config.published import check_published
from lookbook.config.strict_yaml import read_yaml
from lookbook.config.validation import ROOT
from lookbook.errors import ConfigError

HEAD = "document,experiment,split,metric,epoch,mean,std,min,max,trials,note\n"
GOOD = "tiny,plain,test,accuracy,,0.5,0.01,0.4,0.6,5,\n"
DOCUMENTS = {
    name: Entry("mine.yaml", name, {"document": document}, {}, {})
    for name, document in {"plain": "tiny", "heir": "tiny", "other": "huge"}.items()
}
DOCUMENTS["heir"] = Entry("mine.yaml", "heir", {"document": "tiny"}, {}, {"base": "plain", "training": {"epochs": 3}})
DOCUMENTS["as_coded"] = Entry("mine.yaml", "as_coded", {"document": "tiny"}, {}, {"published_as": "plain"})
REFUSED = {
    HEAD + GOOD + GOOD: "line 3: has the experiment, split, metric and epoch of line 2; remove one of them",
    HEAD + "tiny,plain,test,accuracy,,0.5,,,,0,\n": "line 2: trials: must be at least 1; got 0",
    HEAD + "tiny,plain,test,accuracy,,0.5,,,,-3,\n": "line 2: trials: must be at least 1",
    HEAD + "tiny,plain,test,accuracy,,0.5,,,,1.5,\n": "line 2: trials: must be of type integer; got 1.5",
    HEAD + "tiny,plain,test,accuracy,,0.5,,,,,\n": "line 2: trials: must be of type integer; got None",
    HEAD + "tiny,plain,test,accuracy,,0.5,-0.1,,,5,\n": "line 2: std: must be at least 0; got -0.1",
    HEAD + "tiny,plain,test,accuracy,,0.5,0.1,,,1,\n": "line 2: std: one trial has no standard deviation",
    HEAD + "tiny,plain,test,accuracy,,97.5,,,,1,\n": "line 2: mean: must be a share of 1, such as 0.975; got 97.5",
    HEAD + "tiny,plain,test,accuracy,,0.5,,,97.5,3,\n": "line 2: max: must be a share of 1",
    HEAD + "tiny,plain,test,accuracy,,-0.5,,,,1,\n": "line 2: mean: must be at least 0",
    HEAD + "tiny,plain,test,accuracy,,,,,,1,\n": "line 2: mean: must be of type number; got None",
    HEAD + "tiny,plain,test,accuracy,,half,,,,1,\n": "line 2: mean: must be of type number; got 'half'",
    HEAD + "tiny,plain,test,loss,,nan,,,,1,\n": "line 2: mean",
    HEAD + "tiny,plain,test,loss,,inf,,,,1,\n": "line 2: mean: must be a finite number",
    HEAD + f"tiny,plain,test,loss,,{'9' * 5000},,,,1,\n": "line 2: mean: must be of type number",
    HEAD + "tiny,plain,test,accuracy,,0.5,,0.6,0.7,3,\n": "line 2: mean: must lie between min and max",
    HEAD + "tiny,plain,test,accuracy,,0.5,,0.6,0.4,3,\n": "line 2: mean: must lie between min and max",
    HEAD + "tiny,plane,test,accuracy,,0.5,,,,1,\n": "experiment: tiny has no experiment 'plane'; did you mean 'plain'?",
    HEAD + "huge,plain,test,accuracy,,0.5,,,,1,\n": "line 2: document: plain belongs to tiny; got 'huge'",
    HEAD + "tiny,Plain!,test,accuracy,,0.5,,,,1,\n": "line 2: experiment",
    HEAD + "tiny,as_coded,test,accuracy,,0.5,,,,1,\n": (
        "line 2: experiment: as_coded has published_as: plain; remove the row or published_as"
    ),
    HEAD + "tiny,plain,test,accuracy,11,0.5,,,,1,\n": "line 2: epoch: plain trains for 10 epochs; got 11",
    HEAD + "tiny,plain,test,accuracy,9,0.5,,,,1,\n": "line 2: epoch: plain does not record the test set by epoch",
    HEAD + "tiny,plain,valid,accuracy,9,0.5,,,,1,\n": "line 2: epoch: plain has no validation images",
    HEAD + "tiny,plain,kaggle,score,9,0.5,,,,1,\n": "line 2: epoch: a competition score has no epoch; remove it",
    HEAD + "tiny,plain,test,score,,0.5,,,,1,\n": "line 2: metric: the score of a submission has the split kaggle",
    HEAD + "tiny,plain,kaggle,accuracy,,0.5,,,,1,\n": "line 2: metric: the score of a submission has the split kaggle",
    HEAD + "tiny,plain,train,accuracy,0,0.5,,,,1,\n": "line 2: epoch: must be at least 1; got 0",
    HEAD + "tiny,heir,train,accuracy,4,0.5,,,,1,\n": "line 2: epoch: heir trains for 3 epochs; got 4",
    HEAD + ",plain,test,accuracy,,0.5,,,,1,\n": "line 2: document: must be of type string",
    HEAD + "tiny,plain,tset,accuracy,,0.5,,,,1,\n": "split: must be one of train, valid, test, kaggle; got 'tset'",
    HEAD + "tiny,plain,test,acc,,0.5,,,,1,\n": "line 2: metric: must be one of accuracy, loss, score; got 'acc'",
    HEAD + "tiny,plain,test,accuracy,,0.5,,,,1,a, b\n": "line 2: must have 11 cells; put quotes around a comma",
    HEAD + "tiny,plain,test\n": "line 2: must have 11 cells",
    HEAD + 'tiny,plain,test,accuracy,,0.5,,,,1,"open\n': "not valid CSV",
    HEAD.replace("std", "sdt") + GOOD: "line 1: unknown column 'sdt'; did you mean 'std'?",
    HEAD.replace(",note", "") + GOOD[:-2] + "\n": "line 1: the column 'note' is missing; add it",
    HEAD.replace("note", "min") + GOOD: "line 1: the column 'min' is given twice; remove one",
    "": "line 1: the column 'document' is missing",
    HEAD + "\0": "has a NUL character",
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_mistake_is_refused_with_its_line(text, expected, tmp_path):
    (tmp_path / "published.csv").write_text(text)
    with pytest.raises(ConfigError) as refusal:
        check_published(tmp_path / "published.csv", DOCUMENTS)
    assert str(refusal.value).startswith(str(tmp_path / "published.csv"))
    assert expected in str(refusal.value)


def test_a_table_in_another_encoding_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "published.csv").write_text(HEAD + GOOD.replace(",5,", ",5,é"), encoding="latin-1")
    with pytest.raises(ConfigError, match=r"published\.csv: is not UTF-8"):
        check_published(tmp_path / "published.csv", DOCUMENTS)
    with pytest.raises(ConfigError, match=r"none\.csv: No such file or directory; check published in config\.yaml"):
        check_published(tmp_path / "none.csv", DOCUMENTS)


def test_rows_of_documents_that_are_not_run_may_name_any_experiment(tmp_path):
    (tmp_path / "published.csv").write_text(HEAD + GOOD + "elsewhere,mine,test,accuracy,,0.5,,,,1,\n")
    check_published(tmp_path / "published.csv", DOCUMENTS)


def test_mutants_of_the_shipped_table_are_accepted_or_refused_with_their_line(tmp_path, mutants):
    shipped = (ROOT / "config" / "published.csv").read_text(encoding="utf-8")
    known = defined(read_yaml(ROOT / "config" / "config.yaml"), ROOT)
    check_published(ROOT / "config" / "published.csv", known)
    odd = [",", "\n", '"', "x", "-", "e999", "nan", "inf", "\0", "9" * 5000, "x" * 100_000, "é", "'", ";", "1e-3", ""]
    draw, path, refused = random.Random(0), tmp_path / "published.csv", 0
    for _ in range(mutants):
        text = shipped
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(text))
            text = text[:place] + draw.choice(odd) + text[place + draw.randint(0, 9) :]
        path.write_text(text, encoding="utf-8")
        started = time.monotonic()
        message = ""
        try:
            check_published(path, known)
        except ConfigError as error:
            message = str(error)
        assert time.monotonic() - started < 2
        assert not message or (message.startswith(str(path)) and len(message) < 2100), message[:300]
        refused += bool(message)
    assert refused > mutants / 2
