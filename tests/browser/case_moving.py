# SPDX-License-Identifier: MIT
"""How a user moves in a film (R191): buttons, keys, the time line, the address of the page, search."""

from lib.tap import case, equal, has, long_case

import fixtures
import page
from page import Keys
from shown import at, cell, follow, fresh, here, is_at, journal, made, number_of, path_of, said, story


def line_box():
    """The time line's canvas on the screen: left, top, width and height."""
    return page.js("const box = document.querySelector('.timeline canvas').getBoundingClientRect(); return [box.left, box.top, box.width, box.height]")


def in_line(share):
    """A place in the time line."""
    left, top, width, height = line_box()
    return left + 1 + share * (width - 3), top + height - 10


def mark_at():
    """The column of the time line at which the mark of the fault at hand is, as a share of its width."""
    return page.js("""
        const canvas = document.querySelector(".timeline canvas"), ink = window.seen.paint("focus").join();
        const {data, width} = canvas.getContext("2d").getImageData(0, canvas.height - 2, canvas.width, 1);
        const found = [];
        for (let x = 0; x < width; x++)
            if ([...data.slice(4 * x, 4 * x + 3)].join() === ink && data[4 * x + 3] > 200)
                found.push(x);
        return found.length ? found[0] / (width - 1) : null;""")


@case
def R191_it_opens_at_the_first_copy_of_a_page_that_fork_has_shared():
    fresh()
    is_at("cow", "opening")
    has(said(), "Copy on write", "what is said")


@long_case
def it_opens_at_the_dearest_where_there_is_no_such_copy():
    page.load(made("dearest", fixtures.no_cow()))
    equal(2, here(), "the fault")


@long_case
def buttons_step():
    at("cow")
    for css, name in ((".next", "cow_parent"), (".previous", "cow"), (".previous", "swapped"), (".last", "last"), (".next", "last"),
                      (".first", "file_page"), (".previous", "file_page")):
        page.click(css)
        is_at(name, css)


@case
def R191_keys_step():
    at("cow")
    page.js("document.activeElement.blur()")
    for key, name in ((Keys.ARROW_RIGHT, "cow_parent"), (Keys.ARROW_LEFT, "cow"), (Keys.END, "last"), (Keys.HOME, "file_page")):
        page.press(key)
        is_at(name, repr(key))


@long_case
def shift_steps_to_another_kind():
    at("file_page")
    names = []
    for _ in range(4):
        page.press(Keys.ARROW_RIGHT, shift=True)
        names.append(here())
    equal([number_of(name) for name in ("file_copy", "zero_page", "cow_zero", "sparse")], names, "on")
    page.press(Keys.ARROW_LEFT, shift=True)
    is_at("cow_zero", "back")


@case
def it_plays_to_the_end_and_stops():
    at("reuse")
    page.choose(".speed", "100/s")
    page.js("document.activeElement.blur()")
    equal("Play", page.attribute(".play", "aria-label"), "the button's name")
    page.press(" ")
    page.until("document.querySelector('.play').getAttribute('aria-label') === 'Play' && film.views[0].number === " + str(number_of("last") - 1))
    is_at("last", "playing")
    page.press("-", "-", "-", "-", "-", "-")
    equal("1/s", page.js("const box = document.querySelector('.speed'); return box.options[box.selectedIndex].text"), "the speed")
    page.press("+")
    equal("2/s", page.js("const box = document.querySelector('.speed'); return box.options[box.selectedIndex].text"), "the speed")


@long_case
def playing_at_the_end_begins_with_the_first_fault():
    at("last")
    page.choose(".speed", "1/s")
    page.js("window.places = []; new MutationObserver(() => places.push(document.querySelector('.position').textContent))"
            ".observe(document.querySelector('.position'), {childList: true})")
    page.click(".play")
    equal("Pause", page.attribute(".play", "aria-label"), "the button's name")
    page.until("window.places.length")
    equal("2", page.js("return places[0].match(/[0-9]+/)[0]"), "the first fault that is shown")
    page.click(".play")
    equal("Play", page.attribute(".play", "aria-label"), "the button's name")


