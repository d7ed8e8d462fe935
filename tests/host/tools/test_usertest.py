#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The list of user tests, and what is kept of Linux's answers."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import tempfile

from base import TOOLS
from lib.tap import case, equal, has, main
from usertest import cases, together

TOKEN = "0123456789abcdef"
SHARED = ["die_kill", "auxv", "nolib_text"]  # the cases of the boots that are played here


def load_tool(name):
    """Loads tools/NAME, which has no name that can be imported."""
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(TOOLS, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def frame(index, text, status=None, left="", ledger="-"):
    """Gives what a stream has of a case; without a status it did not end."""
    ends = b"" if status is None else f"<{TOKEN} {index} ends {status} {ledger}>\n".encode()
    told = f"<{TOKEN} {index} left {left}>\n".encode() if left else b""
    return f"<{TOKEN} {index} begins>\n".encode() + text + told + ends


class Player:
    """Plays the boots of tools/replay: the shared one, and those in which a case runs alone."""

    def __init__(self, change=lambda index, result: frame(index, result[1], result[0]), alone=lambda result: result):
        self.change, self.alone, self.ran_alone = change, alone, []
        self.status, self.kernel, self.ledger = 0, "faultline.elf", "-"

    def boot(self, program, _words, arguments, _stdin, _log):
        """Plays one boot."""
        wanted = cases.load(SHARED)
        if program == together.PROGRAM:
            equal(together.orders(wanted, TOKEN, "never"), arguments, "orders")
            results = [one.expected() for one in wanted]
            out = b"".join(self.change(index, result) for index, result in enumerate(results))
            err = b"".join(frame(index, result[2], result[0]) for index, result in enumerate(results)
                           if b" %d ends" % index in out)
            return self.status, *(stream.replace(b" ->\n", f" {self.ledger}>\n".encode()) for stream in (out, err))
        one = next(one for one in wanted if one.words == [program, *arguments])
        self.ran_alone.append(one.name)
        return self.alone(one.expected())

    def run(self):
        """Gives the status of tools/replay and what it printed."""
        replay = load_tool("replay")
        replay.boot, replay.new_token = self.boot, lambda: TOKEN
        replay.together.memory, replay.built.missing = lambda _paths: 64, lambda *_paths: ""
        for name in ("FAULTLINE_KERNEL", "FAULTLINE_THP"):
            os.environ.pop(name, None)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = replay.main(["--together", "--kernel", self.kernel, *SHARED])
        return status, said.getvalue()

    def points(self):
        """Gives which points passed."""
        return [line.startswith("ok") for line in self.run()[1].splitlines() if line.startswith(("ok", "not ok"))]


@case
def a_line_is_taken_apart():
    one = cases.Case("name | prog 'a b' c | stdin-lines=3 mem=64M add=x:/y", 1)
    equal(("name", ["prog", "a b", "c"], {"stdin-lines": "3", "mem": "64M"}, ["x:/y"]),
          (one.name, one.words, one.options, one.add), "case")


@case
def bad_lines_are_refused():
    for line in ("name", "| prog", "name | ", "name | prog | what=1", "a | b | c | d"):
        try:
            cases.Case(line, 1)
        except ValueError:
            continue
        raise AssertionError(f"{line}: not refused")


@case
def every_case_is_recorded():
    missing = [one.name for one in cases.load() if one.expected() is None]
    equal([], missing, "cases without a recording")


@case
def standard_input_is_made():
    one = cases.Case("name | prog | stdin-lines=400", 1).stdin()
    equal((399, False, b"0 entry page exec break break break map break fault entry"),
          (one.count(b"\n"), one.endswith(b"\n"), one.split(b"\n")[0]), "lines, an end, the first")
    equal(b"", cases.Case("name | prog", 1).stdin(), "none")


@case
def what_is_usual_has_no_file():
    before = cases.EXPECTED
    with tempfile.TemporaryDirectory() as cases.EXPECTED:
        one = cases.Case("name | prog", 1)
        equal(None, one.expected(), "before it is recorded")
        for found, files in (((3, b"", b"no"), ["name.err", "name.out", "name.status"]), ((0, b"", b""), ["name.out"])):
            one.record(*found)
            equal((found, files), (one.expected(), sorted(os.listdir(cases.EXPECTED))), "what was recorded")
    cases.EXPECTED = before
    idle = [name for name in os.listdir(before)
            if name.endswith((".status", ".err")) and cases.read(os.path.join(before, name)) in (b"", b"0\n")]
    equal([], idle, "files that say what is usual")


@case
def what_a_test_says_that_is_wrong_itself_is_not_recorded():
    record, kept = load_tool("record"), []
    one = cases.Case("name | prog", 1)
    one.record = lambda *found: kept.append(found[0])
    for status in (0, 89, 90, 99, 100):
        record.run_on_linux = lambda _linux, _case, status=status: (status, b"no row", b"")
        with contextlib.redirect_stdout(io.StringIO()):
            said = record.record_one(None, one, False)
        equal(90 <= status < 100, "no row" in said, f"status {status}")
    equal([0, 89, 100], kept, "what was recorded")
    equal([], [one.name for one in cases.load() if one.expected()[0] in cases.NOT_RECORDED], "recordings of such")


@case
def the_manifest_names_each_other_linux():
    record = load_tool("record")
    first = record.manifest("", "6.12", ["a", "b"], True)
    has(first, "kernel 6.12\n")
    later = record.manifest(first, "7.2", ["b"], False)
    equal(first + "case b 7.2\n", later, "one case of another Linux")
    equal(first + "case a 7.3\ncase b 7.3\n", record.manifest(later, "7.3", ["a", "b"], False), "both, of a third one")
    equal(first, record.manifest(later, "6.12", ["b"], False), "the case recorded as the rest")
    equal(first.replace("6.12", "7.2"), record.manifest(later, "7.2", ["a", "b"], True), "all of another Linux")


@case
def nothing_is_recorded_that_is_no_case():
    names = {one.name for one in cases.load()}
    files = [name for name in os.listdir(cases.EXPECTED) if name != "MANIFEST"]
    equal([], [name for name in files if name.rpartition(".")[0] not in names], "files left over")


@case
def who_may_share_a_boot():
    for options, shares in (("mem=64M", True), ("mem=128M", False), ("", False), ("mem=64M alone", False),
                            ("mem=64M soak=release", False), ("mem=64M thp=never", True), ("mem=64M tree=links", False), ("mem=64M stdin-lines=4", False)):
        equal(shares, cases.Case(f"name | prog | {options}", 1).may_share(), options)


@case
def how_memory_is_filled_ahead_has_its_turn():
    usual, counts = cases.Case("name | prog | mem=64M", 1), cases.Case("other | prog | mem=64M thp=never", 1)
    replay, before = load_tool("replay"), os.environ.pop("FAULTLINE_THP", None)
    replay.turn.number_of_commit = lambda: 7
    told = []
    for mode, number, wanted in ((None, 7, "never"), ("always", 8, "always"), ("turn", 7, "always"), ("turn", 8, "never"), ("turn", 0, "never")):
        os.environ.update({"FAULTLINE_THP": mode} if mode else {})
        replay.turn.number_of_commit = lambda number=number: number
        equal(wanted, replay.thp_mode(), f"{mode}, commit {number}")
        replay.boot = lambda _program, words, *_: told.append([word for word in words if "thp" in word])
        for one in (usual, counts):
            replay.run(one, "")
        equal([["thp=" + wanted], ["thp=never"]], told[-2:], "on the command lines")
    equal(["always", "never"], together.orders([usual, counts], TOKEN, "always")[2::4], "in a boot that they share")
    os.environ.pop("FAULTLINE_THP")
    os.environ.update({"FAULTLINE_THP": before} if before else {})


@case
def a_shared_stream_is_taken_apart():
    out = b"before" + frame(0, b"no newline", 0) + frame(1, b"a\n", 139, ledger=3) + frame(2, b"half")
    err = frame(0, b"", 0, left="/tmp/x y") + b"between" + frame(1, b"<%s 1 begun>\n" % TOKEN.encode(), 139, ledger=3)
    parts, stray = together.take_apart(4, TOKEN, out, err)
    equal(b"beforebetween", stray, "what is no case's")
    equal([(0, b"no newline", b""), (139, b"a\n", b"<%s 1 begun>\n" % TOKEN.encode()), (None, b"half", b""), (None, b"", b"")],
          [part.result() for part in parts],
          "results")
    equal([True, True, True, False], [part.begun for part in parts], "which began")
    equal([1, 1, 0, 0], [len(part.faults(False)) for part in parts], "faults")
    has(parts[0].faults(False)[0], "/tmp/x y", "what was left")
    has(parts[1].faults(True)[0], "disagrees in 3 places", "the ledger")
    equal(2, len(parts[0].faults(True)), "the hardened kernel looks at its ledger")


@case
def together_all_pass():
    player = Player()
    equal((0, [True] * 4, []), (player.run()[0], player.points(), player.ran_alone), "status, points, who ran alone")


@case
def a_failure_together_counts_though_it_passes_alone():
    player = Player(lambda index, result: frame(index, result[1] + b"x" * (index == 1), result[0]))
    status, said = player.run()
    equal((1, [True, False, True, True]), (status, player.points()), "status, points")
    has(said, "together with others; alone it passes", "what was said")
    player.alone = lambda result: (result[0] + 1, *result[1:])
    has(player.run()[1], "together with others; alone it fails, too:", "what was said")
    has(player.run()[1], "status: expected 0, actual 1", "the difference alone")
    has(player.run()[1], "+x", "the difference together")


@case
def a_boot_that_ends_early_fails_the_case_that_ran():
    player = Player(lambda index, result: frame(index, result[1], result[0]) if index < 1 else frame(1, b"") * (index == 1))
    player.status = 125
    equal(([True, False, True, False], SHARED[1:]), (player.points(), player.ran_alone), "points, who ran alone")
    player.alone = lambda result: (result[0], b"other", b"")
    equal([True, False, False, False], player.points(), "points if none passes alone either")


@case
def the_boot_and_its_ledger_have_to_be_right():
    player = Player()
    player.status = 1
    equal([True, True, True, False], player.points(), "points of a boot with another status")
    player = Player()
    player.kernel = "faultline-hardened.elf"
    equal([False, False, False, True], player.points(), "points if nobody looked at the ledger")
    player.ledger = "7"
    equal([False, False, False, True], player.points(), "points if it disagrees")
    player.ledger = "0"
    equal([True] * 4, player.points(), "points if it agrees")


if __name__ == "__main__":
    main()
