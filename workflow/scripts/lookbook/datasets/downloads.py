"""Download a file from mirrors, with retries, a checksum and a progress bar."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from lookbook.errors import DatasetError

CHUNK = 1 << 16  # bytes; an interrupted download loses at most this much

log = logging.getLogger(__name__)


def download(
    target: Path, urls: Sequence[str], objection: Callable[[Path], str | None], *, md5: str | None, attempts: int = 3
) -> str:
    """Download a file from the first URL that has it, and return this URL.

    Args:
        target: the file to write; its folder must exist.
        urls: addresses, tried in turn.
        objection: returns why a downloaded file is unusable, or None if it is right.
        md5: of the file. With it, an interrupted download leaves ``<target>.part``, from which the next one resumes;
            None: unknown, so nothing could tell whether a resumed file is whole.
        attempts: number of rounds through the URLs, with a pause before each but the first.

    Raises:
        DatasetError: no URL has it; the message gives each with its reason.
    """
    pooch.get_logger().setLevel(logging.WARNING)  # the progress bar and the final message are enough
    # pooch verifies the checksum and moves the file into place. Its own downloader cannot resume.
    downloader = partial(_resume, target.with_name(f"{target.name}.part")) if md5 else None
    target.unlink(missing_ok=True)  # pooch would keep a file of unknown checksum
    reasons: dict[str, str] = {}
    for attempt in range(attempts):
        time.sleep(attempt)
        for url in urls:
            try:
                pooch.retrieve(
                    url,
                    known_hash=md5 and f"md5:{md5}",
                    fname=target.name,
                    path=target.parent,
                    downloader=downloader,
                    progressbar=True,
                )
            except requests.HTTPError as error:
                status = error.response.status_code if error.response is not None else "unknown"
                reasons[url] = f"HTTP status {status}"
            except requests.RequestException as error:
                reasons[url] = type(error).__name__
            except OSError as error:
                reasons[url] = str(error)
            except ValueError:
                reasons[url] = "wrong checksum"
            else:
                reason = objection(target)
                if reason is None:
                    return url
                target.unlink()
                reasons[url] = reason
            log.warning("%s: %s", url, reasons[url])
    raise DatasetError("; ".join(f"{url}: {reason}" for url, reason in reasons.items()) or "no URL to download from")


def _resume(partial: Path, url: str, output: str, _: object) -> None:
    """Download to ``partial``, resuming if the server supports it, and move the complete file to ``output``."""
    present = partial.stat().st_size if partial.exists() else 0
    # Byte ranges refer to the stored file only if the server does not compress the response.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={present}-"} if present else {})
    with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as response:
        # 416: the server has no bytes after those of the partial file. The checksum tells whether it is complete.
        if response.status_code != requests.codes.requested_range_not_satisfiable:
            response.raise_for_status()
            if response.headers.get("Content-Range", "").startswith(f"bytes {present}-"):
                log.info("Resuming %s at byte %d", url, present)
            else:
                present = 0
            name = url.rsplit("/", 1)[-1]
            total = present + int(response.headers.get("Content-Length", 0))
            with (
                partial.open("ab" if present else "wb") as file,
                # disable=None: no bar if standard error is not a terminal
                tqdm(desc=name, total=total, initial=present, unit="B", unit_scale=True, disable=None) as bar,
            ):
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
    os.replace(partial, output)
