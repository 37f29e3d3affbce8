"""Recordings of event cameras: the type of an event, statistics, and streams of events cut into buffers."""
