"""A program that reads one file of HDF5 and writes its events as a NumPy array to standard output.

It runs by itself, see `hdf5`, with the file and the stream that is wanted, or an empty text. Its first line of output
is JSON, see `_description`; unless there are several streams to choose from, then comes the array, with fields x, y, t,
p or with four columns, slice by slice. What is wrong with the file goes to standard error, in one line, with exit
code 1.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

USUAL = ("events", "CD", "", "CD/events")  # streams that are taken where there are others as well

_SLICE = 1 << 16  # events that are read at a time
_LARGEST_CHUNK = 1 << 25  # bytes
_MEMORY = 1 << 32  # bytes, of this process
_LISTED = 8  # datasets in a message
_ECF = 0x8ECF  # Prophesee's filter
_KINDS = (  # names of the first dataset, types of the times, their unit
    (r"events/x", "iu", "us"),  # DSEC, eTraM
    (r"(?:events/)?xs", "f", "s"),  # E2VID's training data
    (r"CD/events", "iu", "us"),  # Metavision
    (r"prophesee/(?:left|right)/x", "iu", "us"),  # M3ED
    (r"davis/(?:left|right)/events", "f", "s"),  # MVSEC
    (r"events", "iu", "us"),  # v2e
)


class FileError(Exception):
    """What is wrong with a file."""


class Stream(NamedTuple):
    """Events of one camera: the datasets of x, y, t and p by field, or one dataset of them all."""

    columns: dict[str, str]  # by field; or by "", one dataset of four columns
    fields: dict[str, str]  # of a table, by field
    unit: str | None  # that the name of the time says


def write_events(path: str, wanted: str, out: Any) -> None:
    """Write the events of a file. Raises FileError, or whatever h5py raises."""
    h5py = import_module("h5py")
    with suppress(ImportError):
        import_module("hdf5plugin")  # registers the compressions that h5py lacks
    with h5py.File(path, "r", rdcc_nbytes=2 * _LARGEST_CHUNK) as file:
        streams = _streams(file)
        name = _choose(file, streams, wanted)
        out.write(json.dumps(_description(file, streams, name)).encode() + b"\n")
        if name is not None:
            _write(file, streams[name], h5py.h5z.filter_avail, out)


def _write(file: Any, stream: Stream, available: Any, out: Any) -> None:
    datasets = {field: file[name] for field, name in stream.columns.items()}
    for dataset in datasets.values():
        _check_stored(dataset, available)
    first = next(iter(datasets.values()))
    count = len(first)
    if any(len(dataset) != count for dataset in datasets.values()):
        raise FileError("x, y, t and p are not of one length")
    if stream.fields:
        types = [(field, first.dtype[name]) for field, name in stream.fields.items()]
    else:
        types = [(field, dataset.dtype) for field, dataset in datasets.items()]
    if any(kind.kind not in "biuf" for _, kind in types):
        raise FileError(f"{', '.join(stream.columns.values())}: not all of x, y, t, p are numbers")
    dtype = np.dtype(types) if len(types) > 1 else first.dtype
    shape = (count,) if len(types) > 1 else (count, 4)
    head = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, head)
    for start in range(0, count, _SLICE):
        parts = {field: dataset[start : start + _SLICE] for field, dataset in datasets.items()}
        if len(types) == 1:
            out.write(parts[""].tobytes())
            continue
        rows = np.empty(len(next(iter(parts.values()))), dtype)
        for field, _ in types:
            rows[field] = parts[""][stream.fields[field]] if stream.fields else parts[field]
        out.write(rows.tobytes())


def _streams(file: Any) -> dict[str, Stream]:
    """Find what can be events, by the name of the group or of the dataset."""
    names = _names()
    streams: dict[str, Stream] = {}

    def look(name: str, item: Any) -> None:
        dtype = getattr(item, "dtype", None)
        if dtype is None:
            children = {child: item.get(child) for child in item}
            flat = [child for child, value in children.items() if len(getattr(value, "shape", None) or ()) == 1]
            if found := names.find_columns(flat):
                columns = {field: f"{name}/{child}".removeprefix("/") for field, child in found.names.items()}
                streams[name] = Stream(columns, {}, found.unit)
        elif dtype.names and (found := names.find_columns(dtype.names)):
            streams[name] = Stream({"": name}, found.names, found.unit)
        elif len(item.shape or ()) == 2 and item.shape[1] == 4 and "event" in name.lower() and dtype.kind in "iuf":
            streams[name] = Stream({"": name}, {}, None)

    look("", file)
    file.visititems(look)
    return streams


def _choose(file: Any, streams: dict[str, Stream], wanted: str) -> str | None:
    """The name of the stream to read; None where one has to be chosen."""
    if not streams:
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
        listed = ", ".join(found[:_LISTED]) + (", ..." if len(found) > _LISTED else "")
        raise FileError(f"no events/x, y, t, p and no table CD/events, but {listed or 'no datasets'}")
    if wanted:
        if wanted not in streams:
            raise FileError(f"no stream {wanted!r} of events, but {', '.join(streams)}")
        return wanted
    if len(streams) == 1:
        return next(iter(streams))
    return next((name for name in USUAL if name in streams), None)


def _description(file: Any, streams: dict[str, Stream], name: str | None) -> dict[str, Any]:
    """Which `datasets` are read, the sensor's `geometry`, unit and `offset` of the times; or the `streams`.

    `unit` is what the name of the times says, `usual` what the documentation of such files does.
    """
    if name is None:
        return {"streams": list(streams)}
    stream = streams[name]
    group = file[name] if name else file
    group = group.parent if hasattr(group, "dtype") else group
    geometry = file.attrs.get("geometry")
    named = geometry.decode("latin-1") if isinstance(geometry, bytes) else geometry
    width, height = (_number(group, side) for side in ("width", "height"))
    if named is None and width is not None and height is not None:
        named = f"{width}x{height}"
    offset = _number(group, "t_offset")
    offset = _number(file, "t_offset") if offset is None else offset
    datasets = list(stream.columns.values())
    return {
        "datasets": datasets,
        "geometry": None if named is None else str(named),
        "unit": stream.unit,
        "usual": _usual_unit(file, stream),
        "offset": offset or 0,
    }


def _usual_unit(file: Any, stream: Stream) -> str | None:
    """The unit that a known kind of file has, by the names and types of its datasets."""
    first = next(iter(stream.columns.values()))
    time = file[stream.columns.get("t", first)].dtype
    time = time[stream.fields["t"]] if stream.fields else time
    return next((unit for names, kind, unit in _KINDS if re.fullmatch(names, first) and time.kind in kind), None)


def _number(group: Any, name: str) -> int | None:
    """A whole number that is stored as a dataset or an attribute."""
    value = group.get(name) if name in group else group.attrs.get(name)
    if value is None:
        return None
    value = np.asarray(value[()] if hasattr(value, "dtype") else value)
    return int(value.ravel()[0]) if value.size == 1 and value.dtype.kind in "iu" else None


def _check_stored(dataset: Any, available: Any) -> None:
    """Make sure that a dataset's rows are in the file, which HDF5 does not: it gives zeros for those that are not."""
    if len(dataset.shape or ()) not in (1, 2) or dataset.is_virtual or dataset.external:
        raise FileError(f"{dataset.name} is no plain column of events")
    plan = dataset.id.get_create_plist()
    for code, _, _, title in (plan.get_filter(number) for number in range(plan.get_nfilters())):
        if not available(code):
            raise FileError(f"{dataset.name} is compressed by {_advice(code, title.decode('latin-1'))}")
    columns = dataset.shape[1] if len(dataset.shape) == 2 else 1
    if dataset.chunks is None:
        stored = dataset.id.get_storage_size() // dataset.dtype.itemsize // columns
    else:
        stored = dataset.id.get_num_chunks() * int(np.prod(dataset.chunks)) // columns
        if int(np.prod(dataset.chunks)) * dataset.dtype.itemsize > _LARGEST_CHUNK:
            raise FileError(f"{dataset.name} claims chunks of {' x '.join(map(str, dataset.chunks))} rows")
    if stored < len(dataset):
        raise FileError(f"{dataset.name} claims {len(dataset)} rows and holds {stored}")


