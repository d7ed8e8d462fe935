/* SPDX-License-Identifier: MIT */
/* Frees the private memory of a process that the OOM killer has killed, once its robust futexes are marked. */
#pragma once

struct process;
struct uspace;

/*
 * The OOM killer has killed all processes that use this space. Waits until they have marked their
 * robust futexes, whose lists lie in the memory, and frees what is private. It waits for a tenth
 * of a second if all that are left sleep where a kill does not wake them, and else for a second at
 * most, even if the running thread is killed. If the running process is one of them, does nothing:
 * it frees the memory on its way to its end, in oom_futexes_marked(). The caller has set uspace->oom_killed
 * before it killed them, and holds no spinning lock.
 */
void oom_reap(struct uspace *uspace);

/*
 * The running process, which is ending, has marked its robust futexes. If it is the last one of
 * those that were killed for their memory, frees what is private of that, before anything else that
 * ends may wait. Call with no spinning lock held.
 */
void oom_futexes_marked(struct process *process);
