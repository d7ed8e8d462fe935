#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a submission can read: its compilation tells all files, and runs where there are few (R161)."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile

from base import ROOT, TOOLS
from grader import build, limits, seal
from grader.lab import Wrong
from labs import slots
from lib.tap import Skip, case, equal, has, lacks, main

SECRET = "the_teacher_s_own_line"
CROSS = "riscv64-linux-gnu-gcc"
NINJA = """rule cc
  command = {compiler} $cc -O1 -g1 -c -MD -MF $out.d -o $out $in
  depfile = $out.d
  deps = gcc
rule link
  command = {compiler} $cc -nostdlib -static -o $out $in
"""


class Area:
    """A tree of a submission with its build, and beside it a file that is the teacher's."""

    def __init__(self, place):
        self.tree, self.build, self.secret = (os.path.join(place, name) for name in ("my tree", "build", "secret"))
        os.mkdir(self.tree)
        os.mkdir(self.build)
        self.put("ours.h", "int ours;\n")
        self.compiler = shutil.copy(os.path.join(ROOT, seal.COMPILER), self.tree)
        with open(self.secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")

    def put(self, name, text):
        """Writes a file of the tree; returns its path."""
        path = os.path.join(self.tree, name)
        if not slots.has_text(path, text):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def make(self, text, name="sub.c", compiler=CROSS, limited=limits.Limits(), link=False):
        """Compiles a source; returns what is said of it: "outside", "fine", or the errors that are shown."""
        source = self.put(name, text)
        with open(os.path.join(self.build, "build.ninja"), "w", encoding="utf-8") as file:
            file.write(NINJA.format(compiler=build.quoted(self.compiler)))
            file.write(f"build sub.o: cc {build.escaped(source)}\n cc = {compiler}\n")
            file.write(f"build sub: link sub.o\n cc = {compiler}\n")
        try:
            build.kernel(self.build, ["sub" if link else "sub.o"], limited, 1, [self.tree])
        except seal.Outside as error:
            lacks(str(error), SECRET, "what is said")
            return "outside"
        except build.Broken as error:
            return str(error)
        return "fine"


class NoWall(limits.Limits):
    """Commands that see all files, as where bwrap does not work."""

    def walled(self):
        return False


def asm(text):
    """Returns C that is only this assembly."""
    return "__asm__(" + "\n".join('"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for line in text.split("\n")) + ");\n"


@case
def R161_a_compilation_tells_each_file_that_it_reads():
    with tempfile.TemporaryDirectory() as place:
        area = Area(place)
        near, relative = os.path.join(area.tree, "..", "secret"), os.path.relpath(area.secret, area.build)
        os.symlink(area.secret, os.path.join(area.tree, "link"))
        equal("fine", area.make('#include "ours.h"\n#include <stddef.h>\n#line 7 "other.c"\nint a;\n' + asm('.file "x.c"')), "a right one")
        for compiler in (CROSS, "cc"):
            equal("fine", area.make('#include <stdint.h>\nint b;\n', compiler=compiler), "headers of " + compiler)
            for text in (f'#include "{area.secret}"\n', f'#include <{area.secret}>\n', f'#include "{near}"\n', '#include "link"\n',
                         f'#import "{relative}"\n', f'#define A "{area.secret}"\n#include A\n', asm(f'.incbin "{area.secret}"'),
                         f'#pragma GCC system_header\n#include "{area.secret}"\n', '#include "/proc/self/cwd/../secret"\n',
                         f'int f(void)\n{{\n#include "/proc/self/root{area.secret}"\n}}\n',
                         asm(f'.incbin "{relative}", 1'), asm(f'.incbin "/proc/self/root{area.secret}"'),
                         asm('.incbin "/proc/self/environ"'), asm(f'.incbin "{area.tree}/link"'),
                         asm(f'.altmacro\n.macro i a,b\n.\\a\\b "{area.secret}"\n.endm\ni inc bin'),
                         asm(f'.incbin "{"".join(f"{chr(92)}{ord(letter):03o}" for letter in area.secret)}"'),
                         f'int a = b;\n#include "{area.secret}"\n', f'#error no\n#include "{area.secret}"\n'):
                equal("outside", area.make(text, compiler=compiler, limited=NoWall()), text)
        equal("outside", area.make(f'.incbin "{area.secret}"\n', "sub.S"), "an assembly file")


@case
def R161_errors_are_shown_if_it_is_known_what_was_read():
    with tempfile.TemporaryDirectory() as place:
        area = Area(place)
        has(area.make("int a = b;\n", limited=NoWall()), "sub.c:1:9: error: ", "an error")
        has(area.make("#error no\n", limited=NoWall()), "#error no", "an error before the compiler's own")
        for text in (f'#include "{area.secret}"\n#include "none.h"\n', asm(f'.include "{area.secret}"')):
            equal(build.NOT_LISTED, area.make(text, limited=NoWall()), text)
        has(area.make('#include "none.h"\n'), "none.h: No such file", "the same behind a wall")
        said = area.make(f'#line 1 "{area.secret}"\nint a = b;\n', limited=NoWall())
        has(said, "error: ", "a line of another file")
        lacks(said, SECRET, "a line of another file")
        equal("fine", area.make('int a;\n', limited=NoWall()), "after all that")
        os.unlink(os.path.join(area.build, "sub.o.d"))
        try:
            area.make('int a;\n')
            raise AssertionError("an object that tells nothing is taken")
        except Wrong as wrong:
            has(str(wrong), "lacks files", "an object that tells nothing")


@case
def R161_no_object_is_taken_for_one_of_LTO():
    """The options in such an object have the assembler write a file."""
    with tempfile.TemporaryDirectory() as place:
        area, listing = Area(place), os.path.join(place, "listing")
        options = f".section .gnu.lto_.opts,\"e\",@progbits\n.asciz \"'-O2' '-Xassembler' '-a={listing}'\""
        text = asm(options + '\n.section .gnu.lto_.symtab.x,"e",@progbits\n.byte 0\n.text') + "void _start(void)\n{\n}\n"
        equal("fine", area.make(text, link=True), "a link")
        equal(False, os.path.exists(listing), "a file that it would have written")


@case
def R161_a_symbol_s_name_is_no_assembly():
    with tempfile.TemporaryDirectory() as place:
        area = Area(place)
        name = f'a"\n.incbin "{area.secret}"\n.ascii "\\b'
        quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        strange = asm(f'.globl "{quoted}"\nhere: nop\n.set "{quoted}", here')
        source = area.put("k.c", "void _start(void)\n{\n}\n" + strange)
        made, table, last = (os.path.join(area.build, end) for end in ("k", "k.S", "k.o"))
        unwind = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]  # gcc 14 has both on; then there is no .debug_frame
        subprocess.run([CROSS, "-g", "-O0", *unwind, "-nostdlib", "-static", "-w", "-Wl,-N,-Ttext=0x10000", "-o", made, source],
                       check=True, stderr=subprocess.DEVNULL)
        subprocess.run([os.path.join(TOOLS, "ksyms"), made, table], check=True)
        subprocess.run([CROSS, "-c", "-Wa,--MD," + last + ".d", "-o", last, table], check=True)
        lacks(" ".join(seal.read_by(last + ".d")), area.secret, "what the table reads")
        with open(last, "rb") as file:
            found = file.read()
        equal([False, True], [SECRET.encode() in found, name.encode() in found], "the file's line, and the name")


@case
def what_dependency_files_say():
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "x.d")
        with open(path, "w", encoding="utf-8") as file:
            file.write("a\\ b.o: x.c /in\\ c/d$$e \\\n f\\#g\n\nx.c:\n/odd: /y:z\n")
        equal(["x.c", "/in c/d$e", "f#g", "/y:z"], seal.read_by(path), "names")
        equal([], seal.read_by(path + "x"), "no file")
        os.makedirs(os.path.join(place, "in/sub"))
        for name, there in (("in/out", "../x.d"), ("in/dev", "/dev"), ("in/up", ".."), ("in/sub/same", "../sub")):
            os.symlink(there, os.path.join(place, name))
        for name in ("x", "sub/y"):
            with open(os.path.join(place, "in", name), "w", encoding="utf-8"):
                pass
        inside = [os.path.join(place, "in")]
        for name, yes in (("x", True), ("sub/y", True), ("sub/same/../x", True), ("out", False), ("../x.d", False), ("up/x.d", False),
                          ("none.c", True), ("<built-in>", True), ("no ne", False), ("dev/null", False), ("up/in/x", True),
                          (f"/proc/self/root{place}/in/x", False), (f"/sys/..{place}/in/x", False), ("/dev/fd/99", False)):
            equal(yes, seal.is_inside(name, inside[0], inside), name)


