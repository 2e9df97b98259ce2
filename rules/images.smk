"""Figures of images: the classes and sizes of a dataset, and what each augmentation does."""

PICTURED_DATASETS = sorted({DATASET_OF[name] for name in COMPETITION})
AUGMENTATIONS = arguments_in_use(EXPERIMENTS[name].spec for name in PLAN)
# Without augmentation in any experiment there are no contact sheets.
SHEETS = sheet_names(AUGMENTATIONS) if AUGMENTATIONS else []
DATASET_FILES = expand(
    figure_file(RESULTS, "datasets", "{{dataset}}", "{name}"), name=DATASET_FIGURES
)
SHEET_FILES = expand(figure_file(RESULTS, "contact_sheets", "{name}"), name=SHEETS)
FIGURES += expand(DATASET_FILES, dataset=PICTURED_DATASETS) + SHEET_FILES


rule plot_dataset:
    input:
        unpack(lambda wildcards: dataset_files(wildcards.dataset)),
    output:
        [
            report(
                file,
                caption="../reports/captions/datasets.rst",
                category="Figures",
                subcategory="Datasets",
                labels={"dataset": "{dataset}", "figure": Path(file).stem.replace("_", " ")},
            )
            for file in DATASET_FILES
        ],
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
        [
            report(
                file,
                caption="../reports/captions/contact_sheets.rst",
                category="Figures",
                subcategory="Augmentations",
                labels={"augmentation": name},
            )
            for name, file in zip(SHEETS, SHEET_FILES)
        ],
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
