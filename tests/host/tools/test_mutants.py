#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How bugs are put into sources, and how a test's output is judged: without building anything."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time

import base  # noqa: F401
from lib.tap import case, equal, has, main
from mutation import area, calls, finders, named, number, patch, redundant, suites, survivors, units, weave, work
from usertest import cases

TEXT = "int a(void)\n{\n\treturn 1;\n}\n\nint b(void)\n{\n\treturn 1;\n}\n"
CHANGE = "--- a/mm/x.c\n+++ b/mm/x.c\n@@ -7,2 +7,2 @@ int b(void)\n int b(void)\n {\n-\treturn 1;\n+\treturn 2;\n"
SAYS = "The second of two answers is that of the first.\nA user sees one where there should be two.\n\n"
CALLS = """/* Calls of all shapes, and some that are none. */
static void page_put(struct page *page)
{
	if (last(page)) /* page_free(page) */
		page_free(page, page->order);
	else
		spin_unlock(&lock);
	return page_free(page, 0);
}

void f(void)
{
	(void)page_put(g(1,
			 2));
	say("page_put(x);");
	x = page_get(y);
	__asm__ volatile("nop");
	__asm__ volatile("fence w, w" ::: "memory");
}
"""


def write(folder, path, text):
    """Puts a file into a folder."""
    os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
    with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
        file.write(text)


def load_tool():
    """Loads tools/mutants, which has no name that can be imported."""
    loader = importlib.machinery.SourceFileLoader("mutants", os.path.join(base.TOOLS, "mutants"))
    tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
    loader.exec_module(tool)
    return tool


def tree(patches, text=TEXT):
    """Makes a tree with a source file and patches; gives its folder."""
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    write(folder, "mm/x.c", text)
    for name, content in patches.items():
        write(folder, f"tests/mutants/{name}.patch", content)
    return folder


@case
def a_patch_is_put_where_its_lines_are():
    folder = tree({"two": SAYS + CHANGE})
    bug = patch.load(folder)[0]
    equal(("two", "mm/x.c", 2, ""), (bug.name, bug.path, len(bug.says), bug.reason), "what it says")
    moved = "int before;\n" * 40 + TEXT
    equal(moved[:-len("return 1;\n}\n")] + "return 2;\n}\n", bug.apply(moved), "the change, lines further down")
    equal([], patch.check(folder), "nothing is wrong with it")
    shutil.rmtree(folder)


@case
def a_patch_that_does_not_fit_is_named():
    wrong = {"gone": TEXT.replace("int b(", "int c("), "twice": TEXT + TEXT}
    for name, text in wrong.items():
        folder = tree({name: SAYS + CHANGE}, text)
        has("\n".join(patch.check(folder)), f"{name}: hunk 1 fits mm/x.c {0 if name == 'gone' else 2} times", name)
        shutil.rmtree(folder)


@case
def a_patch_has_to_say_what_it_does():
    for name, text in (("silent", CHANGE), ("short", "Bug.\nBad.\n\n" + CHANGE), ("half", SAYS.partition("\n")[0] + "\n" + CHANGE)):
        folder = tree({name: text})
        has("\n".join(patch.check(folder)), name + ": ", name)
        shutil.rmtree(folder)
    folder = tree({"excused": SAYS + "Survives: with one hart nobody\ncan see it.\n\n" + CHANGE})
    equal(["excused: why it may survive belongs in " + survivors.FILE], patch.check(folder), "a reason in the wrong place")
    shutil.rmtree(folder)


@case
def call_sites_are_statements_of_functions():
    folder = tree({}, CALLS)
    sites = calls.load(folder)
    equal(["mm/x.c:page_put:page_free#1", "mm/x.c:page_put:spin_unlock#1", "mm/x.c:f:page_put#1", "mm/x.c:f:asm#1"],
          [site.name for site in sites],
          "names")
    equal(["put", "unlock", "put", "fence"], [site.kind for site in sites], "kinds")
    text = calls.rewritten(folder, sites)["mm/x.c"]
    has(text, "\t\t({ if (mutant_number != 0u) page_free(page, page->order); });\n\telse\n", "before an else")
    has(text, "({ if (mutant_number != 2u) (void)page_put(g(1,\n\t\t\t 2)); });", "over two lines")
    has(text, "return page_free(page, 0);", "no statement of its own")
    shutil.rmtree(folder)


