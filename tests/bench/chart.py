# SPDX-License-Identifier: MIT
"""Draws the figures of the benchmark as an SVG: bars on a logarithmic scale, rows in groups."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP = 1000, 190, 70, 118
BAR, GAP, ROW_GAP, GROUP_GAP = 9, 1, 8, 30
FONT = "font-family='DejaVu Sans, Verdana, Arial, sans-serif'"
# Okabe and Ito's colours, told apart by all kinds of colour vision; lightness differs too.
SERIES = (("faultline", "Faultline", "#0072B2"), ("linux", "Linux", "#E69F00"),
          ("xv6", "xv6 + lab features", "#999999"))
TARGET, LIMIT = "#D55E00", "#000000"
GROUPS = (
    ("Entering the kernel", ("null_syscall", "pipe_round_trip")),
    ("First touch of memory, per page", ("anon_write_fault", "heap_write_fault", "bss_write_fault", "bss_read_fault",
                                         "stack_write_fault", "zero_read_fault", "zero_upgrade_fault")),
    ("Copy-on-write and files, per page", ("cow_write_fault", "cow_last_ref", "file_read_fault", "file_write_fault")),
    ("Many VMAs, per fault", ("vma_1_fault", "vma_100_fault", "vma_10000_fault", "vma_100_scatter",
                              "vma_10000_scatter")),
    ("Mappings", ("sbrk_1g_untouched", "mmap_1g_untouched", "munmap_resident", "mprotect_flip", "segv_unprotect")),
    ("Processes", ("fork_exit_wait", "fork_exit_wait_4m", "fork_exit_wait_64m", "fork_rewrite_64m",
                   "fork_exec_wait")),
)


def short(number):
    """Writes a number in at most five places: 113, 1,056, 7.96M."""
    if number >= 1e6:
        return f"{number / 1e6:.2f}M"
    if number >= 1e5:
        return f"{number / 1e3:.0f}k"
    return f"{number:,.0f}"


class Scale:
    """Where a number is on the axis."""

    def __init__(self, numbers):
        self.low = math.floor(math.log10(min(numbers)))
        self.high = math.log10(max(numbers))

    def x(self, number):
        """Gives the place of a number."""
        part = (math.log10(max(number, 10 ** self.low)) - self.low) / (self.high - self.low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def powers(self):
        """Lists the powers of ten on it."""
        return [10 ** power for power in range(self.low, math.floor(self.high) + 1)]


def text(x, y, words, size=12, more=""):
    """Makes a piece of text."""
    return f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' {more}>{escape(words)}</text>"


def bar(scale, y, number, colour, bold, target):
    """Makes a bar with its number behind it, and behind the mark of a target that is near; None: it was not run."""
    weight = "font-weight='bold' fill='#000000'" if bold else "fill='#444444'"
    if number is None:
        return [text(LEFT + 12, y + BAR - 0.5, "not run", 10, "fill='#444444'")]
    end = scale.x(number)
    behind = scale.x(target) if bold and target is not None else end
    behind = behind if end < behind + 6 and behind < end + 50 else end
    return [f"<rect x='{LEFT}' y='{y}' width='{end - LEFT:.1f}' height='{BAR}' fill='{colour}'/>",
            text(max(end, behind) + 9, y + BAR - 0.5, short(number), 10, weight)]


def mark(scale, y, height, number, kind):
    """Makes the mark of a target (a diamond) or a limit (an upright line)."""
    x, middle = scale.x(number), y + BAR / 2
    if kind == "limit":
        return [f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{y - 2}' y2='{y + height + 1}' stroke='{LIMIT}' "
                "stroke-width='1.5' stroke-dasharray='3 2'/>"]
    return [f"<path d='M{x - 5:.1f} {middle} L{x:.1f} {middle - 5} L{x + 5:.1f} {middle} L{x:.1f} {middle + 5} Z' "
            f"fill='{TARGET}' stroke='#ffffff'/>"]


def draw_row(scale, y, row):
    """Draws one row; gives its pieces and its height."""
    pieces, at = [], y
    for key, _name, colour in SERIES:
        if row[key] is not None or key == "faultline":
            pieces += bar(scale, at, row[key], colour, key == "faultline", row["target"])
            at += BAR + GAP
    height = at - GAP - y
    pieces.append(text(LEFT - 8, y + height / 2 + 4, row["name"], 12, "text-anchor='end'"))
    if row["limit"] is not None:
        pieces += mark(scale, y, height, row["limit"], "limit")
    if row["target"] is not None:
        pieces += mark(scale, y, height, row["target"], "target")
    return pieces, height


def legend(release):
    """Draws what the colours and marks mean, with Linux's release."""
    pieces, x, y = [], LEFT / 4, 66
    for key, name, colour in SERIES:
        name += f" {release}" if key == "linux" else ""
        pieces += [f"<rect x='{x}' y='{y - 9}' width='22' height='{BAR}' fill='{colour}'/>", text(x + 28, y, name)]
        x += 50 + 7 * len(name)
    pieces.append(f"<path d='M{x} {y - 5} l5 -5 l5 5 l-5 5 Z' fill='{TARGET}'/>")
    pieces.append(text(x + 16, y, "target"))
    x += 80
    pieces.append(f"<line x1='{x}' x2='{x}' y1='{y - 12}' y2='{y + 2}' stroke='{LIMIT}' stroke-width='1.5' "
                  "stroke-dasharray='3 2'/>")
    pieces.append(text(x + 8, y, "least that the machine allows"))
    return pieces


def axis(scale, bottom):
    """Draws the powers of ten."""
    pieces = []
    for power in scale.powers():
        x = scale.x(power)
        pieces += [f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{TOP - 16}' y2='{bottom}' stroke='#dddddd'/>",
                   text(x, TOP - 22, f"{power:,}", 11, "text-anchor='middle' fill='#444444'")]
    return pieces


def grouped(rows):
    """Yields (group, its rows); rows that are in no group come last."""
    left = {row["name"]: row for row in rows}
    for group, names in GROUPS:
        found = [left.pop(name) for name in names if name in left]
        if found:
            yield group, found
    if left:
        yield "Others", list(left.values())


def draw(rows, subtitle, release):
    """Gives the whole SVG, with that release of Linux; a row is a dict of name, faultline, linux, xv6, limit, target (numbers
    or None)."""
    numbers = [row[key] for row in rows for key in ("faultline", "linux", "xv6", "limit", "target") if row[key]]
    scale, body, y = Scale(numbers), [], TOP
    for group, found in grouped(rows):
        body.append(text(LEFT, y + 10, group, 13, "font-weight='bold'"))
        y += 20
        for row in found:
            pieces, height = draw_row(scale, y, row)
            body += pieces
            y += height + ROW_GAP
        y += GROUP_GAP - ROW_GAP
    height = y + 6
    head = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' "
            f"viewBox='0 0 {WIDTH} {height}' role='img' aria-label='Instructions per operation'>",
            f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
            text(LEFT, 24, "Instructions per operation: fewer is better, each step is ten times", 16,
                 "font-weight='bold'"),
            text(LEFT, 44, subtitle, 12, "fill='#444444'")]
    return "\n".join(head + legend(release) + axis(scale, y - 16) + body + ["</svg>"]) + "\n"
