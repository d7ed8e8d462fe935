# SPDX-License-Identifier: MIT
"""What a film says of a fault (R191), in English and in Chinese, and what else it says."""

import os
import time
import xml.etree.ElementTree as tree

from lib.tap import case, equal, has, lacks, long_case

import fixtures
import page
from page import Keys
from recorded import PAGE, Recorder, Thread, private
from shown import at, facts, follow, fresh, here, is_at, made, number_of, path_of, said, story

# Of each fault what its sentence says, whatever the words are: (fault, heading, in Chinese, what both name).
STORIES = [
    ("file_page", "File page", "文件页", ["demo[2]", "demo", "1", "1,000"]),
    ("zero_fill", "Zero fill", "填零", ["demo[2]", "0x80300", "4096"]),
    ("file_copy", "File page, copied", "文件页，复制", ["demo[2]", "0x80301", "4096"]),
    ("zero_page", "Zero page", "零页", ["demo[2]", "1"]),
    ("cow_zero", "Zero page written", "写零页", ["demo[2]", "0x80302"]),
    ("shared_new", "Shared page", "共享页", ["demo[2]", "0x80400"]),
    ("remap", "First write to a shared page", "首次写共享页", ["1,000"]),
    ("accessed", "Accessed or dirty", "置 A 或 D 位", ["400"]),
    ("spurious", "Nothing to do", "无需处理", ["TLB", "300"]),
    ("swapped", "Swapped in", "换入", ["7", "0x80306", "90,000"]),
    ("cow", "Copy on write", "写时复制", ["demo[3]", "demo[2]", "0x80500", "4096", "3,500", "24 KiB"]),
    ("cow_parent", "Copy on write", "写时复制", ["demo[2]", "demo[3]", "0x80501", "24 KiB"]),
    ("accerr", "Not allowed", "不允许", ["demo[3]", "r-x"]),
    ("maperr", "No mapping", "没有映射", ["demo[3]", "11"]),
    ("reuse", "Reused", "直接复用", ["demo[2]"]),
    ("served", "File page", "文件页", ["demo[2]", "served.dat", "3", "init[5]"]),
]
# And what it says in English: the words that make the difference.
SAYS = {
    "zero_page": "which 1 entry has now", "swapped": "It waited 0.003 ms for the page to be read from swap.",
    "cow": "The child demo[3] wrote to a page that it shares with demo[2]", "cow_parent": "The parent demo[2] wrote to a page that it shares with demo[3]",
    "accerr": "in a way that its mapping forbids", "maperr": "and got signal 11", "reuse": "nothing was copied", "served": "came from init[5]. It waited 0.001 ms for the server of the file, which another thread had asked for.",
}


def seen():
    """The heading of the fault at hand, its story, what is said, and the position."""
    return page.js("return ['.details h2', '.story', '[aria-live]', '.position'].map(css => document.querySelector(css).textContent)")


@case
def R191_each_kind_of_fault_has_its_sentence():
    for name, heading, _chinese, parts in STORIES:
        at(name)
        title, found, told, position = seen()
        equal(heading, title, f"the heading of {name}")
        for part in [*parts, SAYS.get(name, "")]:
            has(found, part, f"the story of {name}")
        has(told, found, "what is said")
        has(told, position, "what is said")
        equal("KiB" in " ".join(parts), "KiB" in found, f"what fork has to do with {name}: {found}")


@long_case
def one_page_beside_is_one():
    at("file_page")
    has(page.text(".story"), "and 1 page beside it was mapped at once", "the story")


@long_case
def each_kind_of_fault_has_its_sentence_in_chinese():
    fresh("cow", language="zh")
    equal("zh-CN", page.js("return document.documentElement.lang"), "the language of the page")
    for name, _heading, chinese, parts in STORIES:
        follow_chinese(name)
        title, found, _told, _position = seen()
        equal(chinese, title, f"the heading of {name}")
        for part in parts:
            has(found, part, f"the story of {name}")
        lacks(found, "undefined", f"the story of {name}")
        equal(True, found.endswith("。"), f"the end of {found}")
        lacks(found, ". ", f"the story of {name}")


def follow_chinese(name):
    """Goes to a fault."""
    page.js("location.hash = `#fault=${arguments[0]}`", number_of(name))
    page.until(f"document.querySelector('.position').textContent.startsWith('缺页 {number_of(name)} /')")


