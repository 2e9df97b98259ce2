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
        'python "$LOOKBOOK_SCRIPTS/fetch_dataset.py" fashion_mnist --path="$LOOKBOOK_FASHION_MNIST"'
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
        'python "$LOOKBOOK_SCRIPTS/fetch_dataset.py" {wildcards.family} --path={params.path:q} --output {params.folder:q}'
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
        dataset="|".join(name for name in SOURCES if name not in KEPT),
    conda:
        "../envs/data.yaml"
    threads: 2
    params:
        source=get_originals_folder,
        folder=subpath(output.manifest, parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/prepare_dataset.py" {wildcards.dataset} --source={params.source:q}'
        " --output {params.folder:q} --workers {threads} 2>&1 | tee {log:q}"


rule make_copies:
    input:
        get_dataset_arrays,
        manifest=get_dataset,
    output:
        # Gigabytes in all, and made again within a minute.
        temp(expand(f"{COPIES.replace('{', '{{').replace('}', '}}')}/{{array}}.npy", array=COPIED)),
        manifest=temp(f"{COPIES}/manifest.json"),
    log:
        f"{RESULTS}/logs/copies/{{experiment}}/{{trial}}.log",
    conda:
        "../envs/data.yaml"
    threads: 2
    params:
        copies=lambda wildcards: EXPERIMENTS[wildcards.experiment].spec["copies"]["number"],
        operations=lambda wildcards: EXPERIMENTS[wildcards.experiment].spec["copies"]["operations"],
        seed=lambda wildcards: CONFIG["seed"] + int(wildcards.trial),
        folder=subpath(output.manifest, parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/copies.py" --dataset "$(dirname {input.manifest:q})" --copies {params.copies}'
        " --operations {params.operations} --seed {params.seed} --output {params.folder:q} --processes {threads}"
        " 2>&1 | tee {log:q}"


rule plot_dataset:
    input:
        f"{DATASETS}/{{dataset}}/manifest.json",
    output:
        report(
            expand(
                f"{RESULTS}/figures/datasets/{{{{dataset}}}}/{{figure}}.svg",
                figure=["class_counts", "image_sizes"],
            ),
            caption="../reports/captions/datasets.rst",
            category="Figures",
            subcategory="Data sets",
        ),
    log:
        f"{RESULTS}/logs/plot_dataset/{{dataset}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        folder=subpath(output[0], parent=True),
        source=script_digest("plot_dataset.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_dataset.py" --dataset "$(dirname {input:q})"'
        " --output {params.folder:q} > {log:q} 2>&1"
