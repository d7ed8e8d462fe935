# SPDX-License-Identifier: MIT
"""A film in the dark, in narrow windows, and under a finger (R191)."""

import itertools

from lib.tap import case, equal, has, long_case

import fixtures
import page
from case_moving import in_line, two_films
from shown import at, cell, frame_place, here, is_at, is_linked, made, number_of, paint, paint_of

STATES = ["zero", "own", "cow", "sole", "file", "shared", "swapped", "coming", "other"]
# What people see of linear red, green and blue who have one kind of cones less (Machado, Oliveira and Fernandes, 2009).
VISIONS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LEAST_DIFFERENCE = 9  # in CIELAB; there are marks besides
LEAST_CONTRAST = 4.5  # of text, as WCAG 2 wants it


def linear(colour):
    """The light of red, green and blue, each from 0 to 1."""
    return [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]


def lab(colour, vision):
    """The place of a colour in CIELAB, for someone who sees so."""
    red, green, blue = (min(max(sum(a * b for a, b in zip(row, linear(colour))), 0), 1) for row in vision)
    parts = [(0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047, 0.2126 * red + 0.7152 * green + 0.0722 * blue,
             (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883]
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one, other):
    """The contrast of two colours: of their luminances."""
    low, high = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (linear(one), linear(other)))
    return (high + 0.05) / (low + 0.05)