@case
def R191_the_entry_is_told_before_and_after():
    at("cow")
    found = facts()
    equal("V is 1, r--, A (accessed), D (dirty), COW (copy-on-write), frame 0x80301", found["Entry before"], "before")
    equal("V is 1, rw-, A (accessed), D (dirty), frame 0x80500", found["Entry after"], "after")
    equal("write", found["Access"], "the access")
    equal("0x12000  shared", found["Address"], "the address")
    equal("0x10000  write_shared", found["Instruction"], "the instruction")
    at("zero_page")
    equal(("read", "empty: V is 0"), (facts()["Access"], facts()["Entry before"]), "of the zero page")
    equal("V is 1, r--, A (accessed), COW (copy-on-write), frame 0x80001 (zero page)", facts()["Entry after"], "after")
    at("swapped")
    equal("V is 0; the page is in swap slot 7", facts()["Entry before"], "of a page that is swapped out")
    at("accessed")
    equal("V is 0, but the frame is kept, rw-, D (dirty), frame 0x80302", facts()["Entry before"], "of a page that only the hardware may not use")
    at("maperr")
    equal(("read: signal 11", "0x0", "empty: V is 0"), (facts()["Access"], facts()["Address"], facts()["Entry after"]), "of a refused fault")
    at("file_page")
    equal("instruction fetch", facts()["Access"], "of a fetch")


@case
def its_cost_is_told_by_stations():
    at("cow")
    rows = page.js("""return [...document.querySelectorAll(".station")].map(one => [one.querySelector(".name").textContent,
        one.querySelector(".number").textContent, one.querySelector(".bar").style.width])""")
    equal({"prepare the page": "2,000", "find, classify, install": "600", "trap, and back": "900"}, {name: number for name, number, _ in rows}, "the stations")
    equal([57.14, 17.14, 25.71], [round(float(width[:-1]), 2) for _, _, width in rows], "the bars")


@case
def R191_the_source_line_is_marked():
    at("cow")
    equal([f"   {fixtures.STORE_LINE}  shared = 2; /* </script><b>bold</b> */".replace("  shared", "      shared")], [line.rstrip("\n") for line in page.texts(".source .line.here")],
          "the line")
    equal([3, 4, 5, 6, 7, 8, 9], [int(line.split()[0]) for line in page.texts(".source .line")], "the lines around it")
    has(" ".join(page.texts(".details .quiet")), f"write_shared: tiny.c, line {fixtures.STORE_LINE}", "the heading")
    at("zero_fill")
    has(page.text(".source .line.here"), "write_shared();", "the line of _start")


@case
def what_looks_like_html_is_text():
    page.load(made("html", fixtures.no_cow(), title="</title><script>window.bad = 1</script>@STYLE@<!--"))
    equal(None, page.js("return window.bad ?? null"), "a script")
    equal("</title><script>window.bad = 1</script>@STYLE@<!--", page.text(".film .title"), "the title")
    has(page.text(".story"), "</script><b>x[1]", "the program's name")
    equal(0, page.js("return document.querySelectorAll('b, i').length"), "elements out of names")


@long_case
def help_lists_the_keys():
    at("cow")
    page.js("document.activeElement.blur()")
    page.press("?")
    equal(True, page.js("return document.querySelector('dialog').open"), "the dialog")
    equal(True, len(page.texts("dialog dt")) >= 12 and len(page.texts("dialog dt")) == len(page.texts("dialog dd")), "its keys")
    page.press(Keys.ARROW_RIGHT)
    is_at("cow", "an arrow while help is open")
    page.press(Keys.ESCAPE)
    page.until("!document.querySelector('dialog')")
    page.click("button.help")
    page.click("dialog .close")
    page.until("!document.querySelector('dialog')")


@long_case
def the_language_is_kept():
    fresh("cow")
    equal(("en", "中文"), (page.js("return document.documentElement.lang"), page.text("button.language")), "at first")
    page.click("button.language")
    equal(("zh-CN", "English"), (page.js("return document.documentElement.lang"), page.text("button.language")), "after a click")
    has(page.text(".legend"), "写时复制", "the legend")
    has(said(), "demo[3]", "what is said")
    fresh("cow", language=None)
    equal("zh-CN", page.js("return document.documentElement.lang"), "after the page is loaded again")
    page.press("l")
    equal(("en", "Copy on write"), (page.js("return document.documentElement.lang"), page.text(".details h2")), "after a key")
    has(page.text(".legend"), "shared by fork", "the legend")
    fresh("cow", language=None)
    equal("en", page.js("return document.documentElement.lang"), "after the page is loaded again")


