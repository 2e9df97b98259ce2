"""Find the library, and read the configuration files strictly before Snakemake reads them."""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Relative to the working directory, so that the results of a moved checkout stay up to date.
ROOT = Path(os.path.relpath(Path(str(workflow.current_basedir)).parent))
SCRIPTS = (ROOT / "workflow" / "scripts").resolve()
if str(SCRIPTS) not in sys.path:
    sys.path.insert(0, str(SCRIPTS))

from lookbook.config.strict_yaml import read_yaml
from lookbook.errors import ConfigError

# Snakemake keeps the last of two equal keys without a message. It has read the files of `--configfile` already.
for file in ("config/config.yaml", *workflow.overwrite_configfiles):
    if Path(file).is_file():
        try:
            read_yaml(Path(file), "the path")
        except ConfigError as error:
            raise WorkflowError(str(error)) from None


configfile: "config/config.yaml"
