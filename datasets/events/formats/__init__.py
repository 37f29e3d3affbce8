"""The files of event cameras, read alike from a disk and from a stream that goes on.

===========  ==================================================================================================
`atis`       N-MNIST and N-Caltech101: 5 bytes an event (``.bin``)
`aedat4`     AEDAT 4 (``.aedat4``)
`raw`        Prophesee EVT 2.0 and EVT 3.0, which the header tells apart; `evt2`, `evt3` where it does not
`dat`        Prophesee DAT (``.dat``)
`text`       ``t x y p`` or ``x y t p`` in seconds or microseconds, found out; `txyp-s`, `txyp-us`, `xytp-s`,
             `xytp-us` say it (``.txt``, ``.csv``)
`npy`        a NumPy array with fields x, y, t, p (``.npy``)
`npz`        a NumPy archive of such an array, or of arrays x, y, t, p, and of the sensor's `size` (``.npz``)
`hdf5`       HDF5 with ``events/x``, ``y``, ``t``, ``p``, or a table ``CD/events`` (``.h5``, ``.hdf5``)
===========  ==================================================================================================

Times are microseconds as the file has them, without a wrap-around where the format says how it wraps.
"""

from .stream import FORMATS, SUFFIXES, EventStream, open_events, read_events

__all__ = ["FORMATS", "SUFFIXES", "EventStream", "open_events", "read_events"]
