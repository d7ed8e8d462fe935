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


def wrong(model, *defines):
    """The model is rejected, which takes less time than to optimize the program would."""
    equal(True, check(model, *defines, optimize="-O0")[0] > 0, f"{model} with {defines} has an error")


@case
def R140_calls_have_one_end():
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "HOLDS")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "SWITCH_OVER")


@long_case
def R140_two_calls_have_one_end_each():
    right("endpoint.pml", 200000, "CALLS=2", "SERVERS=1")


@soak_case
def R140_a_call_has_one_end_beside_two_servers():
    right("endpoint.pml", 2000000, "CALLS=1", "SERVERS=2")


@long_case
def a_pulse_that_outlives_its_call_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "KEEP_PULSE")


@long_case
def a_caller_that_does_not_wait_for_copies_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "HOLDS", "IGNORE_HOLDERS")


@long_case
def a_sleep_without_a_look_for_a_kill_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "SWITCH_OVER", "SLEEP_BLINDLY")


@long_case
def a_wake_up_outside_the_lock_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "WAKE_OUTSIDE")


@long_case
def a_look_without_the_lock_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "LOOK_UNLOCKED")


@long_case
def a_look_before_the_mark_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "LOOK_THEN_SLEEP")


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
    right("attach.pml", 500000, "RENAMES", "LOOKS", "ENDS=3")
    right("attach.pml", 100000, "REMOVES", "LOOKS")
    right("attach.pml", 2000000, "OPENS", "LOOKS", "RENAMES", "WRITES", "ENDS=1")


@long_case
def a_switch_in_a_later_hold_of_the_lock_is_rejected():
    wrong("attach.pml", "OPENS", "LOOKS", "ENDS=1", "BROKEN_SWITCH")


@long_case
def an_owner_of_a_fid_of_any_epoch_is_rejected():
    wrong("attach.pml", "OPENS", "LOOKS", "ENDS=1", "BROKEN_OWN")


@long_case
def a_rename_that_is_sent_twice_is_rejected():
    wrong("attach.pml", "RENAMES", "ENDS=1", "BROKEN_TWICE")


@long_case
def a_request_that_is_parked_after_the_switch_is_rejected():
    wrong("attach.pml", "OPENS", "WRITES", "ENDS=1", "BROKEN_PARK")


@long_case
def a_look_for_a_file_by_its_old_name_alone_is_rejected():
    wrong("attach.pml", "RENAMES", "ENDS=1", "BROKEN_ALIAS")


@long_case
def an_alias_that_ends_with_the_call_is_rejected():
    wrong("attach.pml", "RENAMES", "ENDS=1", "BROKEN_DROP")


@long_case
def a_file_that_keeps_its_name_after_the_alias_is_rejected():
    wrong("attach.pml", "RENAMES", "BROKEN_TAKE")


@long_case
def a_server_that_is_taken_before_the_look_at_fids_is_rejected():
    wrong("attach.pml", "RENAMES", "ENDS=1", "BROKEN_EPOCH")


@long_case
def a_walk_from_a_fid_that_is_not_made_is_rejected():
    wrong("attach.pml", "OPENS", "LOOKS", "ENDS=1", "BROKEN_FROM")


@long_case
def a_file_that_is_lost_while_it_gets_its_name_is_rejected():
    wrong("attach.pml", "RENAMES", "ENDS=1", "BROKEN_NAME")


@long_case
def a_name_that_is_older_than_a_rename_is_rejected():
    wrong("attach.pml", "RENAMES", "LOOKS", "ENDS=1", "BROKEN_ADOPT")


@long_case
def an_owner_of_a_stale_fid_is_rejected():
    wrong("attach.pml", "REMOVES", "BROKEN_STALE")


@case
def R151_no_sleeper_is_lost():
    right("futex.pml", 20000, "SIGNALS")
    right("futex.pml", 50000, "ONE", "SIGNALS")


@long_case
def R151_no_sleeper_is_lost_that_is_moved():
    right("futex.pml", 400000, "MOVES", "SIGNALS")


@long_case
def a_word_that_is_read_before_the_sample_is_rejected():
    wrong("futex.pml", "READ_FIRST")


@long_case
def a_sleeper_that_joins_a_bucket_that_has_changed_is_rejected():
    wrong("futex.pml", "JOIN_BLINDLY")


@long_case
def a_wake_of_nobody_that_does_not_count_is_rejected():
    wrong("futex.pml", "WAKE_UNCOUNTED")


@long_case
def a_sleeper_that_leaves_without_the_lock_is_rejected():
    wrong("futex.pml", "LEAVE_UNLOCKED")


@long_case
def a_sleeper_that_leaves_the_bucket_that_it_was_in_is_rejected():
    wrong("futex.pml", "MOVES", "SIGNALS", "LEAVE_OLD")


@long_case
def a_wake_that_a_signal_hides_is_rejected():
    wrong("futex.pml", "SIGNALS", "SIGNAL_FIRST")


@case
def a_process_has_one_end():
    right("group.pml", 20000, "THREADS=3")
    right("group.pml", 5000, "THREADS=2", "KILLS")


@long_case
def a_process_that_is_killed_or_has_new_threads_has_one_end():
    right("group.pml", 100000, "THREADS=3", "KILLS")
    right("group.pml", 100000, "THREADS=2", "CLONES", "KILLS")


@long_case
def two_threads_that_wait_in_exec_are_rejected():
    wrong("group.pml", "TWO_EXECS")


@long_case
def a_thread_that_is_created_after_the_kill_is_rejected():
    wrong("group.pml", "THREADS=2", "CLONES", "CLONE_BLINDLY")


@long_case
def a_look_after_the_count_of_threads_is_rejected():
    wrong("group.pml", "COUNT_THEN_LOOK")


@long_case
def an_exec_that_is_woken_before_the_count_is_rejected():
    wrong("group.pml", "WAKE_FIRST")


@long_case
def an_exec_that_looks_before_the_sample_is_rejected():
    wrong("group.pml", "SAMPLE_LATE")


@long_case
def work_that_is_done_while_a_thread_ends_is_rejected():
    wrong("group.pml", "LAST_BEGUN")


@long_case
def a_status_that_changes_is_rejected():
    wrong("group.pml", "KILLS", "END_TWICE")


@long_case
def a_thread_that_sleeps_without_a_look_for_a_kill_is_rejected():
    wrong("group.pml", "SLEEP_BLINDLY")


if __name__ == "__main__":
    main()
