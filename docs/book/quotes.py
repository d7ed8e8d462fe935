# SPDX-License-Identifier: MIT
"""A directive that quotes a function of the sources, so that the book shows it as it is.

    ```{quoted} mm/fault/fault.c:vm_fault()
    ```

The quotation begins with the comment above the function. A file or function that does not exist is an error of the build.
"""

import os

from docutils import nodes
from docutils.parsers.rst import Directive

from quoting import Missing, quote

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TAB = 4  # columns, so that a page shows the lines whole
LANGUAGES = {".c": "c", ".h": "c", ".py": "python"}


class FunctionQuote(Directive):
    """The directive `quoted`."""

    required_arguments = 1

    def run(self):
        """Returns the quotation, with a line above it that says where it is from."""
        try:
            path, line, text = quote(ROOT, self.arguments[0])
        except Missing as error:
            raise self.error(str(error)) from None
        self.state.document.settings.env.note_dependency(os.path.join(ROOT, path))
        text = text.expandtabs(TAB)
        block = nodes.literal_block(text, text, language=LANGUAGES.get(os.path.splitext(path)[1], "none"))
        caption = nodes.caption("", "", nodes.Text(f"{path}, from line {line} on"))
        return [nodes.container("", caption, block, literal_block=True, classes=["literal-block-wrapper"])]


def setup(app):
    """Called by Sphinx."""
    app.add_directive("quoted", FunctionQuote)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