@long_case
def a_step_ends_playing():
    at("file_page")
    page.choose(".speed", "1/s")
    page.click(".play")
    page.click(".next")
    is_at("zero_fill", "a step")
    equal("Play", page.attribute(".play", "aria-label"), "the button's name")


@case
def a_click_in_the_time_line_goes_there():
    at("cow")
    equal(True, abs(mark_at() - (number_of("cow") - 2) / 23) < 0.01, f"the mark at {mark_at()}")
    page.mouse(in_line(0), "click")
    is_at("file_page", "a click at the left end")
    equal(0, mark_at(), "the mark")
    page.mouse(in_line(1), "click")
    is_at("last", "a click at the right end")
    page.mouse(in_line((number_of("reuse") - 2) / 23), "click")
    is_at("reuse", "a click between them")
    equal(("2", str(24), str(number_of("reuse") - 1)),
          ("2", page.attribute(".timeline canvas", "aria-valuemax"), page.attribute(".timeline canvas", "aria-valuenow")), "as a slider")


@long_case
def a_drag_looks_closer_and_a_double_click_looks_at_all():
    at("cow")
    page.mouse(in_line(0.5), "down", in_line(0.8), in_line(1), "up")
    is_at("cow", "a drag")
    page.mouse(in_line(0), "click")
    equal(True, abs(here() - 2 - 11.5) <= 1, f"the fault {here()} at the left end")
    page.mouse(in_line(0.25), "twice")
    page.mouse(in_line(0), "click")
    is_at("file_page", "a click at the left end")


@long_case
def the_axis_may_be_time():
    at("last")
    equal("Axis: faults", page.text(".axis"), "the button")
    page.click(".axis")
    equal("Axis: time", page.text(".axis"), "the button")
    follow(number_of("file_page"))
    seconds = page.js("const film_ = film.views[0].film, times = film_.records.times; return (times[film_.records_of[1]] - times[0]) / (times.at(-1) - times[0])")
    equal(True, abs(mark_at() - seconds) < 0.01, f"the mark at {mark_at()}, the time {seconds}")
    page.mouse(in_line(0), "click")
    is_at("file_page", "a click at the left end")
    page.mouse(in_line(1), "click")
    is_at("last", "a click at the right end")
    page.press("a")
    equal("Axis: faults", page.text(".axis"), "the button")


@case
def the_address_of_the_page_names_the_fault():
    at("reuse")
    page.press(Keys.ARROW_RIGHT)
    equal(f"#fault={number_of('thread')}", page.js("return location.hash"), "after a step")
    fresh("swapped")
    is_at("swapped", "opening")
    page.js("location.hash = '#fault=999'")
    page.until("document.querySelector('.position').textContent.startsWith('Fault 25 ')")
    page.js("location.hash = '#fault=0'")
    page.until("document.querySelector('.position').textContent.startsWith('Fault 1 ')")
    equal(f"#fault={number_of('init')}", page.js("return location.hash"), "after that")


@long_case
def the_address_may_name_a_fault_of_a_process_that_is_not_shown():
    fresh("init")
    is_at("init", "opening")
    has(page.text(".story"), "init[1]", "the story")
    equal(True, page.js("return document.querySelector('.processes input[value=\"1\"]').checked"), "init is shown")


def search(text):
    """Searches by keys; gives whether the field says that nothing was found, and the fault at hand."""
    page.js("document.activeElement.blur(); document.querySelector('.search').value = arguments[0]", text)
    page.press("/", Keys.ENTER, Keys.ESCAPE)
    return page.attribute(".search", "aria-invalid") == "true", here()


@long_case
def search_finds_addresses_symbols_kinds_and_processes():
    at("file_page")
    for text, name in (("0x101000", "filled"), ("101234", "swapped"), (f"{fixtures.SHARED * 4096:x}", "shared_new"), ("WRITE_SHARED", "cow"),
                       ("tiny.c:6", "file_copy"), ("reuse", "reuse"), ("Zero page written", "cow_zero"), ("swapped in", "swapped"),
                       ("demo[3]", "cow"), ("brief", "brief"), ("deny_map", "maperr"), ("Not allowed", "accerr")):
        equal((False, number_of(name)), search(text), f"the search for {text}")
    follow(number_of("file_page"))
    equal((False, number_of("read_data")), search("shared"), "the symbol of an address")


