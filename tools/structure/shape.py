"""The rule about first lines."""

import re

FEWEST_WORDS = 3
LICENCE = re.compile(r"SPDX|Copyright|\(c\)", re.IGNORECASE)
OPENING = {".c": "/*", ".h": "/*", ".S": "/*", ".ld": "/*"}


def check_first_lines(sources):
    """Yields files whose first line (a script's second) does not say why they exist."""
    for source in sources:
        number = 1 if source.lines[0].startswith("#!") else 0
        line = source.lines[number] if number < len(source.lines) else ""
        dot = source.path[source.path.rfind(".") :] if "." in source.path else ""
        opening = OPENING.get(dot, '"""' if source.is_python else "#")
        if source.path.endswith(".sh") and line.startswith("# shellcheck"):
            number, line = number + 1, source.lines[number + 1]
        if not line.startswith(opening) or len(line.strip("/*#\" ").split()) < FEWEST_WORDS or LICENCE.search(line):
            yield source.path, number + 1, "this line says why the file exists"
