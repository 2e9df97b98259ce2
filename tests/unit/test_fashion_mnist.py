"""Where Fashion-MNIST comes from. Downloads are of a small set in its format, from this machine."""

import gzip
import hashlib
import http.server
import re
import shutil
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from lookbook.datasets import arrays, fashion_mnist
from lookbook.datasets.fashion_mnist import IdxFile, fetch, prepare, read
from lookbook.datasets.idx import write_idx
from lookbook.errors import DatasetError

real_set = pytest.mark.skipif(
    not fashion_mnist.PACKAGE_FOLDER.is_dir(), reason="dataset-fashion-mnist is not installed"
)


def serve(mirror):
    """Answer GET requests from ``mirror.files``, in the ways that servers differ."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            mirror.requests.append((self.path, wanted))
            content = mirror.files.get(self.path.lstrip("/"))
            if content is None:
                return self.send_error(404)
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and mirror.ranges else 0
            if start >= len(content):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            cut, mirror.cut_after = mirror.cut_after, None
            self.wfile.write(content[start : None if cut is None else start + cut])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@dataclass
class Mirror:
    """A server's files by name, its habits, and the (path, Range header) of what it was asked for."""

    files: dict[str, bytes]
    ranges: bool = True
    cut_after: int | None = None
    requests: list = field(default_factory=list)
    url: str = ""


