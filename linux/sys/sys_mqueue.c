/* SPDX-License-Identifier: MIT */
/* System calls of POSIX message queues. */
#include "abi/mqueue.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "base/clock.h"
#include "base/wall_clock.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/mqueue/mqueue.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "linux/sysv/msg.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "trap/arg_file.h"

/* As on Linux, the descriptor is closed by exec whatever the flags say, and it is found before the queue. */
static long open_descriptor(struct trap_frame *frame, const char *name,
			    const struct abi_mq_attr *attr)
{
	struct fdtable *table = current_thread()->fdtable;
	unsigned mode = arg_uint(frame, 2) & ~process_umask();
	int fd = fdtable_reserve(table, 0, true), err;
	struct file *file;

	if (fd < 0)
		return fd;
	err = mqueue_open(name, arg_uint(frame, 1), mode, attr, &file);
	if (err) {
		fdtable_unreserve(table, fd);
		return err;
	}
	fdtable_fill(table, fd, file);
	return fd;
}

long sys_mq_open(struct trap_frame *frame)
{
	vaddr_t attr_at = arg_user(frame, 3);
	struct abi_mq_attr attr;
	char *name;
	long result;

	if (attr_at && user_copy_in(&attr, attr_at, sizeof(attr)))
		return -EFAULT;
	result = arg_path(frame, 0, &name);
	if (result)
		return result;
	result = open_descriptor(frame, name, attr_at ? &attr : NULL);
	kfree(name);
	return result;
}

long sys_mq_unlink(struct trap_frame *frame)
{
	char *name;
	long result = arg_path(frame, 0, &name);

	if (result)
		return result;
	result = mqueue_unlink(name);
	kfree(name);
	return result;
}

/* The queue of the descriptor in argument 0, with a reference; NULL: there is none. */
static struct file *arg_mqueue(const struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);

	if (!file || file_is_mqueue(file))
		return file;
	file_put(file);
	return NULL;
}

/* The deadline in argument 4. Returns 0, with NULL in *deadline_ret if there is none; -EFAULT or -EINVAL. */
static int arg_deadline(const struct trap_frame *frame, struct deadline *deadline,
			const struct deadline **deadline_ret)
{
	vaddr_t at = arg_user(frame, 4);

	deadline->of_wall = true;
	*deadline_ret = at ? deadline : NULL;
	return at ? timespec_read(at, &deadline->at) : 0;
}

static long send_from(struct trap_frame *frame, struct file *file, const struct deadline *deadline)
{
	size_t size = arg_u64(frame, 2);
	struct msg_msg *msg;
	long result;

	if (!file_writable(file))
		return -EBADF;
	if (size > mqueue_msgsize(file))
		return -EMSGSIZE;
	msg = sysv_msg_alloc(size);
	if (!msg)
		return -ENOMEM;
	msg->type = arg_uint(frame, 3);
	result = user_copy_in(msg->text, arg_user(frame, 1), size) ? -EFAULT : 0;
	if (!result)
		result = mqueue_send(file, msg, deadline);
	if (result)
		sysv_msg_free(msg);
	return result;
}

long sys_mq_timedsend(struct trap_frame *frame)
{
	const struct deadline *deadline;
	struct deadline until;
	struct file *file;
	long result = arg_deadline(frame, &until, &deadline);

	if (result)
		return result;
	if (arg_uint(frame, 3) >= MQ_PRIO_MAX)
		return -EINVAL;
	file = arg_mqueue(frame);
	if (!file)
		return -EBADF;
	result = send_from(frame, file, deadline);
	file_put(file);
	return result;
}

/* As on Linux, a message that cannot be copied out is lost. */
static long copy_out_received(const struct trap_frame *frame, const struct msg_msg *msg)
{
	vaddr_t prio_at = arg_user(frame, 3);
	uint32_t prio = (uint32_t)msg->type;

	if ((prio_at && user_copy_out(prio_at, &prio, sizeof(prio))) ||
	    user_copy_out(arg_user(frame, 1), msg->text, msg->size))
		return -EFAULT;
	return (long)msg->size;
}

static long receive_from(struct trap_frame *frame, struct file *file,
			 const struct deadline *deadline)
{
	struct msg_msg *msg;
	long result;

	if (!file_readable(file))
		return -EBADF;
	if (arg_u64(frame, 2) < mqueue_msgsize(file))
		return -EMSGSIZE;
	result = mqueue_receive(file, deadline, &msg);
	if (result)
		return result;
	result = copy_out_received(frame, msg);
	sysv_msg_free(msg);
	return result;
}

long sys_mq_timedreceive(struct trap_frame *frame)
{
	const struct deadline *deadline;
	struct deadline until;
	struct file *file;
	long result = arg_deadline(frame, &until, &deadline);

	if (result)
		return result;
	file = arg_mqueue(frame);
	if (!file)
		return -EBADF;
	result = receive_from(frame, file, deadline);
	file_put(file);
	return result;
}

/*
 * SIGEV_THREAD: the C library wants to be notified through a netlink socket, whose descriptor is in sigev_signo, with a cookie that
 * sigev_value points to. The kernel has no way to send to one, so the answer is Linux's for a descriptor that is no socket.
 */
static int check_cookie(const struct abi_sigevent *event)
{
	char cookie[NOTIFY_COOKIE_LEN];
	struct file *file;

	if (user_copy_in(cookie, event->value, sizeof(cookie)))
		return -EFAULT;
	file = fdtable_get(current_thread()->fdtable, event->signo);
	if (!file)
		return -EBADF;
	file_put(file);
	return -ENOTSOCK;
}

static int check_sigevent(const struct abi_sigevent *event)
{
	switch (event->notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
		return event->signo >= 0 && event->signo <= NSIG ? 0 : -EINVAL;
	case SIGEV_THREAD:
		return check_cookie(event);
	default:
		return -EINVAL;
	}
}

long sys_mq_notify(struct trap_frame *frame)
{
	vaddr_t event_at = arg_user(frame, 1);
	struct abi_sigevent event;
	struct file *file;
	int err = 0;

	if (event_at)
		err = user_copy_in(&event, event_at, sizeof(event)) ? -EFAULT
								    : check_sigevent(&event);
	if (err)
		return err;
	file = arg_mqueue(frame);
	if (!file)
		return -EBADF;
	err = mqueue_notify(file, event_at ? &event : NULL);
	file_put(file);
	return err;
}

long sys_mq_getsetattr(struct trap_frame *frame)
{
	vaddr_t set_at = arg_user(frame, 1), old_at = arg_user(frame, 2);
	struct abi_mq_attr set, old;
	struct file *file;

	if (set_at && user_copy_in(&set, set_at, sizeof(set)))
		return -EFAULT;
	if (set_at && (set.flags & ~(int64_t)O_NONBLOCK))
		return -EINVAL;
	file = arg_mqueue(frame);
	if (!file)
		return -EBADF;
	mqueue_attr(file, set_at ? &set : NULL, &old);
	file_put(file);
	return old_at && user_copy_out(old_at, &old, sizeof(old)) ? -EFAULT : 0;
}