@case
def reasons_name_bugs_that_are_there():
    folder = tree({"two": SAYS + CHANGE}, CALLS)
    write(folder, survivors.FILE, "# Why.\nmm/x.c:f:asm* one hart sees its own stores\ntwo nobody looks at it\n"
          "mm/y.c:* nobody would ever know\nmm/x.c:f:page_put#1 because\n")
    found = {bug.name: bug.reason for bug in [*calls.load(folder), *patch.load(folder)]}
    equal(("one hart sees its own stores", "nobody looks at it", ""),
          (found["mm/x.c:f:asm#1"], found["two"], found["mm/x.c:page_put:page_free#1"]), "reasons")
    equal([f"{survivors.FILE}: mm/y.c:*: there is no such bug",
                                                 f"{survivors.FILE}: mm/x.c:f:page_put#1: no reason"], survivors.check(folder, list(found)), "reasons that are none")
    shutil.rmtree(folder)


@case
def the_table_has_what_finds_each_fence_and_each_race():
    folder = tree({"race-two": SAYS + CHANGE, "two": SAYS + CHANGE}, TEXT + CALLS)
    write(folder, finders.FILE, "# what\nmm/x.c:gone:asm#1\tcommit\thost: x\n")

    def bugs():
        return [*calls.load(folder), *patch.load(folder)]

    equal([f"{finders.FILE}: no row for {name}: tools/mutants --note --only '{name}'" for name in ("mm/x.c:f:asm#1", "race-two")]
          + [f"{finders.FILE}: there is no mm/x.c:gone:asm#1"], finders.check(folder, bugs()), "rows that are missing, and one too many")
    table = finders.Table(folder, bugs())
    table.note(work.Result("race-two", "caught", "strict: b: timeout", share="commit"))
    equal({"race-two": ("?", "")}, finders.load(folder), "a timeout says nothing")
    for result in (work.Result("two", "caught", "host: a", share="commit"), work.Result("race-two", "caught", "strict: b: at 0xffff12", share="night"),
                   work.Result("mm/x.c:f:asm#1", "broken", "it does not compile")):
        table.note(result)
    equal({"race-two": ("night", "strict: b: at 0x..")}, finders.load(folder), "the rows of what was tried")
    table.note(work.Result("mm/x.c:f:asm#1", "survived"))
    equal([f"{finders.FILE}: mm/x.c:f:asm#1 is found by no test, and has no reason",
           f"{finders.FILE}: for each commit, 0 of 1 are found of kind race, less than nine tenths"], finders.check(folder, bugs()), "too little is found")
    table.note(work.Result("race-two", "caught", "strict: b", share="commit"))
    write(folder, survivors.FILE, "mm/x.c:f:asm* one hart sees its own stores\n")
    equal([], finders.check(folder, bugs()), "nothing is wrong")
    write(folder, survivors.FILE, "mm/x.c:f:asm* one hart sees its own stores\nrace-two nobody looks at it\n")
    equal([f"{finders.FILE}: race-two is found by a test, and has a reason why not"], finders.check(folder, bugs()), "a reason that is none any more")
    shutil.rmtree(folder)


@case
def reasons_name_models_that_are_there():
    folder = tree({"two": SAYS + CHANGE})
    write(folder, "tests/models/a.pml", "#ifdef LATE\n")
    for reason, wrong in (("a.pml LATE says why", []), ("the model b.pml LATE says why", ["tests/models/b.pml is not there"]),
                          ("a.pml EARLY says why", ["tests/models/a.pml has no EARLY"])):
        write(folder, survivors.FILE, f"two {reason}\n")
        equal([f"{survivors.FILE}: two: {text}" for text in wrong], survivors.check(folder, ["two"]), reason)
    shutil.rmtree(folder)