@long_case
def search_knows_kinds_that_the_mapping_tells_apart():
    at("zero_page")
    equal((False, number_of("shared_new")), search("Shared page"), "a page of shared memory")


@long_case
def a_search_for_nothing_says_so():
    at("cow")
    equal((True, number_of("cow")), search("no such thing"), "what is found")
    equal("Nothing found: no such thing", said(), "what is said")
    page.js("document.activeElement.blur(); document.querySelector('.search').value = ''")
    page.press("/", "reuse", Keys.ENTER, Keys.ESCAPE)
    is_at("reuse", "a search that is typed")
    equal("false", page.attribute(".search", "aria-invalid"), "what the field says")


@long_case
def processes_can_be_left_out():
    fresh("cow")
    page.click(".processes summary")
    labels = dict(zip([text.strip() for text in page.texts(".processes label")],
                      page.js("return [...document.querySelectorAll('.processes input')].map(one => one.checked)")))
    equal({"init[1]": False, "demo[2]": True, "demo[3]": True, "brief[6]": True}, labels, "the list")
    page.click(".processes input[value='3']")
    is_at("cow_parent", "the child is left out")
    equal([], [text for text in page.texts(".space h3") if text.startswith("demo[3]")], "maps of the child")
    page.press(Keys.ARROW_RIGHT)
    page.press(Keys.ARROW_RIGHT)
    for css in ("2", "6"):
        page.click(f".processes input[value='{css}']")
    equal(True, page.js("return document.querySelector('.processes input[value=\"6\"]').checked"), "the last one stays")


@case
def R191_a_film_needs_no_mouse():
    """Tab goes to each part; arrows move the cursor over a map; Enter goes to the next fault of the page."""
    fresh("cow")  # Tab goes on from where the last case was
    met = []
    for _ in range(40):
        page.press(Keys.TAB)
        met.append(page.js("const one = document.activeElement; return one.tagName === 'CANVAS' ? one.closest('.space, .timeline').className.split(' ')[0] "
                           "+ ': ' + one.getAttribute('aria-label') : one.className || one.tagName"))
        if met[-1].startswith("timeline"):
            break
    maps = [one for one in met if one.startswith("space: ")]
    equal(["demo[2]", "demo[3]"], [one.split()[1].rstrip(":") for one in maps], f"the maps among {met}")
    equal([], [part for part in ("search", "predict", "picture", "language", "help", "first", "previous", "play", "next", "last", "speed", "axis", "SUMMARY")
               if part not in met], "what Tab leaves out")
    equal([], page.js("return [...document.querySelectorAll('button, select, input, canvas')].filter(one => one.offsetParent && !one.closest('label')"
                      " && !(one.getAttribute('aria-label') || one.textContent)).map(one => one.outerHTML)"), "what has no name")
    page.js("document.querySelectorAll('.space canvas[tabindex]')[0].focus()")
    for address in ("0x10000", "0x11000", "0x12000", "0x100000"):
        page.press(Keys.ARROW_RIGHT)
        equal(address, said().partition(":")[0], "the next page that is mapped")
        has(page.text(".tip"), address + ": ", "the tip")
    page.press(Keys.ENTER)
    is_at("cow_parent", "Enter")
    page.press(Keys.ARROW_RIGHT, Keys.ENTER)
    is_at("filled", "Enter, round from the begin")
    page.press(Keys.ENTER)
    is_at("swapped", "Enter again")
    page.press(Keys.ARROW_UP)
    equal("0x12000", said().partition(":")[0], "a row up")
    page.press(Keys.ARROW_LEFT)
    equal("0x11000", said().partition(":")[0], "a page back")


