/* SPDX-License-Identifier: MIT */
/* Which kind of file has which table of Linux's: those of the core do not name theirs. */
#include "linux/fs/file/file_more.h"

#include "arch/timer.h"
#include "base/clock.h"
#include "ipc/endpoint.h"
#include "lib/bits.h"
#include "linux/fs/file/eventfd.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/proc/seq.h"

static void eventfd_info(struct file *file, struct seq *seq)
{
	const struct eventfd_state state = eventfd_look(file);

	seq_put(seq, "eventfd-count: %16lx\neventfd-semaphore: %d\n", (unsigned long)state.count,
		state.semaphore);
}

static void endpoint_info(struct file *file, struct seq *seq)
{
	const struct endpoint_news news = endpoint_look(file);
	uint64_t now = arch_time(), since = MIN(news.progress_tick, now);

	seq_put(seq, "calls:\t%ld\nprogress-ns:\t%ld\nawaited:\t%d\n", (long)news.ncalls,
		(long)clock_ticks_to_ns(now - since), news.is_awaited);
}

static const struct file_more endpoint_more = { .info = endpoint_info };
static const struct file_more none, eventfd_more = { .info = eventfd_info };

const struct file_more *file_more(const struct file *file)
{
	if (file_is_eventfd(file))
		return &eventfd_more;
	if (endpoint_is_receive(file))
		return &endpoint_more;
	if (file->ops->is_pipe)
		return &pipe_more;
	return file->ops->more ?: &none;
}
