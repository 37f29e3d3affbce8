"""An archive that is put together like the official one of Caltech-101."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

PICTURE = os.urandom(200_000)  # larger than what is read at once, after compression too
FILES = {
    "101_ObjectCategories/Faces/image_0001.jpg": PICTURE,
    "Annotations/Faces_2/annotation_0001.mat": b"annotation",
}


def tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def official(pictures=None, annotations=None, links=None) -> bytes:
    """A small archive that is put together like the official one, a Mac's additions included."""
    default = [{name: FILES[name]} for name in FILES]
    inner = {
        "caltech-101/101_ObjectCategories.tar.gz": gzip.compress(tar(pictures or default[0], links)),
        "caltech-101/Annotations.tar": tar(annotations or {"._Annotations": b"Mac", **default[1]}),
        "caltech-101/show_annotation.m": b"% a script",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in inner:
            archive.writestr(f"__MACOSX/caltech-101/{Path(name).name}", b"a Mac's notes")
        for name, content in inner.items():
            archive.writestr(name, content)
    return buffer.getvalue()
