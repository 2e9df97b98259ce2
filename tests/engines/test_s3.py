"""Without a shared file system, jobs exchange their files through an object store, and the results are the same."""

import every_rule
import pytest

moto_server = pytest.importorskip("moto.server", reason="make test-engines installs it")
pytest.importorskip("snakemake_storage_plugin_s3", reason="make test-engines installs it")

BUCKET = "lookbook"


@pytest.fixture(scope="module")
def endpoint():
    """Start an object store on this machine and return its address."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(endpoint):
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=endpoint, **keys)


def download(endpoint, folder):
    """Copy the bucket to a folder."""
    store = client(endpoint)
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", []):
            path = folder / item["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            store.download_file(BUCKET, item["Key"], str(path))


def test_the_results_in_an_object_store_are_those_of_a_local_run(endpoint, local, devices, tmp_path):
    client(endpoint).create_bucket(Bucket=BUCKET)
    storage = ["--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{BUCKET}"]
    storage += ["--storage-s3-endpoint-url", endpoint]
    keys = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test"}
    stored = every_rule.run(tmp_path / "stored", *devices, *storage, *every_rule.STORAGE, **keys)
    assert not stored.path("results").exists()
    download(endpoint, tmp_path / "bucket")

    assert every_rule.files_in(tmp_path / "bucket" / "results") == every_rule.files_in(local.path("results"))
    assert every_rule.differing(tmp_path / "bucket" / "results", local.path("results")) == []

    again = stored.snakemake(
        "--cores", "1", *devices, *storage, *every_rule.STORAGE, environment=every_rule.environment(**keys)
    )
    assert again.status == 0, again.output
    assert "Nothing to be done" in again.output
