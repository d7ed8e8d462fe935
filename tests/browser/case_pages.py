# SPDX-License-Identifier: MIT
"""What a film draws (R191): pages, frames, swap slots, and the address spaces that there are."""

import os

from lib.tap import case, equal, has, lacks, long_case
from recording import file, model

import fixtures
import page
from case_showing import saved, svg_texts
from page import Keys
from recorded import PAGE, cow, private, slot
from shown import at, cell, frame_place, fresh, here, is_linked, made, number_of, paint, paint_of, path_of, story

DEMO, CHILD = "demo[2]", "demo[3]"
# What the page has after so many records: the entries and the mappings of all spaces; frames whose entries it has counted
# wrongly; and by how many it is wrong about all entries that have a page.
MACHINES = """
const prot = (area, name) => ["r", "w", "x"].map((one, bit) => area.prot >> bit & 1 ? one : "-").join("") + (area.isShared ? "s" : "p");
return arguments[0].map(position => {
    const machine = film.views[0].film.at(position), counts = new Map(), spaces = [...machine.spaces];
    for (const [, space] of spaces)
        for (const entry of space.entries.values())
            if (entry % 4 === 1 || entry % 4 === 2)
                counts.set(Math.floor(entry / 65536), (counts.get(Math.floor(entry / 65536)) ?? 0) + 1);
    return [spaces.filter(([, space]) => space.entries.size).map(([number, space]) => [number, [...space.entries]]),
            spaces.filter(([, space]) => space.areas.length).map(([number, space]) => [number, space.areas.map(area =>
                [area.start, area.end, prot(area), area.backing, area.backing ? area.index : 0, area.name])]),
            [...new Set([...counts.keys(), ...machine.maps.keys()])].filter(frame => counts.get(frame) !== machine.maps.get(frame)),
            machine.resident - [...counts.values()].reduce((sum, one) => sum + one, 0)];
});
"""