@long_case
def a_click_on_a_page_goes_to_its_next_fault():
    at("cow")
    page.mouse(cell("demo[2]", fixtures.HEAP), "click")
    is_at("cow_parent", "a click on the heap")
    page.mouse(cell("demo[2]", fixtures.HEAP), "click")
    is_at("zero_page", "another one")
    page.mouse(cell("demo[2]", fixtures.HEAP + 40), "click")
    is_at("zero_page", "one on a page without faults")
    equal("Nothing found: 0x128000", said(), "what is said")


STEPS = "return [...document.querySelectorAll('.timeline canvas')].map(one => Number(one.getAttribute('aria-valuenow')))"


def two_films():
    """Opens two side by side: one has three faults."""
    made("left", fixtures.no_cow())
    story()
    path = path_of("both.html")
    equal((0, ""), journal("film", path_of("left.rec"), path, "--title", "Left", "--beside", path_of("story.rec"), "--beside-title", "Right",
                         "--beside-program", path_of(fixtures.NAME)), "the tool")
    page.load(path)


@case
def R191_two_films_step_together():
    two_films()
    equal(["Left", "Right"], page.texts(".film .title"), "the titles")
    equal(("Step 1 of 24", 2), (page.text(".position"), len(page.texts(".story"))), "the begin")
    seen = page.js("""return [...document.querySelectorAll(".film")].map(one => [".stage", ".story", ".space.here"].map(css => one.querySelector(css).getBoundingClientRect()))
        .map(([stage, story, space]) => [story.top >= stage.top, story.bottom <= space.top, space.top < stage.bottom])""")
    equal([[True] * 3] * 2, seen, "both tell what happened, and show where below that")
    equal(1, len(page.texts(".source")), "sources")
    equal([], page.js("return [...document.querySelectorAll('.source, .facts, .frames')].filter(one => one.scrollHeight > one.clientHeight + 2).map(one => one.className)"),
          "what is cut")
    page.press(Keys.ARROW_RIGHT)
    equal(("Step 2 of 24", [2, 2]), (page.text(".position"), page.js(STEPS)), "a step")
    page.js("location.hash = '#step=1'")
    page.until("document.querySelector('.position').textContent === 'Step 1 of 24'")
    equal([1, 1], page.js(STEPS), "by the address")
    page.press("p")
    equal([], page.texts(".choices"), "there is nothing to predict")


@long_case
def the_longer_of_two_films_goes_on_alone():
    two_films()
    page.press(*[Keys.ARROW_RIGHT] * 4)
    equal(("Step 5 of 24", "#step=5", [3, 5]), (page.text(".position"), page.js("return location.hash"), page.js(STEPS)), "where the left has ended")
    page.press(Keys.ARROW_LEFT)
    equal(("Step 4 of 24", [3, 4]), (page.text(".position"), page.js(STEPS)), "a step back")


@long_case
def a_film_has_parts():
    path = made("parts", fixtures.in_parts())
    page.load(path)
    equal(3, here(), "where it opens, in the part that is on")
    equal(["<b>one", "two"], page.texts(".parts option")[1:], "the parts")
    page.choose(".parts", "two")
    equal(5, here(), "the begin of the second part")
    page.choose(".parts", "<b>one")
    page.mouse(in_line(1), "click")
    equal(4, here(), "the right end of the time line")
    page.press(Keys.END)
    equal(6, here(), "the end")
    page.load(path, "#part=2")
    equal(5, here(), "by the address")
    page.load(path, "#record=0")
    equal(1, here(), "by the number of a record")


@long_case
def a_film_in_a_frame_plays_again_and_again():
    page.load(made("frame", fixtures.in_parts()), "#part=1&play")
    equal((True, "#part=1&play"), tuple(page.js("return [document.body.classList.contains('embedded'), location.hash]")), "the page")
    page.js("window.places = []; film.speed = 1; new MutationObserver(() => places.push(document.querySelector('.position').textContent))"
            ".observe(document.querySelector('.position'), {childList: true})")
    page.until("/Fault 4.*Fault 3/.test(places.join())")
    equal([], [one for one in page.js("return places") if one[:7] not in ("Fault 3", "Fault 4")], "what else is shown")
    equal("#part=1&play", page.js("return location.hash"), "the address")
    page.click(".next")
    equal("Play", page.attribute(".play", "aria-label"), "the button's name after a click")
