"""Data sets: original files brought here, then arrays and a manifest that trials depend on."""


rule fetch_fashion_mnist:
    output:
        FASHION_MNIST_FILES,
        original="resources/downloads/fashion_mnist/original.txt",
    log:
        "logs/fetch/fashion_mnist.log",
    retries: 2
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(output.original, parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/fetch.py" fashion_mnist --path="$LOOKBOOK_FASHION_MNIST"'
        " --output {params.folder:q} 2>&1 | tee {log:q}"


rule fetch_archive:
    output:
        "resources/downloads/{family}/original.txt",
    log:
        "logs/fetch/{family}.log",
    wildcard_constraints:
        family="simpsons|simpsons_mnist",
    retries: 2
    conda:
        "../envs/data.yaml"
    params:
        path=lambda wildcards: CONFIG["data"][wildcards.family]["path"] or "",
        folder=subpath(output[0], parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/fetch.py" {wildcards.family} --path={params.path:q} --output {params.folder:q}'
        " 2>&1 | tee {log:q}"


rule prepare_dataset:
    input:
        get_originals,
    output:
        expand(f"{DATASETS}/{{{{dataset}}}}/{{array}}.npy", array=ARRAYS),
        manifest=f"{DATASETS}/{{dataset}}/manifest.json",
    log:
        "logs/prepare/{dataset}.log",
    wildcard_constraints:
        dataset="|".join(SOURCES),
    conda:
        "../envs/data.yaml"
    threads: 2
    params:
        source=get_originals_folder,
        folder=subpath(output.manifest, parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/prepare.py" {wildcards.dataset} --source={params.source:q}'
        " --output {params.folder:q} --workers {threads} > {log:q} 2>&1"
