#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bugs made by rule: which there are, which are left out, and which parts of the suites run for each."""

import json
import os
import shutil
import subprocess
import tempfile

import base  # noqa: F401
from lib.tap import case, equal, has, main
from mutation import compiled, equivalents, generate, guest, trial, units, work

TEXT = """/* Bugs of all kinds, and what is none. */
#define ROOM (1 + 2)

static int f(struct s *a, int n)
{
	int *p = &a->n;
	bool more = false;

	assert(n < 3 && n != 1);
	if (n < 2 || a->b)
		return -EINVAL;
	for (int i = 0; i <= n; i++) {
		if (!a)
			continue;
		log_warn("%d", n + 1);
		a->n |= 4 & n;
	}
	*p = n - 1;
	(void)g(a, /* a < b */
		n);
	return *p;
}

int h(const char *format, ...)
{
	return 1 + 1;
}
"""


def write(folder, path, text):
    """Puts a file into a folder."""
    os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
    with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
        file.write(text)


def changes(operator, text=TEXT):
    """Gives the lines before and after of one operator's bugs."""
    return [bug.name.partition(": ")[2] for bug in generate.of_text("mm/x.c", text) if bug.operator == operator]


@case
def operators_change_what_they_say():
    equal([
        "if (n < 2 || a->b) => if (n <= 2 || a->b)", "if (n < 2 || a->b) => if (n >= 2 || a->b)",
        "for (int i = 0; i <= n; i++) { => for (int i = 0; i < n; i++) {",
        "for (int i = 0; i <= n; i++) { => for (int i = 0; i > n; i++) {"], changes("border"), "borders")
    equal(["if (n < 2 || a->b) => if (n < 2 && a->b)"], changes("logic"), "and, or")
    equal(["return -EINVAL; => return -EPERM;"], changes("errno"), "error numbers")
    equal(["if (n < 2 || a->b) => if (!(n < 2 || a->b))",
                              "for (int i = 0; i <= n; i++) { => for (int i = 0; !(i <= n); i++) {",
                              "if (!a) => if (!(!a))"], changes("negate"), "conditions")
    equal(["for (int i = 0; i <= n; i++) { => for (int i = 0; i <= n; i--) {",
                                  "a->n |= 4 & n; => a->n &= 4 & n;", "a->n |= 4 & n; => a->n |= 4 | n;",
                                  "*p = n - 1; => *p = n + 1;"], changes("arithmetic"), "operators, but no pointer's and no address's")
    equal(["bool more = false; => bool more = true;", "if (n < 2 || a->b) => if (n < 3 || a->b)",
                                "if (n < 2 || a->b) => if (n < 1 || a->b)", "*p = n - 1; => *p = n - 2;",
                                "*p = n - 1; => *p = n - 0;"], changes("constant"), "numbers at borders")
    equal(["continue; => nothing", "a->n |= 4 & n; => nothing", "*p = n - 1; => nothing",
                              "(void)g(a, /* a < b */ n); => nothing"], changes("delete"), "statements")


@case
def deleted_statements_keep_the_lines():
    bug = generate.of_text("mm/x.c", TEXT)[-1]
    text = bug.apply(TEXT)
    equal(("delete", TEXT.count("\n")), (bug.operator, text.count("\n")), "as many lines")
    equal(((19, 20), (4, 22)), (bug.lines, bug.body), "the lines of the change, and of the function")


@case
def statements_are_those_of_expressions():
    text = ("void f(void)\n{\n\tstruct a b = { .c = 1 };\n\tfoo_t *d = e();\n\n\tif (x)\n\t\tgo(1);\n\telse\n\t\t--y;\n"
            "\tswitch (z) {\n\tcase 1:\n\t\tstop();\n\t\tbreak;\n\tdefault:\n\t\ty = (int)go(2);\n\t}\nout:\n\tlast(y);\n}\n")
    equal(["go(1); => nothing", "--y; => nothing", "stop(); => nothing", "break; => nothing",
                                    "y = (int)go(2); => nothing", "last(y); => nothing"], changes("delete", text), "no declarations, none within others")


@case
def names_stay_while_others_change():
    known = {bug.name for bug in generate.of_text("mm/x.c", TEXT)}
    moved = TEXT.replace("\tint *p", "\tint *q = &a->m;\n\tint *p").replace("/* Bugs", "/* Some\n bugs")
    equal(set(), known - {bug.name for bug in generate.of_text("mm/x.c", moved)}, "each is found again")
    equal(len(generate.of_text("mm/x.c", TEXT)), len(known), "no two are alike")
    twice = TEXT.replace("\t*p = n - 1;\n", "\t*p = n - 1;\n\t*p = n - 1;\n")
    has("\n".join(bug.name for bug in generate.of_text("mm/x.c", twice)), "*p = n - 1; => nothing #2", "equal lines are counted")


