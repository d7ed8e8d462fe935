/* SPDX-License-Identifier: MIT */
/* A process: address space, descriptors, signals, a place in the tree of processes, and its thread. */
#pragma once

#include "abi/resource.h"
#include "lib/list.h"
#include "proc/exe.h"
#include "proc/itimer.h"
#include "proc/signal/signal.h"
#include "proc/thread.h"
#include "proc/usage.h"
#include "proc/uspace.h"

struct fdtable;
struct file;
struct object;

#define PID_INIT	  1
#define PID_MAX		  32768 /* pids are below it */
#define FDTABLE_SIZE	  256	/* descriptors of a process; RLIMIT_NOFILE */
#define PROCESS_COUNT_MAX 4096 /* processes at once, zombies included: fork answers EAGAIN beyond */

enum process_state {
	PROCESS_ALIVE,
	PROCESS_EXITING, /* gives back what it holds */
	PROCESS_ZOMBIE,	 /* waits for its parent */
};

struct process {
	/* const: */
	int pid;
	struct thread *thread; /* its only one so far */

	/* guarded by process_tree_lock (proc/pid.h): */
	struct process *parent; /* NULL: process 1 */
	struct list children;	/* struct process.sibling */
	struct list sibling;
	uint64_t nleft;	 /* how often one has left that list */
	struct list all; /* of all processes, by age */
	uint64_t birth;	 /* its number among all that ever were */
	struct list pid_link;
	struct list group_link;
	int group;	       /* process group: 0 for process 1, as on Linux */
	int session;	       /* it leads it where this is its pid */
	struct ctty *terminal; /* its session's controlling one; NULL: none */
	bool tied;	       /* counts for its group: see pgrp_update_tie() */
	bool did_exec;	       /* since its birth */
	int exit_signal;       /* what the parent gets when it ends; 0: nothing */
	enum process_state state;
	int status;		     /* as wait4 packs it; set once it is to end */
	struct usage ended_usage;    /* its own, from its end on */
	struct usage children_usage; /* of those it has waited for */
	struct waitq child_waitq;    /* a child ended */
	struct vfork *vfork;	     /* who waits for exec or exit; see proc/fork.h */

	/* changed by the process itself alone; others look only under process_tree_lock: */
	struct uspace *uspace;	 /* NULL: gone */
	struct exe *exe;	 /* NULL: before the first exec */
	struct usage past_usage; /* faults and peak of images before this one */

	/* private to the process; its part of the file system, see struct process_fs_ops: */
	struct fdtable *fdtable;
	struct file *cwd; /* a directory, referenced */
	unsigned umask;
	/* private to the process: */
	vaddr_t clear_tid; /* CLONE_CHILD_CLEARTID, set_tid_address */
	vaddr_t robust_list;
	uint64_t start_tick;

	struct signals signals; /* its own lock */
	struct itimers itimers;

	/* guarded by limits_lock: */
	struct spinlock limits_lock;
	struct abi_rlimit64 rlimits[RLIM_NLIMITS]; /* AS, DATA, STACK are copied into the space */
};

/*
 * What becomes of a process's part of the file system: proc/ only has the pointers, fs/process_fs.c
 * knows what is behind them.
 */
struct process_fs_ops {
	/* Process 1: no descriptor, in the root. 0 or -ENOMEM */
	int (*create)(struct process *process);
	/* fork: 0 or -ENOMEM; exit() gives back what the child has got of it */
	int (*copy)(struct process *child, struct process *parent);
	void (*exec)(struct process *process); /* closes what is marked FD_CLOEXEC */
	void (*exit)(struct process *process); /* closes all; also of one that is half made */
};

extern const struct process_fs_ops *process_fs; /* set at boot, before there is a process */

/* Gives it its thread, in state THREAD_NEW: 0 or -ENOMEM. */
int process_add_thread(struct process *process);

/* NULL in a kernel thread. */
static inline struct process *current_process(void)
{
	return current_thread()->process;
}

/* The running process's address space. => in a process */
static inline struct space *current_space(void)
{
	return &current_process()->uspace->space;
}

/* Process 1, from its creation on. */
struct process *process_init_get(void);

/*
 * Makes process 1 of the image (a reference is not taken over) and lets it run. argv: kernel
 * strings, NULL at the end. 0 or negative errno, as exec_image().
 * => called once, by boot, in a kernel thread
 */
int process_start_init(struct object *image, const char *path, const char *const *argv,
		       const char *const *envp);

/* The limit a process has now, in its soft form. */
uint64_t process_limit(struct process *process, unsigned resource);

/* Both limits of a resource. A new one reaches the address space too. */
void process_get_limit(struct process *process, unsigned resource, struct abi_rlimit64 *ret);
void process_set_limit(struct process *process, unsigned resource,
		       const struct abi_rlimit64 *limit);
