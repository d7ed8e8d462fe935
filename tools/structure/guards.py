# SPDX-License-Identifier: MIT
"""The rules about guards: each field and variable that harts share says which lock, hart or phase guards it."""

import re

from .scope import folders

KERNEL = folders("guards", "base", "lib", "sync", "mm", "record", "proc", "desc", "ipc", "trap", "linux", "drivers", "boot", "arch")

GUARD = re.compile(r"\b(?:guarded|under (?!way)\S+|atomic|const|private to|own lock|lock\S*(?: \S+){0,4} held)\b", re.IGNORECASE)
PRIVATE = re.compile(r"\b(?:const|private to)\b", re.IGNORECASE)
OWN_LOCK = ("spinlock", "mutex", "waitq", "refcount", "turn", "slab_cache", "counted")  # these guard themselves
OWN_LOCK_FIELD = re.compile(r"^struct (?:%s)\s+\w+$" % "|".join(OWN_LOCK))
LOCKED = re.compile(r"^\s*struct (?:spinlock|mutex)\s+\w+;", re.MULTILINE)
LINKED = re.compile(r"^\s*struct (?:list|tree_node)\s+\w+;", re.MULTILINE)

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STRUCT = re.compile(r"^(?:static )?struct (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
SLAB = re.compile(r"\bSLAB_CACHE\(\w+, struct (\w+)\)")
ALLOCATION = re.compile(r"\b(?:kmalloc|kzalloc|mem_wait_kmalloc|mem_wait_kzalloc|sysv_alloc)\(([^;]*?);")
SIZE = re.compile(r"\bsizeof ?\(?(?:struct (\w+)|\*+(?:\w+(?:->|\.))*(\w+))\b")
VARIABLE = re.compile(
    r"^(?:\t*static )?(?!static|const|return|typedef|extern|enum \w+ \{|struct \w+ \{|union \w+ \{|else|goto|case|_Static_assert)"
    r"(?:volatile |unsigned )*(?:(struct|enum) )?(\w+)[ *]+(?!const\b)\w+(?:\[[^\]\n]*\])*(?:, \*?\w+)* ?(?:=|;)", re.MULTILINE)


class Struct:
    """The definition of a struct: where it is, the comment above it, and its body."""

    def __init__(self, source, match):
        self.path = source.path
        self.name = match.group(1)
        self.line = source.text.count("\n", 0, match.start()) + 1
        self.body = match.group(2)
        self.above = " ".join(COMMENT.findall(source.text[: match.start()].rpartition("\n\n")[2]))

    def is_private(self):
        """Returns whether the comment above says that no two threads use it at a time, or that it never changes."""
        return PRIVATE.search(self.above) is not None

    def unguarded(self):
        """Yields (line, text) of each field that no comment gives a guard: above the struct or a group, or beside it."""
        if GUARD.search(self.above):
            return
        code, grouped, begin = COMMENT.sub(blank, self.body), False, 0
        for match in re.finditer(r"[;{}]", code):
            end = (self.body + "\n").index("\n", match.end())
            words = list(COMMENT.finditer(self.body, begin, end))
            field = " ".join(code[begin : match.start()].split())
            grouped |= any(is_head(self.body, word) for word in words)
            own = any(GUARD.search(word.group()) for word in words)
            if match.group() == ";" and field and not grouped and not own and not OWN_LOCK_FIELD.match(field):
                yield self.line + 1 + self.body.count("\n", 0, match.start()), field
            begin = end if match.group() == ";" and not code[match.end() : end].strip() else match.end()


def is_head(body, comment):
    """Returns whether a comment is the head of a group of fields: it stands alone, ends with a colon, and names a guard."""
    alone = not body[body.rfind("\n", 0, comment.start()) + 1 : comment.start()].strip()
    return alone and comment.group()[:-2].rstrip().endswith(":") and GUARD.search(comment.group())


def blank(match):
    """Replaces a comment by blanks; keeps line breaks."""
    return re.sub(r"[^\n]", " ", match.group())


def pointed(source, position, name):
    """Returns the struct that a variable or field of that name points to, by the last declaration above; None: no struct."""
    found = None
    for match in re.finditer(r"\bstruct (\w+) [^;(){}\n]*?\*+%s\b" % re.escape(name), source.code):
        if match.start() < position or not found:
            found = match.group(1)
    return found


def names_of_shared(sources):
    """Returns the names of the structs that are allocated, or that variables outside of functions are."""
    names = set()
    for source in sources:
        names.update(match.group(1) for match in SLAB.finditer(source.code))
        for match in ALLOCATION.finditer(source.code):
            names.update(size.group(1) or pointed(source, match.start(), size.group(2)) for size in SIZE.finditer(match.group(1)))
        names.update(match.group(2) for match in VARIABLE.finditer(source.code) if match.group(1) == "struct")
    return names - set(OWN_LOCK)


def structs(sources):
    """Yields the structs of the kernel that have a lock; and, but in lib/, those that are allocated, static or linked.

    What lib/ has is guarded by what guards the struct that it is part of."""
    sources = [source for source in sources if source.is_c and KERNEL.has(source)]
    names = names_of_shared(sources)
    for source in sources:
        for match in STRUCT.finditer(source.text):
            shared = not source.within("lib") and (match.group(1) in names or LINKED.search(match.group(2)))
            if match.group(1) not in OWN_LOCK and (shared or LOCKED.search(match.group(2))):
                yield Struct(source, match)


def words_beside(source, line):
    """Returns the comments of the lines around a variable, up to an empty line or another kind of line."""
    first, last = line - 1, line
    while first > 0 and source.lines[first - 1].strip() and not source.lines[first - 1].startswith(("}", "#")):
        first -= 1
    while source.lines[last - 1].count("/*") > source.lines[last - 1].count("*/"):
        last += 1
    return " ".join(COMMENT.findall("\n".join(source.lines[first:last])))


def check_guards(sources):
    """Yields fields and variables that harts may share, without a word on what guards them."""
    for struct in structs(sources):
        for line, text in struct.unguarded():
            yield struct.path, line, f"say what guards {struct.name}'s {text} (docs/LOCKING.md, rule 7)"
    for source in sources:
        if source.path.endswith(".c") and KERNEL.has(source):
            for line, match in source.find(VARIABLE):
                if match.group(2) not in OWN_LOCK and not GUARD.search(words_beside(source, line)):
                    yield source.path, line, f"say what guards {source.lines[line - 1]} (docs/LOCKING.md, rule 7)"