@case
def tests_are_run_in_the_order_of_ci():
    def known(name, suite, words=(), **env):
        return {"name": name, "cmd": ["/x/ktap", *words], "workdir": "", "env": env, "suite": ["p:" + one for one in suite], "timeout": 1, "needs": []}

    tests = [known("a", ["kernel", "nightly"]), known("b", ["soak"], ["--strict"]), known("c", ["nightly"], FAULTLINE_QEMU="-bios /b/strict.elf"),
             known("races", ["kernel"], ["/x/tools/races"]), known("d", ["nightly"]), known("e", ["kernel"])]
    slot = type("Slot", (), {"build": "/b", "tests": lambda self: tests})()
    found = suites.Suites(slot, suites.stages_of("kernel,strict,nightly"))
    equal({"kernel": ["a", "e"], "strict": ["c", "races"], "nightly": ["d"]},
          {stage: [test.name for test in mine] for stage, mine in found.stages.items()}, "the tests of each stage")
    ran = []
    for stage in found.stages.values():
        for test in stage:
            test.run = lambda test=test: (ran.append(test.name), (None, 0.0))[1]
    equal((None, ["e", "races", "a", "c", "d"]), (found.run(lambda test: True), ran), "those of a commit come first")
    found.stages["strict"][0].run = lambda: ("timeout", 0.0)
    equal(("strict: c: timeout", "night"), found.run(lambda test: True), "what is said of a failure")


@case
def results_are_kept_in_the_area():
    tool = load_tool()
    folder = tree({name: SAYS + CHANGE for name in ("a", "b", "c", "d")})
    write(folder, survivors.FILE, "d nobody looks at it\n")
    write(folder, "area/seeded.tsv", tool.HEADING + "a\tsurvived\t\t1\nb\tsurvived\t\t1\nd\tsurvived\t\t1\na\tcaught\tx\t1\n")
    bugs = patch.load(folder)

    def names(*words):
        options = tool.parse(["--area", os.path.join(folder, "area"), *words])
        return sorted(bug.name for bug in tool.chosen(options, bugs))

    equal(["a", "b", "c", "d"], names(), "all")
    equal(["c"], names("--resume"), "what has not been tried")
    equal(["b"], names("--again"), "what survived without a reason, the last time")
    equal([], names("--again", "--only", "a"), "what was caught the last time")
    equal(["a", "c", "d"], names("--only", "[cd],a*"), "several patterns")
    equal("calls.tsv", os.path.basename(tool.parse(["--delete-calls"]).out), "the table of call sites")
    shutil.rmtree(folder)


@case
def functions_are_woven_with_their_variants():
    text = ("/* Two functions. */\nstruct s;\n\nint f(struct s *a, void (*then)(int n), char b[4]);\n\n/* One. */\n"
            "int f(struct s *a, void (*then)(int n),\n      char b[4])\n{\n\tthen(1);\n\treturn 1;\n}\n\n"
            "static void g(void)\n{\n\tf(0, 0, 0);\n}\n")
    found, between = weave.pieces(text)
    equal(["f", "g"], [name for name, _, _ in found], "functions")
    equal(text, "\n".join([between[0], found[0][1], found[0][2], between[1], found[1][1], found[1][2], between[2]]),
          "nothing is lost")
    head, body = found[0][1:]
    variant = weave.woven("f", head, body, {7: (head, body.replace("return 1", "return 2"))})
    has(variant, "int f(struct s *a, void (*then)(int n),\n      char b[4]);\n", "for one that calls itself")
    has(variant, "static int f__good(struct s *a", "as it is")
    has(variant, "static int f__7(struct s *a", "as the patch has it")
    has(variant, "\tif (mutant_number == 7u) {\n\t\treturn f__7(a, then, b);\n\t}\n\treturn f__good(a, then, b);\n}", "the choice")
    has(weave.woven("g", "static void g(void)", "{\n}", {1: ("static void g(void)", "{\n\t;\n}")}),
        "\t\tg__1();\n\t\treturn;\n\t}\n\tg__good();", "one that gives nothing")
    equal("UNCHECKED static inline int h__3(void)", weave.renamed("h", "UNCHECKED static inline int h(void)", 3), "static already")


