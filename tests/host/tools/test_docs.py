#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of tools/check-docs is broken once, in a small project that keeps all the others."""

import os
import subprocess
import sys
import tempfile

from base import TOOLS
from lib.tap import case, equal, main

MARKS = "| mark | file | it is | bench row | instructions | without it | more |\n|---|---|---|---|---|---|---|\n"
MARK = "| `list_all` | `lib/list.h` | kept | list_all | 1,200 | 1,300 | 8.3 % |\n"
HOOKS = "| hook | filled by |\n|---|---|\n"
GOOD = {
    "README.md": "# Project\n\nSee [the fault](docs/FAULTS.md#the-way) and `mm/fault/fault.c:vm_fault()`, `fault_look`,\n"
                 "`lib/*.h`, mm/fault: and `vm_fault()`.\n\n    ./nothing.sh of a block is looked for too: mm/fault/fault.c\n"
                 "\n| `arch/include/` |\n| `base/` |\n| `docs/` |\n| `labs/` |\n| `lib/` |\n| `linux/` |\n| `mm/` |\n| `proc/` |\n| `sync/` |\n| `tests/` |\n",
    "docs/FAULTS.md": "# Faults\n\n## The way\n\n`arch/mmu.h` is an include.\n\n`mm/fault/fault.c` (6 lines), `mm/` (about 6 lines)\n"
                      "\n`mm/` has 5 lines of code. It is 8 KiB (`SIZE`).\n",
    "docs/course.md": "# A course\n\nThe tour, in two stops. The lab [cow](FAULTS.md) is this, in two steps. All of it in three steps.\n"
                      "\n## Step 1\n\n## Step 2\n\n## Step 3\n\nIt ends in two steps:\n\n1. One.\n2. Two.\n"
                      "\n    ── 1 The first stop ──\n\n```{film} 1\n```\n\nAnd stop 2.\n\n```{film} 2\n```\n",
    "labs/cow/README.md": "# Cow\n\n1. Read.\n\n## Steps\n\n1. **One.**\n2. **Two.**\n\n## Questions\n\n1. Why?\n",
    "tests/system/lib/tour.py": "STOPS = 2\n",
    "mm/fault/fault.c": "/* Faults. */\nstatic void fault_look(void) {}\nvoid vm_fault(void)\n{\n\tspin_lock(&tree_lock);\n}\n",
    "lib/list.h": "/* A list. */\n\n/* All of it. Kept: bench row list_all. */\nextern int list_all, list_none;\n#define SLICE_MS 10\n#define SIZE (2 * PAGE_SIZE)\n",
    "arch/include/arch/mmu.h": "/* The MMU. */\n",
    "proc/wait.h": "/* Waits. */\nstruct wait {\n\tstruct list link; /* guarded by a lock */\n};\n"
                   "\n/* Private to a thread. */\nstruct try {\n\tstruct list link;\n};\n",
    "sync/lockorder.h": "/* Locks. */\nenum lock_class {\n\tLOCK_NONE,\n\tLOCK_A, /* outer */\n\tLOCK_B,\n\tLOCK_LAST = LOCK_B,\n\tLOCKS\n};\n",
    "docs/LOCKING.md": "# Locks\n\n    LOCK_A  o\n    LOCK_B  o\n\n| class |\n|---|\n| `LOCK_A` |\n\n| `LOCK_B` |\n\n"
                       "| struct | file | guarded by |\n|---|---|---|\n| `wait` | `proc/wait.h` | a lock |\n",
    "docs/performance.md": "# Speed\n\n" + MARKS + MARK,
    "base/os_layer.def": "HOOK(int, start, (void))\n",
    "linux/layer.c": "/* The layer. */\nvoid linux_start(void) {}\nvoid linux_begin(void) {}\n\t.start = linux_start,\n",
    "nothing.sh": "# Does nothing.\n",
}
SEEDS = [
    ("links", "[gone](gone.txt)"),
    ("links", "[no heading](FAULTS.md#the-other-way)"),
    ("links", "[a folder](../mm)"),
    ("files", "`mm/gone.c`"),
    ("files", "trap/ is no folder but lib/gone.h is worse"),
    ("files", "run `./gone.sh`"),
    ("places", "`mm/fault/fault.c:list()` but `lib/list.h`"),
    ("names", "`vm_gone()`"),
    ("names", "`FAULT_GONE`"),
    ("counts", "`mm/fault/fault.c` (4 lines)"),
    ("counts", "`mm/` (about 30 lines, or so)"),
    ("counts", "`mm` (2,003 lines)"),
    ("counts", "`mm/` has about 50 lines of code"),
    ("counts", "The core has about 50 lines of code"),
    ("counts", "核心有大约 50 行代码"),
    ("counts", "`struct try` has two functions"),
    ("counts", "these are its three functions"),
    ("counts", "a slice of 20 ms (`SLICE_MS`)"),
    ("counts", "the tour, in three stops"),
    ("counts", "The lab [cow](FAULTS.md) is this page, in three steps."),
    ("counts", "in one steps:\n\n1. One.\n2. Two."),
    ("counts", "in three steps\n\n### Step 1\n\n### Step 2"),
    ("locks", "    LOCK_B\n    LOCK_A\n"),
    ("locks", "| `LOCK_A` | is outer, and the other one is left out |"),
    ("locks", "      LOCK_A\n      LOCK_B\n      LOCK_LAST\n"),
    ("takers", "| class | lock | guards | taken by |\n|---|---|---|---|\n| `LOCK_A` | `tree_lock` | all | `fault_look()` |\n"
               "| `LOCK_B` | another one | nothing | nobody |"),
    ("takers", "| class | lock | guards | taken by |\n|---|---|---|---|\n| `LOCK_A` | `tree_lock` | all | `mm/fault/fault.c`, `proc/wait.h` |\n"
               "| `LOCK_B` | another one | nothing | nobody |"),
    ("guards", "| struct | file | guarded by |\n|---|---|---|\n"),
    ("guards", "| struct | file | guarded by |\n|---|---|---|\n| `wait` | `proc/wait.h` | a lock |\n| `try` | `proc/wait.h` | nothing |\n"),
    ("marks", MARKS),
    ("marks", MARKS + MARK + MARK.replace("list_all`", "list_none`")),
    ("marks", MARKS + MARK.replace("kept", "inline")),
    ("marks", MARKS + MARK.replace("| list_all", "| list_all, recorded")),
    ("rooms", "| room | files | lines of code |\n|---|---|---|\n| `mm/` | 1 | 900 |\n"),
    ("hooks", HOOKS),
    ("hooks", HOOKS + "| `start` | `linux_begin()` |\n"),
    ("hooks", HOOKS + "| `start` | `linux_start()` |\n| `begin` | `linux_start()` |\n"),
    ("quotes", "\n```{quoted} mm/fault/fault.c:fault_look()\n```\n"),
    ("films", "\n```{film} 1\n```\n"),
    ("films", "Of stop 1, and of stop 2:\n\n```{film} 1\n```\n"),
    ("headings", "\n## Again\n\nText.\n\n## Again\n\nText.\n"),
]
# What a document lacks: what the project has more, and another document in place of the good one.
LACKS = [
    {"sysv/sem.c": "/* Semaphores. */\n"},
    {"docs/adding-a-system-call.md": "# Calls\n\n`mm/sys_mem.c`\n", "linux/sys/sys_mem.c": "/* Memory. */\n", "mm/sys_mem.c": ""},
    {"docs/performance.md": "# Speed\n\nMuch.\n"},
    {"docs/book/index.md": "# Book\n\n```{toctree}\n:maxdepth: 1\n../FAULTS\nLocks <../LOCKING>\n../course\n```\n"},
]


