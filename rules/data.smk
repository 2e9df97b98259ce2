"""Datasets: the original files, then arrays and a manifest that trials depend on."""

from zipfile import is_zipfile

from lookbook.datasets import FETCHED

COMPETITION_DATASETS = [name for name, info in DATASETS.items() if info.competition]
# Without a path, an archive that is already there is used as it is: the rule would delete it first.
KEPT_ARCHIVES = {
    family
    for family, info in FETCHED.items()
    if not CONFIG["data"][family]["path"]
    and all(is_zipfile(Path("resources/downloads", family, name)) for name in info.originals)
    and workflow.storage_settings.default_storage_provider is None
}
MANIFESTS = sorted({dataset_files(DATASET_OF[name])["manifest"] for name in PLAN})


rule fetch_dataset:
    output:
        "resources/downloads/{family}/{archive}.zip",
    log:
        "logs/fetch_dataset/{family}/{archive}.log",
    wildcard_constraints:
        family="|".join(sorted(FETCHED.keys() - KEPT_ARCHIVES)),
    retries: 2
    conda:
        "../envs/data.yaml"
    params:
        path=lambda wildcards: CONFIG["data"][wildcards.family]["path"] or "",
        folder=subpath(output[0], parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/fetch_dataset.py" {wildcards.family} --path={params.path:q}'
        " --output {params.folder:q} 2>&1 | tee {log:q}"


rule fetch_fashion_mnist:
    output:
        [
            f"resources/downloads/fashion_mnist/{name}"
            for name in DATASETS["fashion_mnist"].originals
        ],
    log:
        "logs/fetch_fashion_mnist.log",
    retries: 2
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(output[0], parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/fetch_dataset.py" fashion_mnist --path="$LOOKBOOK_FASHION_MNIST"'
        " --output {params.folder:q} 2>&1 | tee {log:q}"


rule prepare_dataset:
    input:
        lambda wildcards: [
            f"resources/downloads/{DATASETS[wildcards.dataset].family}/{name}"
            for name in DATASETS[wildcards.dataset].originals
        ],
    output:
        expand("resources/datasets/{{dataset}}/{array}.npy", array=ARRAYS),
        manifest="resources/datasets/{dataset}/manifest.json",
    log:
        "logs/prepare_dataset/{dataset}.log",
    wildcard_constraints:
        dataset="|".join(set(DATASETS) - {*PREPARED, *COMPETITION_DATASETS}),
    # Before any trial, because the trials of other datasets would come first.
    priority: EARLY
    conda:
        "../envs/data.yaml"
    threads: 2
    params:
        folder=subpath(output.manifest, parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/prepare_dataset.py" {wildcards.dataset} --originals {input:q}'
        " --output {params.folder:q} --workers {threads} 2>&1 | tee {log:q}"


# Datasets in the layout of the competition: image sizes differ, and test images have no labels.
use rule prepare_dataset as prepare_competition_dataset with:
    output:
        expand("resources/datasets/{{dataset}}/{array}.npy", array=[*ARRAYS, *COMPETITION_ARRAYS]),
        manifest="resources/datasets/{dataset}/manifest.json",
    wildcard_constraints:
        dataset="|".join(set(COMPETITION_DATASETS) - set(PREPARED)),
