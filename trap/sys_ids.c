/* SPDX-License-Identifier: MIT */
/* System calls on user and group ids. */
/*
 * There is one user and one group, 0, as in a user namespace of Linux that maps no others: every
 * other id is invalid.
 */
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "trap/syscall.h"

#define ID_SAME (~0u) /* this id is to stay as it is */

long sys_getuid(struct trap_frame *frame)
{
	return 0;
}

long sys_geteuid(struct trap_frame *frame)
{
	return 0;
}

long sys_getgid(struct trap_frame *frame)
{
	return 0;
}

long sys_getegid(struct trap_frame *frame)
{
	return 0;
}

static long set_id(const struct trap_frame *frame)
{
	return arg_uint(frame, 0) == 0 ? 0 : -EINVAL;
}

/* The first n arguments are ids. */
static long set_ids(const struct trap_frame *frame, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (arg_uint(frame, i) != 0 && arg_uint(frame, i) != ID_SAME)
			return -EINVAL;
	return 0;
}

static long get_three_ids(const struct trap_frame *frame)
{
	const uint32_t id = 0;

	for (unsigned i = 0; i < 3; i++)
		if (user_copy_out(arg_user(frame, i), &id, sizeof(id)))
			return -EFAULT;
	return 0;
}

long sys_setuid(struct trap_frame *frame)
{
	return set_id(frame);
}

long sys_setgid(struct trap_frame *frame)
{
	return set_id(frame);
}

long sys_setreuid(struct trap_frame *frame)
{
	return set_ids(frame, 2);
}

long sys_setregid(struct trap_frame *frame)
{
	return set_ids(frame, 2);
}

long sys_setresuid(struct trap_frame *frame)
{
	return set_ids(frame, 3);
}

long sys_setresgid(struct trap_frame *frame)
{
	return set_ids(frame, 3);
}

long sys_getresuid(struct trap_frame *frame)
{
	return get_three_ids(frame);
}

long sys_getresgid(struct trap_frame *frame)
{
	return get_three_ids(frame);
}

/* These two return the old id and no error, whatever they are given. */
long sys_setfsuid(struct trap_frame *frame)
{
	return 0;
}

long sys_setfsgid(struct trap_frame *frame)
{
	return 0;
}

/* A list of groups names group 0 or nothing. As often as it does, that is kept once. */
long sys_setgroups(struct trap_frame *frame)
{
	unsigned n = arg_uint(frame, 0);
	vaddr_t from = arg_user(frame, 1);
	uint32_t id;

	if (n > NGROUPS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++) {
		if (user_copy_in(&id, from + i * sizeof(id), sizeof(id)))
			return -EFAULT;
		if (id != 0)
			return -EINVAL;
	}
	atomic_store_relaxed(&current_process()->in_group_0, n != 0);
	return 0;
}

/* With a size of 0, only the length is returned. */
long sys_getgroups(struct trap_frame *frame)
{
	int n = atomic_load_relaxed(&current_process()->in_group_0), room = arg_int(frame, 0);
	const uint32_t id = 0;

	if (room < 0 || (room > 0 && room < n))
		return -EINVAL;
	if (room && n && user_copy_out(arg_user(frame, 1), &id, sizeof(id)))
		return -EFAULT;
	return n;
}
