"""An edit of a file changes the code digests of exactly the experiments that run it."""

import shutil
from pathlib import Path

import pytest
from small_trials import tiny_spec

from lookbook.config import digests
from lookbook.config.digests import code_digest, reachable, training_files, unused_files

ONE_CYCLE = {"initial_learning_rate": 1e-3, "maximal_learning_rate": 1e-2, "final_learning_rate": 1e-4}
SPECS = {
    "mlp": tiny_spec(),
    "cnn": tiny_spec(model={"class_name": "small_cnn", "config": {}}),
    "zoom": tiny_spec(augmentation=[{"class_name": "zoom", "config": {}}]),
    "copies": tiny_spec(augmented_copies=2, augmentation=[{"class_name": "one_of_k", "config": {"k": 4}}]),
    "keras_layer": tiny_spec(augmentation=[{"class_name": "RandomFlip", "config": {}}]),
    "balanced": tiny_spec(sampling={"per_class": 5}),
    "stopping": tiny_spec(training={"batch_size": 4, "early_stopping": {"patience": 1}}),
    "averaging": tiny_spec(training={"batch_size": 4, "weight_averaging": {"start_epoch": 1}}),
    "one_cycle": tiny_spec(
        optimizer={"class_name": "SGD", "config": {"learning_rate": {"class_name": "OneCycle", "config": ONE_CYCLE}}}
    ),
    "test_time": tiny_spec(evaluation={"average_over": ["identity", "horizontal_flip"]}),
    "jax": tiny_spec(backend="jax"),
}
ALL = set(SPECS)
COMPUTATION = ("models", "augmentation", "sampling", "training")
# An edit of these files changes the digests of these experiments.
EDITS = {
    "models/mlp.py": ALL - {"cnn"},
    "models/small_cnn.py": {"cnn"},
    "models/_layers.py": ALL,
    "augmentation/zoom.py": {"zoom"},
    "augmentation/_resampling.py": {"zoom", "copies"},
    "augmentation/one_of_k.py": {"copies"},
    "augmentation/rotation.py": {"copies"},
    "sampling/splits.py": ALL,
    "sampling/rows.py": ALL,
    "sampling/streams.py": ALL,
    "sampling/balancing.py": {"balanced"},
    "training/setup.py": ALL,
    "training/fit.py": ALL,
    "training/trial_data.py": ALL,
    "training/precision.py": ALL,
    "training/optimizers.py": ALL,
    "training/compiled.py": ALL,
    "training/compiled_tensorflow.py": ALL - {"jax"},
    "training/fast_layers.py": ALL - {"jax"},
    "training/compiled_jax.py": {"jax"},
    "training/early_stopping.py": {"stopping"},
    "training/averaging.py": {"averaging"},
    "training/schedules.py": {"one_cycle"},
    "training/test_time_augmentation.py": {"test_time"},
}


@pytest.fixture
def library(tmp_path, monkeypatch) -> Path:
    """A copy of the library, from which digests are computed."""
    copy = tmp_path / "lookbook"
    shutil.copytree(digests.LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__", "sample"))
    monkeypatch.setattr(digests, "LIBRARY", copy)
    forget()
    yield copy
    forget()


def forget() -> None:
    for function in (digests._digest_of, digests._imports, digests._code, digests._code_text):
        function.cache_clear()


def changed_by(edit, path: Path) -> set[str]:
    """Return the experiments whose code digest an edit of a file's text changes."""
    before = {name: code_digest(spec) for name, spec in SPECS.items()}
    path.write_text(edit(path.read_text()))
    forget()
    return {name for name, spec in SPECS.items() if before[name] != code_digest(spec)}


def with_other_code(text: str) -> str:
    return text + "\nEXTRA = 1\n"


def test_an_edit_outside_the_computation_of_a_training_changes_no_digest(library):
    outside = {path for path in library.rglob("*.py") if path.parent.name not in COMPUTATION} - {
        library / "__init__.py"
    }
    before = {name: code_digest(spec) for name, spec in SPECS.items()}
    for path in (*outside, library / "models/mini_vgg.py", library / "augmentation/mixup.py"):
        path.write_text(with_other_code(path.read_text()))
    forget()
    assert {name: code_digest(spec) for name, spec in SPECS.items()} == before


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_changes_the_digests_of_the_experiments_that_run_the_file(file, library):
    assert changed_by(with_other_code, library / file) == EDITS[file]


def test_every_file_of_a_training_is_in_the_table(library):
    reached = set().union(*(reachable(training_files(spec), unused_files(spec)) for spec in SPECS.values()))
    named = {path.relative_to(library).as_posix() for path in reached}
    # A Keras layer has no file of its own.
    assert not any("RandomFlip" in name for name in named)
    assert {name for name in named if name.split("/")[0] not in COMPUTATION} <= {"__init__.py"}
    training = {name for name in named if name.startswith("training/")}
    assert training == {name for name in EDITS if name.startswith("training/")}


def with_comments_and_blank_lines(text: str) -> str:
    lines = text.replace("\n\n", "\n\n\n\n").splitlines()
    return "\n".join(line + "  # a comment" if line.rstrip().endswith((")", ":")) else line for line in lines) + "\n"


def with_another_docstring(text: str) -> str:
    return text.replace('"""', '"""Otherwise. ', 1)


def with_another_layout(text: str) -> str:
    return text.replace("(input_shape)", "(\n        input_shape,\n    )").replace('"', "'").replace("'''", '"""')


def with_an_import_for_types(text: str) -> str:
    block = "from typing import TYPE_CHECKING\n"
    return text.replace(block, block + "if TYPE_CHECKING:\n    from lookbook.report import context\n")


@pytest.mark.parametrize("edit", [with_comments_and_blank_lines, with_another_docstring, with_another_layout])
def test_comments_docstrings_and_layout_do_not_count(edit, library):
    path = library / "models" / "mlp.py"
    before = path.read_text()
    assert changed_by(edit, path) == set()
    assert path.read_text() != before


def test_imports_for_type_checkers_do_not_count(library):
    path = library / "models" / "mlp.py"
    path.write_text("from typing import TYPE_CHECKING\n" + path.read_text())
    forget()
    assert changed_by(with_an_import_for_types, path) == set()
    assert "report" in path.read_text()


def test_a_copy_in_another_folder_has_the_same_digest(library):
    copied = code_digest(SPECS["mlp"])
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "LIBRARY", Path(digests.__file__).parents[1])
        assert code_digest(SPECS["mlp"]) == copied
        forget()


def test_an_import_inside_a_function_counts(library):
    (library / "deep.py").write_text("DEPTH = 1\n")
    late = "\n\ndef late():\n    from lookbook import deep\n    return deep\n"
    changed_by(lambda text: text + late, library / "sampling" / "streams.py")
    assert changed_by(lambda text: text.replace("1", "2"), library / "deep.py") == ALL
