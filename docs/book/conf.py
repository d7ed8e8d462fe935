# SPDX-License-Identifier: MIT
"""How Sphinx makes the book of the documents: tools/book calls it with the whole tree as sources."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tools")]

with open(os.path.join(ROOT, "VERSION"), encoding="ascii") as file:
    version = release = file.read().strip()
project = "Faultline"
author = "the Faultline developers"
copyright = "the Faultline developers, MIT License"  # pylint: disable=redefined-builtin

extensions = ["myst_parser", "quotes", "films"]
root_doc = "docs/book/index"
include_patterns = ["docs/*.md", "docs/book/**", "README.md", "README.zh.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "tools/strict/README.md",
                    "tests/bench/README.md"]
exclude_patterns = ["docs/book/__pycache__"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # a document may begin at any level

html_theme = "furo"
html_title = "Faultline " + version
html_baseurl = ""
html_copy_source = False
html_show_sphinx = False
highlight_language = "none"
