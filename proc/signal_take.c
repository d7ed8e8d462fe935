/* What is pending: each signal once, with its facts where there was memory for them. */
#include "abi/errno.h"
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"

struct queued_signal {
	struct list link;
	struct signal_info info;
};

SLAB_CACHE(queued_cache, struct queued_signal);

static struct queued_signal *find(struct signals *signals, int sig)
{
	struct queued_signal *queued;

	list_for_each_entry(queued, &signals->queue, link)
		if (queued->info.sig == sig)
			return queued;
	return NULL;
}

/* Those below SIGRTMIN are kept once. kill() never fails for want of memory: then who sent it is lost. */
int signal_queue(struct signals *signals, const struct signal_info *info)
{
	struct queued_signal *queued = NULL;
	uint64_t bit = SIGNAL_BIT(info->sig);

	if (info->sig < SIGRTMIN && signals->pending & bit)
		return 0;
	if (signals->queued < SIGNAL_QUEUE_MAX)
		queued = slab_alloc(&queued_cache);
	if (!queued && info->sig >= SIGRTMIN && info->code != SI_USER && info->code != SI_KERNEL)
		return -EAGAIN;
	if (queued) {
		queued->info = *info;
		list_add_tail(&signals->queue, &queued->link);
		signals->queued++;
	}
	signals->pending |= bit;
	/* gcc-analyzer-suppress malloc-leak ; it is on the queue now */
	return 0;
}

static void drop(struct signals *signals, struct queued_signal *queued)
{
	list_del(&queued->link);
	signals->queued--;
	slab_free(&queued_cache, queued);
}

bool signal_peek(struct signals *signals, uint64_t set, struct signal_info *info_ret)
{
	struct queued_signal *queued;
	uint64_t candidates;
	bool any = true;

	spin_lock(&signals->lock);
	candidates = signals->pending & set;
	if (signals->fault.sig) {
		*info_ret = signals->fault;
	} else if (candidates) {
		*info_ret = (struct signal_info){ .sig = (int)bit_lowest(candidates) + 1 };
		queued = find(signals, info_ret->sig);
		if (queued)
			*info_ret = queued->info;
	} else {
		any = false;
	}
	spin_unlock(&signals->lock);
	return any;
}

void signal_take(struct signals *signals, const struct signal_info *info)
{
	struct queued_signal *queued;

	assert_hardened(spin_lock_held(&signals->lock));
	if (signals->fault.sig == info->sig) {
		signals->fault.sig = 0;
		return;
	}
	queued = find(signals, info->sig);
	if (queued)
		drop(signals, queued);
	if (!find(signals, info->sig))
		signals->pending &= ~SIGNAL_BIT(info->sig);
}

void signal_flush(struct signals *signals, uint64_t set)
{
	struct queued_signal *queued, *next;

	signals->pending &= ~set;
	list_for_each_entry_safe(queued, next, &signals->queue, link)
		if (SIGNAL_BIT(queued->info.sig) & set)
			drop(signals, queued);
}

static int64_t ticks_to_clk(uint64_t ticks)
{
	return (int64_t)(clock_ticks_to_ns(ticks) / (NSEC_PER_SEC / ABI_CLK_TCK));
}

void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi)
{
	memset(abi, 0, sizeof(*abi));
	abi->si_signo = info->sig;
	abi->si_code = info->code;
	if (info->about == SIGNAL_OF_FAULT) {
		abi->u.fault.addr = info->value;
	} else if (info->about == SIGNAL_OF_CHILD) {
		abi->u.child.pid = info->pid;
		abi->u.child.status = info->status;
		abi->u.child.utime = ticks_to_clk(info->user_ticks);
		abi->u.child.stime = ticks_to_clk(info->kernel_ticks);
	} else {
		abi->u.rt.pid = info->pid;
		abi->u.rt.value = info->value;
	}
}
