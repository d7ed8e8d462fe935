# SPDX-License-Identifier: MIT
"""Rules about names and words: which may be used in which files."""

import re

from .scope import Scope, folders

CSRS = ("satp|sstatus|scause|stval|sepc|stvec|sscratch|scounteren|stimecmp|stimecmph|senvcfg|sie_csr|hgatp|"
        "mstatus|mcause|mtval|mepc|mtvec|medeleg|mideleg|fcsr_csr")
MACHINE = re.compile(rf"\b(?:asm|__asm__|__asm|csr_(?:read|write|set|clear|swap)|{CSRS}|PTE_[A-Z]+|CAUSE_[A-Z_]+)\b")
BARRIER = re.compile(r'asm(?:__)?\s+(?:__)?volatile(?:__)?\s*\(\s*"" *::: *"memory"\)')
HEX = re.compile(r"\b0[xX]([0-9a-fA-F]+)[uUlL]*\b")
EXTERN = re.compile(r"^\s*extern\b", re.MULTILINE)
PANIC = re.compile(r"\b(?:panic|panic_at|__panic)\s*\(")
MAP = re.compile(r"\barch_mmu_map\b")
SPACE_LOCK = re.compile(r"\bspin_\w*lock\w*\(&[^()]*\bspace(?:->|\.)lock\)")
MMU = re.compile(r"\b(?:arch_mmu_\w+|mmu_entry\w*)\b")
LATER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(.*)")
COMPARE_EXCHANGE = re.compile(r"__atomic_compare_exchange(?:_n)?\s*\([^;]*?__ATOMIC_[^;]*?__ATOMIC_\w+")
ENUMERATOR = re.compile(r"(?:^|,)\s*([A-Z][A-Z0-9_]+)\b")
THE_SAME = re.compile(r"(?:/\*+|//|\"\"\"|#)[ \t\n]*(?:\*[ \t]*)?The same\b")
FAULT_KINDS = re.compile(r"\benum\s+fault_kind\s*\{(.*?)\}", re.DOTALL)

KERNEL = folders("kernel", "lib", "arch/include", "sync", "base", "mm", "record", "drivers", "proc", "desc", "ipc", "trap", "linux", "boot")
OF_MACHINE = folders("machine-words", "linux/arch/riscv")
PORTABLE = folders("machine-words", "include", "tests/kernel")
BACKENDS = Scope("backends", "mm/fault/backend_anon.c", "mm/fault/cow.c", "mm/fault/backend_elf.c", "mm/fault/backend_file.c", "mm/fault/zero_page.c")
SPACE_LOCKERS = Scope("space-lock", "mm/space/space_lock.h", "mm/space/space_lock.c", "mm/space/space.h")
MAKERS = Scope("one-maker", "mm/fault/install.c", "mm/phys/kmap.c", "arch/*", "tests/*")
USER_COPY = Scope("panic", "trap/sys_*.c", "linux/sys/*.c", "mm/fault/user_copy.[ch]", "arch/riscv/usercopy.S")
FOREIGN = folders("extern", "tests/user")
KIND_TESTS = folders("fault-kinds", "tests/host", "tests/kernel")
CONTRACTS = Scope("arch-contracts", "arch/include/arch/*", "linux/arch/*.h")
CONTRACT_TESTS = folders("arch-contracts", "tests/kernel")
SAY_LATER = Scope("later", "tools/structure/text.py", "tests/host/tools/test_structure.py")


def check_machine(sources):
    """Yields assembly, CSRs, entry bits and cause numbers outside arch/riscv and linux/arch/riscv."""
    for source in sources:
        if source.is_c and (KERNEL.has(source) or PORTABLE.has(source)) and not OF_MACHINE.has(source):
            for line, match in source.find(MACHINE):
                if BARRIER.search(source.lines[line - 1]):
                    continue  # a compiler barrier, not an instruction
                yield source.path, line, f"{match.group()} belongs to arch/riscv"


def looks_like_address(value):
    """Returns whether a number looks like a physical or kernel address, not like a mask or magic number."""
    return value % 4096 == 0 and (1 << 28 <= value < 1 << 40 or value >= 0xFFFFFF8000000000)


def check_addresses(sources):
    """Yields large hexadecimal addresses outside arch/riscv."""
    for source in sources:
        if source.is_c and KERNEL.has(source):
            for line, match in source.find(HEX):
                value = int(match.group(1), 16)
                if looks_like_address(value) and len(set(match.group(1).lower())) > 1:
                    yield source.path, line, f"{match.group()} looks like a fixed address"


