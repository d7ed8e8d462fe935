# SPDX-License-Identifier: MIT
"""Draws how hartbench's rows scale with the number of harts, as an SVG: two panels for a row, Faultline beside Linux."""

import math

from chart import SERIES, short, text

COLUMNS, WIDTH, HEAD = 2, 1000, 84
ACROSS, HIGH, LEFT, RIGHT = 150, 70, 50, 46  # of a panel: its width and height, and the room for numbers beside it
ROW = HIGH + 62
LEAST = 10  # between two numbers
DECADES = 2.6  # of instructions, in each panel: equal slopes are equal factors


class Panel:
    """Where the figures of a row are: harts on the horizontal axis, doubled from one to the next."""

    def __init__(self, x, y, harts):
        self.x, self.y, self.harts = x, y, harts

    def point(self, harts, part):
        """Gives the place of a figure, from 0 (below) to 1."""
        step = math.log2(harts) / max(1, math.log2(self.harts))
        return self.x + LEFT + step * ACROSS, self.y + HIGH - part * HIGH

    def frame(self, title):
        """Draws the axes, the title and the numbers of harts."""
        pieces = [text(self.x + LEFT, self.y - 8, title, 11)]
        for harts in (1 << power for power in range(int(math.log2(self.harts)) + 1)):
            x, bottom = self.point(harts, 0)
            pieces += [f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{self.y}' y2='{bottom}' stroke='#dddddd'/>",
                       text(x, bottom + 14, str(harts), 10, "text-anchor='middle' fill='#444444'")]
        return [*pieces, f"<line x1='{self.x + LEFT}' x2='{self.x + LEFT + ACROSS}' y1='{self.y + HIGH}' "
                         f"y2='{self.y + HIGH}' stroke='#888888'/>"]

    def numbers(self, places, anchor):
        """Writes the numbers beside the first or the last points of curves, apart where these are close."""
        below, pieces = float("inf"), []
        for x, y, words, colour in sorted(places, key=lambda place: -place[1]):
            below = min(y + 4, below - LEAST)
            pieces.append(text(x, below, words, 9, f"text-anchor='{anchor}' fill='{colour}'"))
        return pieces

    def draw(self, title, curves, part, written):
        """Draws the frame and the curves, each with its first and its last number."""
        pieces, first, last = self.frame(title), [], []
        for key, _, colour in SERIES:
            if key not in curves:
                continue
            places = [(*self.point(harts, part(number)), written(number)) for harts, number in sorted(curves[key].items())]
            pieces.append("<polyline points='" + " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
                          + f"' fill='none' stroke='{colour}' stroke-width='2'/>")
            pieces += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{colour}'/>" for x, y, _ in places]
            first.append((places[0][0] - 5, *places[0][1:], colour))
            last.append((places[-1][0] + 5, *places[-1][1:], colour))
        return pieces + self.numbers(first, "end") + self.numbers(last, "start")


def instructions(panel, curves):
    """Draws the curves of the kernel's instructions, on a logarithmic scale."""
    low = math.log10(min(min(numbers.values()) for numbers in curves.values())) - 0.1

    def part(number):
        return (math.log10(number) - low) / DECADES

    return panel.draw("instructions", curves, part, short)


def shared(panel, curves):
    """Draws the curves of the lines that harts write in turn, on a linear scale."""
    most = max(max(numbers.values()) for numbers in curves.values()) or 1

    def part(number):
        return number / most

    def written(number):
        return f"{number:.2f}" if number < 10 else f"{number:.0f}"

    return panel.draw("shared lines", curves, part, written)


def curves_of(name, figure, ours, linux):
    """Returns {series: {harts: number}} of a row."""
    found = {key: {harts: figures[figure] for (row, harts), figures in rows.items() if row == name}
             for key, rows in (("faultline", ours), ("linux", linux))}
    return {key: numbers for key, numbers in found.items() if numbers}


def draw(ours, linux, release):
    """Gives the SVG of {(row, harts): figures} of Faultline, and of Linux of that release."""
    names, harts = list(dict.fromkeys(row for row, _ in ours)), max(harts for _, harts in ours)
    height = HEAD + math.ceil(len(names) / COLUMNS) * ROW
    pieces = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' viewBox='0 0 {WIDTH} {height}' "
              "role='img' aria-label='Instructions and shared lines per operation, by the number of harts'>",
              f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
              text(LEFT, 24, "What an operation takes on several harts: less is better", 16, "font-weight='bold'")]
    x = LEFT
    for key, name, colour in SERIES[:2]:
        name += f" {release}" if key == "linux" else ""
        pieces += [f"<rect x='{x}' y='37' width='22' height='9' fill='{colour}'/>", text(x + 28, 46, name)]
        x += 50 + 7 * len(name)
    for number, name in enumerate(names):
        x, y = number % COLUMNS * WIDTH / COLUMNS, HEAD + number // COLUMNS * ROW + 22
        pieces.append(text(x + LEFT, y - 24, name, 12, "font-weight='bold'"))
        for place, (figure, kind) in enumerate((("kernel", instructions), ("shared", shared))):
            pieces += kind(Panel(x + place * (LEFT + ACROSS + RIGHT), y, harts), curves_of(name, figure, ours, linux))
    return "\n".join([*pieces, "</svg>"]) + "\n"
