#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the models of protocols with spin: all orders of their steps, of the right ones and of wrong ones.

Each wrong variant has to be rejected, so that a model which says nothing is noticed. These, and the larger forms, are
for the suites nightly and soak: they depend on nothing but the models.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../system"))

from lib.tap import Skip, case, equal, long_case, main, soak_case  # noqa: E402

FEW_STATES = 50000


def check(model, *defines, optimize):
    """Gives (errors, states) of a model with these definitions."""
    if not shutil.which("spin"):
        raise Skip("spin is not installed")
    with tempfile.TemporaryDirectory(prefix="models-") as folder:
        options = [f"-D{define}" for define in defines]
        subprocess.run(["spin", *options, "-a", os.path.join(HERE, model)], cwd=folder, check=True, stdout=subprocess.PIPE)
        subprocess.run(["cc", optimize, "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"], cwd=folder, check=True)
        done = subprocess.run(["./pan", "-m100000"], cwd=folder, check=False, stdout=subprocess.PIPE, text=True)
    errors = re.search(r"errors: (\d+)", done.stdout)
    equal(False, "max search depth too small" in done.stdout, "the whole depth is searched")
    return int(errors[1]), int(float(re.search(r"([\d.e+]+) states, stored", done.stdout)[1]))


def right(model, least, *defines):
    """The model has no error, and not so few states that it would say nothing. To optimize pays only for many states."""
    errors, states = check(model, *defines, optimize="-O1" if least > FEW_STATES else "-O0")
    print(f"# stats: {model} {' '.join(defines)}: {states} states")
    equal((0, True), (errors, states >= least), f"errors, at least {least} of {states} states")


@case
def R140_calls_have_one_end():
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "HOLDS")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "SWITCH_OVER")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "LOOKS")


@long_case
def R140_two_calls_have_one_end_each():
    right("endpoint.pml", 200000, "CALLS=2", "SERVERS=1")


@soak_case
def R140_a_call_has_one_end_beside_two_servers():
    right("endpoint.pml", 2000000, "CALLS=1", "SERVERS=2")


@case
def all_go_on_with_another_server():
    right("attach.pml", 20000, "OPENS", "WRITES")
    right("attach.pml", 5000, "REMOVES")


@long_case
def all_go_on_that_open_look_or_rename():
    right("attach.pml", 100000, "OPENS", "LOOKS")
    right("attach.pml", 100000, "RENAMES", "LOOKS")
    right("attach.pml", 100000, "RENAMES", "OPENS")


@soak_case
def all_go_on_with_a_third_server_or_all_at_once():
    right("attach.pml", 400000, "OPENS", "LOOKS", "ENDS=3")
    right("attach.pml", 400000, "RENAMES", "LOOKS", "ENDS=3")
    right("attach.pml", 100000, "REMOVES", "LOOKS")
    right("attach.pml", 2000000, "OPENS", "LOOKS", "RENAMES", "WRITES", "ENDS=1")


@case
def R151_no_sleeper_is_lost():
    right("futex.pml", 20000, "SIGNALS")
    right("futex.pml", 50000, "ONE", "SIGNALS")


@long_case
def R151_no_sleeper_is_lost_that_is_moved():
    right("futex.pml", 400000, "MOVES", "SIGNALS")


@case
def a_mutex_is_handed_to_a_thread_that_was_passed_over():
    right("mutex.pml", 4000, "KILLS")
    right("mutex.pml", 3000, "TURNS=2", "FAIR")


@long_case
def no_waiter_for_a_mutex_is_lost():
    right("mutex.pml", 500000, "THREADS=3", "TURNS=2", "KILLS")
    right("mutex.pml", 10000, "TURNS=3", "FAIR")


@case
def a_process_has_one_end():
    right("group.pml", 20000, "THREADS=3")
    right("group.pml", 5000, "THREADS=2", "KILLS")


@long_case
def a_process_that_is_killed_or_has_new_threads_has_one_end():
    right("group.pml", 100000, "THREADS=3", "KILLS")
    right("group.pml", 100000, "THREADS=2", "CLONES", "KILLS")


@case
def no_hart_keeps_what_is_freed():
    right("shootdown.pml", 10000, "HARTS=2")


@long_case
def no_hart_of_three_keeps_what_is_freed():
    right("shootdown.pml", 1000000, "HARTS=3")


@long_case
def no_hart_runs_old_text_in_a_child():
    right("shootdown.pml", 100000, "HARTS=2", "FORKS")


@case
def no_fault_is_beside_a_verb():
    right("space_lock.pml", 4000, "HARTS=2", "TABLES")


@long_case
def no_fault_is_beside_a_verb_on_three_harts():
    right("space_lock.pml", 50000, "HARTS=2", "TURNS=2", "TABLES")
    right("space_lock.pml", 70000, "HARTS=3")


