# SPDX-License-Identifier: MIT
"""The rule that the core has no words of Linux: in code it names no process group, signal, path or owner, and nothing of the
headers of include/abi that are the layer's."""

import re

from .scope import folders

# Not lib and include: formats have such fields. Not boot/alone: it stands in the layer's place, with Linux's numbers and meaning.
# A path in the device tree is none of files.
ALONE = "boot/alone"
CORE = folders("core-words", "arch", "sync", "base", "mm", "record", "drivers", "proc", "desc", "ipc", "trap", "boot")
KINDS = {
    "a process group": r"\w*(?:pgrp|pgid|ctty)\w*",
    "a signal": r"\w*(?:[sS]ignal(?!led)|SIGNAL)\w*|SIG(?!NED)[A-Z0-9]+(?:_\w+)?|(?:\w+_)?sig(?:set|mask|info|no|action|frame)\w*",
    "a path": r"(?!dt_path\b)(?:\w+_)?(?:paths?|PATH)(?:_\w+)?",
    "an owner": r"(?:\w+_)?(?:[ers]?[ug]ids?|fs[ug]id|creds?|capable|CAP_[A-Z]+)(?:_\w+)?",
}
KIND = {kind: re.compile(rf"\b(?:{pattern})\b") for kind, pattern in KINDS.items()}
LAYERS = "The Linux layer's:"  # stands in a comment of a header of include/abi: what follows is not for the core
DEFINED = re.compile(r"^#define[ \t]+(\w+)|^(?:struct|union|enum)\s+(\w+)\s*{|^\s*([A-Z][A-Z0-9_]+)\s*(?:=[^,]*)?,", re.MULTILINE)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include.*$", re.MULTILINE)
NAME = re.compile(r"\b[A-Za-z_]\w*\b")
NO_WORDS = ("__atomic_signal_fence",)  # the compiler's


def names_of_layer(sources):
    """Returns {name: header} of what the headers of the ABI mark as the layer's."""
    found = {}
    for source in sources:
        if source.within("include/abi") and LAYERS in source.text:
            for match in DEFINED.finditer(source.text, source.text.index(LAYERS)):
                found[next(filter(None, match.groups()))] = source.path
    return found


def words_of(source, layers):
    """Yields (line, name, why the core does not have it) of each name in a file's code, once."""
    code, seen = INCLUDE.sub("", source.code), set()
    for match in NAME.finditer(code):
        name = match.group()
        if name in seen or name in NO_WORDS:
            continue
        seen.add(name)
        why = next((f"names {kind}" for kind, pattern in KIND.items() if pattern.fullmatch(name)), None)
        if name in layers:
            why = f"uses a name of {layers[name]}"
        if why:
            yield code.count("\n", 0, match.start()) + 1, name, why


def check_words(sources):
    """Yields each word of Linux in the core."""
    layers = names_of_layer(sources)
    for source in sources:
        if source.is_c and CORE.has(source) and not source.within(ALONE):
            for line, name, why in words_of(source, layers):
                yield source.path, line, f"{name}: the core {why}"
