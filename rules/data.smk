"""Data sets: original files brought here, then arrays and a manifest that trials depend on."""

FASHION_MNIST_FILES = expand(
    "resources/downloads/fashion_mnist/{part}-ubyte.gz",
    part=["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"],
)
ARRAYS = ["train_images", "train_labels", "test_images", "test_labels"]


rule fetch_fashion_mnist:
    output:
        FASHION_MNIST_FILES,
    log:
        "logs/fetch/fashion_mnist.log",
    retries: 2
    conda:
        "../envs/data.yaml"
    params:
        path=CONFIG["data"]["fashion_mnist"]["path"] or "",
        folder=subpath(output[0], parent=True),
    shell:
        "python $LOOKBOOK_SCRIPTS/fetch.py fashion_mnist --path={params.path:q} --output {params.folder:q} 2>&1 | tee {log:q}"


rule prepare_fashion_mnist:
    input:
        ancient(FASHION_MNIST_FILES),
    output:
        expand(f"{DATASETS}/fashion_mnist/{{array}}.npy", array=ARRAYS),
        manifest=f"{DATASETS}/fashion_mnist/manifest.json",
    log:
        "logs/prepare/fashion_mnist.log",
    conda:
        "../envs/data.yaml"
    params:
        source=subpath(input[0], parent=True),
        folder=subpath(output.manifest, parent=True),
    shell:
        "python $LOOKBOOK_SCRIPTS/prepare.py fashion_mnist --source {params.source:q} --output {params.folder:q} > {log:q} 2>&1"


rule prepare_sample:
    output:
        expand(f"{DATASETS}/sample/{{array}}.npy", array=ARRAYS),
        manifest=f"{DATASETS}/sample/manifest.json",
    log:
        "logs/prepare/sample.log",
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(output.manifest, parent=True),
    shell:
        "python $LOOKBOOK_SCRIPTS/prepare.py sample --output {params.folder:q} > {log:q} 2>&1"
