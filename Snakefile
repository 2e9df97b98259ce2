"""Lookbook: image-classification experiments, trained, compared and reported reproducibly.

snakemake --cores 8 --resources gpu=1                      the full benchmark
snakemake --cores 2 --configfile config/quick.yaml         the quick benchmark
snakemake -n                                               the jobs that would run
"""

from snakemake.utils import min_version

min_version("9.0")


report: "reports/captions/workflow.rst"


include: "rules/configuration.smk"
include: "rules/common.smk"
include: "rules/experiments.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/statistics.smk"
include: "rules/histories.smk"
include: "rules/documents.smk"
include: "rules/figures.smk"
include: "rules/predictions.smk"
include: "rules/images.smk"
include: "rules/report.smk"


# Cluster jobs may all use a GPU at the same time; `--resources gpu=1` limits the jobs of this machine only.
resource_scopes:
    gpu="local",


# Snakemake remakes a missing file only where a target needs it. So the results of every rule are targets, and the next
# run makes what a failed or killed job left missing. Snakemake deletes all outputs of such a job: one file of each tells.
rule all:
    default_target: True
    input:
        MANIFESTS,
        trial_files(["trial.json", "metrics.json"], PLAN),
        EXPERIMENTS_JSON,
        PLAN_JSON,
        list(TABLES.values()),
        FIGURES,
        SUBMISSIONS,
        f"{RESULTS}/report/report.md",
        f"{RESULTS}/report/report.html",
    localrule: True
