"""The download resumes, checks, unpacks safely and appears at once, or says in one line why not."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from helpers.archives import FILES, PICTURE, official, tar
from spikeseg.datasets.fetch import LICENCE, URL, fetch_caltech101
from spikeseg.errors import SpikeSegError


def _md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def _tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root).as_posix()): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _refusal(*arguments, **options) -> str:
    with pytest.raises(SpikeSegError) as caught:
        fetch_caltech101(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def archive(tmp_path) -> Path:
    path = tmp_path / "some.zip"
    path.write_bytes(official())
    return path


class Server:
    """A web server on this machine; what it does wrong is set by its attributes."""

    def __init__(self, content: bytes):
        self.content, self.ranges, self.hangs_up_after, self.status = content, True, None, None
        self.asked: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/caltech-101.zip"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(server):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = self.headers.get("Range")
                server.asked.append(wanted)
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
                beyond = start >= len(server.content)
                self.send_response(server.status or (416 if beyond else 206 if start else 200))
                body = b"" if beyond else server.content[start:]
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: server.hangs_up_after])

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def server():
    running = Server(official())
    yield running
    running.close()


@pytest.mark.parametrize("kind", ["path", "text", "file URL", "http"])
def test_any_source_gives_the_official_layout(tmp_path, archive, server, kind):
    server.content = archive.read_bytes()
    source = {"path": archive, "text": str(archive), "file URL": archive.as_uri(), "http": server.url}[kind]
    fetched = fetch_caltech101(tmp_path / "new" / "data", source, md5=_md5(archive.read_bytes()))
    assert fetched.root == tmp_path / "new" / "data" / "caltech-101"
    assert _tree(fetched.root) == FILES
    assert os.listdir(tmp_path / "new" / "data") == ["caltech-101"]
    assert archive.is_file()


def test_the_licence_is_told(tmp_path, archive):
    fetched = fetch_caltech101(tmp_path / "data", archive, md5=_md5(archive.read_bytes()))
    assert fetched.licence == LICENCE
    assert "CC BY 4.0" in LICENCE
    assert "10.22002/D1.20086" in LICENCE


def test_what_is_there_already_is_not_fetched_again(tmp_path, archive):
    first = fetch_caltech101(tmp_path / "data", archive, md5=_md5(archive.read_bytes()))
    archive.unlink()
    assert fetch_caltech101(tmp_path / "data", archive) == first
    assert fetch_caltech101(first.root, archive) == first


def test_a_folder_of_that_name_with_something_else_is_left_alone(tmp_path, archive):
    mine = tmp_path / "data" / "caltech-101" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert "move it away" in _refusal(tmp_path / "data", archive, md5=_md5(archive.read_bytes()))
    assert mine.read_text() == "mine"


def test_progress_counts_up_to_the_whole(tmp_path, server):
    seen = []
    fetch_caltech101(tmp_path, server.url, lambda here, total: seen.append((here, total)), _md5(server.content))
    assert seen == sorted(seen)
    assert seen[-1] == (len(server.content), len(server.content))


def test_a_broken_download_goes_on_where_it_stopped(tmp_path, server):
    server.hangs_up_after = 70_000
    part = tmp_path / "caltech-101.zip.part"
    for here in (70_000, 140_000):
        assert f"after {here} of {len(server.content)} bytes" in _refusal(
            tmp_path, server.url, md5=_md5(server.content)
        )
        assert part.read_bytes() == server.content[:here]
        assert not (tmp_path / "caltech-101").exists()
    server.hangs_up_after = None
    seen = []
    fetched = fetch_caltech101(tmp_path, server.url, lambda *count: seen.append(count), _md5(server.content))
    assert server.asked == [None, "bytes=70000-", "bytes=140000-"]
    assert seen[0][0] > 140_000
    assert seen[-1] == (len(server.content), len(server.content))
    assert _tree(fetched.root) == FILES
    assert not part.exists()


def test_a_server_that_cannot_go_on_sends_it_all_anew(tmp_path, server):
    (tmp_path / "caltech-101.zip.part").write_bytes(server.content[:1000])
    server.ranges = False
    assert _tree(fetch_caltech101(tmp_path, server.url, md5=_md5(server.content)).root) == FILES
    assert server.asked == ["bytes=1000-"]


def test_a_complete_part_needs_no_network(tmp_path, server):
    (tmp_path / "caltech-101.zip.part").write_bytes(server.content)
    fetch_caltech101(tmp_path, server.url, md5=_md5(server.content))
    assert server.asked == []


def test_a_part_longer_than_the_file_is_begun_anew(tmp_path, server):
    (tmp_path / "caltech-101.zip.part").write_bytes(server.content + b"more")
    assert _tree(fetch_caltech101(tmp_path, server.url, md5=_md5(server.content)).root) == FILES
    assert server.asked[-1] is None


def test_a_wrong_checksum_is_told_and_the_next_call_begins_anew(tmp_path, server):
    (tmp_path / "caltech-101.zip.part").write_bytes(b"x" * 1000)  # of something else
    message = _refusal(tmp_path, server.url, md5=_md5(server.content))
    assert _md5(server.content) in message
    assert os.listdir(tmp_path) == []
    assert _tree(fetch_caltech101(tmp_path, server.url, md5=_md5(server.content)).root) == FILES


def test_a_local_file_with_a_wrong_checksum_is_kept(tmp_path, archive):
    assert "MD5" in _refusal(tmp_path / "data", archive)
    assert archive.is_file()
    assert os.listdir(tmp_path / "data") == []


def test_without_network_the_address_is_named(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    message = _refusal(tmp_path)
    assert URL in message
    assert "Name or service not known" in message
    assert "network" in message


@pytest.mark.parametrize("url", ["http://", "http://[", "http://127.0.0.1:1/a.zip", "https://127.0.0.1:1/a.zip"])
def test_an_address_that_leads_nowhere_is_named(tmp_path, url):
    assert url in _refusal(tmp_path, url)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_servers_refusal_is_passed_on(tmp_path, server, status):
    server.status = status
    assert f"answers {status}" in _refusal(tmp_path, server.url)


def test_a_missing_local_file_is_named(tmp_path):
    for source in (tmp_path / "none.zip", (tmp_path / "none.zip").as_uri(), tmp_path):
        assert str(tmp_path) in _refusal(tmp_path / "data", source)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a file on which every write fails")
def test_a_full_disk_is_told(tmp_path, server):
    (tmp_path / "caltech-101.zip.part").symlink_to("/dev/full")
    assert "No space left on device" in _refusal(tmp_path, server.url, md5=_md5(server.content))


def test_a_full_disk_while_unpacking_leaves_nothing_half_done(tmp_path, server, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", full)
        assert "No space left on device" in _refusal(tmp_path, server.url, md5=_md5(server.content))
    assert os.listdir(tmp_path) == ["caltech-101.zip.part"]
    fetch_caltech101(tmp_path, server.url, md5=_md5(server.content))
    assert server.asked == [None]


def test_a_destination_that_is_a_file_is_told(tmp_path, archive):
    assert str(archive) in _refusal(archive, archive)


@pytest.mark.parametrize("name", ["../outside.jpg", "101_ObjectCategories/../../outside.jpg", "/outside.jpg"])
def test_no_file_is_written_outside(tmp_path, name):
    destination = tmp_path / "data"
    content = official(pictures={"101_ObjectCategories/Faces/image_0001.jpg": b"", name: b"bad"})
    (tmp_path / "bad.zip").write_bytes(content)
    assert "unsafe" in _refusal(destination, tmp_path / "bad.zip", md5=_md5(content))
    assert os.listdir(destination) == []
    assert sorted(os.listdir(tmp_path)) == ["bad.zip", "data"]


def test_links_are_not_followed_nor_made(tmp_path):
    (tmp_path / "outside").mkdir()
    links = {"101_ObjectCategories/Faces": str(tmp_path / "outside")}
    content = official(links=links)
    (tmp_path / "linked.zip").write_bytes(content)
    fetched = fetch_caltech101(tmp_path / "data", tmp_path / "linked.zip", md5=_md5(content))
    assert _tree(fetched.root) == FILES
    assert os.listdir(tmp_path / "outside") == []
    assert not any(path.is_symlink() for path in fetched.root.rglob("*"))


def _zip(pictures: bytes | None, outlines: bytes | None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (("101_ObjectCategories.tar.gz", pictures), ("Annotations.tar", outlines)):
            if content is not None:
                archive.writestr(name, content)
    return buffer.getvalue()


PICTURES, OUTLINES = gzip.compress(tar({"101_ObjectCategories/a/b": PICTURE})), tar({"Annotations/a": b"a"})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a zip", "damaged"),
        (b"", "damaged"),
        (official()[:-3000], "damaged"),
        (_zip(None, None), "not the official"),
        (_zip(None, OUTLINES), "not the official"),
        (_zip(PICTURES, None), "not the official"),
        (_zip(PICTURES, tar({"other": b""})), "not the official"),
        (_zip(PICTURES[:50_000], OUTLINES), "damaged"),
        (_zip(b"no gzip", OUTLINES), "damaged"),
        (_zip(PICTURES, b"no tar" * 200), "damaged"),
    ],
)
def test_a_damaged_or_foreign_archive_leaves_nothing_behind(tmp_path, content, words):
    (tmp_path / "bad.zip").write_bytes(content)
    message = _refusal(tmp_path / "data", tmp_path / "bad.zip", md5=_md5(content))
    assert words in message
    assert os.listdir(tmp_path / "data") == []


def test_the_remains_of_a_killed_run_do_not_matter(tmp_path, archive):
    rest = tmp_path / "data" / "caltech-101.part" / "Annotations" / "half.mat"
    rest.parent.mkdir(parents=True)
    rest.touch()
    fetched = fetch_caltech101(tmp_path / "data", archive, md5=_md5(archive.read_bytes()))
    assert _tree(fetched.root) == FILES
    assert not rest.exists()
