/* SPDX-License-Identifier: MIT */
/* R151. Robust lists of threads that lie, loop, never end or point to nothing: the thread ends, the others go on. */
#include "thread.h"

#include <linux/futex.h>
#include <stddef.h>

struct lock {
	struct robust_list link;
	uint32_t word;
	uint32_t pad;
};

#define LOCKS  8
#define MANY   5000
#define OFFSET ((long)offsetof(struct lock, word))

static struct robust_list_head *head;
static struct lock *locks, *many;
static char *hole, *locked, *forbidden;

static void set_list(void *at)
{
	must_be("set_robust_list", syscall(SYS_set_robust_list, at, sizeof(*head)), 0);
}

/* The running thread owns the first n locks and lists them. */
static void own(int n)
{
	struct robust_list *at = &head->list;

	head->futex_offset = OFFSET;
	head->list_op_pending = NULL;
	for (int i = 0; i < n; i++) {
		locks[i].word = (uint32_t)gettid();
		at->next = &locks[i].link;
		at = at->next;
	}
	at->next = &head->list;
	set_list(head);
}

/* ---- lists ---- */

/* A lock on the list whose word has the thread's number gets FUTEX_OWNER_DIED, and has no owner any more. */
static void good(void)
{
	own(3);
}

/* A word with the number of another thread stays as it is. */
static void of_the_process(void)
{
	own(3);
	locks[1].word = (uint32_t)getpid();
}

/* FUTEX_WAITERS stays beside FUTEX_OWNER_DIED. */
static void twice(void)
{
	own(3);
	locks[2].link.next = &locks[0].link;
	locks[0].word |= FUTEX_WAITERS;
}

static void to_itself(void)
{
	own(3);
	locks[1].link.next = &locks[1].link;
}

/* A link to what cannot be read ends the walk: what comes before it is dealt with, and no signal is sent. */
static void to_a_hole(void)
{
	own(4);
	locks[1].link.next = (void *)hole;
}

static void to_the_kernel(void)
{
	own(4);
	locks[1].link.next = (void *)0xffffffc000000000;
}

static void to_null(void)
{
	own(4);
	locks[1].link.next = NULL;
}

static void to_forbidden(void)
{
	own(4);
	locks[1].link.next = (void *)forbidden;
}

/* Only the words that are the thread's are written to: another one may be read-only. */
static void to_read_only(void)
{
	own(4);
	locks[0].link.next = (void *)locked;
}

/* A word that is not aligned, or not there, ends the walk. */
static void misaligned_entry(void)
{
	own(4);
	locks[0].link.next = (void *)((char *)&locks[1] + 2);
}

static void misaligned_offset(void)
{
	own(4);
	head->futex_offset = OFFSET + 1;
}

static void huge_offset(void)
{
	own(4);
	head->futex_offset = 1l << 62;
}

static void negative_offset(void)
{
	own(4);
	head->futex_offset = -(1l << 40);
}

/* The word is where the offset says, be it in the next lock. */
static void shifted_offset(void)
{
	own(4);
	head->futex_offset = OFFSET + (long)sizeof(struct lock);
}

/* Without a head that can be read to its end when the thread ends, there is no list. */
static void head_in_hole(void)
{
	own(3);
	set_list(hole);
}

static void head_half_mapped(void)
{
	struct robust_list_head *at = (void *)(hole - 16);

	own(3);
	at->list.next = &locks[0].link;
	set_list(at);
}

static void head_is_null(void)
{
	own(3);
	set_list(NULL);
}

static void head_of_zeros(void)
{
	own(3);
	set_list(anon(PAGE));
}

static void head_goes(void)
{
	struct robust_list_head *at = (void *)anon(PAGE);

	own(3);
	*at = *head;
	set_list(at);
	munmap(at, PAGE);
}

/* The lock that was being taken or let go is dealt with, too, on the list or not; one that is not there does no harm. */
static void pending_in_hole(void)
{
	own(2);
	head->list_op_pending = (void *)hole;
}

static void pending_alone(void)
{
	own(2);
	locks[4].word = (uint32_t)gettid();
	head->list.next = &head->list;
	head->list_op_pending = &locks[4].link;
}

static void pending_is_head(void)
{
	own(2);
	head->list_op_pending = &head->list;
}

/* The lowest bit of a link marks a lock that inherits priorities: it is no part of the address. */
static void with_bit(void)
{
	own(3);
	locks[0].link.next = (void *)((uintptr_t)&locks[1].link | 1);
	locks[1].word |= FUTEX_WAITERS;
}

/* At most 2048 locks of a list are dealt with. */
static void endless(void)
{
	head->futex_offset = OFFSET;
	head->list_op_pending = NULL;
	head->list.next = &many[0].link;
	for (int i = 0; i < MANY; i++) {
		many[i].word = (uint32_t)gettid();
		many[i].link.next = &many[(i + 1) % MANY].link;
	}
	set_list(head);
}

/* ---- */

static void *set_and_end(void *prepare)
{
	(*(void (**)(void))prepare)();
	return NULL;
}