def _advice(code: int, title: str) -> str:
    """The filter of a dataset that HDF5 lacks, and where to get it."""
    if code == _ECF:
        return (
            "Prophesee's ECF filter (0x8ECF): install their hdf5_ecf plugin, part of OpenEB and the Metavision "
            "SDK (hdf5plugin has none), and set HDF5_PLUGIN_PATH to its folder"
        )
    if "hdf5plugin" in sys.modules:
        return (
            f"filter {code} ({title or 'without a name'}), which hdf5plugin lacks: set HDF5_PLUGIN_PATH to its plugin"
        )
    return (
        f"filter {code} ({title or 'without a name'}): pip install 'spikeseg[events]' brings hdf5plugin, which has most"
    )


def _names() -> Any:
    """The module `names` beside this file: the program runs outside of the package."""
    spec = spec_from_file_location("names", Path(__file__).with_name("names.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["names"] = module  # what NamedTuple looks up
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Run the program."""
    with suppress(ImportError, ValueError, OSError):  # where the system knows no such limit
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        write_events(sys.argv[1], sys.argv[2], sys.stdout.buffer)
    except ImportError:
        print("pip install 'spikeseg[events]' brings what reads HDF5", file=sys.stderr)
        return 1
    except Exception as error:
        print(" ".join(str(error).split())[:300] or type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
