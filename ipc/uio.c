/* SPDX-License-Identifier: MIT */
/* /dev/uio0 and so on: the files by which programs drive devices. */
#include "ipc/uio.h"

#include "abi/errno.h"
#include "abi/uio_device.h"
#include "fs/devfs.h"
#include "fs/fdtable.h"
#include "fs/inode.h"
#include "fs/poll.h"
#include "ipc/endpoint.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/exit.h"
#include "proc/process.h"
#include "proc/wait.h"

#define RDEV_UIO(i) ABI_MAKEDEV(241, i) /* a major number for local use */

/* What read() and write() transfer. */
typedef uint32_t word;

/* Set at boot, and only read afterwards. */
static struct uio uios[UIO_DEVICES_MAX];
static unsigned nuios;

/*
 * The interrupt of a device has come; it is masked. Whoever else is to be told is told here. Runs
 * with interrupts off.
 */
static void interrupt(struct uio_device *dev)
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

/*
 * One program drives a device, so there is one open file. (Linux allows many, and leaves it to the
 * programs.) While mappings are left of a closed file, their program still drives the device.
 */
static int uio_opened(struct file *file)
{
	struct uio *uio = device_of(file);
	int err = 0;

	mutex_lock(&uio->lock);
	if (uio->stuck)
		err = -EIO;
	else if (uio->open || uio->session)
		err = -EBUSY;
	else
		uio->open = true;
	mutex_unlock(&uio->lock);
	return err;
}

static void uio_release(struct file *file)
{
	struct uio *uio = device_of(file);

	mutex_lock(&uio->lock);
	uio->open = false;
	uio_set_notify(uio, NULL, 0);
	uio_session_check_locked(uio);
	mutex_unlock(&uio->lock);
	inode_file_release(file);
}

/* ---- interrupts ---- */

/*
 * Looks for interrupts that read() has not told of. Returns 0 with their number so far in
 * *count_ret, -EAGAIN if there are none, or -ENODEV if no session has this number, which counts
 * those that have ended.
 */
static int look(struct uio *uio, uint64_t session, word *count_ret)
{
	int err = 0;

	mutex_lock(&uio->lock);
	*count_ret = atomic_load_relaxed(&uio->interrupts);
	if (!uio->session || uio->ended != session)
		err = -ENODEV;
	else if (*count_ret == uio->seen)
		err = -EAGAIN;
	mutex_unlock(&uio->lock);
	return err;
}

static void set_seen(struct uio *uio, uint64_t session, word count)
{
	mutex_lock(&uio->lock);
	if (uio->ended == session)
		uio->seen = count;
	mutex_unlock(&uio->lock);
}

static uint64_t session_number(struct uio *uio)
{
	uint64_t number;

	mutex_lock(&uio->lock);
	number = uio->ended;
	mutex_unlock(&uio->lock);
	return number;
}

static ssize_t uio_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct uio *uio = device_of(file);
	uint64_t session = session_number(uio);
	word count;

	(void)pos;
	if (to->left != sizeof(count))
		return -EINVAL;
	for (;;) {
		uint64_t seq = waitq_sample(&uio->happened);
		int err = look(uio, session, &count);

		if (err == 0)
			break;
		if (err == -EAGAIN && !(file->flags & O_NONBLOCK))
			err = thread_wait_interruptible(&uio->happened, seq);
		if (err)
			return err;
	}
	if (user_iter_copy_out(to, &count, sizeof(count)) != sizeof(count))
		return -EFAULT;
	set_seen(uio, session, count);
	return sizeof(count);
}

static ssize_t uio_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct uio *uio = device_of(file);
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
	if (!uio->session)
		result = -ENODEV;
	else if (unmask)
		uio->dev->ops->unmask(uio->dev);
	else
		uio->dev->ops->mask(uio->dev);
	mutex_unlock(&uio->lock);
	return result;
}

static unsigned uio_poll(struct file *file, struct poller *poller)
{
	struct uio *uio = device_of(file);
	word count;
	int err;

	poll_watch(poller, &uio->happened);
	err = look(uio, session_number(uio), &count);
	if (err == -ENODEV)
		return POLLERR;
	return err == 0 && file_readable(file) ? POLLIN | POLLRDNORM : 0;
}

/* ---- registers and memory ---- */

/* No program runs what a device may change, and there are no private copies of it. */
static int uio_object_of(struct file *file, const struct file_part *part,
			 struct object **object_ret, unsigned *max_prot)
{
	if (!part->shared)
		return -EINVAL;
	*max_prot &= ~VM_PROT_EXEC;
	return uio_session_map(device_of(file), part->offset, part->len, object_ret);
}

static int get_info(const struct uio_device *dev, vaddr_t to)
{
	struct uio_info info = { .addr = dev->addr, .size = dev->size, .irq = dev->irq };

	_Static_assert(sizeof(info.name) == sizeof(dev->name), "a name fits");
	_Static_assert(sizeof(info.compatible) == sizeof(dev->compatible), "a name fits");
	memcpy(info.name, dev->name, sizeof(info.name));
	memcpy(info.compatible, dev->compatible, sizeof(info.compatible));
	return user_copy_out(to, &info, sizeof(info));
}

/* What cannot be told to the program is not taken back: it counts until the driver's end. */
static int dma_alloc(struct file *file, vaddr_t at)
{
	struct uio_dma dma;
	int err;

	if (!file_writable(file))
		return -EACCES;
	err = user_copy_in(&dma, at, sizeof(dma));
	if (err == 0)
		err = uio_session_alloc(device_of(file), dma.size, &dma.offset, &dma.addr);
	return err ? err : user_copy_out(at, &dma, sizeof(dma));
}

static int set_notify(struct uio *uio, vaddr_t at)
{
	struct file *send = NULL;
	struct uio_notify notify;
	int err = user_copy_in(&notify, at, sizeof(notify));

	if (err == 0 && (notify.zero || notify.fd < -1))
		err = -EINVAL;
	if (err)
		return err;
	if (notify.fd >= 0) {
		send = fdtable_get(current_process()->fdtable, notify.fd);
		if (!send)
			return -EBADF;
	}
	if (send && !endpoint_is_send(send)) {
		file_put(send);
		return -EINVAL;
	}
	uio_set_notify(uio, send, notify.bits);
	return 0;
}

static int uio_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct uio *uio = device_of(file);

	switch (request) {
	case UIO_INFO:
		return get_info(uio->dev, arg);
	case UIO_DMA_ALLOC:
		return dma_alloc(file, arg);
	case UIO_NOTIFY:
		return set_notify(uio, arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_ops uio_ops = {
	.name = "uio",
	.opened = uio_opened,
	.read = uio_read,
	.write = uio_write,
	.stat = inode_file_stat,
	.poll = uio_poll,
	.ioctl = uio_ioctl,
	.object_of = uio_object_of,
	.release = uio_release,
	.serves = true,
	.has_inode = true,
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
	dev->interrupt = interrupt;
}

int uio_init(void)
{
	struct uio_device *dev;
	int err = 0;

	driver_exit_hook = driver_ends;
	while (err == 0 && (dev = uio_device_at(nuios)) != NULL) {
		char name[16];

		uio_set_up(&uios[nuios], dev);
		ksnprintf(name, sizeof(name), "uio%u", nuios);
		err = devfs_add(name, &uio_ops, &uios[nuios], S_IFCHR | 0600, RDEV_UIO(nuios));
		nuios++;
	}
	return err;
}
