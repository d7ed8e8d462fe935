/* SPDX-License-Identifier: MIT */
/* Clears the child-tid word, which tells those who share the memory that this thread has left it. */
#pragma once

/*
 * Called when the running thread leaves its memory, by exec or by exit. If other processes share
 * the memory, sets the word that CLONE_CHILD_CLEARTID or set_tid_address named to 0 and wakes one
 * futex waiter on it. A second call has no effect. Call with no spinning lock held, while the
 * memory is still the process's own and active.
 */
void child_tid_clear(void);
