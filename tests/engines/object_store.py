"""An S3 object store on this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

BUCKET = "lookbook"
KEYS = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test"}


@dataclass(frozen=True)
class ObjectStore:
    """A running store with an empty bucket."""

    client: Any
    endpoint: str

    @property
    def options(self) -> list[str]:
        """The options with which Snakemake keeps all files in the bucket."""
        prefix = ["--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{BUCKET}"]
        return [*prefix, "--storage-s3-endpoint-url", self.endpoint]

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        return self.client.get_object(Bucket=BUCKET, Key=name)["Body"].read()

    def names(self) -> set[str]:
        """Return the names of all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def download(self, folder: Path) -> None:
        """Copy all objects to a folder."""
        for name in self.names():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self.client.download_file(BUCKET, name, str(path))


@contextmanager
def serve() -> Iterator[ObjectStore]:
    """Start a store; it ends with the block."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # The objects of an earlier server of this process are still there.
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    keys: Mapping[str, str] = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket=BUCKET)
    try:
        yield ObjectStore(client, endpoint)
    finally:
        server.stop()
