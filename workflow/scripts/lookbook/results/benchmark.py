"""experiments.json, and its part plan.json: what a benchmark consists of, as its other files are made from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookbook.errors import ResultError
from lookbook.results.paths import trial_file
from lookbook.results.reading import read_json, write_json


@dataclass(frozen=True)
class PlannedTrial:
    """One trial of a benchmark.

    Attributes:
        experiment: the experiment's name.
        trial: zero-based number.
        spec_digest: SHA-256 of the trial specification that its result files must state.
        results: the folder of the benchmark's results.
    """

    experiment: str
    trial: int
    spec_digest: str
    results: Path

    def file(self, name: str) -> Path:
        """Return the path of one of the trial's files, such as ``trial.json``."""
        return Path(trial_file(self.results, self.experiment, self.trial, name))


@dataclass(frozen=True)
class Benchmark:
    """The content of experiments.json or, with fewer keys, of plan.json.

    Attributes:
        results: the folder that holds the file, and with it every other result file.
        profile: the budgets, see ``profile`` in config/schemas/config.schema.yaml.
        provenance: ``git_commit`` and ``command``.
        claims: what the documents claim, see ``config.claims.claims_of``; empty in plan.json.
        experiments: name to what the report shows of an experiment, with ``trials``, ``trial_digests`` and ``spec``.
        config: the resolved configuration; empty in plan.json.
    """

    results: Path
    profile: Mapping[str, Any]
    provenance: Mapping[str, Any]
    experiments: Mapping[str, Mapping[str, Any]]
    claims: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] = field(default_factory=dict)

    def trials(self, names: Sequence[str] | None = None) -> Iterator[PlannedTrial]:
        """Yield every trial of the named experiments, or of all, in their order.

        Raises:
            ResultError: the benchmark has no experiment of such a name.
        """
        for name in self.experiments if names is None else names:
            if name not in self.experiments:
                raise ResultError(f"{self.results}/experiments.json has no experiment {name}; check the name")
            for trial, spec_digest in enumerate(self.experiments[name]["trial_digests"]):
                yield PlannedTrial(name, trial, spec_digest, self.results)


def write_benchmark(path: Path, content: Mapping[str, Any]) -> None:
    """Write experiments.json, or plan.json, which has neither ``config`` nor ``claims``."""
    write_json(path, content)


def read_benchmark(path: Path) -> Benchmark:
    """Read experiments.json or plan.json.

    Raises:
        ResultError: the file is missing or damaged.
    """
    content = read_json(path, "profile", "provenance", "experiments")
    return Benchmark(
        path.parent,
        content["profile"],
        content["provenance"],
        content["experiments"],
        claims=content.get("claims", ()),
        config=content.get("config", {}),
    )
