"""Figures of images: the classes and sizes of a dataset, and what each augmentation does."""

PICTURED_DATASETS = sorted({EXPERIMENTS[name].spec["dataset"] for name in COMPETITION})
AUGMENTATIONS = arguments_in_use(EXPERIMENTS[name].spec for name in PLAN)
# Without augmentation in any experiment there are no contact sheets.
SHEETS = sheet_names(AUGMENTATIONS) if AUGMENTATIONS else []
FIGURES += [
    figure_file(RESULTS, "datasets", dataset, name)
    for dataset in PICTURED_DATASETS
    for name in DATASET_FIGURES
]
FIGURES += [figure_file(RESULTS, "contact_sheets", name) for name in SHEETS]


rule plot_dataset:
    input:
        lambda wildcards: dataset_files(wildcards.dataset)[1],
        manifest="resources/datasets/{dataset}/manifest.json",
    output:
        report(
            [figure_file(RESULTS, "datasets", "{dataset}", name) for name in DATASET_FIGURES],
            caption="../reports/captions/datasets.rst",
            category="Figures",
            subcategory="Datasets",
        ),
    log:
        f"{RESULTS}/logs/plot_dataset/{{dataset}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("plot_dataset.py"),
        folder=subpath(output[0], parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_dataset.py" --manifest {input.manifest:q}'
        " --output {params.folder:q} > {log:q} 2>&1"


rule plot_contact_sheets:
    output:
        report(
            [figure_file(RESULTS, "contact_sheets", name) for name in SHEETS],
            caption="../reports/captions/contact_sheets.rst",
            category="Figures",
            subcategory="Augmentations",
        ),
    log:
        f"{RESULTS}/logs/plot_contact_sheets.log",
    conda:
        "../envs/training.yaml"
    params:
        arguments=canonical(AUGMENTATIONS),
        code=script_digest("plot_contact_sheets.py", "augmentation"),
        folder=subpath(output[0], parent=True),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_contact_sheets.py" --arguments {params.arguments:q}'
        " --output {params.folder:q} > {log:q} 2>&1"
