/* SPDX-License-Identifier: MIT */
/* Frees the private memory of a process that the OOM killer has killed, once its robust futexes are marked. */
#pragma once

struct process;
struct uspace;

/*
 * Frees the private memory of a space, all of whose processes the OOM killer has killed. First waits
 * until these processes have marked their robust futexes, whose lists are in this memory: for a tenth
 * of a second if all of them sleep where a kill does not wake them, and else for a second at most. A
 * kill of the running thread does not end the wait. If the running process uses the space, does
 * nothing: the process frees the memory in oom_futexes_marked(), as it ends. The caller has set
 * uspace->oom_killed before the kill, and holds no spinning lock.
 */
void oom_reap(struct uspace *uspace);

/*
 * The running process, which is ending, has marked its robust futexes. If the OOM killer has killed
 * the process, and no other process of the space has futexes left to mark, frees the private memory
 * of the space. Call with no spinning lock held.
 */
void oom_futexes_marked(struct process *process);
