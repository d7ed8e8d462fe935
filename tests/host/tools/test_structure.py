#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of tools/check-structure is broken once, in a small tree that keeps all the others."""

import os
import shutil
import subprocess
import tempfile

from base import TOOLS, rules_of, write
from lib.tap import CASES, Skip, case, equal, main

C, SH = "/* SPDX-License-Identifier: MIT */\n", "# SPDX-License-Identifier: MIT\n"
GOOD = {
    "include/abi/a.h": C + "/* What all may include. */\n#pragma once\n",
    "lib/list.h": C + "/* A list of nothing. */\n#pragma once\n#include \"abi/a.h\"\nstruct list {\n\tint n;\n};\n",
    "lib/list.c": C + "/* The list of nothing. */\n#include \"lib/list.h\"\nint list_n(struct list *l)\n{\n\treturn l->n;\n}\n",
    "arch/include/arch/mmu.h": C + "/* The boundary to the MMU. */\n#pragma once\n#include \"arch-impl/mmu.h\"\n",
    "arch/riscv/impl/arch-impl/mmu.h": C + "/* What RISC-V supplies here. */\n#define ONE 1\n",
    "arch/riscv/csr.c": C + "/* Reads a register there is. */\nvoid csr_read_satp(void)\n{\n\t__asm__ volatile(\"csrr a0, satp\");\n}\n",
    "mm/fault/fault_classify.h": C + "/* The kinds of faults there are. */\n#pragma once\nenum fault_kind { FAULT_FILL };\n",
    "mm/fault/install.c": C + "/* The one maker of mappings. */\n#include \"arch/mmu.h\"\nvoid install(void)\n{\n\tarch_mmu_map();\n}\n",
    "mm/fault/backend_anon.c": C + "/* Pages that come from nowhere. */\n#include \"lib/list.h\"\nint anon; /* atomic */\n",
    "linux/sys/sys_mem.c": C + "/* System calls on memory here. */\nint sys_brk(void)\n{\n\treturn 0;\n}\n",
    "tests/kernel/t.c": C + "/* A test of all that. */\n#include \"arch/mmu.h\"\nint kind = FAULT_FILL;\n",
    "tests/bench/targets.tsv": "# row\nnull_syscall\t430\none\t1\n",
    "meson.build": SH + "# What is built here.\n"
                   "files('lib/list.c', 'arch/riscv/csr.c', 'mm/fault/install.c', 'mm/fault/backend_anon.c', 'linux/sys/sys_mem.c', 'tests/kernel/t.c')\n",
}

# What the rules name besides; nothing is in it.
EMPTY = ["base/log.h", "lib/p9/p9.h", "lib/tty/ldisc.h", "sync/lock.h", "drivers/uart.h", "record/note.h", "proc/thread.h", "desc/file.h", "ipc/end.h", "trap/sys_ipc.c", "linux/layer.c", "linux/process/cred.h", "linux/signal/send.h",
         "linux/job/pgrp.h", "linux/ptrace/ptrace.h", "linux/time/ptimer.h", "linux/sysv/shm.h", "linux/fs/vfs/inode.h", "linux/mqueue/queue.h", "linux/mem/mapping.h", "linux/arch/regs.h", "linux/arch/riscv/impl/arch-impl/regs.h", "linux/fs/p9/fid.h", "boot/main.h", "user/lib.h", "user/new.c",
         "tools/strict/shadow.h",
         "tests/user/t.h", "tests/kernel/alone/layer.h", "tests/kernel/linux/layer.h", "tests/system/guest/until.h", "tests/host/t.h", "mm/phys/kmap.c", "mm/space/space.h", "mm/space/space_lock.c", "mm/space/space_lock.h", "mm/fault/zero_page.c", "mm/fault/user_copy.c", "mm/fault/cow.c", "mm/fault/backend_elf.c", "mm/fault/backend_file.c",
         "arch/riscv/usercopy.S"]