@case
def what_is_no_function_is_left():
    folder = tree({"one": SAYS + CHANGE, "two": SAYS + "--- a/mm/x.c\n+++ b/mm/x.c\n@@ -1 +1 @@\n-int a(void)\n+long a(void)\n"})
    weaver = weave.Weaver(folder)
    equal((["one"], ["two"]), ([bug.name for bug in weaver.bugs], [bug.name for bug in weaver.left]), "which")
    equal(["mm/x.c"], list(weaver.texts), "files")
    shutil.rmtree(folder)


@case
def a_bug_of_a_wrong_type_is_refused():
    """The others are tried without it: one build holds the bugs of all files."""
    wrong = {"conversion": "return (char *)0", "pointer": "int *p = (char *)0; return p == 0", "undeclared": "return undeclared()"}
    folder = tree({"two": SAYS + CHANGE, **{name: SAYS + CHANGE.replace("return 2", text) for name, text in wrong.items()}})
    weaver = weave.Weaver(folder)
    batch = load_tool().Batch("woven", [bug for bug in weaver.bugs if bug.name != "pointer"], weaver.texts, work.Numbered, weaver)
    with open(os.path.join(base.ROOT, "meson.build"), encoding="utf-8") as file:
        flags = re.findall(r"'(-Werror=[^']*)'", file.read())

    def build():
        write(folder, "mm/x.c", batch.texts["mm/x.c"])
        return subprocess.run(["gcc", *flags, "-c", "-o", "/dev/null", "mm/x.c"], cwd=folder, stderr=subprocess.PIPE, text=True, check=False).stderr

    said = weave.refused(build())
    equal(sorted(wrong), sorted(bug.name for bug in weaver.bugs if bug.number in said), "by what gcc says")
    equal(True, batch.leave_out(said), "some are left out")
    equal(["two"], [bug.name for bug in batch.bugs], "what is left")
    equal([("conversion", "broken"), ("undeclared", "broken")], [(result.name, result.verdict) for result in batch.broken], "of those asked for")
    has(batch.broken[0].by, "it does not compile: mm/x.c:", "the reason")
    equal({}, weave.refused(build()), "the rest compiles")
    equal(False, batch.leave_out({}), "an error elsewhere")
    shutil.rmtree(folder)


@case
def a_number_is_set_in_a_program():
    folder = tree({}, calls.HEAD + "int main(void)\n{\n\treturn mutant_number == 7;\n}\n")
    program = os.path.join(folder, "program")
    subprocess.run(["gcc", "-g", "-o", program, os.path.join(folder, "mm/x.c")], check=True)
    programs = number.Programs([program], calls.SYMBOL)
    for value, status in ((7, 1), (8, 0)):
        programs.set(value)
        equal(status, subprocess.run([program], check=False).returncode, f"with {value}")
    with open(program, "rb") as file:
        file.seek(programs.places[0][1])
        equal(8, struct.unpack("<I", file.read(4))[0], "in the file")
    equal([], number.Programs([os.path.join(folder, "mm/x.c")], calls.SYMBOL).places, "none in what is no program")
    shutil.rmtree(folder)