@case
def a_seed_is_an_order():
    bugs = generate.of_text("mm/x.c", TEXT)
    names = [[bug.name for bug in generate.shuffled(some, seed)] for some, seed in ((bugs, 1), (bugs[::-1], 1), (bugs, 2))]
    equal(names[1], names[0], "the same seed")
    equal(True, names[0] != names[2] and sorted(names[0]) == sorted(names[2]), "another one")


class Slot:
    """A build of one kernel file by the machine's own compiler."""

    def __init__(self, folder):
        self.tree = self.build = folder
        command = "gcc -Wall -Wextra -O1 -g -MD -MQ x -MF y -o out -c mm/x.c"
        entry = {"output": compiled.PARTS[0] + "mm_x.c.o", "file": "mm/x.c", "command": command}
        write(folder, "compile_commands.json", json.dumps([entry]))


@case
def bugs_compile_and_make_other_code():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    text = ("int s[9];\nint f(unsigned n);\n\nint f(unsigned n)\n{\n\tint a = 0, unused;\n\n\tunused = 1;\n\t(void)unused;\n"
            "\tif (n == 1)\n\t\ta = &s[n] - s;\n\treturn a;\n}\n")
    write(folder, "mm/x.c", text)
    compiler = compiled.Compiler(folder, Slot(folder), os.path.join(folder, "area"))
    equal((True, False), (compiler.knows("mm/x.c"), compiler.knows("mm/y.c")), "files of the kernel")
    bugs = generate.of_text("mm/x.c", text)
    chosen = compiled.choose(bugs, {"mm/x.c": text}, compiler, 99)
    names = [bug.name.partition(": ")[2] for bug in chosen.bugs]
    equal(["if (n == 1) => if (n != 1)", "if (n == 1) => if (n == 2)", "if (n == 1) => if (n == 0)"], names,
          "what can be tried")
    # `unused = 1` does nothing, pointers have no sum, negated is the same as !=, and without the assignment as == 0.
    equal((1, 1, 2), (chosen.refused, chosen.same, chosen.twice), "what is left out")
    equal(2, len(compiled.choose(bugs, {"mm/x.c": text}, compiler, 2).bugs), "as many as wanted")
    for least, number in (({"mm": 2}, 2), ({"mm": 1}, 1), ({"ipc": 1}, 1)):
        equal(number, len(compiled.choose(bugs, {"mm/x.c": text}, compiler, 1, least).bugs), f"one, and more to have {least}")
    texts, left = compiled.woven(chosen.bugs, {"mm/x.c": text}, compiler)
    equal((["mm/x.c"], []), (list(texts), left), "all in one text")
    write(folder, "main.c", texts["mm/x.c"] + "int main(int argc, char **argv)\n{\n\tmutant_number = argv[1][0] - '0';\n"
          "\treturn f(argc - 1) * 10 + f(argc);\n}\n")
    program = os.path.join(folder, "program")
    subprocess.run(["gcc", "-o", program, os.path.join(folder, "main.c")], check=True)
    answers = [subprocess.run([program, str(number)], check=False).returncode for number in (9, 0, 1, 2)]
    equal([10, 2, 2, 0], answers, "the original, and each bug")
    shutil.rmtree(folder)


@case
def what_changes_nothing_has_a_reason():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    write(folder, "mm/x.c", TEXT)
    names = [bug.name for bug in generate.of_text("mm/x.c", TEXT)]
    write(folder, equivalents.FILE, f"# Why.\n\n{names[0]}\n\tit is written\n\tbefore it is read\n{names[1]}\n\tso\n"
          "mm/y.c:f: a => b\n\tnobody can ever tell them apart\n")
    equal("it is written before it is read", equivalents.load(folder)[names[0]], "a reason in two lines")
    equal([f"{equivalents.FILE}: {names[1]}: no reason",
                                      f"{equivalents.FILE}: mm/y.c:f: a => b: there is no such bug"], equivalents.check(folder), "wrong ones")
    shutil.rmtree(folder)