GOOD.update({path: C + "/* There is nothing here. */\n" for path in EMPTY})
GOOD["tests/kernel/linux/layer.h"] = C + "/* What tests of the layer include. */\n#include \"linux/arch/regs.h\"\n"
GOOD.update({path: SH + '"""Words are looked for here."""\n'
             for path in ("tools/structure/text.py", "tests/host/tools/test_structure.py", "tests/system/boots.py")})
GOOD["meson.build"] += "files('tests/system/boots.py', " + ", ".join(f"'{path}'" for path in EMPTY) + ")\n"

LOCKED = "/* Something with a lock. */\nvoid x_locked(int *x)\n{\n\t*x = 1;\n\t*x = 2;\n}\n"

# rule: (file, what it becomes or what is added to its end)
SEEDS = [
    ("include-directions", "mm/fault/backend_anon.c", '#include "trap/up.h"\n', {"trap/up.h": C + "/* A header above mm. */\n#pragma once\n"}),
    ("include-directions", "mm/fault/backend_anon.c", '#include "arch-impl/mmu.h"\n', {}),
    ("include-directions", "linux/sys/sys_mem.c", '#include "arch-impl/regs.h"\n', {}),
    ("include-directions", "linux/sys/sys_mem.c", '#include "arch/riscv/csr.h"\n',
     {"arch/riscv/csr.h": C + "/* A header of the arch. */\n#pragma once\n"}),
    ("include-directions", "lib/list.c", "#include <stdio.h>\n", {}),
    ("include-directions", "lib/list.c", '#include "lib/p9/p9.h"\n', {}),
    ("include-directions", "user/lib.h", '#include "base/log.h"\n', {}),
    ("include-directions", "tools/strict/shadow.h", '#include "base/log.h"\n', {}),
    ("include-directions", "mm/fault/backend_anon.c", '#include "linux/up.h"\n', {"linux/up.h": C + "/* A header of the layer. */\n#pragma once\n"}),
    ("include-directions", "tests/kernel/t.c", '#include "linux/up.h"\n', {"linux/up.h": C + "/* A header of the layer. */\n#pragma once\n"}),
    ("include-directions", "tests/kernel/t.c", '#include "tests/kernel/linux/up.h"\n',
     {"tests/kernel/linux/up.h": C + "/* A header of the layer's tests. */\n#pragma once\n"}),
    *(("core-words", "ipc/end.h", f"int {name};\n", {}) for name in ("pgrp_of", "signals", "SIGKILL", "exe_path", "fsuid")),
    ("core-words", "trap/sys_ipc.c", "int f(int flags)\n{\n\treturn flags & MAYBE;\n}\n",
     {"include/abi/b.h": C + "/* The Linux layer's: flags of nothing. */\n#pragma once\n#define MAYBE 1\n"}),
    ("include-cycles", "lib/list.h", '#include "lib/tree.h"\n',
     {"lib/tree.h": C + '/* A tree of nothing. */\n#pragma once\n#include "lib/list.h"\n'}),
    ("headers-compile-alone", "base/log.h", "struct other { struct unknown u; };\n", {}),
    ("headers-compile-alone", "include/abi/hole.h",
     C + "/* A struct with a hole. */\n#pragma once\nstruct hole {\n\tchar c;\n\tlong n;\n};\n", {}),
    ("first-lines", "mm/none.h", C + "#pragma once\n", {}),
    ("first-lines", "mm/licence.h", C, {}),
    ("first-lines", "mm/unlicensed.h", "/* Why this file exists. */\n", {}),
    ("first-lines", "tools/lib.py", SH + "import os\n", {}),
    ("first-lines", "tools/tool", "#!/usr/bin/env python3\n" + '"""A script without a licence."""\n', {}),
    ("first-lines", "mm/meson.build", SH + "files()\n", {}),
    ("machine-words", "mm/fault/backend_anon.c", 'void f(void)\n{\n\t__asm__ volatile("wfi");\n}\n', {}),
    ("machine-words", "mm/fault/backend_anon.c", "int f(void)\n{\n\treturn satp;\n}\n", {}),
    ("fixed-addresses", "mm/fault/backend_anon.c", "const long base = 0x80200000;\n", {}),
    ("fixed-addresses", "mm/fault/backend_anon.c", "const long base = 0xffffffff80200000ul;\n", {}),
    ("one-maker", "linux/sys/sys_mem.c", "void g(void)\n{\n\tarch_mmu_map();\n}\n", {}),
    ("space-lock", "linux/sys/sys_mem.c", "void g(struct space *space)\n{\n\tspin_lock(&space->lock);\n}\n", {}),
    ("backends", "mm/fault/backend_anon.c", "void g(void)\n{\n\tarch_mmu_query();\n}\n", {}),
    ("function-names", "mm/fault/cow.c", "static void install(void)\n{\n}\n", {}),
    ("function-names", "user/new.c", "static void install(void)\n{\n}\n", {}),
    ("function-names", "arch/include/arch/mmu.h", "static inline int list_n(int *l)\n{\n\treturn *l;\n}\n", {}),
    ("extern", "mm/fault/backend_anon.c", "extern int other;\n", {}),
    ("panic", "linux/sys/sys_mem.c", 'void g(void)\n{\n\tpanic("no");\n}\n', {}),
    ("locked-asserts", "mm/fault/backend_anon.c", LOCKED.partition("\n")[2], {}),
    ("marks", "mm/fault/backend_anon.c", "\n/* Does it. */\nstatic __attribute__((noinline)) int h(void)\n{\n\treturn 1;\n}\n", {}),
    ("marks", "mm/fault/backend_anon.c",
     "\n/* Not inline: it would be slower. */\nstatic __attribute__((noinline, cold)) int\nh(void)\n{\n\treturn 1;\n}\n", {}),
    ("marks", "mm/fault/backend_anon.c",
     "\nint g(void);\n\n/* Inline: bench row one. */\nint h1(void);\n\nstatic inline __attribute__((always_inline)) int h(void)\n"
     "{\n\treturn 1;\n}\n", {}),
    ("marks", "linux/sys/sys_mem.c", "\n/* Inline: bench row one. */\n__attribute__((noinline)) int h(void)\n{\n\treturn 1;\n}\n", {}),
    ("marks", "mm/fault/backend_anon.c", "\n/* Kept: bench row one. */\nint h; /* atomic */\n", {}),
    ("marks", "mm/fault/backend_anon.c", "\n/* Kept: bench row one. */\nint h; /* atomic */\n",
     {"tests/bench/without/h.patch": "It is gone.\n\n--- a/mm/fault/install.c\n+++ b/mm/fault/install.c\n@@ -1 +1 @@\n-gone\n+here\n"}),
    ("marks", "mm/fault/backend_anon.c", "\n/* Inline: bench row two. */\nstatic inline __attribute__((always_inline)) int h(void)\n{\n\treturn 1;\n}\n", {}),
    ("marks", "trap/sys_ipc.c", "\n/* Not here: null_syscall would lose 5%. */\n", {}),
    ("guards", "mm/fault/backend_anon.c", "\nstruct s {\n\tstruct spinlock l;\n\tint n;\n};\n", {}),
    ("guards", "mm/fault/backend_anon.c", "\nstruct s {\n\tstruct list link;\n\tstruct spinlock l;\n\t/* guarded by l: */\n\tint n;\n};\n", {}),
    ("guards", "mm/fault/backend_anon.c", "\nstruct s {\n\tint n; /* how many */\n};\nstatic SLAB_CACHE(cache, struct s);\n", {}),
    ("guards", "mm/fault/backend_anon.c",
     "\nstruct s {\n\tint n; /* a write is under way */\n};\nvoid h(void)\n{\n\tstruct s *s = kmalloc(sizeof(*s));\n}\n", {}),
    ("guards", "mm/fault/backend_anon.c", "\nstruct s {\n\t/* how many: */\n\tint n;\n};\nstatic struct s s; /* atomic */\n", {}),
    ("guards", "mm/fault/backend_anon.c", "\nstatic unsigned long count[4]; /* of all */\n", {}),
    ("guards", "mm/fault/backend_anon.c", "\nint h(void)\n{\n\tstatic int calls;\n\n\treturn ++calls;\n}\n", {}),
    ("guards", "lib/list.c", "\nstruct s {\n\tstruct mutex m;\n\tint n;\n};\n", {}),
    ("atomic-orders", "mm/fault/backend_anon.c",
     "int h(int *p, int *a)\n{\n\treturn __atomic_compare_exchange_n(p, a, 1, 0,\n\t\t__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);\n}\n", {}),
    ("fault-kinds", "mm/fault/backend_anon.c", "",
     {"mm/fault/fault_classify.h": GOOD["mm/fault/fault_classify.h"].replace("FAULT_FILL", "FAULT_FILL, FAULT_NEW")}),
    ("arch-contracts", "arch/include/arch/new.h", C + "/* A new part of it. */\n#pragma once\n", {}),
    ("later", "mm/fault/backend_anon.c", "/* TO" "DO */\n", {}),
    ("said", "mm/fault/backend_anon.c", "/*\n * The same for another one. */\n", {}),
    ("naps", "tests/user/t.h", "int wait(int *p)\n{\n\twhile (*p)\n\t\t(*p)--;\n\tnap(20);\n}\n", {}),
    ("naps", "tests/system/guest/until.h", "int child(void)\n{\n\tif (fork() == 0) {\n\t\tusleep(20 * MS);\n\t}\n}\n", {}),
    ("listed", "mm/new.c", C + "/* A file nobody builds. */\nconst int new_file;\n", {}),
    ("listed", "tests/system/new.py", SH + '"""A test that nobody runs."""\n', {}),
]


