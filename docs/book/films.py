# SPDX-License-Identifier: MIT
"""The directive {film}: shows a part of the film of the tour, if the book is made with films (tools/book --films)."""

import html
import os

from docutils import nodes
from docutils.parsers.rst import Directive, directives

FOLDER = os.environ.get("FAULTLINE_FILMS", "")  # in the book's folder
TOUR = "tour.html"


class Film(Directive):
    """Of a stop of the tour, by its number: the film in a frame with :play:, otherwise a link to it."""

    required_arguments = 1
    option_spec = {"play": directives.flag}

    def run(self):
        """Returns the nodes."""
        part = directives.positive_int(self.arguments[0])
        if not FOLDER:
            command = nodes.literal(text=f"./run.sh --film {TOUR}")
            return [nodes.paragraph("", "", nodes.Text("The film of this stop, fault by fault: "), command,
                                    nodes.Text(f" makes it; it is part {part}."))]
        document = self.state.document.settings.env.docname
        path = html.escape("../" * document.count("/") + f"{FOLDER}/{TOUR}")
        link = f'<p class="film"><a href="{path}#part={part}">The film of this stop, fault by fault</a></p>'
        if "play" in self.options:
            link = (f'<iframe class="film" src="{path}#part={part}&amp;play" title="A film of page faults" loading="lazy" '
                    f'style="width: 100%; height: 600px; border: 1px solid var(--color-background-border)"></iframe>\n{link}')
        return [nodes.raw("", link, format="html")]


def setup(app):
    """Tells Sphinx of the directive."""
    app.add_directive("film", Film)
    return {"parallel_read_safe": True}
