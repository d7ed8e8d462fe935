/* SPDX-License-Identifier: MIT */
/* Sockets: there are none, and this says so as a Linux does that is configured without families of them. */
#include "abi/errno.h"
#include "abi/socket.h"
#include "abi/time.h"
#include "abi/uio.h"
#include "lib/bits.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "trap/arg_file.h"

#define NEW_FLAGS (unsigned)(SOCK_NONBLOCK | SOCK_CLOEXEC)

static long no_family(unsigned family, unsigned type)
{
	if (family >= AF_MAX)
		return -EAFNOSUPPORT;
	return (type & SOCK_TYPE_MASK) >= SOCK_MAX ? -EINVAL : -EAFNOSUPPORT;
}

static bool are_flags_wrong(unsigned type)
{
	return (type & ~(unsigned)SOCK_TYPE_MASK & ~NEW_FLAGS) != 0;
}

long sys_socket(struct trap_frame *frame)
{
	unsigned type = arg_uint(frame, 1);

	return are_flags_wrong(type) ? -EINVAL : no_family(arg_uint(frame, 0), type);
}

/* As on Linux, both numbers are written to the program's memory before the family is looked for. */
long sys_socketpair(struct trap_frame *frame)
{
	static const int none[2] = { -1, -1 };
	unsigned type = arg_uint(frame, 1);

	if (are_flags_wrong(type))
		return -EINVAL;
	if (user_copy_out(arg_user(frame, 3), none, sizeof(none)))
		return -EFAULT;
	return no_family(arg_uint(frame, 0), type);
}

static long on_no_socket(const struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);

	if (!file)
		return -EBADF;
	file_put(file);
	return -ENOTSOCK;
}

long sys_accept4(struct trap_frame *frame)
{
	long err = on_no_socket(frame);

	return err == -ENOTSOCK && arg_uint(frame, 3) & ~NEW_FLAGS ? -EINVAL : err;
}

/* As on Linux, these calls look at the descriptor before their other arguments. */
#define ON_SOCKET(call)                           \
	long sys_##call(struct trap_frame *frame) \
	{                                         \
		return on_no_socket(frame);       \
	}

ON_SOCKET(bind)
ON_SOCKET(listen)
ON_SOCKET(accept)
ON_SOCKET(connect)
ON_SOCKET(getsockname)
ON_SOCKET(getpeername)
ON_SOCKET(setsockopt)
ON_SOCKET(getsockopt)
ON_SOCKET(shutdown)
ON_SOCKET(sendmsg)
ON_SOCKET(recvmsg)
ON_SOCKET(sendmmsg)

/* But these at the addresses of the buffer or of the time first. */
static long with_buffer(const struct trap_frame *frame)
{
	uint64_t n = MIN(arg_u64(frame, 2), (uint64_t)ABI_RW_MAX);

	return check_user_range(arg_user(frame, 1), n) ?: on_no_socket(frame);
}

long sys_sendto(struct trap_frame *frame)
{
	return with_buffer(frame);
}

long sys_recvfrom(struct trap_frame *frame)
{
	return with_buffer(frame);
}

long sys_recvmmsg(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 4);
	struct abi_timespec time;

	if (time_at && user_copy_in(&time, time_at, sizeof(time)))
		return -EFAULT;
	return on_no_socket(frame);
}
