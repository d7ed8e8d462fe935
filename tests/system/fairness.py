#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Crowds of processes: what they cost those who have no part in them. Time is counted in instructions
(R131, R132)."""

import re

from lib import latency
from lib.guest import BUILD, FAKE, run
from lib.tap import Skip, case, each_part, equal, long_case, main, soak_case

CROWD = "3000"
SLICE_US = 10_000
SLACK_US = 5_000


def guest_figures(*words, mem="256M", options=()):
    """What the guest's numbers are, in their order."""
    if FAKE:
        raise Skip("needs the real kernel")
    done = run(*words, program=f"{BUILD}/tests/system/fairness",
               options=["--icount", "--mem", mem, "--timeout", "200", *options, *latency.options()])
    latency.take_log()
    equal((0, b""), (done.status, done.err), "status and standard error")
    print("# " + done.out.decode().strip())
    return [int(number) for number in re.findall(r"\d+", done.out.decode())]


def end_of_parent(what):
    """How long that takes. Who naps for a millisecond and is woken waits for two slices at most."""
    took, nap = guest_figures(what, CROWD)
    equal(True, nap < 2 * SLICE_US + SLACK_US, f"the longest nap: {nap} us")
    return took


@long_case
def a_parent_of_many_zombies_ends_soon():
    took = end_of_parent("zombies")
    equal(True, took < 4 * SLICE_US, f"the end took {took} us")


@soak_case
def a_parent_of_many_that_are_stopped_keeps_nobody_waiting():
    end_of_parent("stopped")


@case
def a_signal_to_a_group_of_many_keeps_nobody_waiting():
    _took, nap = guest_figures("group", "600")
    equal(True, nap < 2 * SLICE_US + SLACK_US, f"the longest nap: {nap} us")


@long_case
def who_computes_runs_within_twice_as_many_slices():
    longest, late = guest_figures("busy", "8")
    equal(True, longest < 2 * 8 * SLICE_US, f"the longest wait of eight: {longest} us")
    equal(True, late < 2 * SLICE_US + SLACK_US, f"one who has slept for two slices was woken {late} us late")


@long_case
def those_who_sleep_in_between_keep_nobody_from_running():
    """
    Four compute; sixteen more sleep for a slice, compute for a fifth of one, and would take the hart for themselves: then the
    four wait for 150 ms. A turn ends at a tick after half a slice or more, so that it may take one and a half; and what goes
    before it takes a slice at most.
    """
    longest, _ = guest_figures("bursts", "16")
    equal(True, longest < 4 * 5 * SLICE_US // 2 + SLACK_US, f"the longest wait of four: {longest} us")


@case
def who_naps_runs_soon_but_gets_no_more_than_its_share():
    """Eight compute, a ninth naps before each of its slices ends, and one naps all the time."""
    share, late = guest_figures("greedy", "8")
    equal(True, share < 1000 / 9 * 1.2, f"the ninth has {share} thousandths of the hart")
    equal(True, late < 2 * SLICE_US + SLACK_US, f"one who naps for a millisecond was woken {late} us late")


@case
def shares_are_by_nice_values_and_policies():
    usual, *others, late = guest_figures("weights", "5", mem="64M")
    for name, weight, has in zip(("nice -5", "nice 5", "nice 19", "SCHED_IDLE"), (3121, 335, 15, 3), others):
        ratio = usual * weight / 1024 / has
        equal(True, 0.8 < ratio < 1.25, f"{name} has {has} us beside {usual} us, {1 / ratio:.2f} of its share")
    equal(True, late < 2 * SLICE_US + SLACK_US, f"one who naps beside nice -20 was woken {late} us late")


@case
def who_lowers_itself_has_a_shorter_slice_at_once():
    ran, = guest_figures("lowered", "1", mem="64M")
    equal(True, ran < SLICE_US // 10, f"with nice 19 it ran for {ran} us")


@case
def real_time_goes_first_but_leaves_a_twentieth():
    """One who is woken and has the higher priority runs at once."""
    first, other, late = guest_figures("realtime", "2", mem="64M")
    equal(True, 0.92 < first / (first + other) < 0.97, f"{first} us of {first + other} us")
    equal(True, late < 300, f"woken {late} us late")


@case
def a_server_runs_as_its_client_does():
    """A client of real time waits for its server, and for what that had begun for another client, but for nobody below it."""
    alone, beside_fifo, beside_client = guest_figures("served", "1", mem="64M")
    equal(True, beside_fifo < 1.2 * alone, f"{beside_fifo} us beside SCHED_FIFO, {alone} us alone")
    equal(True, beside_client < 2.2 * alone, f"{beside_client} us beside another client, {alone} us alone")


@long_case
def forced_preemption_goes_on_after_the_hart_was_idle():
    """Nobody else wants the hart: without preempt= (docs/testing.md) there is no switch."""
    for options, forced in (["--append", "preempt=300"], True), ([], False):
        least, = guest_figures("switches", "3", mem="64M", options=options)
        equal(forced, least >= 10, f"in a tenth of a second, preempted {least} times at least, with {options}")


@each_part
def neither_interrupts_nor_preemption_were_off_for_too_long():
    latency.check("fairness")


if __name__ == "__main__":
    main()
