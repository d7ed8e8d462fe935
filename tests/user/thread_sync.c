/* SPDX-License-Identifier: MIT */
/* R150 R151. Barriers, locks of readers and writers, semaphores, spin locks, and what is done once. */
#include "thread.h"

/* ---- barriers ---- */

#define AT_BARRIER 5
#define ROUNDS	   40

static pthread_barrier_t barrier;
static int arrived, serials, early;

static void *meet(void *unused)
{
	for (int i = 1; i <= ROUNDS; i++) {
		raise_flag(&arrived);
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			raise_flag(&serials);
		if (flag_now(&arrived) < i * AT_BARRIER)
			raise_flag(&early);
	}
	return unused;
}

/* A barrier of n lets nobody through before n have come, and tells one of each n that it is the serial thread. */
static void barriers(void)
{
	pthread_t threads[AT_BARRIER];

	ASK(pthread_barrier_init(&barrier, NULL, 0));
	ASK(pthread_barrier_init(&barrier, NULL, 1));
	say("alone: %d\n", pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
	ASK(pthread_barrier_destroy(&barrier));
	ASK(pthread_barrier_init(&barrier, NULL, AT_BARRIER));
	for (int i = 0; i < AT_BARRIER; i++)
		threads[i] = start(meet, NULL);
	join_all(threads, AT_BARRIER);
	ASK(pthread_barrier_destroy(&barrier));
	say("%d came, %d were the last, %d too early\n", arrived, serials, early);
}

/* ---- readers and writers ---- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int readers_in, pair[2], torn;

static void *read_together(void *unused)
{
	pthread_rwlock_rdlock(&rwlock);
	raise_flag(&readers_in);
	until_flag(&readers_in, 4);
	pthread_rwlock_unlock(&rwlock);
	return unused;
}

static void *try_both(void *unused)
{
	struct timespec soon = later(CLOCK_REALTIME, 2 * MS), past = { 1, 0 };

	ASK(pthread_rwlock_tryrdlock(&rwlock)) == 0 ? pthread_rwlock_unlock(&rwlock) : 0;
	ASK(pthread_rwlock_trywrlock(&rwlock)) == 0 ? pthread_rwlock_unlock(&rwlock) : 0;
	ASK(pthread_rwlock_timedrdlock(&rwlock, &past)) == 0 ? pthread_rwlock_unlock(&rwlock) : 0;
	ASK(pthread_rwlock_timedwrlock(&rwlock, &soon)) == 0 ? pthread_rwlock_unlock(&rwlock) : 0;
	say("early: %d\n", !has_come(CLOCK_REALTIME, soon));
	return unused;
}

static void *write_pairs(void *unused)
{
	for (int i = 0; i < 200; i++) {
		pthread_rwlock_wrlock(&rwlock);
		pair[0]++;
		if (i % 8 == 0)
			sched_yield();
		pair[1]++;
		pthread_rwlock_unlock(&rwlock);
	}
	return unused;
}

static void *read_pairs(void *unused)
{
	for (int i = 0; i < 200; i++) {
		pthread_rwlock_rdlock(&rwlock);
		if (((volatile int *)pair)[0] != ((volatile int *)pair)[1])
			raise_flag(&torn);
		pthread_rwlock_unlock(&rwlock);
	}
	return unused;
}

/* Readers share a lock, a writer has it alone, and who holds it for writing gets EDEADLK for a second lock. */
static void rwlocks(void)
{
	pthread_rwlockattr_t attr;
	pthread_t threads[6];

	start_all(threads, 4, read_together);
	for (int i = 0; i < 4; i++)
		join(threads[i]);
	say("%d readers at once\n", readers_in);
	say("while it is read\n");
	ASK(pthread_rwlock_rdlock(&rwlock));
	join(start(try_both, NULL));
	ASK(pthread_rwlock_unlock(&rwlock));
	say("while it is written\n");
	ASK(pthread_rwlock_wrlock(&rwlock));
	ASK(pthread_rwlock_wrlock(&rwlock));
	ASK(pthread_rwlock_rdlock(&rwlock));
	join(start(try_both, NULL));
	ASK(pthread_rwlock_unlock(&rwlock));
	for (int kind = PTHREAD_RWLOCK_PREFER_READER_NP;
	     kind <= PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP; kind++) {
		pair[0] = pair[1] = torn = 0;
		MUST(pthread_rwlockattr_init(&attr));
		MUST(pthread_rwlockattr_setkind_np(&attr, kind));
		ASK(pthread_rwlock_init(&rwlock, &attr));
		for (int i = 0; i < 6; i++)
			threads[i] = start(i % 3 == 0 ? write_pairs : read_pairs, NULL);
		join_all(threads, 6);
		ASK(pthread_rwlock_destroy(&rwlock));
		say("kind %d: %d %d, %d torn\n", kind, pair[0], pair[1], torn);
	}
}

/* ---- semaphores ---- */

static sem_t sem, back;
static int interrupts;

static void *wait_and_post(void *unused)
{
	for (int i = 0; i < 100; i++) {
		sem_wait(&sem);
		sem_post(&back);
	}
	return unused;
}

static void count_interrupt(int sig)
{
	(void)sig;
	interrupts++;
}

static void *be_interrupted(void *done)
{
	TRY(sem_wait(&sem));
	raise_flag(done);
	return NULL;
}

static void interrupt(const char *what, int flags)
{
	struct sigaction act = { .sa_handler = count_interrupt, .sa_flags = flags };
	pthread_t thread;
	int done = 0;

	say("%s\n", what);
	interrupts = 0;
	sem_init(&sem, 0, 0);
	sigaction(SIGUSR1, &act, NULL);
	thread = start(be_interrupted, &done);
	if (flags == 0) {
		/* Until it is in the wait, the handler interrupts nothing. */
		while (!flag_now(&done)) {
			pthread_kill(thread, SIGUSR1);
			nap(1);
		}
	} else {
		until_others_wait(1);
		pthread_kill(thread, SIGUSR1);
		while (*(volatile int *)&interrupts == 0)
			sched_yield();
		sem_post(&sem);
	}
	join(thread);
	say("handlers: %d\n", interrupts > 0);
}

/* A wrong time is EINVAL even if the semaphore can be had; after a handler sem_wait() is EINTR, unless that has SA_RESTART. */
static void semaphores(void)
{
	struct timespec soon = later(CLOCK_REALTIME, 2 * MS), past = { 1, 0 }, bad = { 1, -1 };
	pthread_t threads[4];
	int value;

	TRY(sem_init(&sem, 0, 0x80000000u));
	TRY(sem_init(&sem, 0, 0x7fffffffu));
	TRY(sem_post(&sem));
	TRY(sem_init(&sem, 0, 2));
	TRY(sem_trywait(&sem));
	TRY(sem_wait(&sem));
	TRY(sem_trywait(&sem));
	TRY(sem_timedwait(&sem, &soon));
	say("early: %d\n", !has_come(CLOCK_REALTIME, soon));
	TRY(sem_timedwait(&sem, &past));
	TRY(sem_timedwait(&sem, &bad));
	TRY(sem_post(&sem));
	TRY(sem_timedwait(&sem, &bad));
	sem_init(&back, 0, 0);
	start_all(threads, 4, wait_and_post);
	for (int i = 0; i < 400; i++)
		sem_post(&sem);
	for (int i = 0; i < 400; i++)
		sem_wait(&back);
	for (int i = 0; i < 4; i++)
		join(threads[i]);
	TRY((sem_getvalue(&sem, &value), value));
	TRY((sem_getvalue(&back, &value), value));
	interrupt("a handler", 0);
	interrupt("SA_RESTART", SA_RESTART);
}

/* ---- spin locks ---- */

static pthread_spinlock_t spin;
static volatile int spun;

static void *spin_a_while(void *unused)
{
	for (int i = 0; i < 300; i++) {
		pthread_spin_lock(&spin);
		spun = spun + 1;
		if (i % 100 == 0)
			sched_yield();
		pthread_spin_unlock(&spin);
	}
	return unused;
}

/* A spin lock that is held is EBUSY for pthread_spin_trylock(), for its holder, too. */
static void spins(void)
{
	pthread_t threads[3];

	ASK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
	ASK(pthread_spin_trylock(&spin));
	ASK(pthread_spin_trylock(&spin));
	ASK(pthread_spin_unlock(&spin));
	for (int i = 0; i < 3; i++)
		threads[i] = start(spin_a_while, NULL);
	join_all(threads, 3);
	say("%d turns\n", spun);
	ASK(pthread_spin_destroy(&spin));
}

/* ---- once ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT, later_once = PTHREAD_ONCE_INIT;
static int done_once, begun, done_later;

#define SEERS 8

static void do_once(void)
{
	until_others_wait(
		SEERS); /* the others, who wait for this, and the first thread, who joins them */
	raise_flag(&done_once);
}

