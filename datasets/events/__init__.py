"""Recordings of event cameras: events as one type, their statistics, and streams of them cut into buffers."""