def broken_rules(files):
    """Writes a tree and gives the names of the rules that are broken in it, with what was said."""
    with tempfile.TemporaryDirectory() as root:
        write(root, files)
        return rules_of("check-structure", root)


@case
def a_good_tree_is_good():
    equal(([], []), broken_rules(GOOD), "broken rules")


@case
def naps_in_loops_and_with_a_reason_are_good():
    naps = ("\tnap(60); /* it would expire */\n\t/* It would expire. */\n\tnap(60);\n\tnap(ms);\n\tfor (;;)\n\t\tif (p)\n\t\t\tnap(1);\n"
            "\tdo {\n\t\tif (p) {\n\t\t\tp();\n\t\t} else {\n\t\t\tnap(1);\n\t\t}\n\t} while (p);\n")
    path = "tests/system/guest/until.h"
    equal(([], []), broken_rules({**GOOD, path: GOOD[path] + "int wait(int ms)\n{\n" + naps + "}\n"}), "broken rules")


@case
def words_of_linux_are_the_core_s_in_comments_only():
    path, names = "ipc/end.h", "int signalled, dt_path; /* a path, SIGKILL */\n"
    equal(([], []), broken_rules({**GOOD, path: GOOD[path] + names}), "broken rules")


@case
def a_mark_says_which_row_needs_it():
    marked = ("\n/*\n * Does it.\n * Not inline: bench row null_syscall, recorded.\n */\n__attribute__((noinline, cold)) int h(void)\n"
              "{\n\treturn 1;\n}\n\n/* Inline: bench row null_syscall. It is. */\n"
              "static inline __attribute__((always_inline)) int\nh1(void)\n{\n\treturn 1;\n}\n\n/* Kept: bench row one. */\nint h2, h3; /* atomic */\n")
    equal(([], []), broken_rules({**GOOD, "mm/fault/backend_anon.c": GOOD["mm/fault/backend_anon.c"] + marked, "tests/bench/without/h2.patch":
                                  "It is gone.\n\n--- a/mm/fault/install.c\n+++ b/mm/fault/install.c\n@@ -1 +1 @@\n-\tarch_mmu_map();\n+\t;\n"}),
          "broken rules")