class Test:
    """One of Meson's tests, as far as units ask for it."""

    def __init__(self, name, words=(), fails=()):
        self.name, self.words, self.fails = name, list(words), fails
        self.program, self.env, self.limit, self.died, self.ran = "tests/host/mm/test-" + name, {}, 0.0, True, []

    def run_with(self, words):
        """Plays a run: fails if one of its words is to."""
        self.ran.append(words)
        return next((word for word in words or [self.name] if word in self.fails), None), 0.0


def unit(stage, test, part="", seconds=1.0, lines=None):
    """Makes a unit of which all is known."""
    made = units.Unit(stage, test, part)
    made.seconds, made.insns, made.lines = seconds, 1000, lines
    return made


@case
def tests_are_split():
    words = ["python3", "/x/tools/replay", "--together", "--kernel", "k.elf"]
    whole = [Test("user cases 1 hardened", [*words, "a", "b"]), Test("preempt hardened", [*words, "--append", "p", "a"]),
             Test("chroot"), Test("chroot hardened"), Test("stdin")]
    equal(["user user cases 1 hardened: a", "user user cases 1 hardened: b", "user preempt hardened", "user chroot hardened",
           "user stdin"],
          [one.name for one in units.of_stage("user", whole)], "cases by name; what runs on both kernels runs once")
    equal(["pipe_a", "pipe_bc", "oom_*"],
          units.shortened(["pipe_a", "pipe_bc", "oom_is_told"], ["pipe_a", "pipe_bc", "pipe_b", "oom_is_told"]), "patterns for one test each")


@case
def the_cheapest_run_first():
    kernel, cases = Test("kernel-hardened"), Test("cases", ["replay"])
    names = [f"case_{number}" for number in range(30)]
    some = [unit("user", cases, name, 0.3 + 0.1 * number) for number, name in enumerate(names)]
    some += [unit("kernel", kernel, "points_" + "x" * 110 + letter, 0.3) for letter in "abc"] + [unit("host", Test("h"), "", 0.2)]
    groups = units.grouped(some, [one.part for one in some if one.stage == "kernel"])
    equal("host h", groups[0].name, "the first")
    equal(sorted(group.seconds for group in groups), [group.seconds for group in groups], "rising")
    equal(sorted(one.name for one in some), sorted(one.name for group in groups for one in group.units), "none is lost")
    equal([True, True], [len(group.words[1]) <= units.GLOBS + 5 for group in groups if group.stage == "kernel"], "as the kernel takes them")


def trials(folder, found, limit=100.0):
    """Makes Trials without a build."""
    made = trial.Trials.__new__(trial.Trials)
    made.units, made.limit, made.known, made.good, made.bad, made.built_of = found, limit, [], set(), set(), {}
    made.shim, made.slot = guest.Shim(os.path.join(folder, "shim"), "count.so"), None
    made.programs = type("Programs", (), {"set": lambda self, number: None})()
    return made


@case
def only_what_executes_the_function_runs():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    bug = generate.of_text("mm/x.c", TEXT)[0]
    bug.number = 1
    there, here, elsewhere = guest.bits([5]), guest.bits([bug.lines[0]]), guest.bits([24, 40])
    found = [unit("user", Test("cheap"), "", 0.1, {"mm/x.c": there}), unit("user", Test("dear"), "", 5.0, {"mm/x.c": here}),
             unit("user", Test("other"), "", 0.1, {"mm/x.c": elsewhere}), unit("user", Test("none"), "", 0.1, {"mm/y.c": here})]
    made = trials(folder, found)
    equal(["user dear", "user cheap"], [group.name for group in made.groups(bug)], "the changed line first, then the function")
    equal(("survived", [1, 1, 0, 0]), (made.run(bug).verdict, [len(one.test.ran) for one in found]), "no others")
    made.limit = -1.0
    equal("limit: 0 of 2 runs", made.run(bug).by, "no more than the limit")
    made.units = found[2:]
    equal("no test executes it", made.run(bug).by, "none at all")
    shutil.rmtree(folder)


@case
def what_executes_much_of_the_file_runs_early():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    bug = generate.of_text("mm/x.c", TEXT)[0]
    here = bug.lines[0]
    found = [unit("user", Test("passes by"), "", 0.5, {"mm/x.c": guest.bits([here])}),
             unit("user", Test("about it"), "", 3.0, {"mm/x.c": guest.bits([here, *range(100, 109)])}),
             unit("host", Test("not measured"), "", 2.0, None)]
    made = trials(folder, found)
    made.is_built_of = lambda unit, path: True
    equal(["host not measured", "user about it", "user passes by"], [group.name for group in made.groups(bug)], "the order")
    shutil.rmtree(folder)


