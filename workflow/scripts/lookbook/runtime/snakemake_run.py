"""What a run of the workflow does besides its jobs: environment of the jobs, locks, progress, garbage collection.

``prepare_run`` is the only function in the rules that has side effects. Tested with Snakemake 9.27.1.
"""

import atexit
import gc
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snakemake.settings.types import DeploymentMethod
from snakemake.shell import shell

from lookbook.config.digests import canonical
from lookbook.runtime.locks import remove_stale_locks
from lookbook.runtime.progress import follow

# Planning 10,000 trials creates millions of objects that live until the end. Searching them for garbage takes a sixth
# of the planning time, and Python's last search at exit a fifth.
GARBAGE_THRESHOLD = 10_000_000


def prepare_run(workflow: Any, config: Mapping[str, Any], scripts: Path) -> None:
    """Prepare this process for running the workflow; called once, when the Snakefile is parsed.

    Args:
        workflow: Snakemake's workflow.
        config: the resolved configuration.
        scripts: absolute path of workflow/scripts.
    """
    gc.set_threshold(GARBAGE_THRESHOLD)
    atexit.register(gc.freeze)
    # Snakemake formats the prefix with the job's command, so braces in it are doubled.
    shell.prefix(job_environment(workflow, config, scripts).replace("{", "{{").replace("}", "}}"))
    # The report states the command that the user gave. Jobs inherit it, because it is set only once.
    os.environ.setdefault("LOOKBOOK_COMMAND", shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))
    if workflow.is_main_process:
        if not workflow.dryrun:
            # Only a run that executes jobs takes the lock: a dry run must neither wait for one nor unlock it.
            remove_stale_locks()
        follow(workflow)


def job_environment(workflow: Any, config: Mapping[str, Any], scripts: Path) -> str:
    """Return the shell commands that precede every job's own.

    These values are not rule parameters, because a change of them must not rerun jobs: the place of the scripts, the
    configuration of a job whose parameter is what follows from it, the number of trials that share a GPU, and the
    folder of the Fashion-MNIST files, whose contents are verified.
    """
    variables = {
        "LOOKBOOK_SCRIPTS": str(scripts),
        "LOOKBOOK_CONFIG": canonical(config),
        "LOOKBOOK_SLOTS_PER_GPU": str(config["devices"]["slots_per_gpu"]),
        "LOOKBOOK_FASHION_MNIST": config["data"]["fashion_mnist"]["path"] or "",
    }
    commands = [f"export {name}={shlex.quote(value)};" for name, value in variables.items()]
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        # Jobs use the Python that runs Snakemake, whether its environment is activated or not.
        commands.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH;")
    return " ".join([*commands, ""])
