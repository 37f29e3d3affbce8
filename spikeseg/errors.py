"""The errors that a user can cause, as opposed to bugs."""


class SpikeSegError(Exception):
    """Something a user can put right; its message is one line: what was wrong, where, and what to do."""
