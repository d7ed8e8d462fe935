#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that use more private memory than there is, with a swap disk: every byte is right, and all comes back.

The programs are the sub-commands of guest/swapping.c. SWAP_MIB is the size of a large set, in MiB. By default it is 32,
which is twice the memory. The long form, with 256 and four times as much memory, touches more pages as well."""

import os
import re
from collections import Counter

from lib.guest import BUILD, folder, run, run_placed, run_raw
from lib.tap import case, equal, has, lacks, long_case, main, soak_case
from usertest import cases

MIB = 1 << 20
SET = int(os.environ.get("SWAP_MIB", "32"))
LONG = SET >= 128
MEMORY = 64 if LONG else 16  # MiB
TOUCHES = 2000 if LONG else 200
SMALL = ["--mem", f"{MEMORY}M", "--swap", f"{8 * MEMORY}M"]


def swapping(*words, options=SMALL):
    """Runs a sub-command; gives what it says. It has succeeded, nobody was ended, and pages came back from the disk."""
    words = [str(word) for word in words]
    done = run_placed("swapping", *words, options=options)
    text = done.out.decode(errors="replace")
    print(f"# {' '.join(words)}: " + "; ".join(text.splitlines()))
    equal((0, re.findall(rf"^{words[0]}: ok, .*", text, re.MULTILINE)), (done.status, text.splitlines()[-1:]),
          f"status and last line of {shown(done)}")
    lacks(done.err.lower(), b"out of memory", "standard error")
    equal(True, int(re.search(r"(\d+) major faults", text)[1]) > 0, "there are major faults")
    return text


def shown(done):
    """What a failed run has written."""
    return (done.out + done.err)[-1000:].decode(errors="replace")


@long_case
def R81_R84_a_set_of_twice_the_memory_is_gone_through():
    swapping("sequential", SET, 1)


@case
def R80_R84_a_set_is_touched_at_random():
    swapping("random", SET, TOUCHES, 1)


@soak_case
def R80_R84_a_set_of_four_times_the_memory_of_which_some_is_hot():
    swapping("zipf", 2 * SET, 5 * TOUCHES if LONG else 2 * TOUCHES, 1)


@long_case
def R85_accessed_and_dirty_bits_in_software():
    swapping("zipf", SET, 5 * TOUCHES // 2 if LONG else TOUCHES, 2, options=[*SMALL, "--append", "ad=soft"])


@soak_case
def R84_numbers_are_sorted():
    swapping("sort", SET * 5 // 8 if LONG else SET * 7 // 16)


@long_case
def R84_a_heap_is_used_at_random():
    swapping("libc", SET * 3 // 4, 20000 if LONG else 3000)


@long_case
def R84_superpages_go_to_swap_and_the_bytes_are_those_of_linux():
    """A recorded user case (tests/user/vm_fuzz), with a quarter of the memory that it has there."""
    name, (program, *words) = next((one.name, one.words) for one in cases.load(["vm_wide_3"]))
    done = run(*words, options=[*SMALL, "--append", "thp=always"], program=f"{BUILD}/tests/user/{program}")
    with open(f"{cases.EXPECTED}/{name}.out", "rb") as file:
        equal((0, file.read()), (done.status, done.out), f"status and output of {shown(done)}")


@long_case
def R81_R84_R150_threads_change_one_space_whose_pages_go_out():
    """More memory is in use than there is (tests/user/thread_vm: 20 MiB besides its own areas)."""
    for append in ([], ["--append", "preempt=50"] * ("hardened" in os.environ.get("FAULTLINE_KERNEL", ""))):
        done = run("1-3", "4", "2", "500", "20", options=[*SMALL, *append], program=f"{BUILD}/tests/user/thread_vm")
        told = b"".join(b"seed %d: 4 threads, 0 wrong\n" % seed for seed in (1, 2, 3))
        equal((0, told), (done.status, done.out), f"status and output of {shown(done)}")


@case
def R63_R81_R82_a_child_gets_pages_that_are_out():
    swapping("fork", SET * 3 // 8 if LONG else SET * 5 // 16, 1)


@long_case
def R63_R82_R83_R84_four_children_get_pages_that_are_out():
    swapping("fork", SET * 5 // 16, 4)


@long_case
def R83_R84_children_on_two_harts_get_pages_that_are_out():
    swapping("fork", SET * 5 // 16, 2, options=[*SMALL, "--harts", "2"])


@case
def R25_R81_R82_verbs_on_pages_that_are_out():
    text = swapping("verbs", 6 if LONG else 3, SET // 2)
    out, pages = (int(number) for number in re.search(r"(\d+) of (\d+) pages are out", text).groups())
    equal(True, out > pages / 2, f"{out} of {pages} are out: more than half")


@case
def R81_written_pages_of_a_private_file_go_to_swap():
    path = os.path.join(folder("private"), "file")
    with open(path, "wb") as file:
        file.write(os.urandom(MEMORY * MIB // (6 if LONG else 12)))
    # Two MiB more: the file is in memory too, and the program is larger with a newer C library.
    swapping("private", "/file", SET // 2, options=[*SMALL, "--mem", f"{MEMORY + 2}M", "--add", f"{path}:/file"])


@long_case
def R82_killed_processes_give_slots_back():
    """All of them together take more than memory and swap have."""
    swapping("kill", MEMORY * 3 // 2, 20 if LONG else 8, options=["--mem", f"{MEMORY}M", "--swap", f"{2 * MEMORY}M"])


@long_case
def R43_R44_R84_memory_and_swap_are_full():
    """Who takes most is killed and named. Then its slots are free: the parent needs some of them."""
    done = run_placed("swapping", "full", str(4 * MEMORY), str(MEMORY * 9 // 8),
                      options=["--mem", f"{MEMORY}M", "--swap", f"{MEMORY}M"])
    killed = "full: the child ended with 137"
    equal((0, [killed, killed]), (done.status, done.out.decode().splitlines()[:-1]), f"status and output of {shown(done)}")
    has(done.err.lower(), b"out of memory", "standard error")
    lacks(done.err, b"kernel panic", "standard error")


@case
def R43_a_swap_disk_that_is_too_small():
    done = run_placed("swapping", "sequential", str(2 * MEMORY), "1",
                      options=["--mem", f"{MEMORY}M", "--swap", f"{MEMORY // 4}M"])
    equal((137, b""), (done.status, done.out), "status and output")
    has(done.err.lower(), b"out of memory", "standard error")
    lacks(done.err, b"kernel panic", "standard error")


@long_case
def R43_R44_R82_R84_a_fork_bomb_and_a_hog_beside_an_innocent_process():
    """The process with the most memory is killed, which is the hog or one of the bomb's. The others go on, the prompt too.

    Afterwards swap can be switched off, so no slot is in use. The hardened kernel accounts for every frame and slot."""
    memory, swap, times, least = (40, 40, 3, 2) if LONG else (20, 16, 1, 1)
    done = run_raw(["--mem", f"{memory}M", "--swap", f"{swap}M", "--timeout", "0", "--add", f"{BUILD}/tests/system/swapping:/bin/swapping",
                    "--", "sh", "-c", f"swapping storm {times} {least}; echo the prompt"])
    text, log = done.out.decode(errors="replace"), done.err.decode(errors="replace")
    killed = Counter(re.findall(r"out of memory: killed (\w+)\[", log))
    print("# " + "; ".join(text.splitlines()) + f"; killed: {dict(killed)}")
    lacks(log, "kernel panic", "standard error")
    equal((0, times, True, ["the prompt"]),
          (done.status, len(re.findall("^innocent: ok, ", text, re.MULTILINE)), "\nstorm: ok, " in text, text.splitlines()[-1:]), f"status and output of {shown(done)}")
    equal(["bomb", "hog"], sorted(killed), "who was killed")
    equal(True, min(killed.values()) >= least * times, f"enough of each: {dict(killed)}")


@long_case
def R82_shared_memory_goes_to_swap():
    """In all of what is free, on any kernel: then the page tables and the reserve of frames are too much."""
    swapping("shared", SET // 2 if LONG else "99%", 4)


@long_case
def R72_a_program_larger_than_memory():
    swapping("text", MEMORY * 3 // 2, 2)


@case
def the_programs_find_a_wrong_byte():
    done = run_placed("swapping", "spoiled", options=["--mem", "64M"])
    equal((0, [b"spoiled: ok, 0 major faults"]), (done.status, done.out.splitlines()[-1:]), f"status and end of {shown(done)}")


if __name__ == "__main__":
    main()
