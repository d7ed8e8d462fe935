/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: what programs have open of them, and whose controlling terminals they are. A program has their bytes and modes. */
#pragma once

#include "desc/turn.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/file/async.h"
#include "linux/fs/vfs/mount.h"
#include "linux/job/ctty.h"

enum pty_end { PTY_MASTER, PTY_SLAVE, PTY_ENDS };

struct pty {
	struct refcount refs; /* of its open files and its name */
	struct ctty jobs;     /* of the slave; guarded by process_tree_lock */
	/* const once it is open: */
	unsigned index; /* N of /dev/pts/N */
	struct file *side
		[PTY_ENDS]; /* served files (ipc/served.h); each open file has a reference to both */
	struct inode *name; /* of the slave; the master's file has a path_get() of it */
	/* Keep the bytes of one read, or of one write, together; by end. */
	struct turn input[PTY_ENDS], output[PTY_ENDS];
	struct async_queue async[PTY_ENDS]; /* have locks of their own */
	bool tells_room; /* atomic: part of a write had no room: O_ASYNC tells when output is resumed */
	/* guarded by process_tree_lock; atomic for a look: */
	unsigned nfiles;  /* open files of both ends */
	unsigned nslaves; /* open files of the slave */
	bool was_open;	  /* the slave was, at least once */
	bool cut_off;	  /* the master is closed, for ever */
	bool locked;	  /* TIOCSPTLCK: the slave cannot be opened */
	/* TIOCEXCL: only who has CAP_SYS_ADMIN opens the slave. The master is never opened again, so there it says nothing. */
	bool exclusive[PTY_ENDS];
};

/* For names: of /dev/ptmx, and of slaves, whose inodes have the pty as their device. */
extern const struct file_ops ptmx_ops;
extern const struct file_ops pty_slave_ops;

#define PTMX_RDEV ABI_MAKEDEV(DEV_MAJOR_TTY, 2)

void pty_put(struct pty *pty);

/* What an ioctl request does on that end, whose open file it is. Returns 0 or more, or a negative errno. */
int pty_ioctl_request(struct file *file, struct pty *pty, enum pty_end end, unsigned long request,
		      vaddr_t arg);
/* The server has answered that something is to be done: SERVED_TTY_* of abi/served.h. */
void pty_act(struct pty *pty, uint64_t events);
/* TIOCGPTPEER: opens the slave without its name. Returns a descriptor or a negative errno. */
int pty_open_peer(struct pty *pty, unsigned flags);

/* ---- devpts.c: the file system of the slaves' names ---- */

/* Makes the file system, which can be mounted by name. Called once at boot. Returns 0 or -ENOMEM. */
int devpts_init(void);
/*
 * Makes the name of a pty, which belongs to the running thread's user. The inode has a reference to it. Returns 0 and the inode, as by
 * path_get(), or -ENOMEM, -ENOSPC.
 */
int devpts_add(struct pty *pty, struct inode **inode_ret);
/* Removes the name. Who has the inode keeps it. */
void devpts_remove(struct pty *pty);
