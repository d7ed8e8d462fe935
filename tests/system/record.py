#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recordings (R190): each fault that the kernel counts is in the journal, and what happens where one cannot be kept."""

import errno
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

from lib.guest import BUILD, FAKE, PATIENCE, ROOT, folder, get, run_placed, run_raw, runner
from lib.tap import Skip, case, equal, has, long_case, main, soak_case

sys.path.append(os.path.join(ROOT, "tools"))

from recording import file, model, show  # noqa: E402

ACCESSED_AND_DIRTY = 3 << 5
FOR_SERVER, FOR_SWAP, FOR_VERB, FOR_MEMORY, FOR_ROOM = 2, 3, 6, 8, 9
MARK = 4096  # where nothing is mapped
JOURNAL = os.path.join(ROOT, "tools/journal")


class Recording(file.Recording):
    """A recording that is kept once it is read: the checks go through it several times."""

    records = None

    def __iter__(self):
        if self.records is None:
            self.records = list(super().__iter__())
        return iter(self.records)


def recorded(name, *words, options=("--mem", "64M"), program="recorded", **names):
    """Runs a program with --record. Gives the run and the recording."""
    if FAKE:
        raise Skip("needs the real kernel")
    path = os.path.join(folder(name), "faults")
    done = run_placed(program, *words, options=[*options, "--record", path], **names)
    return done, Recording(path)


def journal(*words):
    """Runs tools/journal. Gives status, output and standard error."""
    done = subprocess.run([JOURNAL, *words], capture_output=True, timeout=PATIENCE, check=False, text=True)
    return done.returncode, done.stdout, done.stderr


def counters(output):
    """Reads what the program tells: {pid: (pages around, faults by kind)}."""
    found = {}
    for line in output.decode().splitlines():
        if line.startswith(("page ", "map ", "cost ")):
            continue
        pid, around, *kinds = (int(number) for number in re.findall(r"\d+", line))
        found[pid] = around, kinds
    return found


def of_spaces(recording):
    """Sums up a recording as the kernel counts."""
    space, kinds, around = {}, {}, Counter()
    for record in recording:
        if record.type == file.EXEC:
            space[record.pid] = record.space
        elif record.type == file.BEGIN and record.args[1] != record.pid:
            space[record.args[1]] = record.space
        elif record.type == file.ROUND:
            kinds.setdefault(record.space, Counter()).update(record.kinds)
        elif record.type == file.AROUND:
            around[record.space] += 1
    return {pid: (around[number], [kinds.get(number, Counter())[name] for name in file.KINDS])
            for pid, number in space.items()}


def each_fault_has_its_round(recording):
    """Before a fault that is over comes the round, by the same thread, that has resolved or refused it. (SIGBUS is no round's.)"""
    rounds = {}
    for record in recording:
        if record.type == file.ROUND:
            last = rounds.get(record.tid)
            equal(False, last is not None and bool(last.more & file.COPY) and last.args[0] != record.args[0], f"no fault has {last}")
            rounds[record.tid] = record
        elif record.type == file.FAULT and record.kind != "none":
            last = rounds.pop(record.tid, None)
            fits = last is not None and record.kind in last.kinds and last.args[0] == record.args[1] & ~0xFFF
            equal(True, fits or record.result == signal.SIGBUS, f"the round {last} of the fault {record}")


def each_wait_is_told(recording):
    """
    Before a fault that has waited comes what for; of one that has not, nothing but memory and room. Whoever has waited has the
    fault before its end. Gives the waits by number.
    """
    waits, told, wrong = Counter(), {}, []
    for record in recording:
        if record.type == file.WAIT:
            wrong += [] if 0 < record.args[1] <= record.time else [(record, "its times")]
            waits[record.what & ~file.OF_OTHER] += 1
            told.setdefault(record.tid, set()).add((record.args[0], record.what & ~file.OF_OTHER))
        elif record.type == file.FAULT:
            found = {what for va, what in told.pop(record.tid, ()) if va == record.args[1] & ~0xFFF}
            as_told = bool(record.what & file.WAITED) == bool(found - {FOR_MEMORY, FOR_ROOM})
            if not as_told or record.kind == "none" and FOR_ROOM not in found:
                wrong.append((record, f"its waits: {found}"))
        elif record.type == file.END and told.pop(record.tid, None):
            wrong.append((record, "waits of no fault"))
    equal([], [(show.in_words(record), why) for record, why in wrong[:5]], f"{len(wrong)} waits that fit no fault")
    return waits


