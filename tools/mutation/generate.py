# SPDX-License-Identifier: MIT
"""Makes bugs by rule: conditions, borders, operators, constants and error numbers are changed, and statements deleted.

The sources are in the style of clang-format, so blanks tell what a full parser would have to find out: an operator has
two operands if there is a blank on both sides of it. What no operator here should touch is left out: declarations,
assertions, and arguments of the log.
"""

import hashlib
import random
import re

from mutation import calls, weave
from structure import source

TOKEN = re.compile(r"[A-Za-z_]\w*|0[xX][0-9a-fA-F]+\w*|\d+\w*|<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\S")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
LEFT_OUT = re.compile(r"\b(?:\w*assert\w*|ASSERT\w*|panic\w*|log_(?:info|warn|error|error_once|always|write|debug)|"
                      r"ledger_error|sizeof|__asm__|__attribute__|offsetof|container_of)\s*(?:volatile\s*)?\(")
BINARY = {
    "logic": {"&&": ["||"], "||": ["&&"]},
    "border": {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="]},
    "arithmetic": {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"],
                   "^": ["|"], "+=": ["-="], "-=": ["+="], "*=": ["="], "/=": ["="], "|=": ["&="], "&=": ["|="], "<<=": [">>="],
                   ">>=": ["<<="], "^=": ["|="]},
}
SWAPPED = {token: (operator, others) for operator, table in BINARY.items() for token, others in table.items()}
STEPS = {"++": "--", "--": "++"}
TRUTHS = {"true": "false", "false": "true"}
# Another that a caller could take for right.
ERRORS = {
    "E2BIG": "ENOMEM", "EACCES": "EPERM", "EADDRINUSE": "EINVAL", "EAGAIN": "EINTR", "EBADF": "EINVAL", "EBUSY": "EAGAIN",
    "ECHILD": "ESRCH", "EDEADLK": "EAGAIN", "EEXIST": "ENOENT", "EFAULT": "EINVAL", "EFBIG": "ENOSPC", "EINTR": "EAGAIN",
    "EINVAL": "EPERM", "EIO": "EINVAL", "EISDIR": "ENOTDIR", "ELOOP": "ENOENT", "EMFILE": "ENFILE", "EMLINK": "EPERM",
    "EMSGSIZE": "EINVAL", "ENAMETOOLONG": "ENOENT", "ENFILE": "EMFILE", "ENODATA": "EINVAL", "ENODEV": "ENXIO", "ENOENT": "ENOTDIR",
    "ENOEXEC": "EACCES", "ENOLCK": "EAGAIN", "ENOMEM": "EAGAIN", "ENOSPC": "ENOMEM", "ENOSYS": "EINVAL", "ENOTBLK": "EINVAL",
    "ENOTDIR": "ENOENT", "ENOTEMPTY": "EEXIST", "ENOTSUP": "EINVAL", "ENOTTY": "EINVAL", "ENXIO": "ENODEV", "EOPNOTSUPP": "EINVAL",
    "EOVERFLOW": "EINVAL", "EPERM": "EACCES", "EPIPE": "EBADF", "EPROTO": "EIO", "ERANGE": "EINVAL", "EROFS": "EACCES",
    "ESPIPE": "EINVAL", "ESRCH": "EPERM", "ETIMEDOUT": "EAGAIN", "ETXTBSY": "EBUSY", "EXDEV": "EINVAL",
}
NO_STATEMENT = {"if", "for", "while", "do", "switch", "return", "goto", "case", "default", "else", "struct", "union", "enum",
                "const", "static", "extern", "typedef", "volatile", "register", "unsigned", "signed", "sizeof"}
ASSIGNED = re.compile(r"\s*(?:\(|\[|\.|->|=(?!=)|[-+*/%&|^]=|<<=|>>=|\+\+|--)")
AFTER = re.compile(r"(?:[;{}]|\belse|\bdo|\))\s*$")
LABEL = re.compile(r"(?:^|\n)\s*(?:case\b[^;{}\n]*|default|\w+):\s*$")
CONTROL = re.compile(r"\b(if|while|for|switch|list_for_each\w*|tree_for_each\w*|\w*for_each\w*)\s*\(")
CASE = re.compile(r"\b(?:case\b[^:\n]*|default)\s*:")
SHOWN = 100  # characters of a line in a name


class Mutant:
    """One change: its place in a file's text, and what stands there then."""

    kind = "generated"

    def __init__(self, path, function, operator, start, end, other):
        self.path, self.function, self.operator = path, function, operator
        self.start, self.end, self.other = start, end, other
        self.name = self.reason = ""
        self.number = None
        self.source = ""  # what changes with the file's text
        self.lines = (0, 0)  # of the change
        self.body = (0, 0)  # of the function
        self.callers = []  # the bodies of the file's functions that name it

    def apply(self, text):
        """Returns the file's text with the change."""
        return text[: self.start] + self.other + text[self.end :]

    @property
    def folder(self):
        """Returns the folder that the tree's table of contents has."""
        return self.path.partition("/")[0]


def squeeze(text):
    """Returns a piece of text as one line."""
    return re.sub(r"\s+", " ", text).strip()[:SHOWN]


def closing(code, opening):
    """Returns the position of the parenthesis or brace that closes the one there, or None."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    other, depth = pairs[code[opening]], 0
    for at in range(opening, len(code)):
        depth += (code[at] == code[opening]) - (code[at] == other)
        if depth == 0:
            return at
    return None


def excluded(code, start, stop):
    """Returns [(start, end)] of what stays as it is."""
    spans = [(match.start(), match.end()) for match in DIRECTIVE.finditer(code, start, stop)]
    spans += [(match.start(), match.end()) for match in CASE.finditer(code, start, stop)]
    for match in LEFT_OUT.finditer(code, start, stop):
        spans.append((match.start(), (closing(code, match.end() - 1) or stop) + 1))
    return spans


def spaced(code, match):
    """Returns whether blanks surround a token."""
    return code[match.start() - 1].isspace() and code[match.end()].isspace()


def tokens(code, start, stop, spans):
    """Yields the tokens outside of some spans."""
    for match in TOKEN.finditer(code, start, stop):
        if not any(first <= match.start() < last for first, last in spans):
            yield match


def exchanged(match, code, before):
    """Yields (operator, other text) of the changes of one token; `before` is the token before it."""
    token = match.group()
    if token in SWAPPED and spaced(code, match):
        operator, others = SWAPPED[token]
        for other in others:
            yield operator, other
    elif token in STEPS:
        yield "arithmetic", STEPS[token]
    elif token in TRUTHS:
        yield "constant", TRUTHS[token]
    elif token in ERRORS:
        yield "errno", ERRORS[token]
    elif token.isdigit() and before in ("+", "-", "<", "<=", ">", ">=", "==", "!=") and code[match.start() - 1].isspace():
        yield "constant", str(int(token) + 1)
        if int(token) > 0:
            yield "constant", str(int(token) - 1)


def conditions(code, start, stop):
    """Yields (start, end) of the conditions of if, while and for, and of those before a question mark in parentheses."""
    for match in re.finditer(r"\b(if|while|for)\s*\(", code[start:stop]):
        opening = start + match.end() - 1
        end = closing(code, opening)
        if end is None or end > stop:
            continue
        first, last = opening + 1, end
        if match.group(1) == "for":
            parts = code[first:last].split(";")
            if len(parts) != 3:
                continue
            first += len(parts[0]) + 1
            last = first + len(parts[1])
        while first < last and code[first].isspace():
            first += 1
        if first < last and code[first:last].strip() not in ("true", "1", "0"):
            yield first, last


def begins_statement(code, body, at):
    """Returns whether a statement of an expression can begin there."""
    before = code[body:at]
    if not AFTER.search(before) and not LABEL.search(before):
        return False
    if before.rstrip().endswith(")"):  # of a control statement, not of a cast
        opening, depth = len(before.rstrip()) - 1, 0
        while opening >= 0:
            depth += (before[opening] == ")") - (before[opening] == "(")
            if depth == 0:
                break
            opening -= 1
        head = re.search(r"(\w+)\s*$", before[:opening]) if opening > 0 else None
        if not head or not CONTROL.match(head.group(1) + " ("):
            return False
    return True


def statements(code, start, stop):
    """Yields (start, end) of the statements that are expressions, and of break and continue."""
    for match in re.compile(r"(?<![\w.>])(?:\(void\)\s*)?(\*+|\+\+|--)?(\w+)").finditer(code, start, stop):
        step, word = match.groups()
        whole = word in ("break", "continue") or step in STEPS
        if not whole and (word in NO_STATEMENT or word.isdigit() or not ASSIGNED.match(code, match.end())):
            continue
        if CONTROL.match(word + " (") or not begins_statement(code, start, match.start()):
            continue
        depth, at = 0, match.end()
        while at < stop and depth >= 0 and not (depth == 0 and code[at] in ";{}"):
            depth += (code[at] in "([{") - (code[at] in ")]}")
            at += 1
        if depth == 0 and at < stop and code[at] == ";":
            yield match.start(), at + 1


def line_of(text, at):
    """Returns the number of a position's line, from 1."""
    return text.count("\n", 0, at) + 1


def name_all(found, text):
    """Names mutants of one function by the line before and after; equal names are counted."""
    seen = {}
    for mutant in found:
        first = text.rfind("\n", 0, mutant.start) + 1
        last = text.find("\n", mutant.end)
        if mutant.operator == "delete":
            change = f"{squeeze(text[mutant.start:mutant.end])} => nothing"
        else:
            change = f"{squeeze(text[first:last])} => {squeeze(text[first:mutant.start] + mutant.other + text[mutant.end:last])}"
        name = f"{mutant.path}:{mutant.function}: {change}"
        seen[name] = seen.get(name, 0) + 1
        mutant.name = name + (f" #{seen[name]}" if seen[name] > 1 else "")


def of_text(path, text):
    """Returns all mutants of a file, in the order of their places."""
    code, found, bodies, at = calls.blanked(text), [], [], 0
    pieces, between = weave.pieces(text)
    for (function, head, body), gap in zip(pieces, between):
        begin = at + len(gap) + 1
        start = begin + len(head) + 1
        at = start + len(body) + 1
        bodies.append((line_of(text, begin), line_of(text, at - 1), set(re.findall(r"\w+", code[start:at]))))
        if "..." in head or "__asm__" in head:
            continue
        mine = list(of_function(path, function, code, start, start + len(body)))
        for mutant in mine:
            mutant.lines = (line_of(text, mutant.start), line_of(text, mutant.end - 1))
            mutant.body = bodies[-1][:2]
        name_all(mine, text)
        found += mine
    for mutant in found:
        mutant.callers = [(first, last) for first, last, words in bodies if mutant.function in words and (first, last) != mutant.body]
    return found


def of_function(path, function, code, start, stop):
    """Yields the mutants of one function's body."""
    spans, before = excluded(code, start, stop), ""
    for match in tokens(code, start, stop, spans):
        for operator, other in exchanged(match, code, before):
            yield Mutant(path, function, operator, match.start(), match.end(), other)
        before = match.group()
    for first, last in conditions(code, start, stop):
        yield Mutant(path, function, "negate", first, last, f"!({code[first:last]})")
    for first, last in statements(code, start, stop):
        if not any(one <= first < other for one, other in spans):
            yield Mutant(path, function, "delete", first, last, "{ }" + "\n" * code.count("\n", first, last))


def load(root, paths):
    """Returns (all mutants of some files, {path: text})."""
    found, texts = [], {}
    for path in sorted(paths):
        texts[path] = source.Source(root, path).text
        mine, digest = of_text(path, texts[path]), hashlib.sha256(texts[path].encode()).hexdigest()[:16]
        for mutant in mine:
            mutant.source = digest
        found += mine
    return found, texts


def shuffled(found, seed):
    """Returns the mutants in an order that the seed decides; a prefix of it is a sample."""
    found = sorted(found, key=lambda mutant: (mutant.path, mutant.start, mutant.operator, mutant.other))
    random.Random(seed).shuffle(found)
    return found
