"""Lookbook: image-classification experiments, trained, compared and reported reproducibly.

snakemake --cores 8 --resources gpu=1                      the full benchmark
snakemake --cores 2 --configfile config/quick.yaml         the quick one
snakemake -n                                               what would be done
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "reports/captions/workflow.rst"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/statistics.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


# A whole cluster may train at once; only the GPU of this machine is shared out by `--resources gpu=1`.
resource_scopes:
    gpu="local",


rule all:
    default_target: True
    input:
        f"{RESULTS}/report/report.md",
        f"{RESULTS}/report/report.html",
    localrule: True