@pytest.fixture
def mirrors():
    servers = []

    def start(files, **habits):
        mirror = Mirror(dict(files), **habits)
        servers.append(serve(mirror))
        mirror.url = f"http://127.0.0.1:{servers[-1].server_port}/"
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A set of 300 and 20 images: (folder, its table of files, their bytes by name)."""
    folder = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(0)
    files = {}
    for key, file in fashion_mnist.FILES.items():
        count = 300 if key.startswith("train") else 20
        shape = (count, 28, 28) if key.endswith("images") else (count,)
        array = rng.integers(10, size=shape, dtype=np.uint8)
        write_idx(folder / file.name, array)
        md5 = hashlib.md5((folder / file.name).read_bytes()).hexdigest()
        files[key] = IdxFile(file.name, md5, arrays.sha256(array))
    return folder, files, {file.name: (folder / file.name).read_bytes() for file in files.values()}


@pytest.fixture
def fetch_small(small, tmp_path):
    """Fetch the small set to ``tmp_path / "here"``, from nowhere unless told."""
    _, files, _ = small

    def call(**options):
        nowhere = {"package": tmp_path / "no package", "mirrors": (), "attempts": 1}
        return fetch(tmp_path / "here", files=files, **(nowhere | options))

    return call


IMAGES = "train-images-idx3-ubyte.gz"
BREAK = fashion_mnist.CHUNK + 1000  # bytes sent before a connection breaks; whole chunks are kept
RESUMED = (f"/{IMAGES}", f"bytes={fashion_mnist.CHUNK}-")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_configured_folder_comes_first(small, fetch_small, mirrors, tmp_path):
    folder, _, content = small
    mirror = mirrors(content)
    assert "data.fashion_mnist.path" in fetch_small(path=folder, package=folder, mirrors=[mirror.url])
    assert contents(tmp_path / "here") == content
    assert mirror.requests == []


def test_the_debian_package_comes_second(small, fetch_small, mirrors, tmp_path):
    folder, _, content = small
    mirror = mirrors(content)
    assert "Debian package" in fetch_small(path="", package=folder, mirrors=[mirror.url])
    assert contents(tmp_path / "here") == content
    assert mirror.requests == []


def test_the_mirrors_come_last(small, fetch_small, mirrors, tmp_path):
    mirror = mirrors(small[2])
    assert fetch_small(mirrors=[mirror.url]) == mirror.url
    assert contents(tmp_path / "here") == small[2]
    assert [wanted for _, wanted in mirror.requests] == [None] * 4


def test_recompressed_files_are_as_good(small, fetch_small, tmp_path):
    folder = tmp_path / "recompressed"
    folder.mkdir()
    for name, content in small[2].items():
        (folder / name).write_bytes(gzip.compress(gzip.decompress(content), compresslevel=1))
    fetch_small(path=folder)
    assert contents(tmp_path / "here") == contents(folder)


def test_unpacked_files_are_packed(small, fetch_small, tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name, content in small[2].items():
        (folder / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
    fetch_small(path=folder)
    assert contents(tmp_path / "here") == small[2]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: shutil.rmtree(folder), "is not a folder"),
        (lambda folder: (folder / IMAGES).unlink(), f"has no {IMAGES}"),
        (lambda folder: (folder / IMAGES).write_bytes(b"<html>"), "no idx file"),
        (lambda folder: write_idx(folder / IMAGES, np.zeros((300, 28, 28), np.uint8)), "other values"),
    ],
)
def test_a_configured_folder_that_is_wrong_is_an_error_that_names_the_key(
    small, fetch_small, mirrors, tmp_path, spoil, complaint
):
    """It is not skipped in favour of a source that would do: somebody meant that folder."""
    folder, _, content = small
    wrong = tmp_path / "wrong"
    shutil.copytree(folder, wrong)
    spoil(wrong)
    mirror = mirrors(content)
    with pytest.raises(DatasetError, match=rf"^data\.fashion_mnist\.path: .*{complaint}"):
        fetch_small(path=wrong, package=folder, mirrors=[mirror.url])
    assert mirror.requests == []
    assert contents(tmp_path / "here") == {}


def test_a_broken_package_is_passed_over(small, fetch_small, mirrors, tmp_path):
    (tmp_path / "package").mkdir()
    mirror = mirrors(small[2])
    assert fetch_small(package=tmp_path / "package", mirrors=[mirror.url]) == mirror.url


def test_a_mirror_with_corrupt_files_is_followed_by_a_good_one(small, fetch_small, mirrors, tmp_path):
    corrupt = mirrors({name: content[:-1] + b"!" for name, content in small[2].items()})
    good = mirrors(small[2])
    assert fetch_small(mirrors=[corrupt.url, good.url]) == good.url
    assert contents(tmp_path / "here") == small[2]


def test_a_mirror_without_the_files_is_followed_by_a_good_one(small, fetch_small, mirrors):
    empty, good = mirrors({}), mirrors(small[2])
    assert fetch_small(mirrors=[empty.url, good.url]) == good.url


def test_values_are_verified_even_where_the_checksum_of_the_file_holds(small, mirrors, tmp_path):
    _, files, content = small
    others = {key: file._replace(sha256="0" * 64) for key, file in files.items()}
    mirror = mirrors(content)
    with pytest.raises(DatasetError, match="other values than Fashion-MNIST"):
        fetch(tmp_path, package=tmp_path / "none", mirrors=[mirror.url], files=others, attempts=1)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_here_already_are_not_downloaded_again(small, fetch_small, mirrors, tmp_path):
    mirror = mirrors(small[2])
    fetch_small(mirrors=[mirror.url])
    (tmp_path / "here" / IMAGES).write_bytes(b"damaged since")
    mirror.requests.clear()
    fetch_small(mirrors=[mirror.url])
    assert mirror.requests == [(f"/{IMAGES}", None)]
    assert contents(tmp_path / "here") == small[2]


def test_a_download_that_breaks_off_is_resumed(small, fetch_small, mirrors, tmp_path):
    mirror = mirrors(small[2], cut_after=BREAK)
    fetch_small(mirrors=[mirror.url], attempts=2)
    assert mirror.requests[:2] == [(f"/{IMAGES}", None), RESUMED]
    assert contents(tmp_path / "here") == small[2]


def test_a_partial_file_of_an_earlier_run_is_resumed_anywhere(small, fetch_small, mirrors, tmp_path):
    with pytest.raises(DatasetError):
        fetch_small(mirrors=[mirrors({IMAGES: small[2][IMAGES]}, cut_after=BREAK).url])
    assert (tmp_path / "here" / f"{IMAGES}.part").read_bytes() == small[2][IMAGES][: fashion_mnist.CHUNK]
    mirror = mirrors(small[2])
    fetch_small(mirrors=[mirror.url])
    assert mirror.requests[0] == RESUMED
    assert contents(tmp_path / "here") == small[2]


def test_a_server_that_ignores_ranges_sends_the_whole_file(small, fetch_small, mirrors, tmp_path):
    mirror = mirrors(small[2], ranges=False, cut_after=BREAK)
    fetch_small(mirrors=[mirror.url], attempts=2)
    assert mirror.requests[1] == RESUMED
    assert contents(tmp_path / "here") == small[2]


def test_a_partial_file_that_is_whole_already_is_taken(small, fetch_small, mirrors, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / f"{IMAGES}.part").write_bytes(small[2][IMAGES])
    fetch_small(mirrors=[mirrors(small[2]).url])
    assert contents(tmp_path / "here") == small[2]


@pytest.mark.parametrize("partial", [b"other bytes", b"x" * 10**6])
def test_a_partial_file_that_does_not_belong_is_thrown_away(small, fetch_small, mirrors, tmp_path, partial):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / f"{IMAGES}.part").write_bytes(partial)
    fetch_small(mirrors=[mirrors(small[2]).url], attempts=2)
    assert contents(tmp_path / "here") == small[2]


def test_without_any_source_one_message_names_three_remedies(fetch_small, mirrors):
    unreachable = "http://127.0.0.1:9/"
    empty = mirrors({})
    with pytest.raises(DatasetError) as error:
        fetch_small(mirrors=[unreachable, empty.url])
    message = str(error.value)
    assert "set data.fashion_mnist.path" in message
    assert "apt-get install dataset-fashion-mnist" in message
    assert "network access" in message
    assert f"{unreachable}{IMAGES}: ConnectionError" in message
    assert f"{empty.url}{IMAGES}: HTTP status 404" in message


def test_only_the_real_values_are_prepared_under_its_name(small, tmp_path):
    with pytest.raises(DatasetError, match="other values than Fashion-MNIST"):
        prepare("fashion_mnist", tmp_path / "out", small[0])
    assert not (tmp_path / "out").exists()


@real_set
def test_the_debian_package_holds_the_published_values():
    decoded = read(fashion_mnist.PACKAGE_FOLDER)
    assert {key: array.shape for key, array in decoded.items()} == {
        "train_images": (60000, 28, 28),
        "train_labels": (60000,),
        "test_images": (10000, 28, 28),
        "test_labels": (10000,),
    }


@real_set
def test_the_prepared_set_is_the_same_whatever_the_source(tmp_path):
    fetch(tmp_path / "here", path=fashion_mnist.PACKAGE_FOLDER)
    prepare("fashion_mnist", tmp_path / "one", tmp_path / "here")
    manifest = prepare("fashion_mnist", tmp_path / "two", fashion_mnist.PACKAGE_FOLDER)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert manifest["shape"] == [28, 28, 1]
    assert manifest["class_counts"] == {"train": [6000] * 10, "test": [1000] * 10}
    assert manifest["sha256"] == {key: file.sha256 for key, file in fashion_mnist.FILES.items()}
