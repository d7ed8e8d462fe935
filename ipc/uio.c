/* SPDX-License-Identifier: MIT */
/* Devices that programs drive: the descriptors that process 1 has of them, and the sessions that are made of these. */
#include "ipc/uio.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "abi/uio_device.h"
#include "desc/anon_file.h"
#include "desc/fdtable.h"
#include "desc/poll.h"
#include "ipc/endpoint.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/exit.h"
#include "proc/process.h"
#include "proc/wait.h"

/* What read() and write() transfer. */
typedef uint32_t word;

/* const after boot; each is guarded as the struct says: */
static struct uio uios[UIO_DEVICES_MAX];
static unsigned nuios;

/*
 * Handles the interrupt of a device, which the driver has masked: wakes readers and pollers, and
 * sends the pulse that UIO_NOTIFY asked for. Runs with interrupts off.
 */
static void uio_interrupt(struct uio_device *dev)
{
	struct uio *uio = dev->user;
	unsigned long flags;

	__atomic_fetch_add(&uio->interrupts, 1, __ATOMIC_RELAXED);
	waitq_wake_all(&uio->happened);
	flags = spin_lock_irqsave(&uio->notify_lock);
	if (uio->notify)
		(void)endpoint_notify(uio->notify, uio->notify_bits);
	spin_unlock_irqrestore(&uio->notify_lock, flags);
}

/* fstat() of devices and sessions, which have no number. */
static int uio_stat(struct file *file, struct abi_stat *st)
{
	int err = anon_file_stat(file, st);

	st->ino = 0;
	return err;
}

static int get_info(const struct uio_device *dev, vaddr_t to)
{
	struct uio_info info = {
		.addr = dev->addr,
		.size = dev->size,
		.irq = dev->irq,
		.id = dev->id,
	};

	_Static_assert(sizeof(info.name) == sizeof(dev->name), "a name fits");
	_Static_assert(sizeof(info.compatible) == sizeof(dev->compatible), "a name fits");
	memcpy(info.name, dev->name, sizeof(info.name));
	memcpy(info.compatible, dev->compatible, sizeof(info.compatible));
	return user_copy_out(to, &info, sizeof(info));
}

/* ---- interrupts ---- */

/*
 * Looks for interrupts that read() has not reported yet. Returns 0, with the number of all
 * interrupts so far in *count_ret; -EAGAIN if there are no new ones; or -ENODEV if the session has
 * ended.
 */
static int uio_session_look(struct uio_session *session, word *count_ret)
{
	struct uio *uio = session->uio;
	int err = 0;

	mutex_lock(&uio->lock);
	*count_ret = atomic_load_relaxed(&uio->interrupts);
	if (!uio_session_lives_locked(session))
		err = -ENODEV;
	else if (*count_ret == session->seen)
		err = -EAGAIN;
	mutex_unlock(&uio->lock);
	return err;
}

static void set_seen(struct uio_session *session, word count)
{
	mutex_lock(&session->uio->lock);
	session->seen = count;
	mutex_unlock(&session->uio->lock);
}

static ssize_t session_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct uio_session *session = file->node;
	struct waitq *happened = &session->uio->happened;
	word count;

	(void)pos;
	if (to->left != sizeof(count))
		return -EINVAL;
	for (;;) {
		uint64_t seq = waitq_sample(happened);
		int err = uio_session_look(session, &count);

		if (err == 0)
			break;
		if (err == -EAGAIN && !(file->flags & O_NONBLOCK))
			err = thread_wait_interruptible(happened, seq);
		if (err)
			return err;
	}
	if (user_iter_copy_out(to, &count, sizeof(count)) != sizeof(count))
		return -EFAULT;
	set_seen(session, count);
	return sizeof(count);
}

static ssize_t session_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct uio_session *session = file->node;
	struct uio *uio = session->uio;
	ssize_t result = sizeof(word);
	word unmask;

	(void)pos;
	if (from->left != sizeof(unmask))
		return -EINVAL;
	if (user_iter_copy_in(from, &unmask, sizeof(unmask)) != sizeof(unmask))
		return -EFAULT;
	if (unmask > 1)
		return -EINVAL;
	mutex_lock(&uio->lock);
	if (!uio_session_lives_locked(session))
		result = -ENODEV;
	else if (unmask)
		uio->dev->ops->unmask(uio->dev);
	else
		uio->dev->ops->mask(uio->dev);
	mutex_unlock(&uio->lock);
	return result;
}

static unsigned session_poll(struct file *file, struct poller *poller)
{
	struct uio_session *session = file->node;
	word count;
	int err;

	poll_watch(poller, &session->uio->happened);
	err = uio_session_look(session, &count);
	if (err == -ENODEV)
		return POLLERR;
	return err == 0 ? POLLIN | POLLRDNORM : 0;
}

/* ---- registers and memory ---- */

/* Mappings are shared and not executable: a device may change the memory at any time. */
static int session_object_of(struct file *file, const struct file_part *part,
			     struct object **object_ret, unsigned *max_prot)
{
	if (!part->shared)
		return -EINVAL;
	*max_prot &= ~VM_PROT_EXEC;
	return uio_session_map(file->node, part->offset, part->len, object_ret);
}

