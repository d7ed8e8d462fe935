"""A terminal's screen, as far as the prompt uses it: what a person sees after all that came."""

import re
import unicodedata

ESCAPE = re.compile(r"\x1b\[([?0-9;]*)([@-~])")


class Screen:
    """Rows of a window; rows that scroll out are kept."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.column = 0
        self.rest = b""

    def feed(self, data):
        """Shows bytes."""
        data = self.rest + data
        cut = len(data)
        while cut > len(data) - 4 and cut > 0 and not self._whole(data[:cut]):
            cut -= 1
        text, self.rest = data[:cut].decode(errors="replace"), data[cut:]
        at = 0
        while at < len(text):
            match = ESCAPE.match(text, at)
            if match:
                if match.group(2) == "J":
                    self.rows = [[]]
                    self.column = 0
                at = match.end()
            else:
                self._show(text[at])
                at += 1

    @staticmethod
    def _whole(data):
        try:
            data[-4:].decode(errors="strict")
        except UnicodeDecodeError as error:
            return error.reason != "unexpected end of data"
        return True

    def _show(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.rows.append([])
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char >= " " and char != "\x7f":
            self._put(char)

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

    def row(self):
        """Gives the row of the cursor."""
        return "".join(self.rows[-1]).rstrip()