@case
def a_bug_that_a_killed_run_has_left_is_taken_out():
    folder = tree({}, calls.HEAD + "int main(void)\n{\n\treturn mutant_number == 7;\n}\n")
    program = os.path.join(folder, "tests/host/x")
    os.makedirs(os.path.dirname(program))
    subprocess.run(["gcc", "-o", program, os.path.join(folder, "mm/x.c")], check=True)
    number.Programs([program], calls.SYMBOL).set(7)
    work.take_out(Slot(folder), {"host": ".*"})
    equal(0, subprocess.run([program], check=False).returncode, "status without the bug")
    shutil.rmtree(folder)


@case
def a_program_that_still_runs_is_waited_for():
    folder = tempfile.mkdtemp(prefix="faultline-mutants-")
    program = shutil.copy("/bin/sleep", os.path.join(folder, "sleep"))
    with subprocess.Popen([program, "0.5"]):
        number.open_idle(program).close()
    shutil.rmtree(folder)


@case
def what_an_output_comes_to():
    equal(None, suites.verdict(0, "1..1\nok 1 - a\n"), "all passed")
    equal("b c", suites.verdict(1, "ok 1 - a\nnot ok 2 - b c\n"), "the first that failed")
    equal("no", suites.verdict(125, "# [  0.1] kernel panic: no\n"), "a panic")
    equal("heap-use-after-free", suites.verdict(1, "==1==ERROR: AddressSanitizer: heap-use-after-free on\n"), "a report")
    equal("timeout", suites.verdict(None, "ok 1 - a\n"), "a hang")
    equal("status 3", suites.verdict(3, ""), "silence")
    equal("b c", suites.verdict(None, "ok 1 - a\nnot ok 2 - b c\n"), "one that was not waited for")


@case
def tools_words_come_before_the_kernels():
    for words, with_one in ((["python3", "/x/ktap", "--mem", "64M", "k"], ["python3", "/x/ktap", "-a", "--mem", "64M", "k"]),
                            (["python3", "/x/replay", "k"], ["python3", "/x/replay", "k", "-a"])):
        test = suites.Test({"name": "t", "cmd": words, "workdir": "", "env": {}, "suite": ["p:kernel"], "timeout": 1, "needs": []}, "/")
        equal(with_one, test.with_words(["-a"]), words[1])


@case
def a_kernels_failed_point_is_tried_alone():
    """What failed may have been a panic, whose words are no point's name: then all points are tried."""
    folder = tree({})
    for name, text, status, second in (("point", "case $2 in test=p) echo not ok 1 - p;; *) exit 9;; esac", 1, "p"),
                                       ("panic", "case $2 in test=*) echo 'Bail out! test=p matches no test of this kernel: say';; "
                                        "*) echo not ok 1 - q;; esac", 1, "q")):
        write(folder, f"{name}/ktap", f"#!/bin/sh\n{text}\nexit {status}\n")
        path = os.path.join(folder, name, "ktap")
        os.chmod(path, 0o755)
        test = suites.Test({"name": name, "cmd": [path], "workdir": folder, "env": {}, "suite": ["p:kernel"],
                            "timeout": 30, "needs": []}, folder)
        equal(second, test.again("p"), name)
    shutil.rmtree(folder)


class Slot:
    """A build with two tests, as far as their choice asks for it."""

    def __init__(self, build="/nowhere"):
        self.build = build

    def tests(self):
        """Gives what Meson knows of them."""
        return [{"name": name, "cmd": [self.build + "/tests/host/x"], "workdir": "", "env": {}, "suite": ["p:host"], "timeout": 1,
                 "needs": []} for name in ("mm-fault", "mm-fork")]


@case
def tests_of_a_suite_by_expression():
    equal(["mm-fork"], [test.name for test in suites.stage_tests(Slot(), "host", "mm-.*k")], "which")
    try:
        suites.stage_tests(Slot(), "host", "mm-fualt")
    except SystemExit as refusal:
        equal("mutants: no test of host is called 'mm-fualt': say mm-fault", str(refusal), "an expression for none")
    else:
        raise AssertionError("not refused")


