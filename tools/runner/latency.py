# SPDX-License-Identifier: MIT
"""The longest stretches without interrupts and without preemption that the hardened kernel tells at its end (R130)."""

import re

from . import harts

WORD, PLACES = "latency=report", "latency=places"  # on the kernel's command line; time has to be the number of instructions
LIMITS = {"interrupts": 10_000, "preemption": 100_000}
MOST_PLACES = 20  # that are told
PLACE = re.compile(r"latency: without preemption: (\d+) instructions from (0x[0-9a-f]+) to (0x[0-9a-f]+)")
LINE = re.compile(r"latency: (interrupts|preemption) (?:were|was) off for (\d+) instructions at most, "
                  r"from (0x[0-9a-f]+) to (0x[0-9a-f]+)")


class Latency:
    """Takes the kernel's log line by line; says what was measured, and what was too long."""

    def __init__(self, kernel):
        self.symbols = harts.load_symbols(kernel)
        self.longest = {}
        self.places = {}  # of the function in which preemption was turned off

    def line(self, text):
        """Takes a line of the log."""
        match = LINE.search(text)
        if match:
            kind, instructions = match.group(1), int(match.group(2))
            places = tuple(int(word, 16) for word in match.group(3, 4))
            self.longest[kind] = max(self.longest.get(kind, (0, (0, 0))), (instructions, places))
        match = PLACE.search(text)
        if match:
            first, last = (self._name(int(word, 16)) for word in match.group(2, 3))
            self.places[first] = max(self.places.get(first, (0, "")), (int(match.group(1)), last))

    def _name(self, place):
        # What is told is where the call returns to, which may be the next function already.
        return self.symbols and self.symbols.at(place - 1) or "?"

    def _place(self, kind):
        first, last = map(self._name, self.longest[kind][1])
        return f"from {first} to {last}"

    def longest_places(self):
        """Gives a line for each of the places from which preemption was off the longest, where the kernel has told them."""
        rows = sorted(self.places.items(), key=lambda row: row[1][0], reverse=True)
        return [f"{count:,} instructions from {first} to {last}" for first, (count, last) in rows[:MOST_PLACES]]

    def stats(self):
        """Gives the figures in words."""
        return ", ".join(f"{kind} off for {self.longest[kind][0]:,} instructions at most ({self._place(kind)})"
                         for kind in LIMITS if kind in self.longest)

    def wrong(self):
        """Gives a sentence for each figure that is missing or too large."""
        sentences = [f"the kernel did not tell how long {kind} was off" for kind in LIMITS if kind not in self.longest]
        for kind, (instructions, _places) in self.longest.items():
            if instructions > LIMITS[kind]:
                sentences.append(f"{kind} off for {instructions:,} instructions, of {LIMITS[kind]:,} allowed: "
                                 f"{self._place(kind)}")
        return sentences
