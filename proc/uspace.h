/* SPDX-License-Identifier: MIT */
/* A user address space with its waiting lock: the unit that CLONE_VM shares. */
#pragma once

#include "lib/refcount.h"
#include "mm/space/space_lock.h"
#include "proc/mutex.h"

/* Where exec put what, for others to read (/proc). Const once the image runs; exec and fork set it. */
struct image_layout {
	vaddr_t code_start, code_end; /* executable segments */
	vaddr_t data_start, data_end; /* the highest segment; what the file has of it */
	vaddr_t stack_start;	      /* the first stack pointer */
	vaddr_t arg_start, arg_end;   /* the strings of argv */
	vaddr_t env_start, env_end;
	vaddr_t auxv_start, auxv_end;
};

struct uspace {
	struct refcount refs; /* processes that use it */
	/* References to the struct, which keep no memory of the space. All of `refs` count as one. */
	struct refcount grabs;
	uint64_t serial;	/* const: no space before or after has the same */
	struct mutex mmap_lock; /* held across each verb; never taken by faults or copies */
	uint32_t
		dump_filter; /* atomic: DUMP_*, what of it a core file has; fork and exec keep it */
	bool oom_killed;     /* atomic: all its processes were killed for their memory */
	bool undumpable; /* atomic: PR_SET_DUMPABLE has set 0, or its ids changed; see linux/process/cred.h */
	bool has_device; /* atomic: who uses it has a device, or had one; see ptrace_may_reach() */
	vaddr_t sigreturn; /* where handlers return to; set by exec, and moved along by mremap, under mmap_lock */
	struct image_layout layout; /* const once a process has the space */
	struct space space;	    /* has its own lock and others */
	struct counted counted;
};

extern struct counted_kind uspace_kind;

/* Bits of /proc/PID/coredump_filter that have a meaning here, the most that it has, and what it is at first. */
#define DUMP_ANON_PRIVATE   0x01u
#define DUMP_ANON_SHARED    0x02u
#define DUMP_MAPPED_PRIVATE 0x04u
#define DUMP_MAPPED_SHARED  0x08u
#define DUMP_ELF_HEADERS    0x10u
#define DUMP_FILTER_BITS    0x1ffu
#define DUMP_FILTER_DEFAULT 0x33u

/* Creates an empty space with one reference. Returns NULL if out of memory. */
struct uspace *uspace_create(void);

static inline void uspace_get(struct uspace *uspace)
{
	refcount_get_fast(&uspace->refs);
}

/*
 * Drops a reference; the last one destroys the space. Call with no spinning lock held. The last
 * reference must not be that of the running address space.
 */
void uspace_put(struct uspace *uspace);

/*
 * For those who want to know of a space later on, if it is still there: they keep the struct, whose memory goes with the last
 * process that uses it. uspace_try_get() makes a reference of that, or returns false: the space has been destroyed.
 */
static inline void uspace_grab(struct uspace *uspace)
{
	refcount_get(&uspace->grabs);
}

void uspace_drop(struct uspace *uspace);
bool uspace_try_get(struct uspace *uspace);

static inline struct uspace *space_to_uspace(struct space *space)
{
	return (struct uspace *)((char *)space - offsetof(struct uspace, space));
}

/* For system calls: a verb may wait for pages. Returns 0, or -EINTR for a killed thread. */
static inline int uspace_lock_killable(struct uspace *uspace)
{
	return mutex_lock_killable(&uspace->mmap_lock);
}

/* For short work, and for spaces that no other thread uses. */
static inline void uspace_lock(struct uspace *uspace)
{
	mutex_lock(&uspace->mmap_lock);
}

static inline void uspace_unlock(struct uspace *uspace)
{
	assert_hardened(!uspace->space.events);
	mutex_unlock(&uspace->mmap_lock);
}

/* uspace_end_verb() where there are events. */
void uspace_unlock_and_tell(struct uspace *uspace);

/*
 * uspace_unlock() after a verb that may unmap, move or drop memory: then waits until the program that resolves its faults was told
 * (mm/fault/userfault_event.h). Call with no other lock held that such a program may need.
 */
static inline void uspace_end_verb(struct uspace *uspace)
{
	if (unlikely(uspace->space.events))
		uspace_unlock_and_tell(uspace);
	else
		uspace_unlock(uspace);
}