def broken_rules(files):
    """Writes a project and gives the names of the rules that are broken in it."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, os.path.join(TOOLS, "check-docs"), root], capture_output=True, text=True, check=False)
    found = [line.split(" - ")[1] for line in done.stdout.splitlines() if line.startswith("not ok")]
    equal(1 if found else 0, done.returncode, "status " + done.stdout + done.stderr)
    return found


@case
def a_good_project_is_good():
    equal([], broken_rules(GOOD), "broken rules")


@case
def a_project_without_documents_is_not():
    equal(["links", "files", "places", "names", "counts", "locks", "takers", "guards", "marks", "rooms", "hooks", "quotes", "films", "whole", "headings"], broken_rules({"mm/fault/fault.c": GOOD["mm/fault/fault.c"]}), "broken rules")


@case
def what_is_missing_is_found():
    for files in LACKS:
        equal(["whole"], broken_rules({**GOOD, **files}), f"broken rules with {files}")


@case
def a_row_names_a_file_by_its_function_too():
    for taker in ("vm_fault()", "mm/fault/*.c"):
        row = f"# More\n\n| `LOCK_A` | `tree_lock` | all | `{taker}` |\n| `LOCK_B` | another one | nothing | nobody |\n"
        equal([], broken_rules({**GOOD, "docs/MORE.md": row}), f"broken rules of a row that names {taker}")


def add_case(number, rule, text):
    """Makes a case of one seed."""

    def seeded():
        files = {**GOOD, "docs/MORE.md": f"# More\n\n{text}\n"}
        equal([rule], broken_rules(files), "broken rules of " + text)

    seeded.__name__ = f"{rule}_seed_{number}"
    case(seeded)


for seed in enumerate(SEEDS, 1):
    add_case(seed[0], *seed[1])


if __name__ == "__main__":
    main()
