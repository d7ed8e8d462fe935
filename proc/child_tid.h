/* SPDX-License-Identifier: MIT */
/* The word that tells whoever shares a process's memory that the process has left it. */
#pragma once

struct process;

/*
 * The running process leaves its memory, by exec or for good: where others share that, the word which
 * CLONE_CHILD_CLEARTID or set_tid_address named becomes 0, and who waits for it (futex) is woken. Idempotent.
 * => no spinning lock held; the memory is still its own, and active
 */
void child_tid_clear(struct process *process);