@case
def guards_are_beside_a_field_above_its_group_or_above_the_struct():
    said = ("\n/* Guarded by a lock. */\nstruct a {\n\tstruct list link;\n};\n"
            "\nstruct b {\n\tint n; /* const: how many */\n\tstruct waitq queue;\n\tstruct spinlock l;\n\t/* guarded by l: */\n"
            "\tunion {\n\t\tstruct list link;\n\t\tint more; /* what it is */\n\t};\n\tint\n\t\tlast;\n};\n"
            "static struct b b; /* has its own lock */\n\n/* guarded by a lock: */\nstatic int first;\nstatic char second[4];\n"
            "\nstruct c {\n\tint n;\n};\n\nstruct d {\n\t/*\n\t * What it is. private to a thread:\n\t */\n\tstruct c *c;\n};\n"
            "void h(void)\n{\n\tstruct d *d = kmalloc(sizeof(*d));\n}\n")
    equal(([], []), broken_rules({**GOOD, "linux/sys/sys_mem.c": GOOD["linux/sys/sys_mem.c"] + said,
                                  "lib/list.h": GOOD["lib/list.h"] + "\nstruct e {\n\tstruct list link;\n};\n"}), "broken rules")


@case
def a_header_has_its_files_functions_inline():
    equal(([], []), broken_rules({**GOOD, "sync/watch.c": C + "/* Watches all of it. */\nint watch(void)\n{\n\treturn 1;\n}\n",
                                  "sync/watch.h": C + "/* Watches nothing at all. */\n#pragma once\n"
                                                      "static inline int watch(void)\n{\n\treturn 0;\n}\n",
                                  "meson.build": GOOD["meson.build"] + "files('sync/watch.c')\n"}), "broken rules")