@case
def a_child_has_no_write_that_comes_after_one_that_it_lacks():
    right("fork_fence.pml", 15000, "WRITES=1")


@long_case
def a_child_has_no_such_write_of_two():
    right("fork_fence.pml", 200000)


@case
def no_wake_up_is_lost_by_harts():
    right("sched.pml", 20000)
    right("sched.pml", 10000, "BOUND")
    right("sched.pml", 20000, "PREEMPTS")
    right("sched.pml", 20000, "BOUND", "MOVES")


@long_case
def no_kill_stop_or_reason_is_lost_by_harts():
    right("sched.pml", 500000, "KILLS")
    right("sched.pml", 200000, "STOPS")
    right("sched.pml", 200000, "REASONS")


@soak_case
def no_wake_up_is_lost_beside_a_stop():
    right("sched.pml", 1000000, "STOPS", "EARLY")


@case
def each_byte_of_a_served_file_is_read_once():
    right("served.pml", 20000)
    right("served.pml", 80000, "KILLS=2")
    right("served.pml", 100000, "READERS=2", "KILLS=0")


@long_case
def each_byte_is_read_once_by_two_readers():
    right("served.pml", 200000, "BYTES=3", "KILLS=2")
    right("served.pml", 1000000, "READERS=2")
    right("served.pml", 200000, "READERS=2", "BYTES=1", "GIVES_UP")


@long_case
def each_byte_is_read_once_by_other_readers_and_replies():
    right("served.pml", 20000, "COMPARES")
    right("served.pml", 20000, "COMPARES", "RESAMPLES")
    right("served.pml", 15000, "REPLY_RAISES")
    right("served.pml", 40000, "REPLY_RAISES", "KILLS=2")


@soak_case
def each_byte_is_read_once_beside_two_servers_that_end():
    right("served.pml", 4000000, "READERS=2", "KILLS=2")
    right("served.pml", 1000000, "READERS=2", "WANTED=1", "GIVES_UP")
    right("served.pml", 1000000, "READERS=2", "COMPARES")
    right("served.pml", 1000000, "READERS=2", "COMPARES", "RESAMPLES")
    right("served.pml", 1000000, "READERS=2", "REPLY_RAISES")


# Which sides of each protocol have a fence.
FENCES = {"SLEEP": (0, 1), "COUNTED": (1,), "SEQUENCE": (0,), "RECORD": (0,), "KICK": (0, 1)}


@case
def no_store_is_late_for_another_hart():
    for protocol in FENCES:
        right("fences.pml", 30, protocol)


@long_case
def each_fence_that_is_left_out_is_missed():
    for protocol, sides in FENCES.items():
        for side in sides:
            errors, _ = check("fences.pml", protocol, f"NO_FENCE={side}", optimize="-O0")
            equal(True, errors > 0, f"{protocol} has an error without the fence of side {side}")


