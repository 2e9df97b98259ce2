"""What a run of the workflow does besides its jobs: environment of the jobs, locks, progress, garbage collection.

``prepare_run`` is the only function in the rules that has side effects. Tested with Snakemake 9.27.1.
"""

import atexit
import gc
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.types import DeploymentMethod
from snakemake.shell import shell

from lookbook.config.digests import canonical
from lookbook.processes import start_of
from lookbook.runtime.locks import LockedError, hold_lock
from lookbook.runtime.progress import RULE, follow, print_line

# Planning 10,000 trials creates millions of objects that live until the end. Searching them for garbage takes a sixth
# of the planning time, and Python's last search at exit a fifth.
GARBAGE_THRESHOLD = 10_000_000
RUN_LOCK = Path(".snakemake/lookbook_run.lock")


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
    if workflow.is_main_process:
        # The report states the command that the user gave, and so do remedies in jobs that inherit it.
        os.environ.setdefault("LOOKBOOK_COMMAND", shlex.join(["snakemake", *sys.argv[1:]]))
        end_without_deadlock()
        execute_alone(workflow, follow(workflow, config))


def end_without_deadlock() -> None:
    """Let Snakemake handle SIGTERM in a thread.

    Its handler waits for a lock. In the main thread, which may hold that lock when the signal arrives, it would wait
    without end.
    """
    exit_gracefully = JobScheduler.exit_gracefully

    def exit_in_thread(scheduler: JobScheduler, *arguments: object) -> None:
        threading.Thread(target=exit_gracefully, args=(scheduler, *arguments)).start()

    JobScheduler.exit_gracefully = exit_in_thread


def end_gracefully(workflow: Any) -> None:
    """Let SIGINT have the meaning of SIGTERM in a run of local jobs; called by ``onstart``.

    Snakemake waits for its local jobs either way, but after SIGINT it does not record that they have finished, so that
    the next run starts them from the beginning. Ctrl-C also reaches the jobs, which end and are resumed. The jobs of a
    cluster must be cancelled, which only Snakemake's own handling does.
    """
    if workflow.local_exec:
        signal.signal(signal.SIGINT, workflow.scheduler.exit_gracefully)


def check_experiments(workflow: Any, config: Mapping[str, Any], scripts: Path) -> None:
    """Refuse to start if an experiment that is to be trained cannot be built; called by ``onstart``.

    A process of its own imports Keras. Where Conda provides the environment of the jobs, this one may have no Keras.
    """
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == RULE]
    if not jobs or workflow.touch or DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
        return
    names = sorted({job.wildcards.experiment for job in jobs})
    command = [sys.executable, scripts / "check_experiments.py", "--config-json", canonical(config), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkflowError(
            f"No job has been started, because experiments cannot be built.\n{done.stdout or done.stderr}"
        )


def check_accounting(workflow: Any) -> None:
    """Refuse to submit jobs to a SLURM without accounting if the options need it; called by ``onstart``.

    The plugin (tested: 2.7) would ask ``sacct`` for the states of the jobs and wait for ever.
    """
    if workflow.executor_plugin.name != "slurm":
        return
    settings, needed = workflow.executor_settings, []
    if settings.status_command != "squeue":
        needed.append("--slurm-status-command squeue")
    if not settings.no_account:
        needed.append("--slurm-no-account")
    shown = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=False).stdout
    if needed and re.search(r"^AccountingStorageType\s*=\s*accounting_storage/none", shown, re.MULTILINE):
        raise WorkflowError(f"This SLURM has no accounting, so the states of jobs stay unknown; add {' '.join(needed)}")


def execute_alone(workflow: Any, last: Callable[[], None]) -> None:
    """Make a workflow hold a lock of the working directory while it executes jobs.

    The lock takes the place of Snakemake's own locks, which remain when a run is killed, and all of which are removed
    by the first of several runs that ends. A dry run takes no lock, and ``--nolock`` has its usual meaning. While the
    Snakefile is parsed it is not known yet whether jobs will be executed. ``last`` is called when the process ends.
    """
    execute = workflow.execute

    def execute_locked(*, executor_plugin: Any, **settings: Any) -> Any:
        if executor_plugin.common_settings.dryrun_exec:
            return execute(executor_plugin=executor_plugin, **settings)
        atexit.register(last)
        if not workflow.execution_settings.lock:
            return execute(executor_plugin=executor_plugin, **settings)
        with ExitStack() as held:
            try:
                held.enter_context(hold_lock(RUN_LOCK, wait=False, log=print_line))
            except LockedError as error:
                raise WorkflowError(
                    f"Another run executes jobs in {Path.cwd()}: {error}. Wait until it ends, or use a second checkout."
                ) from None
            except OSError as error:
                raise WorkflowError(f"The working directory cannot be locked by {RUN_LOCK}: {error}") from None
            workflow.execution_settings.lock = False
            held.callback(setattr, workflow.execution_settings, "lock", True)
            return execute(executor_plugin=executor_plugin, **settings)

    workflow.execute = execute_locked


def job_environment(workflow: Any, config: Mapping[str, Any], scripts: Path) -> str:
    """Return the shell commands that precede every job's own.

    These values are not rule parameters, because a change of them must not rerun jobs: this process, whose end ends
    its jobs, the place of the scripts, the configuration of a job whose parameter is what follows from it, the number
    of trials that share a GPU, the folder of the checkpoints, and the folder of the Fashion-MNIST files, whose contents
    are verified.
    """
    variables = {
        # The process that starts the jobs: of a local job the main process, of a cluster job one on its node.
        "LOOKBOOK_PARENT": f"{os.getpid()} {start_of(os.getpid())}",
        "LOOKBOOK_SCRIPTS": str(scripts),
        "LOOKBOOK_CONFIG": canonical(config),
        "LOOKBOOK_SLOTS_PER_GPU": str(config["devices"]["slots_per_gpu"]),
        "LOOKBOOK_CHECKPOINTS": config["checkpoints"] or "",
        "LOOKBOOK_FASHION_MNIST": config["data"]["fashion_mnist"]["path"] or "",
    }
    # A prefix replaces Snakemake's own, which is this option.
    commands = ["set -euo pipefail;"]
    commands += [f"export {name}={shlex.quote(value)};" for name, value in variables.items()]
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        # Jobs use the Python that runs Snakemake, whether its environment is activated or not.
        commands.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH;")
    return " ".join([*commands, ""])
