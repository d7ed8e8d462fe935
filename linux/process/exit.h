/* SPDX-License-Identifier: MIT */
/* Ends processes. The end of process 1 is the end of the machine. */
#pragma once

struct process;

/*
 * Ends the running thread, and if it is the last one its process, with that status as wait4 packs it
 * (ABI_W_*), unless all threads have to end: then that has a status. Call with no lock held.
 */
void thread_exit(int status) __attribute__((noreturn));
/* Ends all threads of the running process. Waits for none: the last one does what is left to do. */
void process_exit(int status) __attribute__((noreturn));
