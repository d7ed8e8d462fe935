/* SPDX-License-Identifier: MIT */
/* The namespaces of Linux, of which there is one of each kind here: all processes have the same. */
#pragma once

#include "desc/file.h"

struct namespace
{
	const char *name; /* of the kind */
	uint64_t ino;	  /* as Linux numbers those that are there at its start */
	unsigned flag;	  /* CLONE_NEW* */
};

enum namespace_kind {
	NAMESPACE_TIME,
	NAMESPACE_CGROUP,
	NAMESPACE_PID,
	NAMESPACE_USER,
	NAMESPACE_UTS,
	NAMESPACE_IPC,
	NAMESPACE_NET,
	NAMESPACE_MNT,
	NAMESPACES,
};

extern const struct namespace namespaces[];
extern const struct file_ops namespace_file_ops;

/* Writes "kind:[number]", as much as fits, terminated. Returns the length of all. */
size_t namespace_label(const struct namespace *ns, char *buf, size_t size);

/* What the file is, or NULL. */
const struct namespace *namespace_of(const struct file *file);

/*
 * setns(2) to the namespaces of these flags, a set of CLONE_NEW*, which the running thread has anyway: of mnt it gets the root of
 * the tree as its root and working directory. Returns 0; -EINVAL for user namespaces, or mnt where other threads have the same
 * root; -EUSERS; -EPERM; -ENOMEM.
 */
int namespace_join(unsigned flags);
