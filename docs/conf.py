"""Sphinx: how the documentation is built (``make docs``). Nothing here needs a network."""

import sys
from pathlib import Path

from spikeseg.version import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "SpikeSEG on Brian2"
author = "The SpikeSEG on Brian2 developers"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "directives",
]
exclude_patterns = ["build"]
smartquotes = False  # a quote in a table of keys is TOML's
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_heading_slug_func = "directives.heading_anchor"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 88

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "directives.ExampleOrder",
    "reset_modules": ("matplotlib", "directives.reset_brian"),
    "reset_argv": "directives.script_arguments",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "write_computation_times": False,
    "remove_config_comments": True,
}

html_theme = "furo"
html_title = project
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
