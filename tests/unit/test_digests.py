"""What a trial is: equal for equal training, different for anything that could change its outcome."""

import json
import shutil
from pathlib import Path
from textwrap import dedent

import pytest

from lookbook.config import digests
from lookbook.config.digests import canonical, digest, source_digest
from lookbook.config.experiments import digest_of, resolve

CACHED = (digests._digest_of, digests._imports, digests._tree, digests._code)


def test_equal_values_have_one_text():
    assert canonical({"b": [1, 2.5, None], "a": {"y": True, "x": "ü"}}) == canonical(
        {"a": {"x": "ü", "y": True}, "b": [1, 2.5, None]}
    )
    assert canonical({"a": [1, {"b": None}]}) == '{"a":[1,{"b":null}]}'


def test_a_value_survives_its_text():
    value = {"learning_rate": 1e-4, "third": 1 / 3, "list": [0.1, -0.0, 10**18]}
    assert json.loads(canonical(value)) == value


def test_a_digest_is_a_sha256_of_the_text():
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_what_has_no_json_has_no_digest():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"rate": float("nan")})


ENTRY = {
    "title": "a title",
    "trials": 3,
    "model": {"class_name": "mlp"},
    "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.01, "beta_1": 0.9}},
}


def digest_with(tmp_path: Path, **keys) -> str:
    """Return the digest of ENTRY with some keys changed, in a configuration of its own."""
    (tmp_path / "f.yaml").write_text(json.dumps({"document": "d", "experiments": {"mine": {**ENTRY, **keys}}}))
    found = resolve({"experiment_files": ["f.yaml"]}, tmp_path)
    return digest_of(found["mine"], found)


@pytest.mark.parametrize(
    "keys",
    [
        {"title": "another"},
        {"trials": 9},
        {"note": "a remark"},
        {"figures": ["confusion_matrix"]},
        {"factorial": {"study": "s", "factors": {"one_cycle": True}}},
    ],
)
def test_what_only_the_report_shows_does_not_count(keys, tmp_path):
    assert digest_with(tmp_path, **keys) == digest_with(tmp_path)


@pytest.mark.parametrize(
    "keys",
    [
        {"training": {"epochs": 11}},
        {"model": {"class_name": "mlp", "config": {"units": [64]}}},
        {"rescaling": None},
        {"split": {"seed": 1}},
        {"augmentation": [{"class_name": "zoom"}]},
        {"limit": {"train_images": 100}},
        {"sampling": {"classes": 5}},
        {"sampling": {"per_class": 5}},
        {"sampling": {"before_split": False}},
        {"copies": {"number": 2, "operations": 4}},
        {"one_vs_all": 0},
        {"training": {"multiplicity": 2}},
        {"training": {"steps_per_epoch": 5}},
        {"precision": "float32"},
        {"backend": "jax"},
    ],
)
def test_what_training_depends_on_counts(keys, tmp_path):
    assert digest_with(tmp_path, **keys) != digest_with(tmp_path)


def test_a_default_that_is_written_out_does_not_count(tmp_path):
    written = {"model": {"class_name": "mlp", "config": {"units": [128]}}, "training": {"epochs": 10}}
    assert digest_with(tmp_path, **written) == digest_with(tmp_path)


def test_two_values_that_are_swapped_count(tmp_path):
    swapped = {"class_name": "Adam", "config": {"learning_rate": 0.9, "beta_1": 0.01}}
    assert digest_with(tmp_path, optimizer=swapped) != digest_with(tmp_path)


def test_the_order_of_augmentations_counts(tmp_path):
    zoom, flip = {"class_name": "zoom"}, {"class_name": "horizontal_flip"}
    assert digest_with(tmp_path, augmentation=[zoom, flip]) != digest_with(tmp_path, augmentation=[flip, zoom])


def test_the_experiment_whose_weights_one_starts_from_counts(tmp_path):
    def heir(epochs: int) -> str:
        start = {**ENTRY, "training": {"epochs": epochs}}
        heir = {**ENTRY, "initial_weights": "start"}
        (tmp_path / "f.yaml").write_text(json.dumps({"document": "d", "experiments": {"start": start, "heir": heir}}))
        found = resolve({"experiment_files": ["f.yaml"]}, tmp_path)
        return digest_of(found["heir"], found)

    assert heir(1) != heir(2)


# The source that a training uses.

MLP = {"model": {"class_name": "mlp"}, "augmentation": [], "copies": None, "backend": "tensorflow"}
CNN = MLP | {"model": {"class_name": "small_cnn"}}
ZOOMED = MLP | {"augmentation": [{"class_name": "zoom"}]}
COPIED = MLP | {"copies": {"number": 1, "operations": 4}}


