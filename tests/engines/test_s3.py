"""Without a shared file system, jobs exchange their files through an object store, and the results are the same."""

import every_rule
import object_store
import pytest

for module in ("moto.server", "snakemake_storage_plugin_s3"):
    pytest.importorskip(module, reason="the engines need their own environment: make test-engines")


def test_the_results_in_an_object_store_are_those_of_a_local_run(local, devices, tmp_path):
    with object_store.serve() as store:
        options = (*devices, *store.options, *every_rule.STORAGE)
        stored = every_rule.run(tmp_path / "stored", *options, **object_store.KEYS)
        assert not stored.path("results").exists()
        store.download(tmp_path / "bucket")

        results = tmp_path / "bucket" / "results"
        assert every_rule.files_in(results) == every_rule.files_in(local.path("results"))
        assert every_rule.differing(results, local.path("results")) == []

        environment = every_rule.environment(**object_store.KEYS)
        again = stored.snakemake("--cores", "1", *options, environment=environment)
        assert again.status == 0, again.output
        assert "Nothing to be done" in again.output