@case
def a_fuzzer_is_run_without_its_coverage():
    known = {"name": "fuzz dt", "cmd": ["/usr/bin/python3", "/x/fuzz.py", "dt", "tests/fuzz/fuzz-dt", "tests/fuzz/cover-dt", "lib/fdt.c"],
             "workdir": "", "env": {}, "suite": ["p:host"], "timeout": 1, "needs": []}
    test = suites.Test(known, "/b")
    equal(("tests/fuzz/fuzz-dt", known["cmd"][:4]), (test.program, test.words), "its program is not the script")
    other = suites.Test({**known, "name": "tools fuzz", "cmd": ["/usr/bin/python3", "/b/tests/host/tools/test_fuzz.py"]}, "/b")
    equal((True, False), (suites.relevant(test), suites.relevant(other)), "a test of a tool has no kernel's code")
    folder = tree({})
    for name in ("test-a", "fuzz-a", "cover-a", "test-b"):
        write(folder, "tests/" + name, "")
    equal(["tests/cover-a", "tests/cover-a", None], [units.name_of("tests/" + name, folder) for name in ("test-a", "fuzz-a", "test-b")],
          "what counts the lines of each")
    shutil.rmtree(folder)


@case
def programs_of_a_test_are_those_that_it_runs():
    folder = tree({})
    slot = area.Slot(folder, "slot")
    targets = [{"id": "k", "type": "executable", "filename": [os.path.join(slot.build, "kernel.elf")]},
               {"id": "s", "type": "executable", "filename": [os.path.join(slot.build, "user/server")]},
               {"id": "d", "type": "shared library", "filename": [os.path.join(slot.build, "libd.so")]},
               {"id": "c", "type": "custom", "filename": [os.path.join(slot.build, "user/cpp")]},
               {"id": "l", "type": "static library", "filename": [os.path.join(slot.build, "libx.a")]}]
    tests = [{"name": "servers", "cmd": ["/usr/bin/python3", "servers.py"], "workdir": "", "env": {}, "suite": ["p:system"],
              "timeout": 1, "depends": ["s", "l", "d", "c", "k"]}]
    write(folder, "slot/build/meson-info/intro-targets.json", json.dumps(targets))
    write(folder, "slot/build/meson-info/intro-tests.json", json.dumps(tests))
    found = suites.stage_tests(slot, "system", ".*")
    equal(["kernel.elf", "libd.so", "user/cpp", "user/server"], suites.targets("system", found), "they hold the bug, or are loaded, and are built")
    shutil.rmtree(folder)


@case
def a_test_is_heard_up_to_the_first_failure():
    for script, limit, said in (("echo ok 1 - a", 9, (b"ok 1 - a\n", True)),
                                ("echo not ok 1 - a; sleep 9", 9, (b"not ok 1 - a\n", False)),
                                ("echo ok 1 - a; sleep 9", 0.2, (b"ok 1 - a\n", False))):
        test = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)
        with test.stdout as pipe:
            equal(said, suites.listen(pipe.fileno(), time.monotonic() + limit, 9), script)
        suites.end(test)


@case
def tests_that_kill_nothing_alone_may_go():
    with tempfile.TemporaryDirectory() as area_folder:
        out = os.path.join(area_folder, "every.tsv")
        for kills, struck in ((["one | two"], ["one"]), (["one"], []), (["one | two", "two | three", "three"], ["one"]),
                              (["one | two", "one", "two"], []), (["t: ends after one | two"], ["two"]), (["one | two", ""], ["one"])):
            rows = "".join(f"bug{at}\t{'caught' if by else 'survived'}\t{by}\t1\n" for at, by in enumerate(kills))
            write(area_folder, "every.tsv", "# name\tverdict\tby\tseconds\n" + rows)
            equal(struck, redundant.strike(redundant.read(out)), f"tests that may go, of {kills}")
        write(area_folder, "every.tsv", "b1\tcaught\tone | two\t1\nb1\tcaught\ttwo\t1\n")
        write(area_folder, "several.tsv", "b1\tcaught\tone | two\t1\nb2\tcaught\ttwo | three\t1\nb3\tcaught\tthree | four\t1\n")
        equal(["four\t1\tthree", "one\t1\ttwo"], redundant.report(os.path.join(area_folder, "several.tsv"))[1:], "report")
        equal(["1 tests kill 1 bugs; 0 of them kill none alone, and may go"], redundant.report(out), "report, of a bug's last row")


