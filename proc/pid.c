/* SPDX-License-Identifier: MIT */
/* Assigns pids and maintains the tree of processes. */
#include "proc/pid.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/job/pgrp.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/ptrace/ptrace.h"
#include "mm/swap/relieve.h"
#include "proc/exit.h"
#include "proc/kthread.h"
#include "proc/sched.h"

#define PID_BUCKETS 256
/* The visits drop the lock when they have passed so many. */
#define VISIT_PIECE 16u

SLAB_CACHE(process_cache, struct process);

struct spinlock process_tree_lock = SPINLOCK_INIT(LOCK_PROCESS_TREE);
/* guarded by process_tree_lock: */
struct list process_list = LIST_INIT(process_list);
static uint16_t id_users[PID_MAX]; /* uses as a pid or by a group, session or terminal */
/* Each process has at most three uses, each thread one, and few terminals have two each. */
_Static_assert(4 * PROCESS_COUNT_MAX + THREAD_COUNT_MAX <= UINT16_MAX,
	       "id_users[] holds all uses of an id");
static int pid_last;
static unsigned nprocesses;
static uint64_t births, joins;
static struct list by_pid[PID_BUCKETS]; /* heads are initialized at first use */
static struct list by_group[PID_BUCKETS];
static struct list by_tid[PID_BUCKETS]; /* threads that are no leaders */
static unsigned nthreads;		/* of these, and of those that are being created */
static uint64_t thread_births;

static struct list *bucket(struct list *heads, int id)
{
	struct list *head = &heads[(unsigned)id % PID_BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

struct list *process_group_bucket(int group)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	return bucket(by_group, group);
}

void process_join_group(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	list_del(&process->group_link);
	list_add_tail(bucket(by_group, process->group), &process->group_link);
	process->joined = ++joins;
}

void pid_get(int id)
{
	if (id)
		id_users[id]++;
}

void pid_put(int id)
{
	if (!id)
		return;
	assert(id_users[id] != 0);
	id_users[id]--;
}

/*
 * Ids are assigned in turn, so that one is not reused soon. There is always a free one, because
 * PROCESS_COUNT_MAX and THREAD_COUNT_MAX are far below PID_MAX.
 */
static int pid_take(void)
{
	do {
		if (++pid_last >= PID_MAX)
			pid_last = PID_INIT + 1;
	} while (id_users[pid_last] != 0);
	pid_get(pid_last);
	return pid_last;
}

uint64_t process_births(void)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	return births + thread_births;
}

unsigned process_total(void)
{
	return atomic_load_relaxed(&nprocesses);
}

static bool process_count(int *pid_ret)
{
	bool room;

	spin_lock(&process_tree_lock);
	room = nprocesses < PROCESS_COUNT_MAX;
	if (room) {
		nprocesses++;
		*pid_ret = pid_take();
	}
	spin_unlock(&process_tree_lock);
	return room;
}

struct process *process_alloc(int *err_ret)
{
	struct process *process = slab_alloc_wait(&process_cache);

	if (!process) {
		*err_ret = -ENOMEM;
		return NULL;
	}
	memset(process, 0, offsetof(struct process, timers.interval));
	if (!process_count(&process->pid)) {
		slab_free(&process_cache, process);
		*err_ret = -EAGAIN;
		return NULL;
	}
	list_init(&process->threads);
	list_init(&process->children.list);
	list_init(&process->child.link);
	list_init(&process->all);
	list_init(&process->pid_link);
	list_init(&process->group_link);
	waitq_init(&process->child_waitq);
	signals_init(&process->signals);
	ptimers_init(&process->timers);
	spin_init(&process->limits_lock, LOCK_PROCESS);
	return process;
}

void process_forget_locked(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	assert_hardened(!process->in_jobc);
	if (unlikely(process->leader && process->leader->traced))
		ptrace_drop(process->leader);
	pid_put(process->pid);
	if (!list_empty(&process->all)) {
		pid_put(process->group);
		pid_put(process->session);
		if (process->leader)
			user_drop_task(task_of(process->leader)->real_cred->user);
	}
	nprocesses--;
	end_watch_gone(&process->end_watch);
	child_remove(process);
	list_del(&process->all);
	list_del(&process->pid_link);
	list_del(&process->group_link);
}

void process_destroy(struct process *process)
{
	signals_destroy(&process->signals);
	slab_free(&process_cache, process);
}

void process_free(struct process *process)
{
	spin_lock(&process_tree_lock);
	process_forget_locked(process);
	spin_unlock(&process_tree_lock);
	process_destroy(process);
}