@case
def R191_colours_can_be_told_apart_also_in_the_dark():
    papers = []
    for theme in ("light", "dark"):
        with page.device(theme=theme):
            at("cow")
            papers.append(sum(paint("paper")))
            background = page.js("return getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
            equal(paint("paper"), background, f"the background, {theme}")
            equal((paint("own"), paint("cow"), paint("zero")), (paint_of("demo[3]", fixtures.DATA), paint_of("demo[2]", fixtures.HEAP), paint("zero")),
                  f"what is drawn, {theme}")
            colours = {name: paint(name) for name in STATES}
            for vision, matrix in VISIONS.items():
                for one, other in itertools.combinations(STATES, 2):
                    difference = sum((a - b) ** 2 for a, b in zip(lab(colours[one], matrix), lab(colours[other], matrix))) ** 0.5
                    equal(True, difference >= LEAST_DIFFERENCE, f"{one} and {other} differ by {difference:.1f} ({theme}, {vision})")
            for ink, paper in (("ink", "paper"), ("quiet", "paper"), ("ink", "band"), ("refused", "paper"), ("paper", "ink")):
                found = contrast(paint(ink), paint(paper))
                equal(True, found >= LEAST_CONTRAST, f"{ink} on {paper} has a contrast of {found:.1f} ({theme})")
    equal(True, papers[0] > 600 > 150 > papers[1], f"paper: {papers}")


def box(css):
    """Where the first element that fits is in the window: left, top, right, bottom."""
    return page.js("const box = document.querySelector(arguments[0]).getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]", css)


def fits(width):
    """Fails if the page is wider than the window."""
    equal(width, page.js("return Math.max(document.documentElement.scrollWidth, innerWidth)"), "the width of the page")


@case
def R191_a_film_fits_a_narrow_window():
    """What happened comes first, then the map of its page; what moves the film is always at hand."""
    for width, height in ((800, 900), (400, 800), (320, 600)):
        with page.device(width, height):
            at("cow")
            fits(width)
            page.js("scrollTo(0, 0)")
            story, first, frames, source = box(".story"), box(".space.here"), box(".frames"), box(".source")
            has(page.text(".space.here h3"), "demo[3]", "the map of the page")
            equal(sorted([story[1], story[3], first[1], first[3], frames[1], frames[3], source[1]]),
                  [story[1], story[3], first[1], first[3], frames[1], frames[3], source[1]], f"what comes below what at {width}")
            equal(True, page.js("return [...film.views[0].spaces.values()][0].layout.cell") >= 6, "cells have room for marks")
            for place in (0, 300, 100_000):
                page.js("scrollTo(0, arguments[0])", place)
                _, top, _, bottom = box(".timeline")
                equal(True, 0 < box(".next")[1] < top and bottom <= height, f"where the time line is: {top} to {bottom} of {height}")
            page.js("document.querySelector('.frames').scrollIntoView({block: 'center'})")
            page.settle()
            equal(True, is_linked(frame_place(fixtures.private(0x80500))), "the line ends at the frame after the page was scrolled")
            page.click(".next")
            is_at("cow_parent", "a click")
            page.press("p")
            fits(width)
            equal(True, box(".choices.sharers")[3] <= first[1] + page.js("return document.documentElement.scrollHeight"), "the questions")
            page.press(page.Keys.ESCAPE)


@long_case
def two_films_are_one_below_the_other_in_a_narrow_window():
    with page.device(400, 800):
        two_films()
        fits(400)
        tops = page.js("return [...document.querySelectorAll('.film')].map(one => one.getBoundingClientRect()).map(one => [one.top, one.bottom])")
        equal(True, tops[0][1] <= tops[1][0], f"the films: {tops}")


@long_case
def the_page_of_the_fault_is_scrolled_to():
    with page.device(1000, 600):
        for name, process, number in (("cow", "demo[3]", fixtures.DATA), ("zero_fill", "demo[2]", fixtures.STACK), ("cow_parent", "demo[2]", fixtures.HEAP)):
            at(name)
            _, top, _, bottom = box(".spaces")
            place = cell(process, number)
            equal(True, place is not None and top < place[1] < bottom, f"the page of {name} at {place}, between {top} and {bottom}")


@long_case
def a_map_that_scrolls_is_drawn_to_its_end():
    """It is as high as there is room, and no higher at the next fault."""
    path = made("high", fixtures.many(400))
    for width, height in ((1000, 600), (1000, 900), (800, 800)):
        with page.device(width, height):
            page.load(path, "#fault=399")
            seen = []
            for _ in range(3):
                seen.append(page.js("""const {scroller, canvas, layout} = [...film.views[0].spaces.values()][0];
                    return [scroller.clientHeight, canvas.offsetHeight, layout.height > scroller.clientHeight, Math.abs(scroller.scrollHeight - layout.height) < 3]"""))
                page.press(page.Keys.ARROW_LEFT)
            most = seen[0][0]
            equal([[most, most, True, True]] * 3, seen, f"heights at {width}")
            equal(True, most == 420 if (width, height) != (1000, 900) else most > 420, f"height {most} of {height}")


@case
def R191_a_finger_suffices():
    """The first tap on a page shows it, the second one goes to its next fault; the time line takes taps and drags."""
    with page.device(400, 800, touch=True):
        at("cow")
        equal([], page.js("return [...document.querySelectorAll('button, select')].filter(one => one.getBoundingClientRect().height < 40).map(one => one.className)"),
              "what is too small for a finger")
        page.js("document.querySelector('.space:not(.here)').scrollIntoView({block: 'center'})")
        page.tap(cell("demo[2]", fixtures.HEAP))
        is_at("cow", "a tap")
        has(page.text(".tip:not([hidden])"), f"{fixtures.HEAP * 4096:#x}: ", "the tip")
        left, top, right, bottom = box(".tip")
        equal(True, left >= 0 and right <= 400 and top >= 0 and bottom <= 800, f"where the tip is: {left}, {top}, {right}, {bottom}")
        page.tap(cell("demo[2]", fixtures.HEAP))
        is_at("cow_parent", "another tap")
        page.tap(in_line(0))
        is_at("file_page", "a tap on the time line")
        page.drag(in_line(0.5), in_line(1))
        page.tap(in_line(0))
        equal(True, abs(here() - 2 - 11.5) <= 1, f"the fault {here()} at the left end after a drag")
        page.tap(box_middle(".next"))
        equal(True, here() > 13, "a tap on a button")


def box_middle(css):
    """The middle of an element."""
    left, top, right, bottom = box(css)
    return (left + right) / 2, (top + bottom) / 2