@case
def a_test_is_run_to_its_end_for_all_that_fails():
    for script, failed in (("echo ok 1 - a; echo not ok 2 - b; echo ok 3 - c; echo not ok 4 - d; exit 1", ["b", "d"]),
                           ("echo ok 1 - a; exit 0", []), ("echo ok 1 - a; kill -9 $$", ["ends after a"]), ("exit 1", ["ends after its start"])):
        known = {"name": "t", "cmd": ["sh", "-c", script], "workdir": None, "env": {}, "suite": ["p:host"], "timeout": 30, "needs": []}
        equal(failed, suites.Test(known, "/tmp").run_whole(), f"what fails of {script}")


@case
def seconds_hold_until_something_is_built():
    folder = tree({})
    log, known = os.path.join(folder, ".ninja_log"), os.path.join(folder, "seconds.json")
    write(folder, ".ninja_log", "")
    equal(None, suites.known_times(known, folder, {}), "none were measured")
    write(folder, "seconds.json", '{"host a": 2}')
    os.utime(log, (1, 1))
    equal({"host a": 2}, suites.known_times(known, folder, {"host a": 0}), "nothing was built since")
    equal(None, suites.known_times(known, folder, {"host a": 0, "host b": 0}), "another test")
    os.utime(known, (0, 0))
    equal(None, suites.known_times(known, folder, {"host a": 0}), "built since")
    shutil.rmtree(folder)


