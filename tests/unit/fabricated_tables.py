"""The tables of the fabricated benchmark whose values the tests of the report choose."""

import math

import pandas as pd

from lookbook.results.tables import identity_of
from lookbook.statistics.claims import judge_claims
from lookbook.statistics.epochs import compare_epochs


def ensembles(entries, trials):
    """Return ensembles.csv: more than one finished trial makes an ensemble."""
    rows = []
    for name, found in entries.items():
        row = {"experiment": name, "kind": "seeds", "split": "test", "members": found["trials"]}
        if found["trials"] > 1 and found["document"] == "zoo":
            row |= {"accuracy": 0.9311, "mean_member_accuracy": 0.91, "gain": 0.0211, "disagreement": 0.0777}
        else:
            alone = found["trials"] == 1
            row["note"] = "only one trial has finished" if alone else "each trial validates on other images"
        rows.append(row | {"identity": identity_of(trials, [name])})
    classes = [name for name, found in entries.items() if found["ensemble"]]
    if classes:
        row = {"experiment": "all_classes", "kind": "one_vs_all", "split": "test", "members": 3, "accuracy": 0.9222}
        rows.append(row | {"identity": identity_of(trials, classes)})
    values = ("accuracy", "cross_entropy", "macro_f1", "mean_member_accuracy", "gain", "disagreement")
    return pd.DataFrame(rows, columns=["experiment", "kind", "split", "members", *values, "note", "identity"])


def factorials(entries, trials):
    """Return factorials.csv of the one study."""
    cells = [name for name, found in entries.items() if found["factorial"]]
    effects = {"one_cycle": 0.0123, "averaging": -0.0045, "one_cycle:averaging": 0.0001}
    rows = [
        {"metric": metric, "term": term, "order": term.count(":") + 1, "effect": effect}
        | {"ci_low": effect - 0.01, "ci_high": effect + 0.01, "p": 0.1, "p_adjusted": 0.25, "n": 8, "note": None}
        | {"study": "two factors", "identity": identity_of(trials, cells)}
        for metric in ("test_accuracy", "test_loss")
        for term, effect in effects.items()
    ]
    return pd.DataFrame(rows if cells else [], columns=list(rows[0]))


def epochs(entries, trials, profile):
    """Return epochs.csv: two values of one experiment."""
    value = {"experiment": "unstable", "column": "train_accuracy", "mean": 0.8, "trials": 1}
    value |= dict.fromkeys(("std", "min", "max"), math.nan)
    rows = [("unstable", value | {"epoch": epoch}) for epoch in (1, 2) if "unstable" in entries]
    accuracies = ([0.79, 0.90], [0.80, 0.91], [0.81, 0.92])
    histories = [pd.DataFrame({"train_accuracy": pair}, index=[1, 2]) for pair in accuracies]
    return compare_epochs(rows, {"unstable": histories}, trials, profile)


def histories(entries):
    """Return the histories of two experiments, one of which reaches 0.90 in the second epoch of two trials."""
    columns = {
        "seconds": [2.0, 3.0],
        "train_loss": [1.0, 0.5],
        "train_accuracy": [0.7, 0.8],
        "valid_loss": [math.nan] * 2,
    }
    columns |= {"valid_accuracy": [math.nan] * 2, "test_loss": [0.9, 0.6]}
    accuracies = {"network": ([0.80, 0.91], [0.85, 0.93], [0.70, 0.80]), "network_seeds": ([0.80, 0.85],)}
    index = pd.RangeIndex(1, 3, name="epoch")
    return {
        name: [pd.DataFrame(columns | {"test_accuracy": list(values)}, index=index) for values in found]
        for name, found in accuracies.items()
        if name in entries
    }


def stated_claims(entries):
    """Return the claims of experiments.json: one of each kind of verdict, as far as the experiments are there."""
    claims = [
        ("zoo", "A network is better than itself", "better", ["network", "network_seeds"], {"metric": "test_accuracy"}),
        ("zoo", "A network is good | or <bad>", "above", ["network"], {"metric": "test_accuracy", "threshold": 0.5}),
        ("width", "Some trials collapse", "collapses", ["unstable"], {"share": 0.9}),
        ("simpsons", "Images that nobody has are needed", "above", ["absent_a"], {"metric": "valid_accuracy"}),
    ]
    return [
        {"document": document, "claim": claim, "source": "page 1", "test": test, "experiments": names, **keys}
        for document, claim, test, names, keys in claims
        if set(names) <= set(entries)
    ]


def claims(content, trials):
    """Return claims.csv."""
    specs = {name: entry["spec"] for name, entry in content["experiments"].items()}
    return judge_claims(content["claims"], trials, specs, content["profile"], {}, {})
