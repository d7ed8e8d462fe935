/* SPDX-License-Identifier: MIT */
/* Creates processes and threads: clone(2). */
#pragma once

#include "lib/types.h"
#include "sync/waitq.h"

struct process;

struct clone_request {
	uint64_t flags;	     /* CLONE_*; the exit signal is in the low byte */
	bool clear_handlers; /* CLONE_CLEAR_SIGHAND: the child's handled signals are SIG_DFL */
	vaddr_t stack;	     /* 0: the parent's */
	vaddr_t parent_tid;  /* CLONE_PARENT_SETTID */
	vaddr_t pidfd;	     /* CLONE_PIDFD */
	vaddr_t tls;	     /* CLONE_SETTLS */
	vaddr_t child_tid;   /* CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
};

/*
 * clone(2): creates a process, or with CLONE_THREAD a thread of the running one. Returns its id,
 * -EINVAL (invalid flags, or namespaces, which are -EPERM for users), -EAGAIN (too many of them), -ENOMEM or -EINTR; with
 * CLONE_PIDFD also -EFAULT, -EMFILE or -ENFILE. With CLONE_VFORK it returns after the child has called
 * exec or ended, or when the caller is killed. Call in a system call of a process.
 */
long process_clone(const struct clone_request *request);

/* On the kernel stack of a parent that waits for a CLONE_VFORK child. */
struct vfork {
	bool done;
	struct waitq queue;
};

/* The running thread has left its parent's memory: wakes the parent. Idempotent. */
void vfork_done(void);

/* -EINVAL or -EPERM if the flags of clone or unshare ask for a new namespace, of which there are none; else 0. */
int clone_refuse_namespaces(uint64_t flags);