class Planter:
    """Plants a bug by a file that the tests look for."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "bug")

    @contextlib.contextmanager
    def planted(self, bug):
        """Has the file name this bug meanwhile."""
        write(os.path.dirname(self.path), "bug", bug.name)
        yield
        os.unlink(self.path)

    def run(self, bug):
        """Plays the hand that runs all tests."""
        return work.Result(bug.name, "caught", "host: another")


def hand_of(folder):
    """Makes the Hand of a build with a test of each kind, in which the bug `real` makes what is called `one` fail."""
    script = ("#!/bin/sh\nname=$(printf '%s\\n' \"$@\" | sed -n 's/^test=//p; /^[a-z_0-9]*$/p' | tail -n 1)\nverdict=ok\n"
              f"test $name = one && grep -qs real {folder}/bug && verdict='not ok'\n"
              "test $name = none && echo Bail out! test=none matches no test of this kernel && exit 1\n"
              "echo $verdict 1 - $name\ntest \"$verdict\" = ok\n")
    for path in ("ktap", "tests/system/a.py", "replay"):
        write(folder, path, script)
        os.chmod(os.path.join(folder, path), 0o755)
    write(folder, "tests/host/test-a", f"#!/bin/sh\ngrep -qs real {folder}/bug && echo not ok 1 - one || echo ok 1 - one\necho ok 2 - two\n"
          f"! grep -qs real {folder}/bug\n")
    os.chmod(os.path.join(folder, "tests/host/test-a"), 0o755)

    def known(suite, *words):
        return {"name": words[0], "cmd": [os.path.join(folder, words[0]), *words[1:]], "workdir": folder, "env": {}, "suite": ["p:" + suite],
                "timeout": 30, "needs": []}

    tests = [known("host", "tests/host/test-a"), known("kernel", "ktap", "--append", "test=o*,none", "k.elf"),
             known("system", "tests/system/a.py"), known("user", "replay", "x", "--kernel", "k.elf", "one", "two")]
    slot = type("Slot", (), {"build": folder, "tests": lambda self: tests})()
    return lambda other=None: named.Hand(slot, suites.STAGES, Planter(folder), other)


@case
def a_bug_is_caught_by_the_tests_that_it_names():
    folder, before = tree({}), (work.is_built_of, named.cases.load)
    hand = hand_of(folder)
    work.is_built_of = lambda path, name: name == "tests/host/a.c"
    named.cases.load = lambda: [cases.Case("one | a", 1), cases.Case("two | b", 2)]

    def verdict(name, *tests, other=None):
        bug = type("Bug", (), {"name": name, "reason": "", "says": [f"Breaks R1: {test}" for test in tests]})()
        result = hand(other).run(bug)
        return result.verdict, result.by

    for test in ("tests/host/a.c:one", "tests/kernel/a.c:one", "tests/system/a.py:one", "tests/user/a.c:main"):
        equal("caught", verdict("real", test)[0], test)
        equal(("misnamed", test + " does not fail"), verdict("harmless", test), test)
    equal(("misnamed", "tests/host/a.c:two does not fail; caught by host: another"),
          verdict("real", "tests/host/a.c:one", "tests/host/a.c:two", other=Planter(folder)), "one of two")
    equal("misnamed", verdict("real", "tests/user/b.c:main")[0], "the case of another program")
    equal("misnamed", verdict("real", "tests/kernel/a.c:none")[0], "no such test")
    equal(("not tried", "nothing here runs tests/browser/a.py:one"), verdict("real", "tests/browser/a.py:one"), "one that is not here")
    equal(("caught", "host: another"), verdict("real", "tests/browser/a.py:one", other=Planter(folder)), "others run then")
    work.is_built_of, named.cases.load = before
    shutil.rmtree(folder)


@case
def a_bug_whose_test_passes_is_a_failure():
    tool = load_tool()
    results = [work.Result("a", "caught", "x"), work.Result("b", "not tried"), work.Result("c", "misnamed", reason="nobody looks at it")]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        equal((0, 1), (tool.summary(results[:2], {"a": "seeded", "b": "seeded"}), tool.summary(results, dict.fromkeys("abc", "seeded"))), "status")
    has(said.getvalue(), "misnamed: c", "what is said")
    folder = tree({name: SAYS.rstrip("\n") + f"\nBreaks R{n}: tests/a.c:b\n\n" * (n > 0) + CHANGE for n, name in enumerate("abcde")})
    bugs = patch.load(folder)
    equal([(1, "tests/a.c:b")], [(int(claim.number), str(claim)) for claim in named.claims_of(bugs[1])], "what a header names")
    drawn = [tuple(bug.name for bug in tool.drawn(tool.parse(["--breaks", "2", "--seed", str(seed)]), bugs)) for seed in range(9)]
    equal((True, {2}, True), ("a" not in sum(drawn, ()), {len(some) for some in drawn}, len(set(drawn)) > 1), "which are drawn")
    equal(bugs, tool.drawn(tool.parse([]), bugs), "all")
    shutil.rmtree(folder)


@case
def a_copy_follows_the_tree():
    folder = tree({}, "one\n")
    subprocess.run(["git", "init", "-q", folder], check=True)
    copy = folder + "-copy"
    area.sync(folder, copy, {})
    before = os.stat(os.path.join(copy, "mm/x.c")).st_mtime_ns
    write(folder, "mm/new.c", "new\n")
    write(copy, "mm/old.c", "old\n")
    area.sync(folder, copy, {"mm/new.c": "changed\n"})
    equal(["new.c", "x.c"], sorted(os.listdir(os.path.join(copy, "mm"))), "files")
    equal(before, os.stat(os.path.join(copy, "mm/x.c")).st_mtime_ns, "what is the same is not touched")
    area.sync(folder, copy, {"mm/new.c": "changed\n"})
    with open(os.path.join(copy, "mm/new.c"), encoding="utf-8") as file:
        equal("changed\n", file.read(), "a text that is given")
    shutil.rmtree(folder)
    shutil.rmtree(copy)


if __name__ == "__main__":
    main()
