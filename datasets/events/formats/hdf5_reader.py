"""A program that reads one file of HDF5 and writes its events as a NumPy array to standard output.

It runs by itself, see `hdf5`: its first line of output is JSON, with the `datasets` that it reads and the sensor's
`geometry` or null; then comes the array, with fields x, y, t, p, slice by slice. What is wrong with the file goes to
standard error, in one line, with exit code 1.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

FIELDS = ("x", "y", "t", "p")
GROUPS = ("events", "CD", "")  # with datasets x, y, t, p
TABLES = ("CD/events", "events")

_SLICE = 1 << 16  # events that are read at a time
_LARGEST_CHUNK = 1 << 25  # bytes
_MEMORY = 1 << 32  # bytes, of this process
_LISTED = 8  # datasets in a message


class FileError(Exception):
    """What is wrong with a file."""


def write_events(path: str, out: Any) -> None:
    """Write the events of a file. Raises FileError, or whatever h5py raises."""
    h5py = import_module("h5py")
    with suppress(ImportError):
        import_module("hdf5plugin")  # registers the compressions that h5py lacks
    with h5py.File(path, "r", rdcc_nbytes=2 * _LARGEST_CHUNK) as file:
        names = _find(file)
        datasets = [file[name] for name in names]
        for dataset in datasets:
            _check_stored(dataset, h5py.h5z.filter_avail)
        count = len(datasets[0])
        if any(len(dataset) != count for dataset in datasets):
            raise FileError("x, y, t and p are not of one length")
        types = [dataset.dtype for dataset in datasets] if len(names) > 1 else [datasets[0].dtype[f] for f in FIELDS]
        if any(kind.kind not in "biuf" for kind in types):
            raise FileError(f"{', '.join(names)}: not all of x, y, t, p are numbers")
        geometry = file.attrs.get("geometry")
        named = geometry.decode("latin-1") if isinstance(geometry, bytes) else geometry
        out.write(json.dumps({"datasets": names, "geometry": None if named is None else str(named)}).encode() + b"\n")
        dtype = np.dtype(list(zip(FIELDS, types, strict=True)))
        head = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count,)}
        np.lib.format.write_array_header_1_0(out, head)
        for start in range(0, count, _SLICE):
            parts = [dataset[start : start + _SLICE] for dataset in datasets]
            rows = np.empty(len(parts[0]), dtype)
            for number, field in enumerate(FIELDS):
                rows[field] = parts[number] if len(parts) > 1 else parts[0][field]
            out.write(rows.tobytes())


def _find(file: Any) -> tuple[str, ...]:
    """Names of the datasets of x, y, t and p, or of the one table of events."""
    for group in GROUPS:
        names = tuple(f"{group}/{field}".removeprefix("/") for field in FIELDS)
        if all(hasattr(file.get(name), "shape") for name in names):
            return names
    for name in TABLES:
        fields = getattr(getattr(file.get(name), "dtype", None), "names", None)
        if set(FIELDS) <= set(fields or ()):
            return (name,)
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
    listed = ", ".join(found[:_LISTED]) + (", ..." if len(found) > _LISTED else "")
    raise FileError(f"no events/x, y, t, p and no table CD/events, but {listed or 'no datasets'}")


def _check_stored(dataset: Any, available: Any) -> None:
    """Make sure that a dataset's rows are in the file, which HDF5 does not: it gives zeros for those that are not."""
    if len(dataset.shape or ()) != 1 or dataset.is_virtual or dataset.external:
        raise FileError(f"{dataset.name} is no plain column of events")
    plan = dataset.id.get_create_plist()
    for code, _, _, title in (plan.get_filter(number) for number in range(plan.get_nfilters())):
        if not available(code):
            raise FileError(f"{dataset.name} is compressed by {title.decode('latin-1')}: pip install hdf5plugin")
    if dataset.chunks is None:
        stored = dataset.id.get_storage_size() // dataset.dtype.itemsize
    else:
        stored = dataset.id.get_num_chunks() * dataset.chunks[0]
        if dataset.chunks[0] * dataset.dtype.itemsize > _LARGEST_CHUNK:
            raise FileError(f"{dataset.name} claims chunks of {dataset.chunks[0]} rows")
    if stored < len(dataset):
        raise FileError(f"{dataset.name} claims {len(dataset)} rows and holds {stored}")


def main() -> int:
    """Run the program."""
    with suppress(ImportError, ValueError, OSError):  # where the system knows no such limit
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        write_events(sys.argv[1], sys.stdout.buffer)
    except ImportError:
        print("pip install 'spikeseg[events]' brings what reads HDF5", file=sys.stderr)
        return 1
    except Exception as error:
        print(" ".join(str(error).split())[:200] or type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
