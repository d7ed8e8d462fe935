# SPDX-License-Identifier: MIT
"""The film that most cases look at, and what they ask of it."""

import os
import subprocess
import sys

from lib.tap import equal
from recording import file, film

import fixtures
import page
from base import TOOLS

PLACE = page.SCRATCH.name
JOURNAL = os.path.join(TOOLS, "journal")
STATE = {"story": None, "clean": None}  # the run, and which page nothing has changed but its fault


def path_of(name):
    """A file of the tests'."""
    return os.path.join(PLACE, name)


def journal(*words):
    """Runs tools/journal; gives status and standard error."""
    done = subprocess.run([sys.executable, "-B", JOURNAL, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def made(name, recorder, title=None, finder=lambda name: None, **options):
    """Makes the film of a recording; gives its path."""
    recording = recorder.write(path_of(name + ".rec"), **options)
    out = path_of(name + ".html")
    film.write(out, [film.read(file.Recording(recording), finder, title or name)])
    return out


def story():
    """The run in which all happens."""
    if not STATE["story"]:
        program, symbols = fixtures.compiled(PLACE)
        found = fixtures.Story(symbols["write_shared"])
        found.to.write(path_of("story.rec"))
        # As a user does it.
        equal((0, ""), journal("film", path_of("story.rec"), path_of("story.html"), "--title", "A run", "--program", program), "journal film")
        STATE["story"] = found
    return STATE["story"]


def number_of(name):
    """The number of a fault of the story."""
    return story().faults[name]


def fresh(name=None, language="en"):
    """Opens the story anew, at a fault. What this case does to the page, no other one sees."""
    story()
    page.load(path_of("story.html"), f"#fault={number_of(name)}" if name else "", language)


def at(name):
    """Goes to a fault of the story, in a page that nothing has changed but its fault."""
    if STATE["clean"] != page.loads():
        fresh(name)
        STATE["clean"] = page.loads()
    follow(number_of(name))


def follow(number):
    """Goes to a fault by the page's address."""
    page.js("location.hash = `#fault=${arguments[0]}`", number)
    page.until(f"film.views[0].number === {number - 1} && document.querySelector('.position').textContent.match(/\\d+/)[0] === '{number}'")


def here():
    """The number of the fault at hand, as the page tells it."""
    return int(page.js("return document.querySelector('.position').textContent.match(/[0-9,]+/)[0].replaceAll(',', '')"))


def is_at(name, after):
    """Fails if another fault is at hand."""
    names = {number: what for what, number in story().faults.items()}
    equal(name, names[here()], f"the fault after {after}")


PLACE_OF = """
const view = [...film.views[0].spaces.values()].find(one => one.heading.textContent.startsWith(arguments[0]));
const place = view.locate(arguments[1]);
"""


def cell(process, number):
    """Where a page of a process is on the screen: (x, y) of its middle, or None."""
    found = page.js(PLACE_OF + "return place && [place.x, place.y]", process, number)
    return tuple(found) if found else None


def paint_of(process, number):
    """The colour of a page's cell, beside its mark: [red, green, blue], or None where nothing is painted."""
    found = page.js(PLACE_OF + """
        const corner = view.layout.cell / 2 - 0.75;
        return window.seen.pixel(view.canvas, place.x - corner, place.y - corner);""", process, number)
    return found[:3] if found[3] == 255 else None


def paint(name):
    """A colour of the style sheet."""
    return page.js("return window.seen.paint(arguments[0])", name)


def is_linked(place):
    """Tells whether a line ends at a place of the screen."""
    return page.js("return window.seen.painted(document.querySelector('.links'), ...arguments, 2)", *place) > 0


def frame_place(entry):
    """Where the frame, or the slot, of an entry is on the screen."""
    found = page.js("const place = film.views[0].frames.locate(arguments[0]); return place && [place.x, place.y]", entry)
    return tuple(found) if found else None


def said():
    """What a screen reader is told."""
    return page.text("[aria-live]")


def facts():
    """The table about the fault at hand: {name: text}."""
    return dict(zip(page.texts(".facts dt"), page.texts(".facts dd")))
