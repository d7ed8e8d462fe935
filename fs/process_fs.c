/* SPDX-License-Identifier: MIT */
/* Creates, copies and frees a process's descriptors, working directory and umask. */
#include "fs/process_fs.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "fs/open.h"
#include "proc/process.h"

#define FIRST_UMASK 022

static int create(struct process *process)
{
	process->umask = FIRST_UMASK;
	process->fdtable = fdtable_create();
	process->cwd = fs_open_root();
	return process->fdtable && process->cwd ? 0 : -ENOMEM;
}

static int copy(struct process *child, struct process *parent)
{
	child->umask = parent->umask;
	file_get(parent->cwd);
	child->cwd = parent->cwd;
	child->fdtable = fdtable_copy(parent->fdtable);
	return child->fdtable ? 0 : -ENOMEM;
}

static void exec(struct process *process)
{
	fdtable_close_on_exec(process->fdtable);
}

static void exit(struct process *process)
{
	if (process->fdtable)
		fdtable_destroy(process->fdtable);
	process->fdtable = NULL;
	if (process->cwd)
		file_put(process->cwd);
	process->cwd = NULL;
}

static const struct process_fs_ops ops = {
	.create = create,
	.copy = copy,
	.exec = exec,
	.exit = exit,
};

void process_fs_init(void)
{
	process_fs = &ops;
}