def walked(output):
    """Reads the entries as the kernel walks to them: {pid: {address: (frame or slot, permissions, copy-on-write, the level of its table)}}."""
    found = {}
    for line in output.decode().splitlines():
        match = re.match(r"page (\d+) (0x\w+) .*(middle|leaf)\[\d+\] (?:frame (0x\w+) (\S+)(.*)|slot (\d+) of the swap disk): ", line)
        if match:
            pid, va, level, frame, prot, flags, slot = match.groups()
            beside = int(va, 16) % file.LARGE_BYTES if level == "middle" else 0
            entry = (int(frame, 16) + beside >> 12, prot, "copy-on-write" in flags, level) if frame else (int(slot), "---", False, level)
            found.setdefault(int(pid), {})[int(va, 16)] = entry
    return found


def of_model(recording):
    """Gives the entries by the journal, for each process when it has last read where it walks from."""
    tables, found = model.Tables(), {}
    for record in recording:
        tables.apply(record)
        if record.type == file.ROUND and record.args[0] == MARK:
            entries = {va: file.Entry(word) for va, word in tables.space(record.space).items()}
            large = tables.large.get(record.space, ())
            found[record.pid] = {va: (entry.number, "---" if entry.swapped else entry.prot, "COW" in entry.flags,
                                      "middle" if va // file.LARGE_BYTES * file.LARGE_BYTES in large else "leaf")
                                     for va, entry in entries.items()}
    return found


def told_maps(output):
    """Reads what the program has of /proc/self/maps: [(pid, mappings)], those that are alike and touch as one."""
    found, areas = [], model.Areas()
    for line in output.decode().splitlines():
        match = re.match(r"map (\d+) (\w+)-(\w+) (\S+) (\w+) \S+ (\d+) *(.*)", line)
        if match:
            pid, start, end, prot, offset, inode, path = match.groups()
            start, end, name = int(start, 16), int(end, 16), path.rpartition("/")[2].encode()[:16].decode()
            is_memory = inode == "0" and not name.startswith(("zero", "[v"))
            areas.replace(0, start, end, model.Area(start, end, prot, not is_memory, int(offset, 16) // 4096, name))
        elif line == "map .":
            found.append((int(pid), areas.space(0)))
            areas = model.Areas()
    return found


def the_areas_are_those_of_proc(run, recording):
    """Each time that the program has read its maps, the model has the same. Gives how often that was."""
    equal(0, run.status, f"status ({run.err})")
    told, areas, mine = told_maps(run.out), model.Areas(), {}
    for record in recording:
        areas.apply(record)
        if record.type == file.ROUND and record.args[0] == MARK:
            mine.setdefault(record.pid, []).append([area._replace(backing=area.backing != 0) for area in areas.space(record.space)])
    for number, (pid, maps) in enumerate(told):
        equal(True, bool(mine.get(pid)), f"the instant {number} of process {pid}")
        equal([], sorted(set(maps) ^ set(mine[pid].pop(0))), f"areas of process {pid} at instant {number} that only one has")
    equal({}, {pid: len(rest) for pid, rest in mine.items() if rest}, "other instants")
    return len(told)


def faults_are_in_areas(recording):
    """A fault that was resolved is in an area that allows it, also while a verb is at work."""
    areas, wrong = model.Areas(), []
    for record in recording:
        areas.apply(record)
        if record.type in (file.ROUND, file.AROUND) and not any(kind.startswith("DENY") for kind in record.kinds):
            area, access = areas.find(record.space, record.args[0]), record.more if record.type == file.ROUND else 1
            allowed = sum(bit for bit, letter in ((1, "r"), (2, "w"), (4, "x")) if area and letter in area.prot)
            wrong += [record] if not area or access & 7 & ~allowed else []
    equal([], [show.in_words(record) for record in wrong[:5]], f"{len(wrong)} faults outside of what is mapped")


def told_costs(output):
    """Reads the costs that the program has from the kernel: {address: [(kind, instructions)]}, each fault once."""
    found = {}
    for line in output.decode().splitlines():
        va, kind, cost = (int(word, 0) for word in line.split()[1:])
        fault = file.KINDS[kind] if kind < len(file.KINDS) else None, cost
        if fault[0] and fault not in found.setdefault(va, []):
            found[va].append(fault)
    return found


def each_change_begins_where_the_last_one_ended(recording):
    """The entry before each change is the one that the model has, but for A and D. Nothing is missing in between. Gives how many there are."""
    tables, wrong, changes = model.Tables(), [], 0
    for record in recording:
        if record.type == file.ENTRY or record.type == file.ROUND and record.args[2]:
            changes += 1
            at = record.args[0] // file.LARGE_BYTES * file.LARGE_BYTES if record.is_large else record.args[0]
            had = tables.space(record.space).get(at, 0)
            wrong += [record] if (had ^ record.args[1]) & ~ACCESSED_AND_DIRTY else []
        tables.apply(record)
    equal([], [show.in_words(record) for record in wrong[:5]], f"{len(wrong)} changes of other entries than the model has")
    return changes


def the_model_agrees(run, recording, processes):
    """The page tables that the journal makes are those that the kernel walks."""
    each_change_begins_where_the_last_one_ended(recording)
    mine, tables = of_model(recording), walked(run.out)
    equal(processes, len(tables), "processes that have told their page tables")
    for pid, entries in tables.items():
        wrong = {hex(va): (entries.get(va), mine[pid].get(va)) for va in {*entries, *mine[pid]}
                 if entries.get(va) != mine[pid].get(va)}
        equal({}, wrong, f"entries of process {pid} that differ ({len(entries)}): by the kernel, by the journal")


def nothing_is_lost(name, *words, options=("--mem", "64M")):
    """Compares the journal's sums with the kernel's counters. Gives the counters and the recording."""
    done, recording = recorded(name, *words, options=options)
    return has_all(done, recording), recording


def has_all(done, recording):
    """Compares a recording's sums with the counters of its run. Gives the counters."""
    equal(0, done.status, f"status ({done.err})")
    sums, found = of_spaces(recording), counters(done.out)
    equal(True, len(found) > 0, f"some processes have told their counters ({done.out})")
    equal(None, recording.why_short(), "end")
    equal(0, sum(record.type == file.OPEN for record in recording), "faults that were not over")
    for pid, told in found.items():
        mine = sums[pid]
        equal(told[0], mine[0], f"pages mapped around faults, process {pid}")
        equal(told[1], mine[1], f"faults by kind, process {pid}")
    each_fault_has_its_round(recording)
    each_wait_is_told(recording)
    each_change_begins_where_the_last_one_ended(recording)
    return found


@case
def R190_each_fault_is_recorded():
    """By kind, as the kernel counts for each process."""
    found, recording = nothing_is_lost("kinds")
    equal(2, len(found), "processes")
    for number, name in enumerate(file.KINDS):
        if name not in ("ACCESSED", "SPURIOUS", "SWAPPED"):
            equal(True, any(kinds[number] for _, kinds in found.values()), f"some {name}")
    _, total = show.sums_of(recording)
    equal(True, total.refused >= 3, f"{total.refused} refused are 3 at least")
    refused = [record for record in recording if record.type == file.FAULT and record.result]
    equal(True, any(record.what & file.COPY and record.result == -errno.EFAULT for record in refused), "a refused copy")
    asked = {record.args[1] for record in refused}
    equal(set(), {1 << 38, 1 << 63, 0xFFFFFFFF80200000, (1 << 64) - 1} - asked, "addresses that are not the user's")


@functools.cache
def recorded_with_swap():
    """Runs a program that needs more memory than there is. Gives the run and the recording."""
    # A disk that is fast beside the harts frees frames before a fault misses them, and then no fault waits for memory.
    return recorded("swap", "over", "9000", options=["--mem", "32M", "--swap", "64M"],
                    env={"FAULTLINE_QEMU": "-set drive.disk.throttling.iops-write=50"})


@case
def R190_with_swap_and_little_memory():
    done, recording = recorded_with_swap()
    (_, kinds), = has_all(done, recording).values()
    equal(True, kinds[file.KINDS.index("SWAPPED")] > 1000, "faults of pages that are out")
    waits = each_wait_is_told(recording)
    equal(True, min(waits[FOR_SWAP], waits[FOR_MEMORY]) > 10, f"waits for pages and for memory: {waits}")


@case
def R190_a_model_has_the_same_page_tables():
    """After unmaps, changes of permissions, moves, truncations, and a fork."""
    done, recording = recorded("verbs", "verbs")
    the_model_agrees(done, recording, 2)


@case
def R190_a_model_has_the_same_page_tables_of_runs_and_superpages():
    """Where the hardware maintains A and D, and where the kernel does. They are split for four reasons."""
    for name, options in (("sweeps", ["--mem", "96M"]), ("soft", ["--mem", "96M", "--append", "ad=soft"])):
        done, recording = recorded(name, "sweeps", options=options)
        has_all(done, recording)
        the_model_agrees(done, recording, 2)
        levels = [sum(entry[3] == "middle" for entry in entries.values()) for entries in walked(done.out).values()]
        equal(True, min(levels) >= 512, f"pages of superpages in the two processes: {levels}")
        _, total = show.sums_of(recording)
        equal(set(file.SPLITS) - {"reclaim", "fork of a pinned page"}, set(total.splits), "reasons")
        equal(True, total.large >= 5 and total.ahead > 1000 and total.raised > 300,
              f"{total.large} superpages, {total.ahead} pages ahead, {total.raised} made writable")


@case
def R190_a_model_has_the_same_page_tables_with_swap():
    the_model_agrees(*recorded_with_swap(), 1)


@long_case
def R190_a_model_has_the_same_page_tables_after_swapoff():
    done, recording = recorded("back", "over", "9000", "/dev/vda", options=["--mem", "32M", "--swap", "64M"])
    the_model_agrees(done, recording, 1)
    equal(True, sum(record.type == file.ENTRY and not file.Entry(record.args[2]).swapped for record in recording) > 500,
          "entries that swapoff has changed")


@case
def R190_the_areas_are_those_of_proc_maps():
    """After mappings on others, unmaps, changes of permissions, moves, brk, growing stacks, fork and exec."""
    done, recording = recorded("areas", "areas")
    equal(15, the_areas_are_those_of_proc(done, recording), "times that the program has read them")
    faults_are_in_areas(recording)


@case
def R190_a_fault_costs_what_it_costs_unrecorded():
    """Zero fill, pages of a file, and copies, within 5% by the clock of instructions. The hardened kernel checks the journal, too."""
    names = {"env": {**os.environ, "FAULTLINE_KERNEL": "faultline.elf"}}
    options = ["--mem", "64M", "--icount", "--append", "thp=never"]
    plain = run_placed("recorded", "costs", options=options, **names)
    done, recording = recorded("costs", "costs", options=options, **names)
    equal((0, 0), (plain.status, done.status), f"status ({done.err})")
    mine, ratios, splits = {}, {}, []
    for record in recording:
        if record.type == file.FAULT:
            mine.setdefault(record.args[1], []).append((record.kind, record.more))
        elif record.type == file.ROUND and record.kinds == ["COW"]:
            splits.append((record.args[3] >> 32, record.args[3] & 0xFFFFFFFF))
    for va, faults in told_costs(plain.out).items():
        for (kind, cost), (also, recorded_cost) in zip(faults, mine[va]):
            equal(kind, also, f"kind at {va:#x}")
            ratios.setdefault(kind, []).append(recorded_cost / cost)
    # 80 copies. Of the fills, 45 or a page more: other data of the program may lie on the first page of `bss`.
    counts = {kind: len(found) for kind, found in ratios.items()}
    equal(True, counts in ({"FILL": 45, "COW": 80}, {"FILL": 46, "COW": 80}), f"faults: {counts}")
    for kind, found in ratios.items():
        median = sorted(found)[len(found) // 2]
        equal(True, 0.95 < median < 1.05, f"{kind} costs {median:.3f} of what it costs unrecorded")
    # One of 32 frames costs some 500 more: it is the first of its block.
    between, rounds = (sorted(found)[len(found) // 2] for found in zip(*splits))
    equal(True, 1000 < between < 1400 and 200 < rounds < 700, f"a copy is made between rounds: {between}, {rounds}")


@case
def R190_areas_go_with_their_process():
    _, recording = recorded("gone")
    areas = model.Areas()
    for record in recording:
        areas.apply(record)
    equal((True, []), (len(areas.spaces) > 2, [number for number, rest in areas.spaces.items() if rest]), "spaces that have some at the end")


def race(rounds):
    """One thread maps pages around holes of a file that it punches; another one unmaps what is beside."""
    preempt = ["--append", "preempt=30"] * ("hardened" in os.environ.get("FAULTLINE_KERNEL", ""))
    done, recording = recorded(f"race{rounds}", "race", str(rounds), options=["--mem", "64M", *preempt])
    equal(0, done.status, f"status ({done.err})")
    changes = each_change_begins_where_the_last_one_ended(recording)
    equal(True, changes > 11 * rounds, f"{changes} changes: two of the hole in each of {rounds} rounds, and those of ten pages beside it")


@case
def R190_entries_change_while_a_fault_waits():
    race(1000)


@long_case
def R190_entries_change_while_many_faults_wait():
    race(10000)


@long_case
def R190_with_the_smallest_ring():
    """Who finds no room waits; nothing is lost."""
    nothing_is_lost("small", options=["--mem", "64M", "--append", "journal=8"])
    for thp in ("never", "always"):
        nothing_is_lost(f"ring-{thp}", "many", "5000", options=["--mem", "64M", "--append", f"journal=8 thp={thp}"])
    nothing_is_lost("ring-sweeps", "sweeps", options=["--mem", "96M", "--append", "journal=8"])


@case
def R190_pages_that_the_kernel_takes_make_no_room():
    """Who has filled pages by another way than a fault of its own waits for room as before."""
    nothing_is_lost("taken", "taken", "2000", options=["--mem", "64M", "--append", "journal=8"])


@case
def R190_a_signal_ends_a_wait_for_room():
    """The fault was not looked at, so it has no kind, and comes again."""
    _, recording = nothing_is_lost("signals", "signals", "5000", options=["--mem", "64M", "--append", "journal=8 thp=never"])
    faults = [record for record in recording if record.type == file.FAULT]
    equal(True, any(fault.kind == "none" for fault in faults), "some without a kind")
    equal(True, each_wait_is_told(recording)[FOR_ROOM] > 0, "waits for room")
    equal([], [show.in_words(fault) for fault in faults if fault.kind.startswith("DENY")], "faults where nothing was mapped")


@case
def R190_who_is_killed_for_memory_is_recorded():
    """With as many pages as the model has of it then; and its end follows."""
    _, recording = recorded("oom", "oom", "30000", options=["--mem", "64M"])
    tables, found, ends = model.Tables(), [], []
    for record in recording:
        tables.apply(record)
        if record.type == file.OOM:
            mine = [file.Entry(word) for word in tables.space(record.space).values() if model.has_page(word)]
            found.append((record.args[0], record.args[1], sum(entry.page != "zero page" for entry in mine)))
        elif record.type == file.END and found:
            ends.append((record.args[1], record.more))
    equal(1, len(found), f"kills: {found}")
    victim, told, mine = found[0]
    equal((told, True), (mine, told > 10000), "pages")
    has(ends, (victim, int(signal.SIGKILL)), "ends")
    equal(True, each_wait_is_told(recording)[FOR_MEMORY] > 0, "waits for memory")


@case
def R190_a_page_of_a_server_is_recorded_before_its_fault():
    """By frame and index, with the server's process."""
    place = folder("shared")
    with open(os.path.join(place, "data"), "wb") as data:
        data.write(bytes(50 * 4096))
    _, recording = recorded("supply", "file", "/mnt/data", options=["--mem", "64M", "--share", place])
    areas, names, supplies, mapped = model.Areas(), show.Names(), {}, Counter()
    for record in recording:
        areas.apply(record)
        names.see(record)
        if record.type == file.SUPPLY:
            supplies[record.args[0]] = record.args[1:3]
        elif record.type in (file.ROUND, file.AROUND):
            area, entry = areas.find(record.space, record.args[0]), file.Entry(record.args[2])
            if area and area.name == "data" and entry.page == "file":
                index, pid = supplies.get(entry.number, (None, None))
                equal(area.cut(record.args[0], area.end).index, index, f"index of {show.in_words(record)}")
                mapped[names.names.get(pid)] += 1
    equal({"hostfs": 50}, dict(mapped), "pages by server")
    equal(True, each_wait_is_told(recording)[FOR_SERVER] > 0, "waits for it")


@long_case
def R190_the_tour_is_recorded_to_its_end():
    path = os.path.join(folder("tour"), "faults")
    done = run_raw(["--mem", "64M", "--swap", "9M", "--record", path, "--", "tour"])
    recording = Recording(path)
    equal(0, done.status, "status")
    each_fault_has_its_round(recording)
    equal(None, recording.why_short(), "end")


@long_case
def R190_with_forced_preemption():
    if "hardened" not in os.environ.get("FAULTLINE_KERNEL", ""):
        raise Skip("needs the hardened kernel")
    for number, ticks in enumerate((50, 77, 300)):
        words = ["--mem", "64M", "--append", f"preempt={ticks}"]
        nothing_is_lost(f"kinds{number}", options=words)
        done, recording = recorded(f"verbs{number}", "verbs", options=words)
        the_model_agrees(done, recording, 2)
        done, recording = recorded(f"areas{number}", "areas", options=words)
        the_areas_are_those_of_proc(done, recording)
        faults_are_in_areas(recording)


@long_case
def R190_what_the_swap_suite_does_is_recorded():
    for words in (["sequential", "100", "1"], ["fork", "20", "2"], ["verbs", "2", "80"], ["text", "80", "1"]):
        done, recording = recorded(f"swapping-{words[0]}", *words, options=["--mem", "64M", "--swap", "512M"], program="swapping")
        equal(0, done.status, f"status ({done.err})")
        each_fault_has_its_round(recording)
        equal(None, recording.why_short(), "end")


@case
def R190_threads_and_programs_begin_and_end():
    _, recording = recorded("ends")
    begun, ended = [], []
    for record in recording:
        if record.type == file.BEGIN:
            begun.append(record.args[0])
        elif record.type == file.END:
            ended.append(record.args[0])
    equal(sorted([1, *begun]), sorted(ended), "threads: init's too, which nobody began")


@case
def R190_a_killed_program_is_recorded_to_its_end():
    done, recording = recorded("die", "die")
    equal(137, done.status, "status")
    ends = [record.more for record in recording if record.type == file.END]
    equal(True, 9 in ends, f"one of {ends} ends by signal 9")
    equal(None, recording.why_short(), "end")


@case
def R190_two_runs_by_the_clock_of_instructions_are_alike():
    paths = [recorded(name, options=["--mem", "64M", "--icount"])[1].path for name in ("one", "two")]
    status, out, err = journal("compare", *paths)
    equal((0, ""), (status, err), f"status and error ({out})")


@case
def R190_a_full_disk_ends_the_recording_with_a_sentence():
    done = run_placed("recorded", options=["--mem", "64M", "--record", "/dev/full"])
    equal(125, done.status, "status")
    equal(2, len(done.out.splitlines()), "the program goes on: lines of its output")
    has(done.last_line(), b"run.sh: --record: /dev/full: No space left on device; the recording is whole up to 0.000000 s")


@case
def R190_a_runner_that_is_killed_leaves_what_there_was():
    if FAKE:
        raise Skip("needs the real kernel")
    path = os.path.join(folder("killed"), "faults")
    words = ["--mem", "64M", "--record", path, "--add", f"{BUILD}/tests/system/recorded:/bin/recorded", "--", "/bin/recorded", "stay"]
    with subprocess.Popen(**runner(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        while child.poll() is None and (not os.path.exists(path) or os.path.getsize(path) < 100 * 64):
            time.sleep(0.01)
        equal(None, child.poll(), "status of the runner, which has ended before it was killed")
        child.send_signal(signal.SIGKILL)
        child.wait()
    status, out, err = journal("sum", path)
    equal(2, status, "status")
    has(err, "the recording was cut: it ends after ", "standard error")
    has(out, "FILL", "output")


@case
def what_cannot_be_recorded_is_said():
    for words, status, why in (
            (["--record", "/x", "--strict"], 2, b"--record works on the machine virt only, and not with --strict"),
            (["--record", "/x", "--machine", "spike"], 2, b"--record works on the machine virt only, and not with --strict"),
            (["--record", "/nowhere/x", "--", "sh"], 125, b"--record: /nowhere/x: No such file or directory")):
        done = run_raw(words)
        equal((status, b"run.sh: " + why), (done.status, done.last_line()), " ".join(words))
    place = folder("off")
    path = os.path.join(place, "faults")
    os.mkfifo(os.path.join(place, "fifo"))
    done = run_raw(["--record", os.path.join(place, "fifo"), "--", "sh"])
    equal((2, f"run.sh: --record: {place}/fifo is no regular file".encode()), (done.status, done.last_line()), "a fifo")
    with open(path, "wb"):
        pass
    done = run_raw(["--record", path, "--log", path, "--", "sh"])
    equal((2, f"run.sh: --record: {path} is a file that the run uses".encode()), (done.status, done.last_line()), "its own log")
    done = run_raw(["--record", path, "--mem", "20001k", "--", "sh", "-c", "exit 3"])
    equal(3, done.status, f"an odd size of memory ({done.err})")
    done = run_raw(["--record", path, "--", "sh"], env={**os.environ, "FAULTLINE_QEMU": "-bogus"})
    has(done.last_line(), b"QEMU ended with status 1 before the kernel said anything", "the reason comes last")
    has(done.err, f"run.sh: --record: {path}: the kernel has kept no journal\n".encode(), "what else went wrong")
    done = run_raw(["--record", path, "--append", "journal=0", "--", "sh", "-c", "exit 3"])
    equal((125, b"run.sh: --record: " + path.encode() + b": the kernel has kept no journal"), (done.status, done.last_line()), "off")
    done = run_raw(["--record", path, "--append", "journal=5000", "--", "sh", "-c", "exit 3"])
    has(done.err, b"no 5000 KiB of memory in one piece for the journal: nothing is recorded", "log")


@case
def a_trace_for_perfetto_is_json():
    _, recording = recorded("trace")
    out = recording.path + ".json"
    equal((0, "", ""), journal("perfetto", recording.path, out), "status and output")
    with open(out, encoding="utf-8") as text:
        events = json.load(text)["traceEvents"]
    faults = sum(record.type == file.FAULT for record in recording)
    equal(faults, sum(event.get("cat") == "fault" for event in events), "faults")
    equal(True, any(event.get("args", {}).get("name", "").startswith("recorded[") for event in events), "its name")


@case
def a_film_is_made_however_the_run_ends():
    place = folder("film")
    path = os.path.join(place, "a film.html")
    done = run_raw(["--film", path, "--", "sh", "-c", "kill -SEGV 2; exit 3"])
    equal(139, done.status, f"status ({done.err})")
    has(get(path).decode(), '"title":"sh -c kill -SEGV 2; exit 3"', "film")
    words = ["--film", path, "--record", path + ".rec", "--", "sh", "-c", "echo here; cat"]
    with subprocess.Popen(**runner(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        equal(130, child.wait(PATIENCE), "status of one that is interrupted")
    has(get(path).decode(), '"title":"sh -c echo here; cat"', "its film")
    equal(["a film.html", "a film.html.rec"], sorted(os.listdir(place)), "files that are left")
    equal(os.environ.get("FAULTLINE_HARTS", "1") == "1", file.Recording(path + ".rec").counted, "instructions are counted")


@case
def a_recording_counts_instructions_unless_more_harts_are_asked_for():
    """However many processors the host has: costs in ticks of its clock say little of a short program."""
    path = os.path.join(folder("counted"), "faults")
    env = {name: value for name, value in os.environ.items() if name != "FAULTLINE_HARTS"}
    for options, counted in (([], True), (["--harts", "2"], False)):
        equal(3, run_raw([*options, "--record", path, "--", "sh", "-c", "exit 3"], env=env).status, "status")
        equal(counted, file.Recording(path).counted, f"{options}: instructions are counted")


@case
def a_film_that_cannot_be_written_is_refused_before_the_run():
    place = folder("refused")
    for path, status, why in ((place, 125, "is a folder"), (os.path.join(place, "a/b"), 125, ": its folder cannot be written to")):
        done = run_raw(["--film", path, "--", "sh", "-c", "echo ran"])
        equal((status, b"", f"run.sh: --film: {path}{' ' if why[0] != ':' else ''}{why}".encode()), (done.status, done.out, done.last_line()), "it")
    path = os.path.join(place, "both")
    done = run_raw(["--film", path, "--record", path, "--", "sh"])
    equal((2, f"run.sh: --film: {path} is the file of --record".encode()), (done.status, done.last_line()), "one file for both")
    equal(3, run_raw(["--film", "/dev/null", "--", "sh", "-c", "exit 3"]).status, "no file")


@case
def the_prompt_marks_what_a_film_shows():
    path = os.path.join(folder("marks"), "faults")
    line = "film on 'one part'; film off; film on 啊啊啊啊啊啊啊啊啊啊啊; film"
    done = run_raw(["--record", path, "--", "sh", "-c", line])
    equal((2, b"usage: film on [NAME] | film off"), (done.status, done.last_line()), "status and error")
    marks = [(record.what, record.mark) for record in file.Recording(path) if record.type == file.MARK]
    equal([(1, "one part"), (2, ""), (1, "啊" * 10)], marks, "marks")


@case
def the_prompt_says_that_nothing_is_recorded():
    done = run_raw(["--", "sh", "-c", "film on"])
    equal((1, b"sh: film: nothing is recorded: start with ./run.sh --film FILE.html"), (done.status, done.last_line()), "status and error")


# They take longer than the others together, run others, or leave processes that go on.
LEFT_OUT = {"alarms", "batch", "bss_huge", "err_names_full", "orphans"}


def user_cases():
    """The programs of the user cases, some at a time."""
    place = os.path.join(BUILD, "tests/user")
    found = [name for name in sorted(os.listdir(place)) if name not in LEFT_OUT and "." not in name
             and os.path.isfile(os.path.join(place, name)) and os.access(os.path.join(place, name), os.X_OK)]
    equal(True, len(found) > 200, f"{len(found)} programs")
    for first in range(0, len(found), 8):
        yield found[first:first + 8]


@soak_case
def R190_each_fault_of_the_user_cases_is_recorded():
    """The machine has had as many faults as the recording, at an instant that a program marks."""
    if FAKE:
        raise Skip("needs the real kernel")
    path = os.path.join(folder("cases"), "faults")
    for names in user_cases():
        added = [word for name in names for word in ("--add", f"{BUILD}/tests/user/{name}:/bin/{name}")]
        line = "; ".join([f"/bin/{name} > /dev/null" for name in names] + ["recorded total"])
        done = run_raw(["--record", path, "--add", f"{BUILD}/tests/system/recorded:/bin/recorded", *added, "--", "sh", "-c", line])
        equal(0, done.status, f"status after {names} ({done.err})")
        faults, told = 0, None
        for record in file.Recording(path):
            faults += record.type == file.FAULT
            if record.type == file.MARK:
                told = (faults, int(record.mark))
        equal((told[1], told[1]), told, f"faults of {names}")


@soak_case
def R190_ten_million_records():
    nothing_is_lost("million", "many", "5000000", options=["--mem", "64M", "--append", "thp=never", "--timeout", "0"])


if __name__ == "__main__":
    main()
