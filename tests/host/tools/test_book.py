#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the book quotes: the function with its comment, as it is in the sources."""

import os
import shutil
import subprocess
import sys
import tempfile
import types

from base import ROOT
from lib.tap import Skip, case, equal, has, long_case, main

sys.path[:0] = [os.path.join(ROOT, "docs/book"), os.path.join(ROOT, "tools")]
sys.dont_write_bytecode = True

import quoting  # noqa: E402

TEXT = """/* A file. */
#include "a.h"
static int before(void)
{
\treturn 1;
}

/*
 * Two lines
 * of a comment.
 */
static __attribute__((noinline)) int
wanted(int a,
       int b)
{
\tif (a)
\t\treturn "}"[b];
\treturn 0;
}
int behind(void)
{
\treturn 2;
}
"""


def quoted(place):
    """Quotes a function of TEXT."""
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "a.c"), "w", encoding="utf-8") as file:
            file.write(TEXT)
        return quoting.quote(root, place)


@case
def a_function_is_quoted_with_its_comment():
    lines = TEXT.split("\n")
    equal(("a.c", 8, "\n".join(lines[7:19])), quoted("a.c:wanted()"), "the path, the first line, and the text")


@case
def a_function_without_a_comment_begins_with_its_head():
    lines = TEXT.split("\n")
    equal(("a.c", 3, "\n".join(lines[2:6])), quoted("a.c:before()"), "one behind an #include")
    equal(("a.c", 20, "\n".join(lines[19:23])), quoted("a.c:behind"), "one behind another")


@case
def what_is_not_there_is_said():
    for place, reason in (("b.c:wanted()", "b.c: no such file"), ("a.c:gone()", "a.c has no function gone()"),
                          ("a.c", "a.c has no function ()")):
        try:
            quoted(place)
        except quoting.Missing as error:
            equal(reason, str(error), place)
        else:
            raise AssertionError(place + " was found")


def film(text, folder):
    """Makes HTML of the directive {film}."""
    try:
        from docutils.core import publish_parts
        from docutils.parsers.rst import directives
    except ImportError:
        raise Skip("python3-docutils is not installed") from None
    import films

    films.FOLDER = folder
    directives.register_directive("film", films.Film)
    where = types.SimpleNamespace(docname="docs/book/cow")
    return publish_parts(text, writer_name="html", settings_overrides={"env": where})["body"]


@case
def a_film_is_a_link_or_says_how_it_is_made():
    has(film(".. film:: 3", "films"), '<a href="../../films/tour.html#part=3">', "a link")
    has(film(".. film:: 3\n   :play:", "films"), 'src="../../films/tour.html#part=3&amp;play"', "one that plays")
    text = film(".. film:: 3", "")
    has(text, "tour.html</tt> makes it", "how it is made")
    has(text, "it is part 3.", "which part")


def build(root, folder):
    """Runs tools/book of a tree."""
    if subprocess.run(["/usr/bin/python3", "-c", "import sphinx, myst_parser, furo"], capture_output=True, check=False).returncode:
        raise Skip("python3-sphinx, python3-myst-parser or furo is not installed")
    return subprocess.run([os.path.join(root, "tools/book"), folder], capture_output=True, text=True, check=False)


@long_case
def a_fault_is_found_each_time():
    """A second run in the same folder refuses what the first one has refused."""
    with tempfile.TemporaryDirectory() as root:
        for path in ("tools/book", "VERSION"):
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, path), os.path.join(root, path))
        for path in ("tools/structure", "docs/book"):
            shutil.copytree(os.path.join(ROOT, path), os.path.join(root, path), ignore=shutil.ignore_patterns("*.md", "__pycache__"))
        with open(os.path.join(root, "docs/book/index.md"), "w", encoding="utf-8") as file:
            file.write("# Book\n\n[nothing](gone.md)\n")
        for run in ("first", "second"):
            done = build(root, os.path.join(root, "build-book"))
            equal(1, done.returncode, f"status of the {run} run")
            has(done.stderr, "gone.md", f"complaint of the {run} run")


@case
def the_book_is_whole():
    """From nothing: its links, pictures and quotations are there, or Sphinx says which is not."""
    if os.path.isdir(os.path.join(ROOT, "lab")):
        raise Skip("it is about the complete kernel, and this is a lab's tree")
    with tempfile.TemporaryDirectory() as folder:
        done = build(ROOT, folder)
        equal((0, ""), (done.returncode, done.stderr), "status and complaints")
        with open(os.path.join(folder, "docs/book/path.html"), encoding="utf-8") as file:
            equal(True, "mm/fault/fault.c, from line" in file.read(), "a function is quoted")


if __name__ == "__main__":
    main()
