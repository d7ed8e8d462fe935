/* SPDX-License-Identifier: MIT */
/* Files of signals. A read takes those that are pending for the thread that reads, not for the one that made the file. */
#include "linux/fs/file/signalfd.h"

#include "abi/errno.h"
#include "abi/signalfd.h"
#include "desc/anon_file.h"
#include "desc/poll.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/proc/seq.h"
#include "linux/signal/arrive.h"
#include "linux/signal/queue.h"
#include "proc/process.h"
#include "proc/wait.h"

/* file->data is the mask: an atomic word. */
static uint64_t mask_of(const struct file *file)
{
	return (uint64_t)(uintptr_t)atomic_load(&file->data);
}

static void store_mask(struct file *file, uint64_t mask)
{
	atomic_store(&file->data, (void *)(uintptr_t)(mask & ~SIGNAL_UNBLOCKABLE));
}

void signalfd_set_mask(struct file *file, uint64_t mask)
{
	store_mask(file, mask);
	waitq_wake_all(signal_arrivals(current_process()));
}

static struct abi_signalfd_siginfo siginfo_of(const struct signal_info *info)
{
	struct abi_signalfd_siginfo ret = { .ssi_signo = (uint32_t)info->sig };
	struct abi_siginfo abi;

	signal_info_to_abi(info, &abi);
	ret.ssi_errno = abi.si_errno;
	ret.ssi_code = abi.si_code;
	if (info->about == SIGNAL_OF_CHILD) {
		ret.ssi_pid = (uint32_t)abi.u.child.pid;
		ret.ssi_uid = abi.u.child.uid;
		ret.ssi_status = abi.u.child.status;
		ret.ssi_utime = (uint64_t)abi.u.child.utime;
		ret.ssi_stime = (uint64_t)abi.u.child.stime;
	} else if (info->about == SIGNAL_OF_FAULT) {
		ret.ssi_addr = abi.u.fault.addr;
	} else if (info->about == SIGNAL_OF_IO) {
		ret.ssi_band = (uint32_t)abi.u.io.band;
		ret.ssi_fd = abi.u.io.fd;
	} else if (info->code == SI_TIMER) {
		ret.ssi_tid = (uint32_t)abi.u.timer.timer;
		ret.ssi_overrun = (uint32_t)abi.u.timer.overrun;
		ret.ssi_ptr = abi.u.timer.value;
		ret.ssi_int = (int32_t)ret.ssi_ptr;
	} else {
		ret.ssi_pid = (uint32_t)abi.u.rt.pid;
		ret.ssi_uid = abi.u.rt.uid;
		/* As on Linux, only a signal that was queued has a value. */
		ret.ssi_ptr = info->code < 0 ? abi.u.rt.value : 0;
		ret.ssi_int = (int32_t)ret.ssi_ptr;
	}
	return ret;
}

/* Returns 0, -EAGAIN or -EINTR. */
static int signalfd_wait(const struct file *file, bool nonblock, struct signal_info *info_ret)
{
	struct waitq *queue = signal_arrivals(current_process());
	int err = 0;

	for (;;) {
		uint64_t seq = waitq_sample(queue);

		if (signal_any_pending(mask_of(file)) && signal_take_any(mask_of(file), info_ret))
			return 0;
		if (nonblock || err)
			return err ?: -EAGAIN;
		err = thread_wait_interruptible(queue, seq);
	}
}

/* Waits for the first signal, and takes as many more as there are and have room. */
static ssize_t signalfd_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct abi_signalfd_siginfo out;
	struct signal_info info;
	ssize_t done = 0;
	int err = 0;

	(void)pos;
	if (to->left < sizeof(out))
		return -EINVAL;
	while (err == 0 && to->left >= sizeof(out)) {
		err = signalfd_wait(file, done != 0 || file_nonblock(file, to), &info);
		if (err)
			break;
		out = siginfo_of(&info);
		if (user_iter_copy_out(to, &out, sizeof(out)) != sizeof(out))
			err = -EFAULT;
		else
			done += (ssize_t)sizeof(out);
	}
	return done ? done : err;
}

static unsigned signalfd_poll(struct file *file, struct poller *poller)
{
	poll_watch_for(poller, signal_arrivals(current_process()), POLLIN);
	return signal_any_pending(mask_of(file)) ? POLLIN : 0;
}

static void signalfd_info(struct file *file, struct seq *seq)
{
	seq_put(seq, "sigmask:\t%016lx\n", (unsigned long)mask_of(file));
}

static void signalfd_release(struct file *file)
{
	(void)file;
	counter_add(&signal_watchers, -1ul);
}

static const struct file_ops signalfd_ops = {
	.name = "signalfd",
	.read = signalfd_read,
	.nowait = true,
	.poll = signalfd_poll,
	.seek_is_0 = true,
	.stat = anon_file_stat,
	.label = anon_file_label,
	.more = &(const struct file_more){ .info = signalfd_info },
	.release = signalfd_release,
};

bool file_is_signalfd(const struct file *file)
{
	return file->ops == &signalfd_ops;
}

int signalfd_create(uint64_t mask, unsigned flags, struct file **file_ret)
{
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	*file_ret = file_create(&signalfd_ops, O_RDWR | flags, NULL);
	file_memory_add(-FILE_BYTES);
	if (!*file_ret)
		return -ENOMEM;
	atomic_add(&signal_watchers, 1);
	store_mask(*file_ret, mask);
	return 0;
}