@pytest.fixture
def library(tmp_path, monkeypatch) -> Path:
    """A copy of the library that the digests look at."""
    copy = tmp_path / "lookbook"
    shutil.copytree(digests.LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__", "sample"))
    monkeypatch.setattr(digests, "LIBRARY", copy)
    entries = tuple(copy / path.relative_to(Path(digests.__file__).parent) for path in digests.ENTRY_POINTS)
    monkeypatch.setattr(digests, "ENTRY_POINTS", entries)
    forget()
    yield copy
    forget()


def forget() -> None:
    for function in CACHED:
        function.cache_clear()


def changed_by(edit, path: Path) -> list[bool]:
    """Return whether an edit of a file's text changes the source digest of MLP, CNN and ZOOMED."""
    before = [source_digest(spec) for spec in (MLP, CNN, ZOOMED)]
    path.write_text(edit(path.read_text()))
    forget()
    return [old != source_digest(spec) for old, spec in zip(before, (MLP, CNN, ZOOMED), strict=True)]


def with_comments_and_blank_lines(text: str) -> str:
    lines = text.replace("\n\n", "\n\n\n\n").splitlines()
    return "\n".join(line + "  # a comment" if line.rstrip().endswith((")", ":")) else line for line in lines) + "\n"


def without_docstrings(text: str) -> str:
    """Return a text whose docstrings say something else."""
    return text.replace('"""', '"""Otherwise. ', 1)


def with_another_layout(text: str) -> str:
    return text.replace("(input_shape)", "(\n        input_shape,\n    )").replace('"', "'").replace("'''", '"""')


@pytest.mark.parametrize("edit", [with_comments_and_blank_lines, without_docstrings, with_another_layout])
def test_comments_docstrings_and_layout_do_not_count(edit, library):
    path = library / "models" / "mlp.py"
    before = path.read_text()
    assert changed_by(edit, path) == [False, False, False]
    assert path.read_text() != before


def test_a_copy_elsewhere_has_the_same_digest(library):
    copied = source_digest(MLP)
    forget()
    original = Path(digests.__file__).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "LIBRARY", original)
        patch.setattr(digests, "ENTRY_POINTS", (original / "training" / "trial.py",))
        assert source_digest(MLP) == copied
        forget()


def with_other_code(text: str) -> str:
    return text + "\nEXTRA = 1\n"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("models/mlp.py", [True, False, True]),
        ("models/small_cnn.py", [False, True, False]),
        ("models/mini_vgg.py", [False, False, False]),
        ("augmentation/zoom.py", [False, False, True]),
        ("augmentation/_resampling.py", [False, False, True]),
        ("augmentation/mixup.py", [False, False, False]),
        ("models/_layers.py", [True, True, True]),
        ("runtime/trial.py", [True, True, True]),
        ("training/compiled_tensorflow.py", [True, True, True]),
        ("training/compiled_jax.py", [False, False, False]),
        ("training/early_stopping.py", [True, True, True]),
        ("training/material.py", [True, True, True]),
        ("sampling/splits.py", [True, True, True]),
        ("datasets/drawing.py", [True, True, True]),
        ("datasets/balancing.py", [True, True, True]),
        ("streams.py", [True, True, True]),
        ("report/context.py", [False, False, False]),
        ("statistics/summary.py", [False, False, False]),
        ("evaluation/metrics.py", [False, False, False]),
        ("experiments.py", [False, False, False]),
        ("validation.py", [False, False, False]),
        ("progress.py", [False, False, False]),
        ("datasets/__init__.py", [False, False, False]),
        ("datasets/simpsons.py", [False, False, False]),
        ("datasets/growing_batch.py", [False, False, False]),
    ],
)
def test_code_counts_for_those_experiments_whose_training_reaches_it(file, expected, library):
    assert changed_by(with_other_code, library / file) == expected


def test_what_makes_copies_counts_for_those_that_train_on_them(library):
    before = source_digest(COPIED)
    assert changed_by(with_other_code, library / "datasets" / "growing_batch.py") == [False, False, False]
    assert source_digest(COPIED) != before


def test_a_new_model_or_augmentation_file_changes_nothing(library):
    before = source_digest(ZOOMED)
    for folder in ("models", "augmentation"):
        (library / folder / "brand_new.py").write_text("def brand_new():\n    return 1\n")
    forget()
    assert source_digest(ZOOMED) == before


def test_an_import_inside_a_function_counts(library):
    (library / "deep.py").write_text("DEPTH = 1\n")
    late = dedent("""
        def late():
            from lookbook import deep
            return deep
    """)
    changed_by(lambda text: text + late, library / "streams.py")
    assert changed_by(lambda text: text.replace("1", "2"), library / "deep.py") == [True, True, True]
