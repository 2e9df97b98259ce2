"""Simpsons, 42 classes: the images of the Kaggle competition journey-springfield, see ``competition_layout``.

20,933 labeled images of mixed sizes, and 991 images without labels, for which a submission gives the classes.

The workflow asks this module at every parse whether the images are available, so it imports what needs NumPy and
Pillow only in the functions that read images.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lookbook.datasets import DATASETS
from lookbook.datasets.archives import Files, copy_archive, only_path
from lookbook.errors import ConfigError, DatasetError

COMPETITION = "journey-springfield"
ARCHIVE = DATASETS["simpsons"].originals[0]
CONFIG_KEY = "data.simpsons.path"
SOURCE = f"Kaggle competition {COMPETITION}"
REMEDY = (
    f"download the data of https://www.kaggle.com/competitions/{COMPETITION} and set {CONFIG_KEY} "
    "to the zip archive or the unpacked folder; or install the Kaggle client (pip install kaggle) "
    "and give it credentials (~/.kaggle/kaggle.json, or the variables KAGGLE_USERNAME and KAGGLE_KEY)"
)
CREDENTIALS = ("kaggle.json", "access_token", "credentials.json")  # files that the client reads to log in
# fmt: off
CLASSES = (
    "abraham_grampa_simpson", "agnes_skinner", "apu_nahasapeemapetilon", "barney_gumble", "bart_simpson",
    "carl_carlson", "charles_montgomery_burns", "chief_wiggum", "cletus_spuckler", "comic_book_guy",
    "disco_stu", "edna_krabappel", "fat_tony", "gil", "groundskeeper_willie", "homer_simpson",
    "kent_brockman", "krusty_the_clown", "lenny_leonard", "lionel_hutz", "lisa_simpson", "maggie_simpson",
    "marge_simpson", "martin_prince", "mayor_quimby", "milhouse_van_houten", "miss_hoover", "moe_szyslak",
    "ned_flanders", "nelson_muntz", "otto_mann", "patty_bouvier", "principal_skinner",
    "professor_john_frink", "rainier_wolfcastle", "ralph_wiggum", "selma_bouvier", "sideshow_bob",
    "sideshow_mel", "snake_jailbird", "troy_mcclure", "waylon_smithers",
)
# fmt: on


def unavailable_reason(path: str | None, downloads: Path) -> str | None:
    """Return why the images are unavailable, with the remedy, or None if they are available.

    This only tests whether the files exist, because every job of a cluster calls it; ``fetch`` checks the contents.

    Args:
        path: the config's ``data.simpsons.path``: a folder or zip archive; None or "" if it is not set.
        downloads: the folder in which an earlier run may have left the archive.

    Raises:
        ConfigError: ``path`` is set to something that is neither a folder nor a zip archive.
    """
    if path:
        where = Path(path).expanduser()
        if where.is_dir() or zipfile.is_zipfile(where):
            return None
        state = "is not a zip archive" if where.exists() else "does not exist"
        raise ConfigError(f"{CONFIG_KEY}: {path} {state}; set it to the zip archive or the unpacked folder, or to null")
    if zipfile.is_zipfile(downloads / ARCHIVE):
        return None
    if not _has_credentials():
        return f"the images need a Kaggle account, and neither a path nor credentials are given: {REMEDY}"
    if _client() is None:
        return f"there are Kaggle credentials, but the Kaggle client is not installed: {REMEDY}"
    return None


def _has_credentials() -> bool:
    """Return whether the Kaggle client has what it needs to log in; its files are not read."""
    environment = os.environ
    if environment.get("KAGGLE_API_TOKEN") or (environment.get("KAGGLE_USERNAME") and environment.get("KAGGLE_KEY")):
        return True
    chosen, xdg = environment.get("KAGGLE_CONFIG_DIR"), environment.get("XDG_CONFIG_HOME") or "~/.config"
    folders = [chosen] if chosen else ["~/.kaggle", f"{xdg}/kaggle"]
    return any((Path(folder).expanduser() / file).is_file() for folder in folders for file in CREDENTIALS)


def _client() -> str | None:
    # First beside the running Python, because its environment may not be activated.
    return shutil.which("kaggle", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def fetch(destination: Path, *, path: str | None = None) -> str:
    """Leave the competition's data as one zip archive, ``ARCHIVE``, in a folder.

    The images of a folder ``path`` are stored in the archive; a zip archive is copied. Without ``path``, an archive in
    ``destination`` is used, otherwise the Kaggle client downloads it.
    """
    if path:
        try:
            copy_archive(Path(path).expanduser(), destination / ARCHIVE, _competition_files)
        except DatasetError as error:
            raise DatasetError(f"{CONFIG_KEY}: {error}; or {REMEDY}") from None
        return f"{CONFIG_KEY} ({path})"
    if not zipfile.is_zipfile(destination / ARCHIVE):
        _download(destination)
    return SOURCE


def _competition_files(files: Files) -> list[str]:
    from lookbook.datasets.competition_layout import class_files, submission_files

    members = class_files(files, CLASSES).values()
    return [*(name for names in members for name in names), *submission_files(files)]


def _download(folder: Path) -> None:
    client = _client()
    if client is None:
        raise DatasetError(f"the Kaggle client is not installed: {REMEDY}")
    folder.mkdir(parents=True, exist_ok=True)
    command = [client, "competitions", "download", "-c", COMPETITION, "-p", str(folder)]
    # The client writes its progress bar to standard error, which is not captured.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode or not zipfile.is_zipfile(folder / ARCHIVE):
        raise DatasetError(
            f"the Kaggle client did not download {COMPETITION} (exit status {done.returncode}): "
            f"{done.stdout.strip()[-500:]}\nAccept the rules on the competition's page first; or {REMEDY}"
        )


def prepare(name: str, output: Path, originals: Sequence[Path] = (), *, workers: int = 1) -> dict[str, Any]:
    """Write a prepared dataset from one zip archive or folder in the competition's layout, see ``prepare_layout``."""
    from lookbook.datasets.competition_layout import prepare_layout

    path, size = only_path(name, originals, REMEDY), DATASETS[name].shape[0]
    return prepare_layout(path, output, name=name, classes=CLASSES, origin=SOURCE, size=size, workers=workers)
