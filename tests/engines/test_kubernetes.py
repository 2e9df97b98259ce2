"""The Kubernetes profile sends complete jobs, and these train a trial from what they fetch, also if a node is lost."""

import io
import json
import os
import re
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import kubernetes_stub
import object_store
import pytest
import workspace
from kubernetes_stub import Cluster
from object_store import KEYS, ObjectStore
from running import LONG
from workspace import Workspace

for plugin in ("snakemake_executor_plugin_kubernetes", "snakemake_storage_plugin_s3", "moto.server"):
    pytest.importorskip(plugin, reason="the engines need their own environment: make test-engines")

IMAGE = "registry.example/lookbook:1"
CHECKS = ("--seconds-between-status-checks", "1", "--kubernetes-namespace", "experiments", "--container-image", IMAGE)
EPOCHS = 20


@dataclass(frozen=True)
class Finished:
    """A benchmark of one trial whose first node was lost after an epoch."""

    work: Workspace
    store: ObjectStore
    cluster: Cluster
    checkpoints: Path
    sources: set[str]
    output: str


def call(store: ObjectStore, kubeconfig: Path, *options: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and environment of a run with the profile."""
    command = workspace.command("--profile", "profiles/kubernetes", *store.options, *CHECKS, *options)
    return command, os.environ | KEYS | {"KUBECONFIG": str(kubeconfig)}


def wait_until(condition, process, cluster):
    limit = time.monotonic() + 300
    while not (found := condition()):
        assert process.poll() is None, f"{process.communicate()[0]}\n{cluster.output()}"
        assert time.monotonic() < limit, cluster.output()
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kubernetes")
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir()
    config = f"{workspace.CONFIG.replace('trials: 2', 'trials: 1')}checkpoints: {checkpoints}\n"
    work = workspace.create(folder / "work", LONG.replace("epochs: 8", f"epochs: {EPOCHS}"), config)
    # The sources that jobs get are the files that git knows.
    for command in ("init", "add ."):
        subprocess.run(["git", *command.split()], cwd=work.folder, check=True, capture_output=True)

    with object_store.serve() as store, kubernetes_stub.cluster(folder / "cluster") as (cluster, kubeconfig):
        volume = ("--kubernetes-persistent-volumes", f"checkpoints:{checkpoints}")
        command, environment = call(store, kubeconfig, *volume, "--until", "evaluate_trial")
        with (folder / "output.txt").open("w+") as output:
            process = subprocess.Popen(command, cwd=work.folder, env=environment, stdout=output, stderr=output)
            try:
                wait_until(lambda: any(checkpoints.glob("*.npz")), process, cluster)
                (archive,) = [name for name in store.names() if name.endswith(".tar.xz")]
                with tarfile.open(fileobj=io.BytesIO(store.read(archive))) as sources:
                    names = set(sources.getnames())
                cluster.lose(cluster.jobs_of("train_trial")[0])
                status = process.wait(300)
            finally:
                process.kill()
            output.seek(0)
            text = output.read()
        assert status == 0, f"{text}\n{cluster.output()}"
        yield Finished(work, store, cluster, checkpoints, names, text)


def test_jobs_get_every_source_file(finished):
    expected = {str(path.relative_to(finished.work.folder)) for path in finished.work.source_files()}
    assert expected <= finished.sources


def test_every_job_has_the_image_the_namespace_its_command_and_its_credentials(finished):
    assert {request.split("/")[-2] for request in finished.cluster.requests if "POST" in request} == {"experiments"}
    for name in finished.cluster.jobs:
        container = finished.cluster.container(name)
        assert container["image"] == IMAGE
        assert container["command"] == ["/bin/sh"]
        assert "--deploy-sources s3://lookbook/snakemake-workflow-sources." in container["args"][1]
        assert "--snakefile 'Snakefile' " in container["args"][1]
        assert "--mode 'remote'" in container["args"][1]
        # Credentials are in a secret, never in the manifest.
        assert set(KEYS) <= {variable["name"] for variable in container["env"]}
        assert all("value" not in variable for variable in container["env"])
    assert len(finished.cluster.secrets) == 1
    assert any(request.startswith("DELETE") and "/secrets/" in request for request in finished.cluster.requests)


def test_the_settings_of_the_profile_reach_the_training_job(finished):
    (name, *_) = finished.cluster.jobs_of("train_trial")
    resources = finished.cluster.container(name)["resources"]
    # Kubernetes refuses a request of GPUs without an equal limit.
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "1"
    assert resources["requests"]["cpu"] == "1900m"
    assert resources["limits"]["cpu"] == "2000m"
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == "3000M"
    (toleration,) = finished.cluster.jobs[name]["spec"]["template"]["spec"]["tolerations"]
    assert toleration["key"] == "nvidia.com/gpu"


def test_the_volume_of_checkpoints_is_mounted_in_every_job(finished):
    for name in finished.cluster.jobs:
        mounts = finished.cluster.container(name)["volumeMounts"]
        assert {"name": "checkpoints", "mountPath": str(finished.checkpoints)} in mounts
        volumes = finished.cluster.jobs[name]["spec"]["template"]["spec"]["volumes"]
        assert {"name": "checkpoints", "persistentVolumeClaim": {"claimName": "checkpoints"}} in volumes


def test_other_jobs_request_no_gpu(finished):
    for rule in ("prepare_dataset", "evaluate_trial"):
        (name,) = finished.cluster.jobs_of(rule)
        requests = finished.cluster.container(name)["resources"]["requests"]
        assert "nvidia.com/gpu" not in requests
        assert requests["memory"] == "4000M"


def test_a_trial_whose_node_is_lost_resumes_and_its_checkpoint_is_removed(finished):
    assert len(finished.cluster.jobs_of("train_trial")) == 2
    log = finished.store.read("results/logs/train_trial/long/0.log").decode()
    resumed = int(re.search(r"resuming after epoch (\d+)", log)[1])
    assert 1 <= resumed < EPOCHS
    assert f"epoch {resumed + 1}/{EPOCHS}" in log
    assert list(finished.checkpoints.iterdir()) == []
    trial = json.loads(finished.store.read("results/trials/long/0/trial.json"))
    assert (trial["status"], trial["epochs"]) == ("ok", EPOCHS)
    assert "results/trials/long/0/metrics.json" in finished.store.names()
    assert not finished.work.path("results").exists()


def test_a_dry_run_plans_the_rest(finished):
    command, environment = call(finished.store, finished.cluster.folder / "kubeconfig", "--dry-run")
    done = subprocess.run(
        command, cwd=finished.work.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "rule render_report:" in done.stdout
    assert "rule train_trial:" not in done.stdout