@case
def of_a_function_without_lines_its_callers_run():
    text = "/* Two who call. */\n\nstatic int small(int n)\n{\n\treturn n + 1;\n}\n\n" + "".join(
        f"int {name}(int n)\n{{\n\treturn {calls}(n);\n}}\n\n" for name, calls in (("calls", "small"), ("other", "smaller")))
    bug = generate.of_text("mm/x.c", text)[0]
    equal(("small", [(8, 11)]), (bug.function, bug.callers), "who calls it")
    found = [unit("user", Test(name), "", 0.1, {"mm/x.c": guest.bits([line])}) for name, line in (("calls", 10), ("other", 15))]
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    made = trials(folder, found)
    equal(["user calls"], [group.name for group in made.groups(bug)], "the caller's")
    made.units.append(unit("user", Test("small"), "", 0.1, {"mm/x.c": guest.bits([5])}))
    equal(["user small"], [group.name for group in made.groups(bug)], "its own, where there are some")
    bug.reason = "it is not used"
    equal("equivalent", made.run(bug).verdict, "struck")
    shutil.rmtree(folder)


@case
def a_test_that_fails_without_the_bug_says_nothing():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    bug = generate.of_text("mm/x.c", TEXT)[0]
    bug.number, lines = 1, {"mm/x.c": guest.bits([bug.lines[0]])}
    made = trials(folder, [unit("user", Test("broken", fails=["broken"]), "", 1.0, lines)])
    selected = []
    made.programs.set = selected.append
    equal(("survived", {"user broken"}), (made.run(bug).verdict, made.bad), "it fails always")
    equal([1, work.NOBODY, work.NOBODY], selected, "tried without the bug")
    test = Test("sees")
    test.run_with = lambda words: ("p" if selected[-1] == 1 else None, 0.0)
    made.units = [unit("user", test, "", 1.0, lines)]
    result = made.run(bug)
    equal(("caught", "user sees: p"), (result.verdict, result.by), "it fails with the bug")
    shutil.rmtree(folder)


@case
def each_qemu_leaves_what_it_executes():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    shim = guest.Shim(os.path.join(folder, "shim"), os.path.join(folder, "count.so"))
    shim.qemu = os.path.join(folder, "fake")
    write(folder, "fake", f"#!/bin/sh\necho \"$@\"\nprintf 'insns 70\\nffffffff80200000 6\\n' > {shim.reached}/$$\n")
    os.chmod(shim.qemu, 0o755)
    shim.record()
    told = subprocess.run([guest.QEMU, "-m", "64M", "-kernel", "/b/faultline.elf"], env={**os.environ, "PATH": shim.path},
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    equal(f"-plugin {folder}/count.so,reached={shim.reached} -m 64M -kernel /b/faultline.elf\n", told, "its words")
    runs = list(shim.runs())
    equal([("faultline.elf", 70, [(0xffffffff80200000, 6)])], runs, "kernel, instructions, blocks")
    kernels = guest.Kernels(folder, folder)
    lines = guest.Lines.__new__(guest.Lines)
    lines.at = {0xffffffff80200000: [("mm/x.c", 3)], 0xffffffff80200004: [("mm/x.c", 9), ("mm/x.h", 1)],
                0xffffffff80200006: [("mm/x.c", 10)]}
    kernels.known["faultline.elf"] = lines
    equal(({"mm/x.c": 1 << 3 | 1 << 9, "mm/x.h": 2}, 70), kernels.executed(runs), "lines, those of inlined functions too")
    shim.limit(5000)
    equal(([], ""), (list(shim.runs()), shim.why_ended()), "nothing is left of it")
    write(folder, "shim/ended", "steps\n")
    equal("steps", shim.why_ended(), "why it was ended")
    shutil.rmtree(folder)


@case
def sources_are_found_wherever_they_were_compiled():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    write(folder, "mm/x.c", "")
    write(folder, "build-mutants/reach/tree/mm/x.c", "")
    for path, found in (("../tree/mm/x.c", "mm/x.c"), (folder + "/build/../mm/x.c", "mm/x.c"),
                        (folder + "/build-mutants/reach/build/../tree/mm/x.c", "mm/x.c"), ("/other/tree/build/../mm/x.c (discriminator 3)", "mm/x.c"), ("??", None)):
        equal(found, guest.below(folder, path, {}), path)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
