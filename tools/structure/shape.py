# SPDX-License-Identifier: MIT
"""The rule about first lines: the licence, then a line that says why the file exists."""

FEWEST_WORDS = 3
LICENCE = "SPDX-License-Identifier: MIT"
OPENING = {".c": "/*", ".h": "/*", ".S": "/*", ".ld": "/*"}


def check_first_lines(sources):
    """Yields files that do not begin (after #!) with the licence and a line that says why the file exists."""
    for source in sources:
        number = 1 if source.lines[0].startswith("#!") else 0
        dot = source.path[source.path.rfind(".") :] if "." in source.path else ""
        opening = OPENING.get(dot, "#")
        licence = f"/* {LICENCE} */" if opening == "/*" else f"# {LICENCE}"
        lines = [*source.lines[number:], "", "", ""]
        if lines.pop(0) != licence:
            yield source.path, number + 1, f"this line is {licence}"
            continue
        if lines[0].startswith("# shellcheck"):
            number += 1
            lines.pop(0)
        opening = '"""' if source.is_python else opening
        if not lines[0].startswith(opening) or len(lines[0].strip("/*#\" ").split()) < FEWEST_WORDS:
            yield source.path, number + 2, "this line says why the file exists"