static int session_info(struct uio_session *session, vaddr_t to)
{
	bool lives;

	mutex_lock(&session->uio->lock);
	lives = uio_session_lives_locked(session);
	mutex_unlock(&session->uio->lock);
	return lives ? get_info(session->uio->dev, to) : -ENODEV;
}

/*
 * If the address cannot be copied out to the program, the memory stays allocated until the session
 * ends.
 */
static int dma_alloc(struct uio_session *session, vaddr_t at)
{
	struct uio_dma dma;
	int err = user_copy_in(&dma, at, sizeof(dma));

	if (err == 0)
		err = uio_session_alloc(session, dma.size, &dma.offset, &dma.addr);
	return err ? err : user_copy_out(at, &dma, sizeof(dma));
}

static int uio_file_set_notify(struct uio_session *session, vaddr_t at)
{
	struct file *send = NULL;
	struct uio_notify notify;
	int err = user_copy_in(&notify, at, sizeof(notify));

	if (err == 0 && (notify.zero || notify.fd < -1))
		err = -EINVAL;
	if (err)
		return err;
	if (notify.fd >= 0) {
		send = fdtable_get(current_thread()->fdtable, notify.fd);
		if (!send)
			return -EBADF;
	}
	if (send && !endpoint_is_send(send)) {
		file_put(send);
		return -EINVAL;
	}
	return uio_session_notify(session, send, notify.bits);
}

static int session_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	switch (request) {
	case UIO_INFO:
		return session_info(file->node, arg);
	case UIO_DMA_ALLOC:
		return dma_alloc(file->node, arg);
	case UIO_NOTIFY:
		return uio_file_set_notify(file->node, arg);
	default:
		return -ENOTTY;
	}
}

static ssize_t session_label(struct file *file, char *buf, size_t size)
{
	const struct uio_session *session = file->node;

	return ksnprintf(buf, size, "session:[%s]", session->uio->dev->name);
}

static void session_release(struct file *file)
{
	uio_session_close(file->node);
}

static void uio_file_holds(struct file *file)
{
	struct uio_session *session = file->node;

	if (session)
		object_found(&session->object);
}

static const struct file_ops session_ops = {
	.name = "session",
	.stays = true,
	.read = session_read,
	.write = session_write,
	.stat = uio_stat,
	.poll = session_poll,
	.ioctl = session_ioctl,
	.label = session_label,
	.object_of = session_object_of,
	.release = session_release,
	.holds = uio_file_holds,
	.role = FILE_SERVES | FILE_DRIVES,
};

/* ---- devices ---- */

/* The descriptor and the file are allocated first. If that fails, the old session goes on. */
static int open_session(struct uio *uio)
{
	struct fdtable *table = current_thread()->fdtable;
	struct uio_session *session;
	struct file *file;
	int err, fd = fdtable_reserve(table, 0, true);

	if (fd < 0)
		return fd;
	file = file_create(&session_ops, O_RDWR, NULL);
	err = file ? uio_session_begin(uio, &session) : -ENOMEM;
	if (err) {
		file_discard(file);
		fdtable_unreserve(table, fd);
		return err;
	}
	file->node = session;
	fdtable_fill(table, fd, file);
	return fd;
}

static int device_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct uio *uio = file->node;

	switch (request) {
	case UIO_INFO:
		return get_info(uio->dev, arg);
	case UIO_SESSION:
		return arg ? -EINVAL : open_session(uio);
	default:
		return -ENOTTY;
	}
}

static ssize_t device_label(struct file *file, char *buf, size_t size)
{
	const struct uio *uio = file->node;

	return ksnprintf(buf, size, "device:[%s]", uio->dev->name);
}

static const struct file_ops device_ops = {
	.name = "device",
	.stays = true,
	.stat = uio_stat,
	.ioctl = device_ioctl,
	.label = device_label,
	.role = FILE_DRIVES,
};

static void driver_ends(const struct process *process)
{
	for (unsigned i = 0; i < nuios; i++)
		uio_session_driver_ends(&uios[i], process);
}

void uio_set_up(struct uio *uio, struct uio_device *dev)
{
	*uio = (struct uio){ .dev = dev };
	waitq_init(&uio->happened);
	mutex_init(&uio->lock, LOCK_UIO);
	spin_init(&uio->notify_lock, LOCK_DEVICE);
	dev->user = uio;
	dev->interrupt = uio_interrupt;
}

void uio_init(void)
{
	struct uio_device *dev;

	driver_exit_hook = driver_ends;
	while ((dev = uio_device_at(nuios)) != NULL)
		uio_set_up(&uios[nuios++], dev);
}

int uio_give_devices(void)
{
	struct fdtable *table = current_thread()->fdtable;
	int err = 0;

	if (nuios)
		atomic_store(&current_process()->uspace->has_device, true);
	for (unsigned i = 0; i < nuios && err >= 0; i++) {
		struct file *file = file_create(&device_ops, O_RDWR, &uios[i]);

		if (!file)
			return -ENOMEM;
		err = fdtable_install(table, file, UIO_FIRST_FD, true);
		if (err < 0)
			file_put(file);
	}
	return err < 0 ? err : 0;
}
