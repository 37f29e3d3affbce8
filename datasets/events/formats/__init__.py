"""The files of event cameras, read alike from a disk and from a stream that goes on.

============  =================================================================================================
`atis`        N-MNIST and N-Caltech101: 5 bytes an event (``.bin``)
`aedat2`      AEDAT 2.0 of a DVS128 or a DAVIS (``.aedat``)
`aedat3`      AEDAT 3.1 (``.aedat``)
`aedat4`      AEDAT 4 (``.aedat4``)
`raw`         Prophesee EVT 2.0, 2.1 and 3.0, which the header tells apart; `evt2`, `evt21`, `evt3` where it does not
`dat`         Prophesee DAT (``.dat``)
`es`          Event Stream, version 2 (``.es``)
`text`        columns of numbers, with or without a heading (``.txt``, ``.csv``)
`npy`, `npz`  NumPy arrays with fields of x, y, t and p, or with four columns (``.npy``, ``.npz``)
`hdf5`        HDF5 with datasets or a table of x, y, t and p, or with four columns (``.h5``, ``.hdf5``)
`rosbag`      ROS bags with messages of events (``.bag``, or the folder of a ROS 2 bag)
============  =================================================================================================

What text, NumPy and HDF5 do not say themselves, the order of columns and the unit of times, is said by the
caller.

Times are microseconds as the file has them, without a wrap-around where the format says how it wraps.
"""

from .layout import UnknownUnitError
from .recognise import FORMATS, SUFFIXES
from .records import StreamChoiceError
from .stream import EventStream, Invalid, open_events, read_events

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "EventStream",
    "Invalid",
    "StreamChoiceError",
    "UnknownUnitError",
    "open_events",
    "read_events",
]
