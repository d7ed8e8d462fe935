"""Rules about size and about first lines."""

import ast
import re
import statistics

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 70
LONG_FUNCTION_LINES = 45
MOST_LONG_SHARE = 0.05
MEDIAN_LINES = 15
MOST_PYTHON_LINES = 45
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


def check_file_lengths(sources):
    """Yields files that are too long."""
    for source in sources:
        length = len(source.lines) - (source.lines[-1] == "")
        if length > MOST_FILE_LINES:
            yield source.path, 1, f"{length} lines, more than {MOST_FILE_LINES}"


def python_functions(source):
    """Yields (name, line, length) of a Python file's functions."""
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def check_function_lengths(sources):
    """Yields functions that are too long, and says when too many are nearly so."""
    lengths = []
    for source in sources:
        for function in source.functions() if source.path.endswith(".c") else ():
            lengths.append(len(function.body))
            if len(function.body) > MOST_FUNCTION_LINES:
                yield source.path, function.line, f"{function.name}: {len(function.body)} lines"
        for name, line, length in python_functions(source) if source.is_python else ():
            if length > MOST_PYTHON_LINES:
                yield source.path, line, f"{name}: {length} lines"
    if len(lengths) >= 20:
        long = sum(length > LONG_FUNCTION_LINES for length in lengths)
        if long > MOST_LONG_SHARE * len(lengths):
            yield ".", 0, f"{long} of {len(lengths)} functions have more than {LONG_FUNCTION_LINES} lines"
        if statistics.median(lengths) > MEDIAN_LINES:
            yield ".", 0, f"half of all functions have more than {MEDIAN_LINES} lines"
