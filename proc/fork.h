/* SPDX-License-Identifier: MIT */
/* Making processes of processes. */
#pragma once

#include "lib/types.h"
#include "sync/waitq.h"

struct process;

struct clone_request {
	uint64_t flags;	    /* CLONE_*, and the signal in the low byte */
	vaddr_t stack;	    /* 0: the parent's */
	vaddr_t parent_tid; /* CLONE_PARENT_SETTID */
	vaddr_t tls;	    /* CLONE_SETTLS */
	vaddr_t child_tid;  /* CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
};

/*
 * clone(2) without threads: the child's pid, -EINVAL, -ENOSYS (what is not built: threads,
 * namespaces), -EAGAIN (too many processes), -ENOMEM, -EINTR, -EFAULT. With CLONE_VFORK it returns
 * when the child has executed or ended.
 * => in a system call of a process
 */
long process_clone(const struct clone_request *request);

/* On the parent's kernel stack while it waits for a CLONE_VFORK child. */
struct vfork {
	bool done;
	struct waitq queue;
};

/* The running process has left its parent's memory: lets the parent go on. Idempotent. */
void vfork_done(struct process *process);