def check_extern(sources):
    """Yields externs in .c files."""
    for source in sources:
        if source.path.endswith(".c") and not FOREIGN.has(source):  # those are programs from elsewhere
            for line, _match in source.find(EXTERN):
                yield source.path, line, "a declaration belongs in a header"


def check_panic(sources):
    """Yields panics in code that a user's mistake can reach."""
    for source in sources:
        if USER_COPY.has(source):
            for line, _match in source.find(PANIC):
                yield source.path, line, "a system call answers with an error"


def check_maker(sources):
    """Yields uses of arch_mmu_map outside the one place that grants access and the kernel's own map."""
    for source in sources:
        if source.is_c and not MAKERS.has(source):
            for line, _match in source.find(MAP):
                yield source.path, line, "only mm/fault/install.c and mm/phys/kmap.c make mappings"


def check_space_lock(sources):
    """Yields places that take a space's lock and forget the faults that do without it."""
    for source in sources:
        if source.is_c and not SPACE_LOCKERS.has(source):
            for line, match in source.find(SPACE_LOCK):
                if "_held(" not in match.group():
                    yield source.path, line, "a space is locked by space_lock(), which keeps readers out"


def check_backends(sources):
    """Yields names of the MMU in backends, which get pages but do not map them."""
    for source in sources:
        if BACKENDS.has(source):
            for line, match in source.find(MMU):
                yield source.path, line, f"a backend gets a page and never names the MMU ({match.group()})"
            for line, name, _system in source.includes():
                if name in ("arch/mmu.h", "arch/entry.h"):
                    yield source.path, line, f"a backend does not include {name}"


def check_later(sources):
    """Yields TODO marks and the like without a reason that a reader can act on."""
    for source in sources:
        if SAY_LATER.has(source):
            continue
        for number, line in enumerate(source.lines, 1):
            match = LATER.search(line)
            if match and len(match.group(1).strip(" :*/()-.")) < 20:
                yield source.path, number, "say what is to be done, and when"


def check_said(sources):
    """Yields comments that say what something does by what stands before: a reader comes to them by a search."""
    for source in sources:
        if not SAY_LATER.has(source):
            for match in THE_SAME.finditer(source.text):
                yield source.path, source.text.count("\n", 0, match.end()) + 1, "say what it does, not that it does the same"


def check_locked(sources):
    """Yields functions named *_locked that do not assert their lock first."""
    for source in sources:
        if source.is_c and KERNEL.has(source):
            for function in source.functions():
                head = " ".join(function.body[:12]).split(";")[:6]
                asks = len(function.body) == 1 and function.body[0].strip().startswith("return")
                if function.name.endswith("_locked") and not asks and not any("assert" in part for part in head):
                    yield source.path, function.line, f"{function.name} begins with asserting its lock"


def check_orders(sources):
    """Yields atomic compare-and-exchanges with two different orders: gcc 12 goes by the second one alone."""
    for source in sources:
        if source.is_c and (KERNEL.has(source) or source.within("arch")):
            for line, match in source.find(COMPARE_EXCHANGE):
                orders = re.findall(r"__ATOMIC_(\w+)", match.group())
                if len(orders) != 2 or orders[0] != orders[1] or orders[0] not in ("RELAXED", "ACQUIRE", "SEQ_CST"):
                    yield source.path, line, "both orders are the same: RELAXED, ACQUIRE or SEQ_CST"


def check_kinds(sources):
    """Yields names of the table of fault cases that no test names."""
    tests = "\n".join(source.text for source in sources if KIND_TESTS.has(source))
    for source in sources:
        for match in FAULT_KINDS.finditer(source.code):
            line = source.code.count("\n", 0, match.start()) + 1
            for name in ENUMERATOR.findall(match.group(1)):
                if not re.search(rf"\b{name}\b", tests) and not name.endswith(("_COUNT", "_KINDS", "_NR")):
                    yield source.path, line, f"{name} is in no test"


def check_contracts(sources):
    """Yields headers of the arch boundary that no in-kernel test includes."""
    tests = "\n".join(source.text for source in sources if CONTRACT_TESTS.has(source))
    for source in sources:
        if CONTRACTS.has(source) and not OF_MACHINE.has(source):
            name = source.path.removeprefix("arch/include/")
            if f'"{name}"' not in tests:
                yield source.path, 1, f"no test in tests/kernel includes {name}"
