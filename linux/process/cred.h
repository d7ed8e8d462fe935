/* SPDX-License-Identifier: MIT */
/* Credentials: by which ids, groups and capabilities a thread acts. */
/*
 * As on Linux they are the thread's own: C libraries make a set*id call in all threads. What a thread
 * has is never changed but replaced by a changed copy, so the holder of a reference may read it without
 * a lock, and fork and clone share it.
 */
#pragma once

#include "abi/capability.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/check/counted.h"

struct process;
struct thread;
struct user;

/* Supplementary groups. */
struct group_info {
	struct refcount refs; /* the credentials that have it */
	/* const: */
	uint32_t ngroups;
	struct counted counted;
	uint32_t gid[]; /* sorted */
};

struct cred {
	struct refcount refs;
	/* const once a thread has it: */
	uint32_t uid, gid;     /* real */
	uint32_t suid, sgid;   /* saved */
	uint32_t euid, egid;   /* effective */
	uint32_t fsuid, fsgid; /* for files; follow the effective ones */
	uint32_t securebits;   /* SECBIT_* */
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bset;
	uint64_t cap_ambient;	       /* which exec keeps; all are permitted and inheritable */
	struct group_info *group_info; /* referenced; NULL: no groups */
	struct user *user;	       /* that of uid; referenced */
	struct counted counted;
};

extern struct counted_kind cred_kind, group_info_kind;

#define CAP_BIT(cap) (1ull << (cap))
#define CAP_ALL	     (CAP_BIT(CAP_LAST_CAP + 1) - 1)
/* What root loses for files when it changes only the id for these: CAP_FS_MASK of Linux. */
#define CAP_FS	     (0x1full | CAP_BIT(9) | CAP_BIT(CAP_MKNOD) | CAP_BIT(32))

/* Of kernel threads and process 1: root's, with all capabilities. */
extern struct cred init_cred;

/* Called once during boot, before the first thread is created. */
void cred_init(void);

struct cred *cred_get(struct cred *cred);
void cred_put(struct cred *cred);

/* By which the running thread acts now. Stays at least until it replaces them itself. */
const struct cred *current_cred(void);

/* Has the running thread that capability (CAP_*) in effect? */
bool capable(unsigned cap);

/* Is the group the one for files, or the effective one, of the running thread, or among its others? */
bool in_group_p(uint32_t gid);
bool in_egroup_p(uint32_t gid);

/* Returns a copy of the running thread's with one reference, to be changed; NULL: no memory. May wait. */
struct cred *cred_prepare(void);
/* May these do what those of the running thread could not, or act for others? */
bool cred_acts_for_others(const struct cred *cred);
/*
 * The running thread has these from now on; takes over the reference. If they may do what the old ones
 * could not, or act for others, the memory is not shown to others any more (PR_GET_DUMPABLE), and the
 * death of the parent sends no signal. Call with no spinning lock held.
 */
void cred_commit(struct cred *cred);

/*
 * The thread acts by these until cred_revert(), while others see what it had before, and keeps the
 * caller's reference. Call where nothing of the thread is inherited or replaced meanwhile.
 */
void cred_override(struct cred *cred);
void cred_revert(void);

/* A set*id call has changed real, effective or saved user ids: capabilities follow as on Linux. */
void cred_fix_caps(const struct cred *old, struct cred *new);

/*
 * Replaces the groups of credentials that are being prepared, which takes over the reference. The caller
 * fills in what groups_alloc() has made, and sorts it. NULL: no groups.
 */
void cred_set_groups(struct cred *cred, struct group_info *groups);
/* Returns 0, or -ENOMEM: no memory, or the lists of groups in all take too much of it. May wait. */
int groups_alloc(unsigned ngroups, struct group_info **groups_ret);
void groups_sort(struct group_info *groups);
void groups_put(struct group_info *groups);

/* What is to be known of the file of a program. */
struct image_ids {
	uint32_t mode, uid, gid;
	bool unreadable; /* for the running thread */
	bool nosuid;	 /* its mount ignores set-id bits, or it has no owner */
};

/* What an exec makes of the rights of the running thread. */
struct exec_rights {
	bool secure;	/* the program acts for others than its real ids: AT_SECURE */
	bool gains;	/* more rights than the thread has */
	bool distrusts; /* the file gave ids, or capabilities come with it: as on Linux, what the user chose of the layout goes */
};

/*
 * Returns, with a reference, the credentials that exec of such a file gives to the running thread: those
 * that it has, or new ones. If ret->gains is set, the process's gains_by_exec has been raised, which the caller
 * lowers when the thread has them, or never will. Returns NULL if there is no memory. May wait.
 */
struct cred *cred_for_exec(const struct image_ids *ids, struct exec_rights *ret);

/* May signals, limits, and so on, of a thread with the credentials `of` be changed by the running one? */
bool cred_may_signal(const struct cred *of); /* the ids of kill(2); else CAP_KILL */
bool cred_may_limit(const struct cred *of);  /* those of prlimit(2); else CAP_SYS_RESOURCE */
bool cred_may_nice(const struct cred *of);   /* those of setpriority(2); else CAP_SYS_NICE */
/* The ids of setpriority(2), and no capability that the running thread is not permitted; else CAP_SYS_NICE. */
bool cred_may_sched(const struct cred *of);

/*
 * May the running thread look into the process (PTRACE_MODE_READ_FSCREDS of Linux); may it trace the thread
 * (PTRACE_MODE_ATTACH_REALCREDS)? Call with process_tree_lock held.
 */
bool ptrace_may_access(const struct thread *thread);
bool ptrace_may_attach(const struct thread *thread);
/*
 * May other processes read and write the memory of the thread's process? Not if it has a device, or had one since its last exec:
 * with that device they would have all memory. No process gets a device later than at its begin (FILE_DRIVES), so who was let in
 * never reaches one. ptrace_may_attach() asks this, too. Call with process_tree_lock held.
 */
bool ptrace_may_reach(const struct thread *thread);

/* The real id that is being prepared is another: finds its user. Returns 0 or -ENOMEM. May wait. */
int cred_set_user(struct cred *cred);

/* For the ledger: what the credentials refer to. */
void cred_find_held(struct cred *cred);