static void process_join_tree(struct process *parent, struct process *child,
			      const struct process *like)
{
	child->group = like ? like->group : 0;
	child->signals.group_birth = like ? like->signals.group_birth : 0;
	child->session = like ? like->session : 0;
	child->terminal = like ? like->terminal : NULL;
	pid_get(child->group);
	pid_get(child->session);
	if (parent)
		child_add(parent, child);
	child->birth = ++births;
	list_add_tail(&process_list, &child->all);
	list_add_tail(bucket(by_pid, child->pid), &child->pid_link);
	process_join_group(child);
	pgrp_update_jobc(child);
}

void process_publish_locked(struct process *parent, struct process *child)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	process_join_tree(parent, child, parent);
}

void process_publish_sibling_locked(struct process *sibling, struct process *child)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	child->exit_signal = sibling->exit_signal;
	child->parent_image = sibling->parent_image;
	process_join_tree(sibling->parent, child, sibling);
}

void process_publish(struct process *parent, struct process *child)
{
	spin_lock(&process_tree_lock);
	process_publish_locked(parent, child);
	thread_wake(child->leader);
	spin_unlock(&process_tree_lock);
}

struct process *process_find(int pid)
{
	struct process *process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	list_for_each_entry(process, bucket(by_pid, pid), pid_link)
		if (process->pid == pid)
			return process;
	return NULL;
}

int pid_newest(void)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	return pid_last;
}

UNCHECKED int pid_next_used(int id, int end)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	while (id < end && id_users[id] == 0)
		id++;
	return id;
}

struct thread *thread_find(int tid)
{
	struct process *process = process_find(tid);
	struct list *head = bucket(by_tid, tid);

	if (process)
		return process->leader;
	/* Not list_for_each_entry(), as in for_each_thread(). */
	for (struct list *node = head->next; node != head; node = node->next) {
		struct thread *thread = list_entry(node, struct thread, tid_link);

		if (thread->tid == tid)
			return thread;
	}
	return NULL;
}

struct process *process_find_any(int id)
{
	struct thread *thread = thread_find(id);

	return thread ? thread->process : NULL;
}

/* What a thread has in the kernel, in pages: nearly all of it is its stack. */
#define PAGES_PER_THREAD (KSTACK_SIZE / PAGE_SIZE)

int thread_id_take(struct process *process)
{
	int tid = -EAGAIN;

	spin_lock(&process_tree_lock);
	if (nthreads < THREAD_COUNT_MAX && process->nextra < PROCESS_THREADS_MAX - 1) {
		nthreads++;
		process->nextra++;
		counter_add(&process->kept, PAGES_PER_THREAD);
		tid = pid_take();
	}
	spin_unlock(&process_tree_lock);
	return tid;
}

void thread_id_put_locked(struct process *process, int tid)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	nthreads--;
	process->nextra--;
	counter_add(&process->kept, -(size_t)PAGES_PER_THREAD);
	pid_put(tid);
}

void thread_id_put(struct process *process, int tid)
{
	spin_lock(&process_tree_lock);
	thread_id_put_locked(process, tid);
	spin_unlock(&process_tree_lock);
}

void thread_publish(struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	signals_add_thread(thread);
	cpu_clock_add_thread(thread);
	thread->birth = ++thread_births;
	atomic_add(&thread->process->nlive, 1);
	list_add_tail(bucket(by_tid, thread->tid), &thread->tid_link);
}

/* A tracer that waits for the thread keeps its id in use. */
static void forget_id(struct thread *thread)
{
	list_del(&thread->tid_link);
	if (unlikely(thread->traced))
		ptrace_thread_ends(thread);
	else
		thread_id_put_locked(thread->process, thread->tid);
	user_drop_task(task_of(thread)->real_cred->user);
	end_watch_gone(&task_of(thread)->end_watch);
}

void thread_forget(struct thread *thread)
{
	struct process *process = thread->process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (thread == process->leader)
		return;
	spin_lock(&process->signals.lock);
	usage_add_thread(&process->past_usage, thread);
	usage_add_io(&process->past_io, &task_of(thread)->io);
	list_del(&thread->process_link);
	spin_unlock(&process->signals.lock);
	forget_id(thread);
	kthread_reap_later(thread);
}

void thread_forget_last(struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (thread == thread->process->leader)
		return;
	forget_id(thread);
}

struct thread *thread_lead(void)
{
	struct thread *thread = current_thread(), *leader;
	struct process *process = thread->process;

	spin_lock(&process_tree_lock);
	leader = process->leader;
	if (leader == thread) {
		leader = NULL;
	} else {
		if (unlikely(leader->traced))
			ptrace_drop(leader);
		spin_lock(&process->signals.lock);
		usage_add_thread(&process->past_usage, leader);
		usage_add_io(&process->past_io, &task_of(leader)->io);
		list_del(&leader->process_link);
		process->leader = thread;
		spin_unlock(&process->signals.lock);
		list_del(&thread->tid_link);
		thread_id_put_locked(process, thread->tid);
		user_drop_task(task_of(leader)->real_cred->user);
		end_watch_gone(&task_of(thread)->end_watch);
		thread_set_tid(thread, process->pid);
		thread->birth = 0;
		if (unlikely(thread->traced)) {
			task_of(thread)->ptrace->tid = thread->tid;
			child_sort(process);
		}
	}
	spin_unlock(&process_tree_lock);
	return leader;
}