def tables_of(recorder):
    """The page tables and the mappings by another program, after each record."""
    tables, areas, path = model.Tables(), model.Areas(), recorder.write(path_of("tables.rec"))
    yield {}, {}
    for record in file.Recording(path):
        tables.apply(record)
        areas.apply(record)
        yield ({number: {va // PAGE: word for va, word in entries.items()} for number, entries in tables.spaces.items() if entries},
               {number: [(area.start // PAGE, area.end // PAGE, *area[2:]) for area in found] for number, found in areas.spaces.items() if found})


@case
def R191_page_tables_are_those_of_the_model():
    """Forwards, and backwards: from the snapshot before it."""
    fresh("cow")
    expected = list(tables_of(story().to))
    positions = [*range(len(expected)), *range(len(expected) - 1, -1, -7)]
    for position, (spaces, mapped, *wrong) in zip(positions, page.js(MACHINES, positions)):
        tables, areas = expected[position]
        equal(tables, {number: dict(entries) for number, entries in spaces}, f"the tables after {position} records")
        equal(areas, {number: [tuple(area) for area in found] for number, found in mapped}, f"the mappings after {position} records")
        equal([[], 0], wrong, f"the counts of frames after {position} records")


@case
def R191_cells_have_the_colour_of_their_state():
    at("cow")
    for process, number, name in ((DEMO, fixtures.TEXT, "file"), (DEMO, fixtures.DATA, "sole"), (CHILD, fixtures.DATA, "own"), (DEMO, fixtures.HEAP, "cow"),
                                  (CHILD, fixtures.HEAP, "cow"), (DEMO, fixtures.SHARED, "shared"), (CHILD, fixtures.STACK, "cow"),
                                  (CHILD, fixtures.RESERVED + 1000, "cow"), (DEMO, fixtures.STACK - 1, None), (DEMO, fixtures.HEAP + 40, None)):
        equal(paint(name) if name else None, paint_of(process, number), f"page {number:#x} of {process}, as {name}")
    at("zero_page")
    equal(paint("zero"), paint_of(DEMO, fixtures.HEAP), "the zero page")
    equal(paint("own"), paint_of(DEMO, fixtures.STACK), "a page of its own")
    at("filled")
    equal(paint("own"), paint_of(DEMO, fixtures.HEAP + 1), "a page before it is swapped out")


@long_case
def a_page_on_its_way_is_marked():
    at("meanwhile")
    equal(paint("coming"), paint_of(DEMO, fixtures.HEAP + 1), "while another thread waits for it")
    at("swapped")
    equal(paint("own"), paint_of(DEMO, fixtures.HEAP + 1), "when it has come")


@long_case
def a_frame_that_nobody_shares_any_more_says_so():
    at("reuse")
    equal(paint("own"), paint_of(DEMO, fixtures.STACK), "what it has written to")
    equal(paint("sole"), paint_of(DEMO, fixtures.HEAP + 1), "what it has not")
    at("cow")
    equal(paint("cow"), paint_of(DEMO, fixtures.HEAP + 1), "while the child lives")


@case
def R191_the_mouse_shows_a_page_and_who_shares_it():
    at("cow")
    page.mouse(cell(DEMO, fixtures.HEAP))
    tip = page.text(".tip:not([hidden])")
    for part in ("0x100000: shared by fork", "COW (copy-on-write)", "frame 0x80302", "2 entries have this frame"):
        has(tip, part, "the tip")
    for place in (cell(DEMO, fixtures.HEAP), cell(CHILD, fixtures.HEAP), frame_place(cow(0x80302))):
        equal(True, is_linked(place), f"a line ends at {place}")
    for place in (cell(CHILD, fixtures.HEAP + 20), cell(CHILD, fixtures.TEXT)):
        equal(False, is_linked(place), f"a line ends at {place}, which has another frame")
    page.mouse(cell(DEMO, fixtures.HEAP + 40))
    has(page.text(".tip:not([hidden])"), "0x128000: promised", "the tip of a page without an entry")
    equal(0, page.js("return window.seen.painted(document.querySelector('.links'), 700, 500, 500)"), "what is painted of lines")
    page.mouse((5, 5))
    equal(None, page.text(".tip:not([hidden])"), "the tip elsewhere")
    equal(True, is_linked(cell(CHILD, fixtures.DATA)), "the line of the fault at hand")
    equal(True, is_linked(frame_place(private(0x80500))), "the line of the fault at hand")
    equal(False, is_linked(cell(DEMO, fixtures.DATA)), "a line to whom it has left")


@long_case
def a_tip_does_not_outlive_its_instant():
    at("cow")
    page.mouse(cell(DEMO, fixtures.HEAP))
    has(page.text(".tip:not([hidden])"), "shared by fork", "the tip")
    page.press(Keys.ARROW_RIGHT)
    tip = page.text(".tip:not([hidden])")
    equal(True, tip is None or "its own" in tip, f"the tip after a step: {tip}")
    page.mouse((5, 5))


@long_case
def frames_are_counted_and_lead_to_their_pages():
    at("cow")
    # Of init 1; of the demo text 2, its data, heap 3, the reservation 1, shared 1, its stack; of the child its data.
    equal("Frames: 11 in use, 20 in the film", page.text(".frames h3"), "the heading")
    equal(page.text(".frames h3"), page.attribute(".frames canvas", "aria-label"), "the name of the map")
    page.mouse(frame_place(cow(0x80302)))
    for place in (cell(DEMO, fixtures.HEAP), cell(CHILD, fixtures.HEAP)):
        equal(True, is_linked(place), f"a line ends at {place}")
    pixel = "const [x, y] = arguments; return window.seen.pixel(document.querySelector('.frames canvas'), x - 3, y - 3).slice(0, 3)"
    equal(paint("cow"), page.js(pixel, *frame_place(cow(0x80302))), "the colour of a shared frame")
    equal(paint("own"), page.js(pixel, *frame_place(private(0x80500))), "the colour of the new one")
    page.mouse((5, 5))


@long_case
def swap_slots_are_drawn():
    at("meanwhile")
    has(page.attribute(".frames canvas", "aria-label"), "Swap slots: 1 in use", "the name of the map")
    pixel = "const [x, y] = arguments; return window.seen.pixel(document.querySelector('.frames canvas'), x - 3, y - 3).slice(0, 3)"
    equal(paint("swapped"), page.js(pixel, *frame_place(slot(7))), "the slot's colour")
    page.mouse(cell(DEMO, fixtures.HEAP + 1))
    has(page.text(".tip:not([hidden])"), "swap slot 7", "the tip")
    equal(True, is_linked(frame_place(slot(7))), "a line ends at the slot")
    page.mouse((5, 5))
    at("swapped")
    lacks(page.attribute(".frames canvas", "aria-label"), "Swap slots", "the name of the map")


@long_case
def a_reservation_is_folded():
    at("sparse")
    heights = page.js("return [...document.querySelectorAll('.space canvas[tabindex]')].map(one => one.getBoundingClientRect().height)")
    equal(True, max(heights) < 500, f"heights of maps: {heights}")
    equal(None, cell(DEMO, fixtures.RESERVED + 100_000), "a page that nothing ever touches")
    equal(True, cell(DEMO, fixtures.RESERVED + 1000) is not None, "the page that is touched")
    page.press("s")
    folds = [text for text in svg_texts(saved(f"fault-{number_of('sparse')}.svg")) if "that nothing ever touches" in text]
    columns = page.js("return [...film.views[0].spaces.values()].at(-1).layout.columns")
    before = 1000 // columns * columns
    middle = 2000 // columns * columns - before - columns
    left = fixtures.RESERVED_PAGES - before - middle - 2 * columns
    equal([f"⋯ {count:,} pages that nothing ever touches" for count in (before, middle, left)], folds, "what is folded")


@case
def R191_spaces_come_and_go():
    for name, names in (("swapped", [DEMO]), ("cow", [DEMO, CHILD]), ("maperr", [DEMO, CHILD]), ("reuse", [DEMO]), ("brief", [DEMO, "demo[6]"]),
                        ("other", [DEMO, "brief[6]"]), ("last", [DEMO]), ("other", [DEMO, "brief[6]"]), ("brief", [DEMO, "demo[6]"]), ("cow", [DEMO, CHILD])):
        at(name)
        equal(names, [text.partition(":")[0] for text in page.texts(".space h3")], f"the maps at {name}")
    equal(["demo[2]: 9 of 262,231 pages have an entry", "demo[3]: 9 of 262,231 pages have an entry"], page.texts(".space h3"), "the counts")


@long_case
def the_walk_through_the_tables_is_told():
    at("cow")
    labels = page.js("return [...document.querySelectorAll('.space')].map(one => one.querySelector('canvas').getAttribute('aria-label'))")
    equal("Tables: 1 root, 4 middle, 4 leaf. root[0] → middle[0] → leaf[18]", labels[1].replace(" tables", ""), "the tables of the child")


@long_case
def a_mapping_is_moved_and_made_less():
    at("last")
    page.mouse(cell(DEMO, fixtures.HEAP + 1))
    has(page.text(".tip"), "V is 1, r--", "the entry that is made less")
    page.mouse(cell(DEMO, fixtures.RESERVED + 2000))
    has(page.text(".tip"), f"0x{(fixtures.RESERVED + 2000) * PAGE:x}: copy-on-write, alone; V is 1, r--", "the entry that is moved")
    page.mouse((5, 5))


COUNT_FILLS = """
window.fills = [];
const fill = CanvasRenderingContext2D.prototype.fillRect, stroke = CanvasRenderingContext2D.prototype.strokeRect;
CanvasRenderingContext2D.prototype.fillRect = function(...words) { window.fills.push(words[1]); fill.apply(this, words); };
CanvasRenderingContext2D.prototype.strokeRect = function(...words) { window.fills.push(words[1]); stroke.apply(this, words); };
"""


def opens_large(nfaults):
    """Opens a film of so many faults; looks at some."""
    to = fixtures.many(nfaults)
    path = made("large", to)
    page.load(path)
    page.press(Keys.END)
    equal(nfaults, here(), "the last fault")
    npages = 20_000
    heading = "many[1]: {:,} of 20,000 pages have an entry"
    for number in (nfaults, 5, nfaults - 100, npages, npages + 1):
        if number > nfaults:
            continue
        follow_large(number)
        equal(heading.format((number - 1) % npages + 1), page.text(".space h3"), f"the heading at fault {number}")
    return path


def follow_large(number):
    """Goes to a fault."""
    page.js("location.hash = `#fault=${arguments[0]}`", number)
    page.until(f"film.views[0].number === {number - 1}")


@case
def R191_who_goes_back_has_the_mappings():
    """The way back begins at one of the snapshots, of which a film with few records has the empty first one only."""
    opens_large(3_000)


@long_case
def a_hundred_thousand_faults_are_no_burden():
    """The file is small, and only what is to be seen is drawn."""
    path = opens_large(100_000)
    equal(True, os.path.getsize(path) <= 3 << 20, f"the size of the file, {os.path.getsize(path)} bytes")
    follow_large(20_000)
    page.js(COUNT_FILLS)
    page.js("document.querySelector('.scroller').scrollTop = 400")
    page.until("window.fills.length > 0")
    drawn, height, columns, size = page.js("""
        const {layout} = [...film.views[0].spaces.values()][0], canvas = document.querySelector(".space canvas[tabindex]");
        return [window.fills, canvas.getBoundingClientRect().height, layout.columns, layout.cell]""")
    rows = height / size + 3
    equal(True, 0 < len(drawn) < 3 * rows * columns + 100, f"{len(drawn)} fills for {rows} rows of {columns}")
    equal(True, min(drawn) >= -20 and max(drawn) <= height + 20, f"what is drawn is between {min(drawn)} and {max(drawn)} of {height}")


@long_case
def a_million_faults_can_be_shown():
    opens_large(1_000_000)
