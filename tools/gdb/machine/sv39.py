# SPDX-License-Identifier: MIT
"""Walks an Sv39 page table and describes it in words. Independent of gdb: the caller passes a memory reader."""

from .headers import N, PAGE_SHIFT, PAGE_SIZE
from .trouble import Trouble

LEVELS = (("root", N["ROOT_SHIFT"]), ("middle", N["MIDDLE_SHIFT"]), ("leaf", PAGE_SHIFT))
TABLE_ENTRIES = N["TABLE_ENTRIES"]
FLAGS = (("V", "PTE_V"), ("R", "PTE_R"), ("W", "PTE_W"), ("X", "PTE_X"), ("U", "PTE_U"), ("G", "PTE_G"),
         ("A", "PTE_A"), ("D", "PTE_D"))
COW = N["ENTRY_WORD_COW"]
SOFT_W = N["ENTRY_WORD_SOFT_W"]
SWAP = N["ENTRY_WORD_SWAP"]
RWX = N["PTE_R"] | N["PTE_W"] | N["PTE_X"]


class Step:
    """One entry of a walk: its level, its address and its value."""

    def __init__(self, level, index, address, entry):
        self.level = level
        self.index = index
        self.address = address
        self.entry = entry

    @property
    def name(self):
        """Returns the name of its level."""
        return LEVELS[self.level][0]

    def is_table(self):
        """Returns whether it points to the next table."""
        return bool(self.entry & N["PTE_V"]) and not self.entry & RWX

    def target(self):
        """Returns the physical address that the entry holds."""
        return self.entry >> N["PTE_PPN_SHIFT"] << PAGE_SHIFT


def is_canonical(va):
    """Returns whether bits 63 to 39 repeat bit 38."""
    return va >> 38 in (0, (1 << 26) - 1)


def walk(read_word, root, va):
    """Returns the steps from the root table down to the entry that ends the walk."""
    if not is_canonical(va):
        raise Trouble(f"0x{va:x} is no Sv39 address: bits 63 to 39 do not repeat bit 38, any access faults")
    steps, table = [], root
    for level, (_name, shift) in enumerate(LEVELS):
        index = va >> shift & TABLE_ENTRIES - 1
        address = table + 8 * index
        steps.append(Step(level, index, address, read_word(address)))
        if not steps[-1].is_table():
            return steps
        table = steps[-1].target()
    return steps


def translate(steps, va):
    """Returns the physical address that a walk ends at, or None if the hardware would fault."""
    last = steps[-1]
    if not last.entry & N["PTE_V"] or last.is_table():
        return None
    span = 1 << LEVELS[last.level][1]
    return last.target() & ~(span - 1) | va & span - 1


def flag_letters(entry):
    """Returns the bits as "V R - - U - A -", and the kernel's own bits."""
    letters = " ".join(letter if entry & N[name] else "-" for letter, name in FLAGS)
    if entry & SOFT_W:
        return letters + ", W withheld until D"
    return letters + ", COW" if entry & COW else letters


def describe(step):
    """Describes one entry in words."""
    if step.entry == 0:
        return "empty: no " + ("page" if step.level == 2 else "table") + " here"
    if step.is_table():
        if step.level == 2:
            return "V alone in a leaf table: reserved"
        return f"table at 0x{step.target():x}"
    if step.entry & (N["PTE_V"] | N["PTE_U"] | SWAP) == SWAP:
        return f"slot {(step.entry & ~SWAP) >> N['PTE_PPN_SHIFT']} of the swap disk"
    size = {0: "1 GiB page", 1: "2 MiB page", 2: "frame"}[step.level]
    what = f"{size} 0x{step.target() >> PAGE_SHIFT:x}, {flag_letters(step.entry)}"
    return what if step.entry & N["PTE_V"] else what + " (resident: kept from the hardware)"


def refusal(steps, bit, user):
    """Returns which bit refuses an access of kind `bit` ("R", "W", "X"), in words, or "" if none does."""
    last = steps[-1]
    entry, where = last.entry, f"in the {last.name} entry"
    if not entry & N["PTE_V"]:
        return f"V is 0 {where}"
    if last.is_table():
        return f"R, W and X are 0 {where}"
    if user and not entry & N["PTE_U"]:
        return f"U is 0 {where}: the kernel's"
    if not entry & N["PTE_" + bit]:
        why = ": copy on write" if bit == "W" and entry & COW else ""
        return f"{bit} is 0 {where}{why}"
    if not entry & N["PTE_A"]:
        return f"A is 0 {where} (unless the hardware sets it)"
    if bit == "W" and not entry & N["PTE_D"]:
        return f"D is 0 {where} (unless the hardware sets it)"
    return ""


def lines(steps, va):
    """Returns the walk as text: a line for each level and one for each kind of access."""
    text = [f"{step.name:<6} [{step.index:3}] at 0x{step.address:x}: 0x{step.entry:016x}  {describe(step)}"
            for step in steps]
    user = va < N["LAYOUT_USER_TOP"]
    for name, bit in (("read", "R"), ("write", "W"), ("fetch", "X")):
        why = refusal(steps, bit, user)
        text.append(f"{name:<6} from {'user' if user else 'kernel'} mode: " + (f"refused, {why}" if why else "allowed"))
    physical = translate(steps, va)
    if physical is not None:
        text.append(f"physical address 0x{physical:x}, frame 0x{physical // PAGE_SIZE:x}")
    return text
