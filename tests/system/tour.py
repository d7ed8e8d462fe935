#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guided tour: its words, every figure that it shows, its lines and columns, and README's copy and picture of it."""

import glob
import html
import os
import re
import shutil
import subprocess
import termios
import unicodedata

import pexpect

from lib.guest import FAKE, PATIENCE, ROOT, RUN, folder, runner
from lib.tap import Skip, case, equal, has, lacks, long_case, main, soak_case
from lib.tour import FIGURES, PART, ROW, STOPS, STRIPS, WALK, figures, strips

ONCE = {}
EACH_TOLERANCE = 0.15  # how far "each" in a document may be from what is measured: compilers differ by less
# A small disk, for what is not about swap: that stop shows the same with 2 MiB as with 8, in a quarter of the time. And
# of a small memory it locks the most sooner.
SMALL = ("--mem", "64M", "--swap", "9M")
TINY = ("--swap", "1M")  # too small for it: it says so, and takes no time
HARDENED = "hardened" in os.environ.get("FAULTLINE_KERNEL", "")  # its faults take many more instructions


def tour(*options, words=(), **environment):
    """Runs the tour without a terminal; gives status, lines, standard error with the log."""
    if FAKE:
        raise Skip("needs the real kernel")
    key = (options, tuple(words), tuple(environment.items()))
    if key not in ONCE:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "NO_COLOR"))}
        done = subprocess.run(**runner([*(options if options or words else ["--verbose"]), *words], {**clean, **environment}),
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        ONCE[key] = (done.returncode, done.stdout.decode().split("\n"), done.stderr.decode())
    return ONCE[key]


def width(line):
    """Counts the columns of a line."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


@case
def it_ends_well_and_soon():
    status, lines, _ = tour()
    equal(0, status, "status")
    equal(True, len(lines) <= 130, f"130 lines at most: {len(lines)}")


@long_case
def it_takes_a_billion_instructions_at_most():
    # With a disk, time goes on by this machine's clock while all sleep: that is no instructions.
    told = tour("--icount", "--swap", "128M", words=("--", "sh", "-c", "tour; cat /proc/uptime"))[1][-2]
    up, idle = (round(float(seconds) * 1e9) for seconds in told.split())
    equal(True, up - idle < 1_000_000_000, f"a billion instructions at most: {up - idle:,} of {up:,}")


def is_narrow(lines):
    """Checks what each line has to be."""
    for line in lines:
        equal(True, width(line) <= 80, f"width of {line!r}")
        equal(line.rstrip(), line, "blanks at the end")


@case
def no_line_is_wider_than_80_columns():
    is_narrow(tour()[1] + tour(LANG="zh_CN.UTF-8")[1])


@case
def every_figure_is_exact():
    found = figures(tour()[1])
    for name, expected in FIGURES.items():
        equal(expected, found.pop(name, None), name)
    equal({}, found, "rows that nobody expects")


@case
def the_stack_grew_with_each_page():
    has("\n".join(tour()[1]), "\n   The stack was extended 64 times.\n", "output")


@case
def costs_are_instructions():
    """Loose bounds: they are the kernel's and the compiler's, and the benchmark watches them.

    Of the page that a server makes, most is the server's."""
    rows = [match.groups() for match in map(ROW.match, tour()[1]) if match]
    for name, faults, _, _, each, _ in rows:
        equal(faults == "0", each == "-", f"a cost where there is a fault: {name}")
        if each != "-":
            most = 1000000 if name in ("its page touched", "1 page of 512 written") else 50000
            equal(True, 100 <= int(each) <= most, f"instructions a fault, {name}: {each}")


def boot_found(mem, least):
    """Checks the line about a machine with so many MiB of memory. All but `least` is what firmware and kernel take: the boot
    archive counts as free, because its size is that of the programs, and of the C library in them."""
    _, lines, log = tour("--verbose", "--mem", f"{mem}M", *TINY)
    archive = int(re.search(r"boot archive: (\d+) KiB", log).group(1)) / 1024
    found = re.match(r"riscv64, (\d+) MiB of memory \((\d+) MiB free\), harts: 1; kernel 6\.12\.0-faultline$", lines[1])
    equal(True, bool(found), f"line of {lines[1]!r}")
    equal(True, int(found.group(2)) <= int(found.group(1)) <= mem - archive, lines[1])
    equal(True, int(found.group(2)) + archive >= least, f"{lines[1]}, and {archive:.2f} MiB of boot archive")


@case
def what_the_boot_found():
    boot_found(64, 59)


@long_case
def what_the_boot_of_another_machine_found():
    boot_found(256, 248)


@case
def the_heap_shows_where_its_pages_are():
    has(tour()[1], "   [" + 14 * "." + 3 * ("#" + 15 * ".") + "]", "picture")


@case
def zeros_are_one_frame_and_written_pages_three():
    lines = tour()[1]
    read = next(line for line in lines if line.startswith("   read:"))
    written = next(line for line in lines if line.startswith("   written:"))
    frames = re.findall(r"0x[0-9a-f]+", read)
    equal((3, 1), (len(frames), len(set(frames))), "frames read")
    fresh = set(re.findall(r"0x[0-9a-f]+", written))
    equal((3, set()), (len(fresh), fresh & set(frames)), "frames written")


@case
def copy_on_write_gives_the_child_a_frame_of_its_own():
    values = re.findall(r"'(.)' in +(0x[0-9a-f]+)", "\n".join(tour()[1]))
    equal(["P", "P", "C"], [value for value, _ in values], "values")
    equal(True, values[0][1] == values[1][1] != values[2][1], f"frames: {values}")


@case
def programs_that_serve_their_own_faults_do_as_on_linux():
    """These five programs ran on a real Linux, too: expected/faults.out has their figures, and two programs' more."""
    with open(os.path.join(ROOT, "tests/user/expected/faults.out"), encoding="utf-8") as file:
        recorded = [re.findall(r"\b\d+\b(?! GiB)", line) for line in file]
    shown = [re.findall(r"\b\d+\b(?! GiB)", line) for line in tour()[1] if re.match(r" +\d+ faults  ", line)]
    equal(recorded[:5], shown, "figures")
    equal((7, 5), (len(recorded), len(shown)), "programs")
    lacks("\n".join(tour()[1]), "WRONG", "output")


@case
def R142_the_parts_of_a_way_to_a_server_add_up():
    lines = tour()[1]
    parts = [match.groups() for match in map(PART.match, lines) if match]
    equal(["receives", "makes 64 lines", "writes them", "replies"], [name for name, _ in parts], "parts")
    whole = next(each(line) for line in lines if line.startswith("  its page touched "))
    equal(whole, sum(int(cost) for _, cost in parts), f"the sum of {parts}")
    equal(True, min(int(cost) for _, cost in parts) > 100, f"each part costs something: {parts}")
    has(lines, '   line 720720: "720720 = 2^4 * 3^2 * 5 * 7 * 11 * 13"', "what the server made")


@case
def a_superpage_is_made_shared_and_broken():
    lines = tour()[1]
    found = [match.groups() for match in map(WALK.match, lines) if match]
    equal([("made", "2 MiB", "2048"), ("the child's", "4 KiB", "0"), ("the parent's", "2 MiB", "2048"), ("munmap", "4 KiB", "0")],
          [(name, size, kib) for name, _, _, _, size, kib in found], "what each step leaves")
    made, child, parent, broken = ([upper, leaf, int(frame, 16)] for _, upper, leaf, frame, _, _ in found)
    equal((None, "leaf[100]", None, "leaf[100]"), (made[1], child[1], parent[1], broken[1]), "page 100 in its leaf table")
    equal(1, len({made[0], child[0], parent[0], broken[0]}), "the way to it")
    equal((0, made[2]), (made[2] % (2 << 20), parent[2]), "the block is aligned, and stays")
    equal(made[2] + 100 * 4096, broken[2], "its frame stays where it is in the block")
    equal(False, made[2] <= child[2] < made[2] + (2 << 20), "the child's copy is elsewhere")


@case
def superpages_are_on_in_their_stop_only():
    show = "cat /sys/kernel/mm/transparent_hugepage/enabled"
    lines = tour(*TINY, "--append", "thp=never", words=("--", "sh", "-c", f"{show}; tour; {show}"))[1]
    equal(["always madvise [never]"] * 2, [line for line in lines if "madvise [" in line], "the switch before and after it")
    equal((1, 512, 0, "1 FILL"), figures(lines)["1 page of 512 written"], "the superpage")


@case
def without_superpages_it_says_so():
    """Only the superuser may switch them on."""
    lines = tour(*TINY, "--user", "1000", words=("--", "tour"))[1]
    has(lines, "No superpage was made: it needs 2 MiB that are free, and the kernel's consent.", "output")
    equal(None, figures(lines).get("1 page of 512 written"), "a row")


def swap_is_shown(*options, left=8, **environment):
    """Looks at the stop about swap for what is true however fast the disk is, and however many pages a request has."""
    status, lines, log = tour(*options, **environment)
    text, rows, npages = "\n".join(lines), strips(lines), 4 * left * 256
    print("# " + "\n# ".join(" ".join(map(str, row)) for row in rows))
    equal(0, status, f"status of {log[-1000:]}")
    has(text, f"but {left} MiB, writes {4 * left} MiB,", "the sizes")
    has(text, f"most of {npages // 32} pages", "the size of a cell")
    equal(STRIPS, [row[0] for row in rows], "rows")
    for part, (name, cells, faults, *_) in enumerate(rows[:4], 1):
        equal(32 - 8 * part, cells.count("·"), f"cells that are not written yet: {name}")
        equal(True, faults >= npages / 4, f"each page takes a fault: {name}: {faults}")
    out = rows[3][1].count("░") * npages // 64  # half of the pages of such a cell, or more
    counts = [[sum(row[column] for row in rows[first:first + 4]) for column in range(3, 6)] for first in (0, 4)]
    (_, written, _), (major, _, read) = counts
    equal((True,) * 4, (out > 0, written >= out, read >= out, major > 0), f"{out} pages are out, counts {counts}")
    found = re.search(r"^   (\d+) pages, each byte right: (\d+) mapped, (\d+) unmapped, (\d+) on the disk$", text, re.MULTILINE)
    equal(True, bool(found), "the last line of the stop")
    pages, mapped, unmapped, out = map(int, found.groups())
    equal((npages, npages), (pages, mapped + unmapped + out), "pages, and all of them")
    equal(True, out >= npages / 2, f"{out} pages are out: memory has no room for half of them")


@case
def R84_a_program_uses_four_times_the_memory():
    swap_is_shown(*SMALL, left=2)


@long_case
def R84_also_with_less_memory_and_on_other_machines():
    for options in ((), ("--mem", "16M")):
        swap_is_shown(*options)
    for options in (("--harts", "2"), ("--append", "ad=soft")):
        swap_is_shown(*options, *SMALL, left=2)


@long_case
def R82_R84_all_frames_and_slots_are_free_after_it():
    """The hardened kernel counts them when it powers off."""
    options = (*SMALL, "--mem", "24M", "--verbose")
    swap_is_shown(*options, left=2, FAULTLINE_KERNEL="faultline-hardened.elf")
    has(tour(*options, FAULTLINE_KERNEL="faultline-hardened.elf")[2], "all accounted for", "log")
    text = "\n".join(tour(*SMALL, words=("--", "sh", "-c", "free; tour; free"))[1])
    before, after = ({name: int(n) for name, n in re.findall(r"^(\w[\w ]+?) +(\d+) (?:pages|frames) ", part, re.MULTILINE)}
                     for part in (text[:text.index("Faultline")], text[text.index("./a.out"):]))
    print(f"# {before}\n# {after}")
    equal(0, before["swap"] - before["swap free"], "pages in swap before it")
    equal(True, after["swap written"] > 0, "pages were written")
    # The prompt and init may have pages there that they have not touched since.
    equal(True, after["swap"] - after["swap free"] < 100, "pages in swap after it")
    equal(True, after["private"] - before["private"] < 20, "private pages")


@soak_case
def what_the_stop_about_swap_needs_is_told():
    for options, said in (((), "This machine has no swap disk, which this stop needs. To see it:\n  ./run.sh --swap 128M\n"),
                          (("--swap", "2M"), " MiB of memory, 1 MiB of swap. To see it:\n  ./run.sh --swap 128M\n"),
                          (("--swap", "64M", "--mem", "2G"), " MiB of memory. With less:\n  ./run.sh --mem 256M\n"),
                          (("--swap", "64M", "--append", "commit=strict"), "\n   This kernel refuses the memory that this stop needs.\n")):
        status, lines, _ = tour(*options, words=("--", "tour"))
        equal((0, []), (status, strips(lines)), f"status and rows with {options}")
        has("\n".join(lines), said, f"with {options}")
    swap_is_shown("--swap", "128M", "--mem", "64M")


@long_case
def a_disk_that_cannot_be_made_is_no_obstacle():
    """It is the runner that wishes for one, not the user: here files may have 64 MiB at most."""
    if FAKE:
        raise Skip("needs the real kernel")
    for options, status, said in (([], 0, b"This machine has no swap disk"), (["--swap", "128M"], 125, b"run.sh: --swap: ")):
        done = subprocess.run(["/bin/bash", "-c", 'ulimit -f 65536; exec "$@"', "bash", RUN, *options], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        equal(status, done.returncode, f"status with {options}")
        has(done.stdout + done.stderr, said, f"with {options}")


@case
def text_arrives_page_by_page():
    none = "················"
    lines = [line[19:] for line in tour()[1] if line.count("│") == 4 and "'" not in line]
    equal([f"│{none}│{none}│{none}│",
                  f"│·····█··········│{none}│{none}│",
                  f"│·····▒··········│{none}│·····█··········│",
                  f"│·····▒··········│{none}│·····▒··█·······│"], lines, "picture")


@case
def a_null_pointer_is_told_here_and_in_the_log():
    _, lines, log = tour()
    has(lines, "   wait: child killed by signal 11 (Segmentation fault)", "output")
    has(log, "killed by SIGSEGV: read of 0 at pc", "log")
    has(log, "null pointer", "log")


@case
def it_is_plain_text_without_a_terminal():
    lacks("\n".join(tour()[1]), "\033", "output")


@long_case
def chinese_by_option_and_by_language():
    chosen = tour("--swap", "9M", words=("--", "tour", "--lang", "zh"))[1]
    is_narrow(chosen)
    has(chosen[0], "内存先许诺，再由缺页异常兑现", "title")
    equal(chosen[0], tour(LANG="zh_CN.UTF-8")[1][0], "title with LANG")
    equal(chosen[0], tour(*TINY, LC_ALL="zh_CN.UTF-8")[1][0], "title with LC_ALL")
    equal(chosen[0], tour(*TINY, "--env", "LANG=zh_TW")[1][0], "title with --env")
    equal(tour()[1][0], tour(*TINY, LANG="de_DE.UTF-8")[1][0], "title in another language")
    equal(list(FIGURES.values()), list(figures(chosen).values()), "the same figures")
    equal(tour()[1][0], tour(*TINY, words=("--", "tour", "--lang", "en"), LANG="zh_CN")[1][0], "the option first")


@case
def wrong_usage_is_told():
    for words in (["--lang"], ["--lang", "fr"], ["x"], ["--lang", "en", "x"]):
        status, lines, error = tour(words=("--", "tour", *words))
        equal((2, [""], "usage: tour [--lang en|zh]\n"), (status, lines, error), f"with {words}")


@case
def a_closed_output_is_told_of():
    if FAKE:
        raise Skip("needs the real kernel")
    done = subprocess.run(["/bin/sh", "-c", '"$0" >&- 2>/dev/null </dev/null; echo $?', RUN], capture_output=True,
                          timeout=PATIENCE, check=False)
    equal(b"125\n", done.stdout, "status")


@long_case
def more_harts_and_a_clock_for_instructions():
    lines = tour("--harts", "2", *SMALL)[1]
    has("\n".join(lines), "ns each", "output")
    equal(FIGURES, figures(lines), "the same figures")


def tour_here():
    """Compiles the tour for the Linux that we run on, once; gives its path."""
    if FAKE or not shutil.which("cc"):
        raise Skip("needs a compiler for this machine")
    if "here" not in ONCE:
        path = os.path.join(folder("here"), "tour")
        sources = [path for names in ("tour/*.c", "faults/[!m]*.c", "lib/counter.c", "lib/locale.c")
                   for path in glob.glob(os.path.join(ROOT, "user", names))]
        subprocess.run(["cc", "-O2", "-std=gnu11", "-fno-pic", "-no-pie", "-I", os.path.join(ROOT, "include"),
                        "-I", os.path.join(ROOT, "user"), *sources, "-o", path, "-lm"], check=True)
        ONCE["here"] = path
    return ONCE["here"]


class Here:
    """The tour as a program of the Linux that we run on, on a terminal, where single keys can be had."""

    def __init__(self):
        script = 'read -r go; "$0"; echo "status $?."; read -r line'
        self.child = pexpect.spawn("/bin/bash", ["-c", script, tour_here()], timeout=PATIENCE, dimensions=(25, 80),
                                   env={**os.environ, "LANG": "C"}, encoding="utf-8")
        self.child.delaybeforesend = None
        self.modes = termios.tcgetattr(self.child.child_fd)
        self.child.send("go\r")

    def end(self, keys):
        """Presses these keys; gives the status, and whether the terminal is as it was."""
        for key in keys:
            self.child.expect_exact("any key: continue   q: quit ")
            equal(False, termios.tcgetattr(self.child.child_fd) == self.modes, "modes while it waits")
            self.child.send(key)
        self.child.expect(r"status (\d+)\.")
        status, same = int(self.child.match.group(1)), termios.tcgetattr(self.child.child_fd) == self.modes
        lacks(self.child.before, "look around here", "words about a prompt")
        self.child.close(force=True)
        return status, same


@long_case
def single_keys_on_linux():
    for keys, status in (([" "] * (STOPS + 1), 0), ("q", 0), ("  Q", 0), (["\033[C", "\x04"], 0), ("\r\x03", 130)):
        equal((status, True), Here().end(keys), f"status and the same modes after {keys!r}")


def masked(line):
    """Takes out of a line what hangs on compiler, memory and emulator."""
    line = re.sub(r"0x[0-9a-f]+", "0x?", line)
    line = re.sub(r"\d+ MiB of memory \(\d+", "? MiB of memory (?", line)
    line = re.sub(r"内存 \d+ MiB（空闲 \d+", "内存 ? MiB（空闲 ?", line)
    line = re.sub(r"^(   .*\S +)\d+$", r"\1?", line)
    found = re.match(r"^(  .* \d+ +\d+ +\d+) +\d+(  \d+ [A-Z]+)$", line)
    return found.group(1) + " ?" + found.group(2) if found else line


def each(line):
    """Gives the instructions of a fault or of a part of its way; None where the line shows none."""
    found = PART.match(line)
    if found:
        return int(found.group(2))
    found = ROW.match(line)
    return int(found.group(5)) if found and found.group(5) != "-" else None


def shown_by(path):
    """Gives the lines behind "$ ./run.sh" in a document's first block; "..." stands for lines that were left out."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    block = re.search(r"^    \$ (?:LANG=\S+ )?\./run\.sh\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return [line[4:] for line in block.group(1).rstrip("\n").split("\n")] if block else []


def drawn_in(path):
    """Gives the lines of an SVG by tools/draw-tour: pieces of text, each with the line and the column where it begins."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        pieces = re.findall(r'<text class="\S+" x="(\S+)" y="(\S+)" textLength="(\S+)">(.*)</text>', file.read())
    lines = {}
    for x, y, length, text in pieces:
        text = html.unescape(text)
        column = round(float(x) * len(text) / float(length))
        lines[float(y)] = lines.get(float(y), "").ljust(column) + text
    return [lines[y] for y in sorted(lines)]


def is_printed(path, shown, printed, least=16):
    """Checks that the tour prints the lines that a document or picture shows, at least so many, in their order."""
    real, at = [masked(line) for line in printed], 0
    equal(True, len(shown) >= least, f"lines in {path}")
    for line in shown:
        if line == "...":
            continue
        has(real[at:], masked(line), f"{path}: what the tour prints, in this order")
        at = real.index(masked(line), at) + 1
        told, measured = each(line), each(printed[at - 1])
        if told and not HARDENED:
            equal(True, abs(measured - told) <= EACH_TOLERANCE * told,
                  f"{path}: \"each\" within {EACH_TOLERANCE:.0%} of the {measured} that are measured: {line!r}")


@case
def the_readme_shows_what_it_prints():
    for path, environment in (("README.md", {}), ("README.zh.md", {"LANG": "zh_CN.UTF-8"})):
        is_printed(path, shown_by(path), tour(**environment)[1])


@case
def the_book_shows_what_it_prints():
    if HARDENED:
        raise Skip("the book shows the release kernel: run it without FAULTLINE_KERNEL")
    shown = {path: shown_by(path) for path in glob.glob("docs/book/*.md", root_dir=ROOT)}
    equal(10, sum(map(bool, shown.values())), "chapters that show a stop")
    for path, lines in shown.items():
        if lines:
            is_printed(path, lines, tour()[1], least=4)


@case
def the_picture_shows_what_it_prints():
    is_printed("docs/tour.svg", drawn_in("docs/tour.svg"), tour()[1])


if __name__ == "__main__":
    main()
