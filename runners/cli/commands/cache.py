"""`spikeseg cache`: what is kept to be used again, and its removal."""

from __future__ import annotations

from typing import Annotated

import typer

from ..console import console


def cache(clear: Annotated[bool, typer.Option("--clear", help="Remove all of it; it comes back when needed.")] = False):
    """Show what is in the cache, compiled programs above all, or remove it."""
    from spikeseg.cache import cache_content, cache_directory, clear_cache

    from ...simulation.leftovers import remove_unfinished
    from ..tables import cache_table

    directory = cache_directory()
    remove_unfinished(directory / "programs")
    if clear:
        console.print(f"{clear_cache() / 1e6:,.1f} MB removed from {directory}", soft_wrap=True)
        return
    console.print(f"{directory}: SPIKESEG_CACHE says where", soft_wrap=True)
    console.print(cache_table(cache_content()))
