# SPDX-License-Identifier: MIT
"""Runs and superpages in a film (R191): one entry for 512 pages, until it breaks."""

import functools

from lib.tap import case, equal, has
from recording import file, model

import page
from recorded import PAGE, RW, WRITE, Recorder, Thread, cow, private
from shown import PLACE_OF, facts, follow, made, path_of

BLOCK, FRAME, COPY, ROW = 0x40000, 0x80200, 0x81000, 0x41000  # the pages of a block, its frames, a copy, and pages of a run
PAGES = file.LARGE_PAGES
ALL = """
return arguments[0].map(position => [...film.views[0].film.at(position).spaces].filter(([, space]) => space.entries.size)
    .map(([number, space]) => [number, [...space.entries], [...space.large]]));
"""


@functools.cache
def recording():
    """A program makes a run and a superpage, forks, and drops a page of it. Gives the recorder, and the numbers of faults."""
    to, faults = Recorder(), {}
    sweep = Thread(to, 2, 0)
    sweep.exec("sweep")
    areas = [((BLOCK, PAGES, RW), {}), ((ROW, 64, RW), {})]
    for words, options in areas:
        sweep.area(*words, **options)
    sweep.begin_round("FILL", ROW, 0, private(0x82000), WRITE, 300, 400)
    for number in range(1, 4):
        to.add(file.RUN, sweep, args=((ROW + number) * PAGE, 0, private(0x82000 + number)))
    faults["run"] = sweep.end_fault("FILL", ROW * PAGE, WRITE, 2000)
    faults["made"] = sweep.large_fault("FILL", BLOCK + 7, 0, private(FRAME))
    child = sweep.fork(3, areas, [(BLOCK, PAGES, True), (ROW, 64, True)])
    faults["split"] = child.large_fault("COW", BLOCK + 100, cow(FRAME + 100), private(COPY), split=0)
    child.end()
    faults["alone"] = sweep.large_fault("REUSE", BLOCK + 7, cow(FRAME), private(FRAME))
    sweep.begin_round("REUSE", ROW, cow(0x82000), private(0x82000), WRITE, 300)
    sweep.range(file.RAISE, ROW + 1, 3, 3, 0)
    faults["raised"] = sweep.end_fault("REUSE", ROW * PAGE, WRITE, 900)
    sweep.split(BLOCK + 50, 1)
    sweep.range(file.CLEAR, BLOCK + 50, 1)
    sweep.no_area(BLOCK + 50, 1)
    faults["last"] = sweep.fault("FILL", ROW + 9, 0, private(0x83000))
    sweep.end()
    return to, faults


def opened(name, language="en"):
    """Opens the film, at a fault."""
    to, faults = recording()
    page.load(made("large", to), f"#fault={faults[name]}", language)


def go(name):
    """Goes to another fault of it."""
    follow(recording()[1][name])


def is_joined(process, number):
    """Tells whether a page's cell and the next one are one area: nothing is left out between them."""
    return page.js(PLACE_OF + "return window.seen.pixel(view.canvas, place.x + view.layout.cell / 2 - 0.6, place.y)[3] === 255", process, number)


def walk(process):
    """The walk to the page at hand, in words."""
    return page.js("return [...film.views[0].spaces.values()].find(one => one.heading.textContent.startsWith(arguments[0])).pathText", process)


@case
def R191_runs_and_superpages_are_those_of_the_model():
    """Forwards, and backwards: from the snapshot before it."""
    opened("made")
    to, _ = recording()
    tables, expected = model.Tables(), [[{}, {}]]
    for record in file.Recording(to.write(path_of("large.rec"))):
        tables.apply(record)
        expected.append([{number: {va // PAGE: word for va, word in entries.items()} for number, entries in tables.spaces.items() if entries},
                         {number: {base // file.LARGE_BYTES for base in large} for number, large in tables.large.items() if large}])
    positions = [*range(len(expected)), *range(len(expected) - 1, -1, -3)]
    for position, spaces in zip(positions, page.js(ALL, positions)):
        entries, large = expected[position]
        equal(entries, {number: dict(pairs) for number, pairs, _ in spaces}, f"the tables after {position} records")
        equal(large, {number: set(blocks) for number, _, blocks in spaces if blocks}, f"the superpages after {position} records")


@case
def R191_a_superpage_is_one_area_that_breaks():
    opened("made")
    equal("Superpage made", page.text(".details h2"), "heading")
    has(page.text(".story"), "maps 512 frames", "story")
    equal([True] * 3, [is_joined("sweep[2]", BLOCK + number) for number in (0, 7, 300)], "cells of the block")
    equal(False, is_joined("sweep[2]", ROW), "cells of pages")
    equal("Tables: 1 root, 1 middle, 1 leaf; 1 superpage. root[1] \u2192 middle[0]", walk("sweep[2]"), "the walk ends a level higher")
    has(facts()["Entry after"], f"frame 0x{FRAME + 7:x}; one entry of the middle table maps it", "entry")
    go("split")
    equal("Copy on write", page.text(".details h2"), "heading")
    has(page.text(".story"), "became a table of 512 entries", "story")
    equal((False, True), (is_joined("sweep[3]", BLOCK + 7), is_joined("sweep[2]", BLOCK + 7)), "cells of the child and of its parent")
    equal("Tables: 1 root, 1 middle, 2 leaf. root[1] \u2192 middle[0] \u2192 leaf[100]", walk("sweep[3]"), "the child's walk")
    before = page.js("const film_ = film.views[0].film; return [...film_.at(film_.before(arguments[0] - 1)).space(2).large]", recording()[1]["split"])
    equal([BLOCK // PAGES], before, "superpages of the child before that fault")
    go("alone")
    equal("Superpage reused", page.text(".details h2"), "heading")
    go("last")
    equal(False, is_joined("sweep[2]", BLOCK + 7), "cells after the munmap of a page")


@case
def R191_a_run_is_told():
    opened("run")
    has(page.text(".story"), "As it continued a row, 3 pages ahead got entries, too.", "story")
    go("raised")
    has(page.text(".story"), "In the same way, 3 pages ahead became writable.", "story")
    opened("run", "zh")
    has(page.text(".story"), "\u524d\u65b9\u7684 3 \u9875", "story in Chinese")
    go("made")
    equal("\u5f97\u5230\u5927\u9875", page.text(".details h2"), "heading in Chinese")