def saved(name):
    """Waits for a file that the browser saves; gives what is in it."""
    path = os.path.join(page.DOWNLOADS, name)
    deadline = time.monotonic() + page.PATIENCE
    data = b""
    while not data.endswith(b"</svg>\n"):
        if time.monotonic() > deadline:
            raise AssertionError(f"{name} is not saved, or not whole: {data[-100:]}")
        time.sleep(0.01)
        if os.path.exists(path):
            with open(path, "rb") as found:
                data = found.read()
    os.unlink(path)
    return data


def svg_texts(data):
    """The texts of an SVG picture, which is well-formed."""
    root = tree.fromstring(data)
    equal("{http://www.w3.org/2000/svg}svg", root.tag, "the picture's root")
    return [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]


@long_case
def the_picture_is_svg():
    at("cow")
    page.click(".picture")
    data = saved(f"fault-{number_of('cow')}.svg")
    found = svg_texts(data)
    has(" ".join(found), page.text(".story"), "the picture's texts")
    has(" ".join(found), page.text(".frames h3"), "the picture's texts")
    for heading in page.texts(".space h3"):
        has(found, heading, "the picture's texts")
    has(found, "A run: " + page.text(".position"), "the picture's texts")
    colours = {one.get("fill") for one in tree.fromstring(data).iter("{http://www.w3.org/2000/svg}rect")}
    own, cow = (page.js("return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()", name) for name in ("--own", "--cow"))
    equal({own, cow}, {own, cow} & colours, "the colours of cells")


@long_case
def a_picture_is_well_formed_whatever_names_are():
    to = Recorder()
    thread = Thread(to, 1, 0)
    thread.exec('a\x1b]"&<\x07')
    thread.area(fixtures.HEAP, 4, 3, "\x01&heap")
    thread.fault("FILL", fixtures.HEAP, 0, private(0x80000))
    page.load(made("names", to))
    page.press("s")
    has(" ".join(svg_texts(saved("fault-1.svg"))), "&heap", "the picture's texts")


@case
def a_cut_recording_is_shown_as_far_as_it_goes():
    whole = story().to
    page.load(made("cut", whole, keep=len(whole.records) // 2, is_closed=False, is_counted=False))
    has(" ".join(page.texts(".details .quiet")), f"the recording was cut: it ends after {len(whole.records) // 2} records", "what is said")
    has(page.text(".story"), "ticks of the host's clock", "what it costs where nobody has counted instructions")
    page.press(Keys.END)
    equal(True, 2 < here() < 25, f"the last fault {here()}")


@long_case
def a_recording_that_is_none_has_no_film():
    from shown import journal

    path = path_of("empty.rec")
    Recorder().write(path)
    status, err = journal("film", path, path_of("empty.html"))
    equal((2, True), (status, "no fault is in it" in err), err)
    equal(False, os.path.exists(path_of("empty.html")), "a film")


@long_case
def data_that_is_damaged_is_told():
    story()
    with open(path_of("story.html"), encoding="utf-8") as found:
        text = found.read()
    with open(path_of("damaged.html"), "w", encoding="utf-8") as out:
        out.write(text.replace('<script type="text/plain" class="data">', '<script type="text/plain" class="data">AAAA'))
    page.load(path_of("damaged.html"))
    has(page.text("#app"), "This film cannot be shown: ", "what is said")
    equal(1, len(page.complaints()), "errors in the console")


@long_case
def a_tall_address_is_written_in_full():
    to = Recorder()
    thread = Thread(to, 1, 0)
    thread.exec("tall")
    thread.area(fixtures.HEAP, 1, 3)
    thread.begin_round("DENY_MAPERR", 0xFFFFFFFF80000000 // PAGE, 0, 0, 1)
    thread.end_fault("DENY_MAPERR", 0xFFFFFFFF80000008, 1, 500, pc=fixtures.HEAP * PAGE, result=11)
    thread.end_fault("DENY_MAPERR", 1 << 63, 4, 500, pc=1 << 63, result=11)
    thread.end_fault("DENY_MAPERR", 0x123456, 1, 500, pc=fixtures.HEAP * PAGE, result=11)
    page.load(made("tall", to))
    equal(("0xffffffff80000008", "read: signal 11"), (facts()["Address"], facts()["Access"]), "the address")
    equal("No mapping", page.text(".details h2"), "the heading")
    page.press(Keys.ARROW_RIGHT)
    equal(("0x8000000000000000", "0x8000000000000000"), (facts()["Address"], facts()["Instruction"]), "one that is no address of Sv39")
    page.press(Keys.ARROW_RIGHT)
    equal("0x123456", facts()["Address"], "the next one")
