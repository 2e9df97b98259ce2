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
        pytest.param(
            "profile:",
            "seed: 1\nseed: 2\nprofile:",
            ["config/config.yaml, line 3: 'seed' is given twice"],
            id="duplicate",
        ),
        pytest.param("profile:", "results: 2020-01-01\nprofile:", ["line 2", "not a date"], id="date"),
        pytest.param("profile:", "results: config\nprofile:", ["results: config has other files"], id="results"),
        pytest.param(
            "profile:", f"seed: {'9' * 5000}\nprofile:", ["line 2: seed: is a number of more"], id="long number"
        ),
    ],
)
def test_an_invalid_config_yaml_is_refused(work, old, new, expected):
    work.replace("config/config.yaml", old, new)
    output = refusal(work)
    for words in expected:
        assert words in output


def test_a_wrong_published_value_is_refused_with_its_line(work):
    before = work.path("config/published.csv").read_text()
    try:
        work.replace("config/published.csv", "0.123", "12.3")
        assert "config/published.csv, line 2: mean: must be a share of 1" in refusal(work)
    finally:
        work.path("config/published.csv").write_text(before)


def test_duplicate_keys_in_a_configuration_file_of_the_command_line_are_refused(work):
    work.path("mine.yaml").write_text("seed: 1\nseed: 2\n")
    run = work.snakemake("--cores", "1", "--configfile", "mine.yaml")
    assert run.status != 0
    assert "mine.yaml, line 2: 'seed' is given twice" in run.output
    assert "Traceback" not in run.output
