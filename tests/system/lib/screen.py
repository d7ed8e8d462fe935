# SPDX-License-Identifier: MIT
"""A terminal's screen, as far as the prompt uses it: what a person sees after all that came."""

import codecs
import re
import unicodedata

ESCAPE = re.compile(r"\x1b\[([?0-9;]*)([@-~])")
PLAIN = re.compile(r"[ -~]+")
INCOMPLETE = re.compile(r"\x1b(\[[?0-9;]*)?")


class Screen:
    """Rows of a window; rows that scroll out are kept."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.column = 0
        self.rest = ""
        self.questions = 0  # for the place of the cursor
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data):
        """Shows bytes; characters and escape sequences may come in pieces."""
        text, at = self.rest + self.decoder.decode(data), 0
        while at < len(text):
            plain = PLAIN.match(text, at)
            if plain:
                self._put_plain(plain.group())
                at = plain.end()
                continue
            match = ESCAPE.match(text, at)
            if text[at] == "\x1b" and not match and INCOMPLETE.fullmatch(text, at):
                break
            if match and match.group(2) == "J":
                self.rows = [[]]
                self.column = 0
            if match and match.group(0) == "\x1b[K":
                del self.rows[-1][self.column:]
            if match and match.group(0) == "\x1b[6n":
                self.questions += 1
            if not match:
                self._show(text[at])
            at = match.end() if match else at + 1
        self.rest = text[at:]

    def _show(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.rows.append([])
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char >= " " and char != "\x7f":
            self._put(char)

    def _put_plain(self, chars):
        """Shows characters of one column each, many at once."""
        while chars:
            if self.column == self.columns:
                self.rows.append([])
                self.column = 0
            row, part = self.rows[-1], chars[:self.columns - self.column]
            row += [" "] * (self.column - len(row))
            row[self.column:self.column + len(part)] = part
            self.column += len(part)
            chars = chars[len(part):]

    def _put(self, char):
        width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if self.column + width > self.columns:
            self.rows.append([])
            self.column = 0
        row = self.rows[-1]
        row += [" "] * (self.column + width - len(row))
        row[self.column:self.column + width] = [char] + [""] * (width - 1)
        self.column += width

    def text(self):
        """Gives all rows, blanks at their ends left out."""
        return "\n".join("".join(row).rstrip() for row in self.rows)

    def end(self):
        """Gives the last rows only, which is cheap where much has come."""
        return "\n".join("".join(row).rstrip() for row in self.rows[-20:])

    def row(self):
        """Gives the row of the cursor."""
        return "".join(self.rows[-1]).rstrip()
