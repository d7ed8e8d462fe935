/* SPDX-License-Identifier: MIT */
/* What a pidfd refers to: the id of a process or thread, and the queue of those who wait for its end. */
#include "linux/process/end_watch.h"

#include "abi/errno.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "sync/irq.h"
#include "linux/process/thread_id.h"

static const char *watched(const void *watch)
{
	return ((const struct end_watch *)watch)->id.birth ? "of a thread" : "of a process";
}

COUNTED_KIND(end_watch_kind, "end watch", struct end_watch, watched);

struct end_watch *end_watch_create(void)
{
	struct end_watch *watch = mem_wait_kzalloc(sizeof(*watch));

	if (!watch)
		return NULL;
	refcount_init(&watch->refs, 1);
	waitq_init(&watch->queue);
	counted_begin(&end_watch_kind, &watch->counted, &watch->refs.n);
	return watch;
}

/* Where it is. Call with process_tree_lock held. */
static struct end_watch **end_watch_slot(struct thread *thread)
{
	struct process *process = thread->process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	return thread == process->leader ? &linux_process(process)->end_watch
					 : &task_of(thread)->end_watch;
}

void end_watch_put(struct end_watch *watch)
{
	struct thread *thread;
	bool is_last;

	spin_lock(&process_tree_lock);
	is_last = refcount_put(&watch->refs);
	thread = is_last ? thread_find_id(&watch->id)
			 : NULL; /* of none before end_watch_attach() */
	if (thread)
		*end_watch_slot(thread) = NULL;
	spin_unlock(&process_tree_lock);
	if (!is_last)
		return;
	counted_end(&watch->counted);
	kfree(watch);
}

void end_watch_attach(struct end_watch *watch, struct thread *thread)
{
	struct end_watch **slot = end_watch_slot(thread);

	assert_hardened(spin_lock_held(&process_tree_lock));
	assert_hardened(!*slot);
	watch->id = thread_id_of(thread);
	*slot = watch;
}

/* Takes `fresh` if there is none yet. Call with process_tree_lock held. */
static int find_locked(int id, bool of_thread, struct end_watch *fresh,
		       struct end_watch **watch_ret)
{
	struct thread *thread = thread_find(id);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!thread)
		return -ESRCH;
	if (!of_thread && thread != thread->process->leader)
		return -EINVAL;
	if (!*end_watch_slot(thread))
		end_watch_attach(fresh, thread);
	*watch_ret = *end_watch_slot(thread);
	refcount_get(&(*watch_ret)->refs);
	return 0;
}

int end_watch_find(int id, bool of_thread, struct end_watch **watch_ret)
{
	struct end_watch *fresh = end_watch_create();
	int err;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&process_tree_lock);
	err = find_locked(id, of_thread, fresh, watch_ret);
	spin_unlock(&process_tree_lock);
	end_watch_put(fresh);
	return err;
}

/* A leader that has ended before the other threads is not gone, and there is no zombie: as on Linux, no pidfd is woken. */
enum end_state end_watch_look(const struct end_watch *watch)
{
	enum end_state state = END_TO_COME;
	const struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(&watch->id);
	if (!thread)
		state = END_GONE;
	else if (thread->process->state == PROCESS_ZOMBIE)
		state = END_CAME;
	spin_unlock(&process_tree_lock);
	return state;
}

/* There may be thousands, and preemption is off: so one is woken, and wakes the others. */
void end_watch_wake(struct end_watch *watch)
{
	unsigned long flags;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (likely(!watch))
		return;
	flags = irq_save();
	waitq_wake_relay(&watch->queue);
	irq_restore(flags);
}
