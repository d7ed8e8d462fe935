/* SPDX-License-Identifier: MIT */
/* Assigns pids and maintains the tree of processes. */
#include "proc/pid.h"

#include "abi/errno.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "proc/sched.h"

#define PID_BUCKETS 256
/* The visits drop the lock when they have passed so many. */
#define VISIT_PIECE 16u

SLAB_CACHE(process_cache, struct process);

void process_init(void)
{
	process_cache.size = (uint32_t)os_layer.process_size;
}

struct spinlock process_tree_lock = SPINLOCK_INIT(LOCK_PROCESS_TREE);
/* guarded by process_tree_lock: */
struct list process_list = LIST_INIT(process_list);
static uint16_t id_users[PID_MAX]; /* uses as a pid or by a group, session or terminal */
/* Each process has at most three uses, each thread one, and few terminals have two each. */
_Static_assert(4 * PROCESS_COUNT_MAX + THREAD_COUNT_MAX <= UINT16_MAX,
	       "id_users[] holds all uses of an id");
static int pid_last;
static unsigned nprocesses;
static uint64_t births;
static struct list by_pid[PID_BUCKETS]; /* heads are initialized at first use */
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
	memset(process, 0, sizeof(*process));
	if (!process_count(&process->pid)) {
		slab_free(&process_cache, process);
		*err_ret = -EAGAIN;
		return NULL;
	}
	list_init(&process->threads);
	list_init(&process->children);
	list_init(&process->sibling);
	list_init(&process->all);
	list_init(&process->pid_link);
	waitq_init(&process->child_waitq);
	return process;
}

void process_forget(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	pid_put(process->pid);
	nprocesses--;
	list_del(&process->sibling);
	list_del(&process->all);
	list_del(&process->pid_link);
}

void process_destroy(struct process *process)
{
	os_layer.process_freed(process);
	slab_free(&process_cache, process);
}

void process_publish(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	process->birth = ++births;
	list_add_tail(&process_list, &process->all);
	list_add_tail(bucket(by_pid, process->pid), &process->pid_link);
}

void process_adopt(struct process *parent, struct process *child)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	child->parent = parent;
	list_add_tail(&parent->children, &child->sibling);
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
	thread->birth = ++thread_births;
	atomic_add(&thread->process->nlive, 1);
	list_add_tail(&thread->process->threads, &thread->process_link);
	list_add_tail(bucket(by_tid, thread->tid), &thread->tid_link);
}

void thread_lead(struct thread *thread)
{
	struct process *process = thread->process;
	struct thread *former = process->leader;

	assert_hardened(spin_lock_held(&process_tree_lock));
	list_del(&former->process_link);
	list_del(&thread->tid_link);
	process->leader = thread;
	thread_id_put_locked(process, thread->tid);
	thread_set_tid(thread, process->pid);
	thread->birth = 0;
}

struct process *process_find_id(const struct process_id *id)
{
	struct process *process = process_find(id->pid);

	return process && process->birth == id->birth ? process : NULL;
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

void process_tree_pause(void)
{
	spin_unlock(&process_tree_lock);
	spin_lock(&process_tree_lock);
}

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

enum visit_next process_visit_next(unsigned *n)
{
	bool again = visits_again;

	assert_hardened(spin_lock_held(&process_tree_lock));
	visits_again = false;
	if (!again && ++*n < VISIT_PIECE && !piece_ends)
		return VISIT_ON;
	piece_ends = false;
	*n = 0;
	return again ? VISIT_PAUSED_AGAIN : VISIT_PAUSED;
}

/* A visit of the processes born after `after` and until `until`. Guarded by process_tree_lock. */
struct visit {
	void (*fn)(struct process *process, void *arg);
	void *arg;
	uint64_t after, until;
	unsigned n; /* walked since the lock was dropped */
};

/* Each bucket is in the order of births. */
static void visit_bucket(struct visit *visit, const struct list *head)
{
	struct process *process;
	struct process_id id;
	enum visit_next next;
	uint64_t last = 0;

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
		next = process_visit_next(&visit->n);
		if (next == VISIT_ON)
			continue;
		process_tree_pause();
		process = process_find_id(&id);
		if (!process)
			goto again;
		if (next == VISIT_PAUSED_AGAIN)
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