@case
def R161_commands_see_the_system_s_programs_and_what_is_shown():
    if limits.isolation()[0] != "bwrap":
        raise Skip("bwrap does not work here")
    equal([], limits.out_of_sight(), "tools that cannot be seen")
    with tempfile.TemporaryDirectory() as place:
        area = Area(place)
        limited = limits.Limits(True, [area.build], [area.tree])

        def printed(script):
            os.environ["FAULTLINE_SECRET"] = SECRET
            done = limits.run(["sh", "-c", script], 60, limited, cwd="/")
            del os.environ["FAULTLINE_SECRET"]
            return done.out.decode()

        equal({part for part in (area.tree.split("/")[1], *(path.split("/")[1] for path in limits.system_folders()))
               if part not in ("tmp", "usr")},
              set(printed("ls /").split()) - {"bin", "sbin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "tmp", "usr"}, "the root")
        equal(True, set(printed("ls /etc").split()) <= {"alternatives", "ld.so.cache"}, "/etc")
        equal("", printed("ls /usr/src /usr/local/etc /root /home /var /work 2> /dev/null"), "folders of others")
        equal("", printed(f"cat {shlex.quote(area.secret)} 2> /dev/null"), "a file that is not shown")
        equal("int ours;\n", printed(f"cat {shlex.quote(area.tree)}/ours.h"), "one that is")
        lacks(printed("cat /proc/*/environ; env"), SECRET, "the environment")
        equal("", printed("touch /usr/bin/x /etc/x " + shlex.quote(area.tree) + "/x 2> /dev/null && echo written"), "what can be written")
        has(area.make(f'#include "{area.secret}"\n', limited=limited), "No such file", "an inclusion")
        for compiler in (CROSS, "cc"):
            equal("fine", area.make("#include <stdint.h>\nint a;\n", compiler=compiler, limited=limited), compiler)
        firmware = "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin"
        equal(os.path.exists(firmware), printed(f"test -s {firmware} && echo there") == "there\n", "QEMU's firmware")
        has(printed("qemu-system-riscv64 --version"), "QEMU", "QEMU")
        equal("1", re.sub(r"\s", "", printed(f"{limits.python()} -c 'import ctypes, json; print(1)'")), "Python")


main()
