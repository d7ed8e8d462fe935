/* SPDX-License-Identifier: MIT */
/* What the Linux layer adds to the ledger of references (boot/holders.h). */
#pragma once

struct counted_kind;
struct file;
struct thread;

/* Hooks of base/os_layer.def. They do nothing in the release build, which has no such ledger. */
void linux_visit_kinds(void (*visit)(struct counted_kind *kind, void *arg), void *arg);
void linux_find_held(void);
void linux_find_in_thread(const struct thread *thread);
void linux_find_in_file(struct file *file);