static void run(const char *what, void (*prepare)(void))
{
	int died = 0;

	memset(locks, 0, LOCKS * sizeof(*locks));
	join(start(set_and_end, &prepare));
	say("%s:", what);
	for (int i = 0; i < LOCKS; i++) {
		uint32_t word = __atomic_load_n(&locks[i].word, __ATOMIC_SEQ_CST);

		if (word)
			say(" %d%s%s%s", i, word & FUTEX_WAITERS ? " waiters" : "",
			    word & FUTEX_OWNER_DIED ? " died" : "",
			    word & FUTEX_TID_MASK ? " owned" : "");
	}
	for (int i = 0; i < MANY; i++)
		died += many[i].word == FUTEX_OWNER_DIED;
	if (died)
		say(" %d of %d died", died, MANY);
	memset(many, 0, MANY * sizeof(*many));
	say("\n");
}

/* Rings of several threads at a time are followed, too, each from its own head. */
static struct lock *rings[8];

static void *end_endless(void *arg)
{
	struct robust_list_head *own_head = (void *)anon(PAGE);
	struct lock *first = rings[(long)arg] = (struct lock *)(own_head + 1);

	own_head->futex_offset = OFFSET;
	own_head->list.next = &first[0].link;
	own_head->list_op_pending = &first[(long)arg % 3].link;
	for (int i = 0; i < 3; i++) {
		first[i].word = (uint32_t)gettid();
		first[i].link.next = &first[(i + 1) % 3].link;
	}
	set_list(own_head);
	return NULL;
}

static void at_once(void)
{
	pthread_t threads[8];
	int died = 0;

	start_all(threads, 8, end_endless);
	join_all(threads, 8);
	for (int i = 0; i < 8 * 3; i++)
		died += rings[i / 3][i % 3].word == FUTEX_OWNER_DIED;
	say("at once: %d of %d died\n", died, 8 * 3);
}

/* A thread's list is its own, and any thread of the process may ask for it. */
static pid_t tid;
static int go;

static void *keep(void *unused)
{
	own(1);
	__atomic_store_n(&tid, gettid(), __ATOMIC_SEQ_CST);
	until_flag(&go, 1);
	return unused;
}

static void asks(void)
{
	void *mine = NULL, *of_other = NULL;
	pthread_t thread = start(keep, NULL);
	size_t len = 0;

	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST) == 0)
		sched_yield();
	TRY(syscall(SYS_get_robust_list, 0, &mine, &len));
	TRY(syscall(SYS_get_robust_list, tid, &of_other, &len));
	say("another list: %d, its own: %d, length right: %d\n", mine != of_other, of_other == head,
	    len == sizeof(*head));
	raise_flag(&go);
	join(thread);
}

/* SIGKILL ends all threads of a process, and each one's list is dealt with. */
static struct robust_list_head *heads;

static void *own_and_wait(void *arg)
{
	struct robust_list_head *mine = &heads[(long)arg];
	struct lock *lock = &locks[(long)arg];

	lock->word = (uint32_t)gettid();
	lock->link.next = &mine->list;
	mine->list.next = &lock->link;
	mine->futex_offset = OFFSET;
	mine->list_op_pending = NULL;
	set_list(mine);
	raise_flag(&go);
	wait_for_ever();
	return NULL;
}

static int be_killed(void *unused)
{
	pthread_t threads[LOCKS];

	(void)unused;
	go = 0;
	start_all(threads, LOCKS, own_and_wait);
	until_flag(&go, LOCKS);
	kill(getpid(), SIGKILL);
	return 1;
}

static void killed(void)
{
	int died = 0;

	heads = (void *)mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	in_child("killed", be_killed, NULL);
	for (int i = 0; i < LOCKS; i++)
		died += locks[i].word == FUTEX_OWNER_DIED;
	say("%d of %d died\n", died, LOCKS);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*prepare)(void);
	} lists[] = {
		{ "good", good },
		{ "a word of the first thread", of_the_process },
		{ "a loop", twice },
		{ "an entry that is its own next", to_itself },
		{ "to a hole", to_a_hole },
		{ "to the kernel", to_the_kernel },
		{ "to null", to_null },
		{ "to forbidden memory", to_forbidden },
		{ "to a word that is read-only", to_read_only },
		{ "a misaligned entry", misaligned_entry },
		{ "a misaligned offset", misaligned_offset },
		{ "a huge offset", huge_offset },
		{ "a negative offset", negative_offset },
		{ "an offset of the next one", shifted_offset },
		{ "a head in a hole", head_in_hole },
		{ "a head half mapped", head_half_mapped },
		{ "no head", head_is_null },
		{ "a head of zeros", head_of_zeros },
		{ "a head that goes", head_goes },
		{ "pending in a hole", pending_in_hole },
		{ "pending alone", pending_alone },
		{ "pending is the head", pending_is_head },
		{ "the bit of another kind", with_bit },
		{ "endless", endless },
	};

	locks = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	many = (void *)anon(MANY * sizeof(*many));
	head = (void *)anon(PAGE);
	hole = before_hole(1) + PAGE;
	locked = anon(PAGE);
	((struct lock *)locked)->link.next = &locks[3].link;
	MUST(mprotect(locked, PAGE, PROT_READ));
	forbidden = anon(PAGE);
	MUST(mprotect(forbidden, PAGE, PROT_NONE));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		run(lists[i].name, lists[i].prepare);
	at_once();
	asks();
	killed();
	return 0;
}