static void *ask_once(void *unused)
{
	pthread_once(&once, do_once);
	return (void *)(long)(flag_now(&done_once) == 1 && !unused);
}

static void *see_once(void *unused)
{
	(void)unused;
	return ask_once(NULL);
}

/* The first one is cancelled in it, so it is done anew. */
static void do_later(void)
{
	raise_flag(&begun);
	if (flag_now(&begun) == 1)
		wait_for_ever();
	raise_flag(&done_later);
}

static void *ask_later(void *unused)
{
	pthread_once(&later_once, do_later);
	return unused;
}

/* pthread_once() returns when the call is over, whoever makes it; a call that was cancelled is made anew. */
static void onces(void)
{
	pthread_t threads[SEERS], first, second;

	start_all(threads, SEERS, see_once);
	say("%ld of %d saw it done, %d times\n", join_all(threads, SEERS), SEERS, done_once);
	first = start(ask_later, NULL);
	until_flag(&begun, 1);
	second = start(ask_later, NULL);
	until_others_wait(2);
	pthread_cancel(first);
	say("cancelled: %d\n", join(first) == PTHREAD_CANCELED);
	join(second);
	say("begun %d times, done %d times\n", begun, done_later);
}

int main(void)
{
	barriers();
	rwlocks();
	semaphores();
	spins();
	onces();
	return 0;
}
