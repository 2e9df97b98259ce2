"""An invalid configuration is refused within seconds, before any job, with the key and the remedy."""

import pytest
import workspace

FILE = "config/experiments/tiny.yaml"


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    return workspace.create(tmp_path_factory.mktemp("refused") / "work")


@pytest.fixture
def work(untrained):
    yield untrained
    untrained.path(FILE).write_text(workspace.TINY)
    untrained.path("config/config.yaml").write_text(workspace.CONFIG)


def refusal(work):
    """Run Snakemake, which must refuse before any job and without a traceback, and return its output."""
    run = work.snakemake("--cores", "1")
    assert run.status != 0
    assert run.cpu_seconds < 5
    assert "Traceback" not in run.output
    assert "rule " not in run.output
    assert not work.path("results").exists()
    return run.output


@pytest.mark.parametrize(
    ("experiment", "keys", "expected"),
    [
        pytest.param("plain", {"optimiser": {}}, ["unknown key 'optimiser'", "optimizer"], id="unknown key"),
        pytest.param("plain", {"model": {"class_name": "mpl"}}, ["model", "'mpl'", "mlp"], id="unknown model"),
        pytest.param("heir", {"base": "plane"}, ["base", "'plane'", "plain"], id="unknown base"),
        pytest.param(
            "plain",
            {"training": {"batch_size": 161}},
            ["training.batch_size: must be at most 160 (the training split); got 161"],
            id="batch larger than the training split",
        ),
    ],
)
def test_an_invalid_experiment_is_refused_with_file_experiment_and_key(work, experiment, keys, expected):
    work.set(experiment, **keys)
    output = refusal(work)
    assert f"{FILE}: {experiment}: " in output
    for words in expected:
        assert words in output


def test_a_cycle_of_bases_is_refused_with_the_cycle(work):
    work.set("plain", base="heir")
    assert f"{FILE}: heir: base: is a cycle (plain -> heir -> plain)" in refusal(work)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("profile:", "profil:", ["unknown key 'profil'", "profile"], id="unknown key"),
        pytest.param("tiny.yaml", "tin.yaml", ["tin.yaml", "experiment_files"], id="missing file"),
    ],
)
def test_an_invalid_config_yaml_is_refused(work, old, new, expected):
    work.replace("config/config.yaml", old, new)
    output = refusal(work)
    for words in expected:
        assert words in output
