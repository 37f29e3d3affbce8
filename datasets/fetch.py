"""Download Caltech-101 from CaltechDATA, where its authors published it (doi 10.22002/D1.20086)."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from spikeseg.errors import SpikeSegError
from spikeseg.version import __version__

from .caltech101 import ANNOTATIONS, IMAGES, find_root

URL = "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"
MD5 = "3138e1922a9193bfa496528edbbc45d0"  # of that file, 137 MB
LICENCE = (
    "Caltech 101 (1.0) by Li, Andreeto, Ranzato and Perona (2022), CaltechDATA, doi 10.22002/D1.20086, is licensed "
    "under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/): name its authors where you use it."
)

Progress = Callable[[int, int | None], None]

_ARCHIVES = {f"{IMAGES}.tar.gz": IMAGES, f"{ANNOTATIONS}.tar": ANNOTATIONS}  # in the .zip, and their folders
_CHUNK = 1 << 18
_TIMEOUT = 30  # seconds without a byte
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, BadGzipFile, zlib.error, EOFError, RuntimeError)


class Fetched(NamedTuple):
    """The directory that holds the two official folders, and the credit that the licence asks for."""

    root: Path
    licence: str


def fetch_caltech101(
    destination: str | Path,
    source: str | Path | None = None,
    progress: Progress | None = None,
    md5: str = MD5,
) -> Fetched:
    """Put Caltech-101 into the folder ``caltech-101`` of `destination`; do nothing if it is there already.

    If the connection breaks, what has arrived is kept as ``caltech-101.zip.part``, and the next call resumes there. The
    folder appears only once it is complete.

    Parameters
    ----------
    destination
        A directory, which is created if it does not exist.
    source
        The official ``caltech-101.zip``: a URL (http, https, file) or a local file; by default, that of CaltechDATA.
    progress
        Called after each block with the bytes received so far and their total, None if the server does not name it.
    md5
        Expected checksum of the .zip.

    Raises
    ------
    SpikeSegError
        There is no network or no such file, the checksum is wrong, the archive is damaged or another one, or the disk
        is full.
    """
    destination = Path(destination)
    try:
        destination.mkdir(parents=True, exist_ok=True)
        if _holds_data(destination):
            return Fetched(find_root(destination), LICENCE)
        source = URL if source is None else str(source)
        if source.startswith(("http://", "https://")):
            archive = destination / "caltech-101.zip.part"
            _download(source, archive, progress, md5)
            root = _extract(archive, destination)
            archive.unlink()
        else:
            archive = _local(source)
            _verify_local(archive, md5)
            root = _extract(archive, destination)
    except OSError as error:
        reason = error.strerror or error
        raise SpikeSegError(f"fetching into {destination} failed: {reason}; put that right and run again") from error
    return Fetched(root, LICENCE)


def _holds_data(destination: Path) -> bool:
    try:
        find_root(destination)
    except SpikeSegError:
        if (destination / "caltech-101").exists():
            raise SpikeSegError(
                f"{destination / 'caltech-101'} is there without the folders {IMAGES} and {ANNOTATIONS}: "
                "move it away or choose another destination"
            ) from None
        return False
    return True


def _local(source: str) -> Path:
    if source.startswith("file://"):
        return Path(urllib.request.url2pathname(source.removeprefix("file://")))
    return Path(source)


def _verify_local(archive: Path, md5: str) -> None:
    try:
        found = _md5(archive)
    except OSError as error:
        raise SpikeSegError(f"{archive} cannot be read: {error.strerror or error}") from error
    if found != md5:
        raise SpikeSegError(f"{archive} has the MD5 checksum {found} instead of {md5}: it is not the official archive")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _download(url: str, part: Path, progress: Progress | None, md5: str) -> None:
    """Download what `part` lacks, then verify the checksum; if `part` is complete, download nothing."""
    if part.is_file() and _md5(part) == md5:
        return
    with _open(url, part) as response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        here = part.stat().st_size if resumed else 0
        length = response.headers.get("Content-Length")
        total = here + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            for chunk in _chunks(response, url):
                file.write(chunk)
                here += len(chunk)
                if progress is not None:
                    progress(here, total)
    if total is not None and here < total:
        raise SpikeSegError(f"the connection to {url} ended after {here} of {total} bytes: run again to resume")
    found = _md5(part)
    if found != md5:
        part.unlink()
        raise SpikeSegError(
            f"{url} came with the MD5 checksum {found} instead of {md5} and was deleted: run again to start anew"
        )


def _open(url: str, part: Path) -> http.client.HTTPResponse:
    """Request the bytes that `part` lacks; a server may send the whole file instead."""
    here = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": f"spikeseg/{__version__}"} | ({"Range": f"bytes={here}-"} if here else {})
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if here and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # as long as the file or longer, and still not the file
            return _open(url, part)
        raise SpikeSegError(f"{url} answers {error.code} {error.reason}: try later or give another source") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SpikeSegError(f"{url} cannot be reached: {reason}; check the network or give a local file") from error
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if response.status == http.HTTPStatus.PARTIAL_CONTENT and start != str(here):
        response.close()
        raise SpikeSegError(f"{url} resumes at byte {start} instead of {here}: delete {part} and run again")
    return response


def _chunks(response: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
    try:
        while chunk := response.read(_CHUNK):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise SpikeSegError(f"the connection to {url} broke: {error}; run again to resume") from error


def _extract(archive: Path, destination: Path) -> Path:
    """Unpack both inner archives into a temporary folder, then rename it to ``caltech-101``."""
    root, stage = destination / "caltech-101", destination / "caltech-101.part"
    shutil.rmtree(stage, ignore_errors=True)  # of a run that was killed
    try:
        with zipfile.ZipFile(archive) as outer:
            for name, folder in _ARCHIVES.items():
                with outer.open(_member(outer, name)) as inner:
                    _unpack(inner, name, folder, stage)
        stage.rename(root)
    except _DAMAGED as error:
        raise SpikeSegError(f"{archive} is damaged: {error}; fetch it anew") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return root


def _member(outer: zipfile.ZipFile, name: str) -> str:
    for member in outer.namelist():
        path = PurePosixPath(member)
        if path.name == name and "__MACOSX" not in path.parts:
            return member
    raise SpikeSegError(f"{outer.filename} is not the official archive: {name} is not in it")


def _unpack(inner: IO[bytes], name: str, folder: str, stage: Path) -> None:
    """Write the regular files of `folder` in an inner archive below `stage`; links and devices are skipped."""
    (stage / folder).mkdir(parents=True)
    base = stage.resolve()
    with tarfile.open(fileobj=inner, mode="r|gz" if name.endswith("gz") else "r|") as tar:
        for member in tar:
            path = (base / member.name).resolve()
            if not path.is_relative_to(base):
                raise SpikeSegError(f"{name} holds the unsafe path {member.name!r}: it is not the official archive")
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or path.name.startswith("._") or not path.is_relative_to(base / folder):
                continue  # "._" files hold metadata that macOS adds
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                shutil.copyfileobj(content, file, _CHUNK)
    if not any((stage / folder).iterdir()):
        raise SpikeSegError(f"{name} has nothing in {folder}: it is not the official archive")
