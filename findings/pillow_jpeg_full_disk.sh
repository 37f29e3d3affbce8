#!/usr/bin/env bash
# What: Pillow 13.0.0 saves a JPEG to a path on a disk that has no room for the last block of it, which is all of a file
# below 64 KiB, and raises nothing: the file is cut off. A PNG of the same picture raises OSError. (A limit on the size
# of files stands for the full disk.)
# Why it matters: frames, overlays and stimuli of long runs end up as JPEG on disks that fill up. They look written, a
# `with` that replaces the old file by the new one replaces it, and its lower part is grey when somebody looks.
# Versions: pillow 13.0.0.
# Source of the guess: Pillow's documentation of Image.save, which raises OSError "if the file could not be written".
. "$(dirname "$0")/observe.sh"
observe pillow==13.0.0 <<'PY'
import random
import resource
import signal

from observe import check
from PIL import Image

ROOM = 8_000
picture = Image.frombytes("RGB", (200, 150), random.Random(0).randbytes(200 * 150 * 3))
picture.save("whole.jpg")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


def saved(path):
    try:
        picture.save(path)
    except OSError:
        return "OSError"
    with open(path, "rb") as file, open("whole.jpg", "rb") as whole:
        return f"no error, {'whole' if file.read() == whole.read() else 'cut off'}"


check("PNG", guess="OSError", seen=saved("full.png"), recorded="OSError")
check("JPEG", guess="OSError", seen=saved("full.jpg"), recorded="no error, cut off")
PY