def add_case(rule, path, text, more):
    """Makes a case of one seed."""

    def seeded():
        found, said = broken_rules({**GOOD, **more, path: GOOD.get(path, "") + text})
        equal([rule], found, f"broken rules ({said})")

    number = sum(function.__name__.startswith(rule.replace("-", "_")) for function in CASES) + 1
    seeded.__name__ = f"{rule.replace('-', '_')}_seed_{number}"
    case(seeded)


@case
def a_rule_without_files_is_broken():
    found, said = broken_rules({path: text for path, text in GOOD.items() if path != "mm/fault/cow.c"})
    equal(["rules-match"], found, f"broken rules ({said})")
    equal(True, "mm/fault/cow.c" in said[0] and "backends" in said[0], said[0])


@case
def what_git_does_not_track_is_its_users():
    if shutil.which("git") is None:
        raise Skip("no git")
    with tempfile.TemporaryDirectory() as root:
        write(root, {**GOOD, "mm/mine.c": "int f(void)\n{\n\treturn satp;\n}\n", "mm/meson.build": "\xff",
                     "notes/x.py": "later"})
        for words in (["init", "-q"], ["add", *GOOD]):
            subprocess.run(["git", *words], cwd=root, check=True)
        equal(([], []), rules_of("check-structure", root), "broken rules")
        subprocess.run(["git", "add", "mm/mine.c"], cwd=root, check=True)
        equal(["first-lines", "machine-words", "listed"], rules_of("check-structure", root)[0], "broken rules with it")


@case
def a_checkout_that_another_user_owns():
    """git then refuses to say what it tracks. With this variable it takes any owner for another one."""
    if shutil.which("git") is None:
        raise Skip("no git")
    with tempfile.TemporaryDirectory() as root:
        write(root, {**GOOD, "mm/mine.c": "int f(void)\n{\n\treturn satp;\n}\n"})
        for words in (["init", "-q"], ["add", *GOOD]):
            subprocess.run(["git", *words], cwd=root, check=True)
        os.environ["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"
        try:
            refused = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, check=False).returncode
            equal((True, ([], [])), (refused != 0, rules_of("check-structure", root)), "whether git refuses, and broken rules")
        finally:
            del os.environ["GIT_TEST_ASSUME_DIFFERENT_OWNER"]


for seed in SEEDS:
    add_case(*seed)


if __name__ == "__main__":
    main()