# The wrong variants: what each does, its model and its definitions.
WRONG = {
    "a pulse that outlives its call is rejected": "endpoint.pml CALLS=1 SERVERS=1 KEEP_PULSE",
    "a caller that does not wait for copies is rejected": "endpoint.pml CALLS=1 SERVERS=1 HOLDS IGNORE_HOLDERS",
    "a sleep without a look for a kill is rejected": "endpoint.pml CALLS=1 SERVERS=1 SWITCH_OVER SLEEP_BLINDLY",
    "a wake up outside the lock is rejected": "endpoint.pml CALLS=1 SERVERS=1 WAKE_OUTSIDE",
    "a call that is refused after its end is rejected": "endpoint.pml CALLS=1 SERVERS=1 LOOKS REFUSE_BLINDLY",
    "a look without the lock is rejected": "endpoint.pml CALLS=1 SERVERS=1 LOOK_UNLOCKED",
    "a look before the mark is rejected": "endpoint.pml CALLS=1 SERVERS=1 LOOK_THEN_SLEEP",
    "a switch in a later hold of the lock is rejected": "attach.pml OPENS LOOKS ENDS=1 BROKEN_SWITCH",
    "an owner of a fid of any epoch is rejected": "attach.pml OPENS LOOKS ENDS=1 BROKEN_OWN",
    "a rename that is sent twice is rejected": "attach.pml RENAMES ENDS=1 BROKEN_TWICE",
    "a request that is parked after the switch is rejected": "attach.pml OPENS WRITES ENDS=1 BROKEN_PARK",
    "a look for a file by its old name alone is rejected": "attach.pml RENAMES ENDS=1 BROKEN_ALIAS",
    "an alias that ends with the call is rejected": "attach.pml RENAMES ENDS=1 BROKEN_DROP",
    "a file that keeps its name after the alias is rejected": "attach.pml RENAMES BROKEN_TAKE",
    "a server that is taken before the look at fids is rejected": "attach.pml RENAMES ENDS=1 BROKEN_EPOCH",
    "a walk from a fid that is not made is rejected": "attach.pml OPENS LOOKS ENDS=1 BROKEN_FROM",
    "a file that is lost while it gets its name is rejected": "attach.pml RENAMES ENDS=1 BROKEN_NAME",
    "a name that is older than a rename is rejected": "attach.pml RENAMES LOOKS ENDS=1 BROKEN_ADOPT",
    "an owner of a stale fid is rejected": "attach.pml REMOVES BROKEN_STALE",
    "a word that is read before the sample is rejected": "futex.pml READ_FIRST",
    "a sleeper that joins a bucket that has changed is rejected": "futex.pml JOIN_BLINDLY",
    "a wake of nobody that does not count is rejected": "futex.pml WAKE_UNCOUNTED",
    "a sleeper that leaves without the lock is rejected": "futex.pml LEAVE_UNLOCKED",
    "a sleeper that leaves the bucket that it was in is rejected": "futex.pml MOVES SIGNALS LEAVE_OLD",
    "a wake that a signal hides is rejected": "futex.pml SIGNALS SIGNAL_FIRST",
    "a look for waiters before the unlock is rejected": "mutex.pml LOOKS_FIRST",
    "a queue that the mutex's word does not tell is rejected": "mutex.pml NO_BIT",
    "a mutex that forgets the rest of its queue is rejected": "mutex.pml THREADS=3 TURNS=1 CLEARS_BIT",
    "a free mutex that is given up is rejected": "mutex.pml THREADS=3 TURNS=1 KILLS LEAVES_FREE",
    "a wake-up of who has left is rejected": "mutex.pml KILLS NOT_LEFT",
    "a mutex that is never handed over is rejected": "mutex.pml TURNS=3 FAIR NEVER_HAND",
    "two threads that wait in exec are rejected": "group.pml TWO_EXECS",
    "a thread that is created after the kill is rejected": "group.pml THREADS=2 CLONES CLONE_BLINDLY",
    "a look after the count of threads is rejected": "group.pml COUNT_THEN_LOOK",
    "an exec that is woken before the count is rejected": "group.pml WAKE_FIRST",
    "an exec that looks before the sample is rejected": "group.pml SAMPLE_LATE",
    "work that is done while a thread ends is rejected": "group.pml LAST_BEGUN",
    "a status that changes is rejected": "group.pml KILLS END_TWICE",
    "a thread that sleeps without a look for a kill is rejected": "group.pml SLEEP_BLINDLY",
    "a thread that ends and wakes no other is rejected": "group.pml WAKE_NO_NEXT",
    "a thread that is woken while it ends is rejected": "group.pml WAKE_ENDING",
    "a thread that is marked when it is woken is rejected": "group.pml CLONES MARK_LATE",
    "a hart that runs a space before it is known is rejected": "shootdown.pml HARTS=2 SET_LATE",
    "a hart that is forgotten before it has left is rejected": "shootdown.pml HARTS=2 CLEAR_FIRST",
    "a hart that is not marked is rejected": "shootdown.pml HARTS=2 NO_MARK",
    "a mark that is not paid is rejected": "shootdown.pml HARTS=2 MARK_UNPAID",
    "marks without a second look are rejected": "shootdown.pml HARTS=2 NO_SECOND_LOOK",
    "a mask that is older than the entry is rejected": "shootdown.pml HARTS=2 MASK_FIRST",
    "a frame that is free before the answers is rejected": "shootdown.pml HARTS=2 FREE_FIRST",
    "a look at what is owed before the bit is rejected": "shootdown.pml HARTS=2 LOOK_FIRST",
    "text that is owed after the fence is rejected": "shootdown.pml HARTS=2 OWE_LATE",
    "a mark before what it is for is rejected": "shootdown.pml HARTS=2 MARK_FIRST",
    "a child that owes nothing is rejected": "shootdown.pml HARTS=2 FORKS OWE_NOTHING",
    "a child that owes what was owed before the copy is rejected": "shootdown.pml HARTS=2 FORKS INHERIT_FIRST",
    "a space that ends before it is left is rejected": "shootdown.pml HARTS=2 PUT_FIRST",
    "idling on tables without a reference is rejected": "shootdown.pml HARTS=2 IDLE_STAYS",
    "a fault that looks without a fence is rejected": "space_lock.pml HARTS=2 READER_NO_FENCE",
    "a space that is closed without a fence is rejected": "space_lock.pml HARTS=2 CLOSE_NO_FENCE",
    "a fault that looks before it is inside is rejected": "space_lock.pml HARTS=2 LOOK_FIRST",
    "a wait before the space is closed is rejected": "space_lock.pml HARTS=2 WAIT_FIRST",
    "a wait for one of the faults is rejected": "space_lock.pml HARTS=2 WAIT_FOR_ONE",
    "a fault that has left before its entry is rejected": "space_lock.pml HARTS=2 LEAVE_FIRST",
    "a table that is linked without the lock is rejected": "space_lock.pml HARTS=2 TABLES LINK_UNLOCKED",
    "a table that is linked without a look is rejected": "space_lock.pml HARTS=2 TURNS=2 TABLES LINK_BLINDLY",
    "a space that is opened after its lock is rejected": "space_lock.pml HARTS=2 TURNS=2 OPEN_LATE",
    "a lock that leaves the fence to fork is rejected": "fork_fence.pml LOCK_DOES_NOT_PAY",
    "a fault that does not wait for fork is rejected": "fork_fence.pml NO_WAIT",
    "a fork without its fence is rejected": "fork_fence.pml NO_FENCE",
    "a fork that fences before the last page is rejected": "fork_fence.pml FENCE_FIRST",
    "a sleeper that is marked last is rejected": "sched.pml MARK_LATE",
    "a look for a kill before the mark is rejected": "sched.pml KILLS LOOK_FIRST",
    "a sleeper that joins a queue that has changed is rejected": "sched.pml JOIN_BLINDLY",
    "a look before the lock of run queues is rejected": "sched.pml LOOK_UNLOCKED",
    "a lock of the hart where a thread was is rejected": "sched.pml STOPS LOOK_ONCE",
    "a look before the locks in their order is rejected": "sched.pml KILLS TRUST_OLD",
    "a thread that is queued while it runs is rejected": "sched.pml QUEUE_ON_HART",
    "a thread that is queued twice is rejected": "sched.pml PREEMPTS QUEUE_TWICE",
    "an idle hart that is not interrupted is rejected": "sched.pml BOUND KICK_NONE",
    "a hart that is not idle for what is queued is rejected": "sched.pml BOUND KICK_LATE",
    "an idle hart that is not told of a new place is rejected": "sched.pml BOUND MOVES PLACE_UNTOLD",
    "a killed thread that is left in user mode is rejected": "sched.pml KILLS LEAVE_RUNNING",
    "a wait of a hart with interrupts on before is rejected": "sched.pml IDLE_OPEN",
    "an interrupt that is taken before the wait is rejected": "sched.pml BOUND TAKE_EARLY",
    "a preempted thread that is taken is rejected": "sched.pml PREEMPTS STEAL_PREEMPTED",
    "an interrupt that is cleared after its reasons is rejected": "sched.pml REASONS CLEAR_LATE",
    "an interrupt that comes before its reason is rejected": "sched.pml REASONS KICK_FIRST",
    "work that is done after the look is rejected": "sched.pml KILLS WORK_LATE",
    "a reader that looks before its sample is rejected": "served.pml BROKEN_LOOK",
    "a reader that takes its sample after EAGAIN is rejected": "served.pml BROKEN_EDGE",
    "a reader that compares before its sample is rejected": "served.pml BROKEN_COMPARE",
    "a state that is older than the word is rejected": "served.pml BROKEN_RAISE",
    "a post that wakes before it changes the word is rejected": "served.pml BROKEN_WAKE",
    "a read that is sent again with a new number is rejected": "served.pml BROKEN_DOUBLE",
    "two reads of a served file at a time are rejected": "served.pml READERS=2 BROKEN_PARALLEL",
    "a read that was given up and gets bytes late is rejected": "served.pml READERS=2 WANTED=1 GIVES_UP BROKEN_OLDER",
    "a number that is noted after the bytes is rejected": "served.pml BROKEN_NOTE",
    "a number that is noted before the bytes is rejected": "served.pml BROKEN_INDEX",
    "a note without the count of bytes is rejected": "served.pml BROKEN_COUNT",
    "a next server that does not post is rejected": "served.pml BROKEN_ATTACH",
    "a next server that begins at generation 0 is rejected": "served.pml BROKEN_GENERATION",
    "a next server that begins just above the word is rejected": "served.pml BROKEN_NEAR",
}


def rejected(what, model, *defines):
    """Adds a case: the model is rejected, which takes less time than to optimize the program would."""
    def is_rejected():
        equal(True, check(model, *defines, optimize="-O0")[0] > 0, f"{model} with {defines} has an error")

    is_rejected.__name__ = what.replace(" ", "_")
    long_case(is_rejected)


for _what, _words in WRONG.items():
    rejected(_what, *_words.split())


if __name__ == "__main__":
    main()
