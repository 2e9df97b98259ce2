"""Downloads with retries, resuming and a checksum, from servers on this machine."""

import hashlib
import http.server
import re
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from lookbook.datasets.downloads import CHUNK, download
from lookbook.errors import DatasetError

CONTENT = np.random.default_rng(0).bytes(3 * CHUNK + 10)
MD5 = hashlib.md5(CONTENT).hexdigest()
BREAK = CHUNK + 1000  # bytes sent before the connection is closed; whole chunks are kept
RESUMED = f"bytes={CHUNK}-"


@dataclass
class Mirror:
    """A server's file (None: it has none), its behavior, and the Range headers of its requests."""

    content: bytes | None = CONTENT
    ranges: bool = True
    cut_after: int | None = None
    requests: list = field(default_factory=list)
    url: str = ""


def serve(mirror):
    """Answer GET requests with ``mirror.content``, with the behaviors of different servers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requested = self.headers.get("Range")
            mirror.requests.append(requested)
            if mirror.content is None:
                return self.send_error(404)
            start = int(re.fullmatch(r"bytes=(\d+)-", requested)[1]) if requested and mirror.ranges else 0
            if start >= len(mirror.content):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(mirror.content) - 1}/{len(mirror.content)}")
            self.send_header("Content-Length", str(len(mirror.content) - start))
            self.end_headers()
            cut, mirror.cut_after = mirror.cut_after, None
            self.wfile.write(mirror.content[start : None if cut is None else start + cut])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def mirrors():
    servers = []

    def start(**behavior):
        mirror = Mirror(**behavior)
        servers.append(serve(mirror))
        mirror.url = f"http://127.0.0.1:{servers[-1].server_port}/file"
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def fetch(tmp_path):
    """Download to ``tmp_path / "file"`` and return the URL used and the content of the file."""

    def call(*used, attempts=1, md5=MD5, objection=lambda _: None):
        urls = [mirror if isinstance(mirror, str) else mirror.url for mirror in used]
        url = download(tmp_path / "file", urls, objection, md5=md5, attempts=attempts)
        return url, (tmp_path / "file").read_bytes()

    return call


def test_a_file_is_downloaded_in_one_request_and_nothing_else_is_left(mirrors, fetch, tmp_path):
    mirror = mirrors()
    assert fetch(mirror) == (mirror.url, CONTENT)
    assert mirror.requests == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", None], ids=["corrupt", "missing"])
def test_after_a_corrupt_or_missing_file_the_next_mirror_is_used(mirrors, fetch, content):
    good = mirrors()
    assert fetch(mirrors(content=content), good) == (good.url, CONTENT)


@pytest.mark.parametrize("ranges", [True, False], ids=["resumed", "sent as a whole"])
def test_an_interrupted_download_is_resumed_unless_the_server_ignores_ranges(mirrors, fetch, ranges):
    mirror = mirrors(cut_after=BREAK, ranges=ranges)
    assert fetch(mirror, attempts=2) == (mirror.url, CONTENT)
    assert mirror.requests == [None, RESUMED]


def test_a_partial_file_of_an_earlier_run_is_resumed_from_any_mirror(mirrors, fetch, tmp_path):
    with pytest.raises(DatasetError):
        fetch(mirrors(cut_after=BREAK))
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:CHUNK]
    mirror = mirrors()
    assert fetch(mirror) == (mirror.url, CONTENT)
    assert mirror.requests == [RESUMED]


@pytest.mark.parametrize(("partial", "attempts"), [(CONTENT, 1), (b"other bytes", 2), (b"x" * 10**6, 2)])
def test_a_complete_partial_file_is_used_and_one_of_something_else_is_discarded(
    mirrors, fetch, tmp_path, partial, attempts
):
    (tmp_path / "file.part").write_bytes(partial)
    assert fetch(mirrors(), attempts=attempts)[1] == CONTENT


def test_without_a_checksum_nothing_is_resumed(mirrors, fetch, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT[:CHUNK])
    (tmp_path / "file").write_bytes(b"an earlier file")
    mirror = mirrors()
    assert fetch(mirror, md5=None)[1] == CONTENT
    assert mirror.requests == [None]


def test_a_file_that_is_unusable_is_not_kept(mirrors, fetch, tmp_path):
    mirror = mirrors()
    with pytest.raises(DatasetError, match=f"{mirror.url}: not the right values"):
        fetch(mirror, objection=lambda path: "not the right values" if path.is_file() else None)
    assert list(tmp_path.iterdir()) == []


def test_the_error_names_every_mirror_with_its_reason(mirrors, fetch):
    unreachable, corrupt, empty = "http://127.0.0.1:9/file", mirrors(content=b"x"), mirrors(content=None)
    with pytest.raises(DatasetError) as error:
        fetch(unreachable, corrupt, empty)
    assert str(error.value) == (
        f"{unreachable}: ConnectionError; {corrupt.url}: wrong checksum; {empty.url}: HTTP status 404"
    )
