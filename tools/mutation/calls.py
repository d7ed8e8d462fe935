# SPDX-License-Identifier: MIT
"""Finds call sites that keep an order or a count by the callee's name, and makes each deletable by a number.

One build has them all. Each statement `call();` becomes `({ if (mutant_number != N) call(); });`. mutant_number is a
variable of each program. It is changed in the program's file, so that no site needs a compilation.
"""

import os
import re

from mutation import survivors
from structure import source

FOLDERS = ("lib", "sync", "base", "arch", "mm", "record", "drivers", "proc", "desc", "ipc", "trap", "linux", "boot")
NAMES = {
    "fence": "arch_mmu_fence_local arch_mmu_flush space_fence gather_fence fence_parent mmu_flush_add "
             "arch_mmu_sync_kernel flush_local flush_remote fence_remote arch_icache_sync sync_text clear_entry "
             "arch_mmu_sync_text asid_fence asid_fence_address __atomic_thread_fence __asm__",
    "get": "page_get page_map_get page_map_get_many page_ref_to_map object_get inode_get file_get exe_get "
           "uspace_get refcount_get refcount_get_fast refcount_get_many pid_get",
    "put": "page_put page_map_put page_map_put_many page_free page_batch_free page_batch_add tables_free "
           "object_put inode_put file_put exe_put uspace_put pid_put object_allow_write object_put_write "
           "kfree slab_free vma_free vma_free_dead nodes_free gather_free plan_drop split_room_put "
           "thread_destroy process_drop_threads process_free kstack_free space_destroy fdtable_destroy exec_headers_free "
           "exec_args_destroy draft_discard free_pages page_gone name_discard name_free dir_name_free debts_destroy",
    "charge": "quota_name_gone quota_update counter_add space_add_resident vma_count_bytes usage_add",
    "unlock": "spin_unlock spin_unlock_irqrestore mutex_unlock uspace_unlock turn_give",
}
KINDS = {name: kind for kind, names in NAMES.items() for name in names.split()}
CALL = re.compile(r"(?P<void>\(void\)\s*)?\b(?P<name>" + "|".join(sorted(KINDS)) + r")\s*(?:volatile\s*)?\(")
FENCES = re.compile(r"\bs?fence\b|\bsfence\.|\bfence\.")
BEFORE = re.compile(r"(?:[;{}):]|\belse|\bdo)\s*$")
HEAD = """#ifndef MUTANT_NUMBER
#define MUTANT_NUMBER
__attribute__((weak, section(".data.mutant"))) volatile unsigned mutant_number = 0xffffffffu;
#endif
#line 1
"""
SYMBOL = "mutant_number"


class Site:
    """One call statement: its place, and its name in tables."""

    def __init__(self, number, path, function, name, start, end):
        self.number, self.path, self.function, self.call = number, path, function, name
        self.kind = KINDS[name]
        self.start, self.end = start, end
        self.name = self.reason = ""


def blanked(text):
    """Returns the text with comments and strings blanked out; other characters keep their positions."""
    return source.NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def statement_end(code, opening):
    """Returns the end of the statement whose call's parenthesis opens there, or None if it is no statement."""
    depth = 0
    for at in range(opening, len(code)):
        depth += (code[at] == "(") - (code[at] == ")")
        if depth == 0:
            rest = re.compile(r"\s*;").match(code, at + 1)
            return rest.end() if rest else None
    return None


def sites_of(file, first):
    """Yields the sites of one source file, numbered from `first`; skips code in macros."""
    code = blanked(file.text)
    for function in file.functions():
        start = sum(len(line) + 1 for line in file.lines[:function.line])
        stop = sum(len(line) + 1 for line in file.lines[:function.line + len(function.body)])
        seen = {}
        for match in CALL.finditer(code, start, stop):
            end = statement_end(code, match.end() - 1)
            if end is None or not BEFORE.search(code[start - 2:match.start()]):
                continue
            call = match.group("name")
            if call == "__asm__" and not FENCES.search(file.text[match.start():end]):
                continue
            seen[call] = seen.get(call, 0) + 1
            site = Site(first, file.path, function.name, call, match.start(), end)
            site.name = f"{file.path}:{function.name}:{call.strip('_')}#{seen[call]}"
            yield site
            first += 1


def load(root):
    """Finds all sites of the kernel, in the order of their files."""
    found, known = [], survivors.load(root)
    for file in source.load(root):
        if file.is_c and file.within(*FOLDERS):
            found += sites_of(file, len(found))
    for site in found:
        site.reason = survivors.reason_for(site.name, known)
    return found


def rewrite(text, sites):
    """Returns a file's text with its sites deletable."""
    for site in sorted(sites, key=lambda site: -site.start):
        call = text[site.start:site.end]
        text = f"{text[:site.start]}({{ if ({SYMBOL} != {site.number}u) {call} }});{text[site.end:]}"
    return HEAD + text


def rewritten(root, sites):
    """Returns {path: text} of the files that have sites, with the sites deletable."""
    texts = {}
    for path in sorted({site.path for site in sites}):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            texts[path] = rewrite(file.read(), [site for site in sites if site.path == path])
    return texts
