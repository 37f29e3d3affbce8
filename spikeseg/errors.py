"""The errors that a user can cause, as opposed to bugs."""


class SpikeSegError(Exception):
    """A mistake that a user can correct; the message is one line: what is wrong, where, and what to do."""