struct process *process_find_id(const struct process_id *id)
{
	struct process *process = process_find(id->pid);

	return process && process->birth == id->birth ? process : NULL;
}

struct thread_id thread_id_of(const struct thread *thread)
{
	const struct process *process = thread->process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	return (struct thread_id){
		.process = { process->pid, process->birth },
		.tid = thread->tid,
		.birth = thread->birth,
	};
}

struct thread *thread_find_id(const struct thread_id *id)
{
	struct process *process = process_find_id(&id->process);
	struct thread *thread = process ? thread_find(id->tid) : NULL;

	return thread && thread->process == process && thread->birth == id->birth ? thread : NULL;
}

/* The list is in the order of births, with the leader first. */
struct thread *thread_next(const struct process *process, uint64_t birth)
{
	struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for_each_thread(thread, process)
		if (thread->birth >= birth)
			return thread;
	return NULL;
}

struct process *process_init_get(void)
{
	struct process *init;

	spin_lock(&process_tree_lock);
	init = process_find(PID_INIT);
	spin_unlock(&process_tree_lock);
	return init;
}

static bool piece_ends, visits_again; /* guarded by process_tree_lock */

/* Whether the last visit has asked for another one of the same process, after a pause. */
static bool take_visits_again(void)
{
	bool again = visits_again;

	visits_again = false;
	return again;
}

bool process_visit_group(int group, bool (*visit)(struct process *process, void *arg), void *arg)
{
	struct list *head = process_group_bucket(group);
	uint64_t before = joins, last = 0;
	struct process *process;
	struct process_id id;
	unsigned n = 0;
	bool repeat;

again:
	list_for_each_entry(process, head, group_link) {
		if (process->joined <= last)
			continue;
visit:
		last = process->joined;
		if (process->group == group && visit(process, arg))
			return true;
		repeat = take_visits_again();
		if (!repeat && (last >= before || (++n % VISIT_PIECE != 0 && !piece_ends)))
			continue;
		piece_ends = false;
		id = (struct process_id){ process->pid, process->birth };
		process_tree_pause();
		process = process_find_id(&id);
		if (!process || process->joined != last)
			goto again; /* it has left; the bucket is in the order of `joined` */
		if (repeat)
			goto visit;
	}
	return false;
}

void process_tree_pause(void)
{
	spin_unlock(&process_tree_lock);
	spin_lock(&process_tree_lock);
}

/* A visit of the processes born after `after` and until `until`. Guarded by process_tree_lock. */
struct visit {
	void (*fn)(struct process *process, void *arg);
	void *arg;
	uint64_t after, until;
	unsigned n; /* walked since the lock was dropped */
};

void process_visit_again(void)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	visits_again = true;
}

void process_visit_ends_piece(void)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	piece_ends = true;
}

static bool is_piece_done(struct visit *visit)
{
	if (++visit->n < VISIT_PIECE && !piece_ends)
		return false;
	piece_ends = false;
	visit->n = 0;
	return true;
}

/* Each bucket is in the order of births. */
static void visit_bucket(struct visit *visit, const struct list *head)
{
	struct process *process;
	struct process_id id;
	uint64_t last = 0;
	bool repeat;

again:
	list_for_each_entry(process, head, pid_link) {
		if (process->birth <= last)
			continue;
		if (process->birth > visit->until)
			break;
		last = process->birth;
		id = (struct process_id){ process->pid, last };
visit:
		if (last > visit->after)
			visit->fn(process, visit->arg);
		repeat = take_visits_again();
		if (!is_piece_done(visit) && !repeat)
			continue;
		process_tree_pause();
		process = process_find_id(&id);
		if (!process)
			goto again;
		if (repeat)
			goto visit;
	}
}

/*
 * Walks the pid buckets, because a process stays in its bucket for as long as it exists. Those that
 * are created meanwhile may be in a bucket that has been walked already, so there is another round
 * for them.
 */
void process_visit_all(void (*fn)(struct process *process, void *arg), void *arg)
{
	struct visit visit = { .fn = fn, .arg = arg };

	assert_hardened(spin_lock_held(&process_tree_lock));
	while (visit.until != births) {
		visit.after = visit.until;
		visit.until = births;
		for (int i = 0; i < PID_BUCKETS; i++)
			visit_bucket(&visit, bucket(by_pid, i));
	}
}
