/* SPDX-License-Identifier: MIT */
/* R151. Futexes with priority inheritance: what they refuse and say, in what order threads get them, deadlocks, owners that die. */
#include "thread.h"

#include <linux/futex.h>
#include <stddef.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static long futex(uint32_t *word, int op, uint32_t value, const void *time, uint32_t *second,
		  uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, time, second, value3);
}

#define COUNT(n)		      ((const void *)(long)(n))
#define LOCK(word, time)	      futex(word, FUTEX_LOCK_PI, 0, time, NULL, 0)
#define LOCK2(word, time)	      futex(word, FUTEX_LOCK_PI2, 0, time, NULL, 0)
#define UNLOCK(word)		      futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0)
#define TRYLOCK(word)		      futex(word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0)
#define WAIT_FOR(word, v, time, lock) futex(word, FUTEX_WAIT_REQUEUE_PI, v, time, lock, 0)
#define MOVE(word, n, lock, v)	      futex(word, FUTEX_CMP_REQUEUE_PI, 1, COUNT(n), lock, v)

/* Shared with children. `locks` are locks, `conds` words on which threads wait to be moved to a lock. */
static struct shared {
	struct robust_list_head head;
	struct {
		struct robust_list link;
		uint32_t word, pad;
	} robust[4];
	uint32_t locks[16], conds[4];
	int ready, stop;
} * s;

#define MAIN 0
#define MOST 6

static int tids[MOST + 1]; /* of the threads that a word may name; the first is this one */

/* Who has the lock, as its word says. */
static void tell(const char *what, const uint32_t *at)
{
	uint32_t word = __atomic_load_n(at, __ATOMIC_SEQ_CST), tid = word & FUTEX_TID_MASK;
	char who[20] = "another";

	if (!tid)
		strcpy(who, "nobody");
	else if (tid == (uint32_t)gettid())
		strcpy(who, "this one");
	for (int i = 0; i <= MOST; i++)
		if (tid && tid == (uint32_t)tids[i])
			snprintf(who, sizeof(who), i ? "thread %d" : "the first", i);
	say("%s: %s%s%s\n", what, who, word & FUTEX_WAITERS ? ", waiters" : "",
	    word & FUTEX_OWNER_DIED ? ", owner died" : "");
}

/* ---- threads that lock ---- */

struct job {
	int number, op, priority;
	uint32_t *word, *cond;
	uint32_t value;
	const struct timespec *time;
	bool keeps, dies; /* it has the lock until `stop`; it ends without an unlock */
	pthread_t thread;
	long answer; /* 0 or an error's number, of the call and of the unlock */
	long released;
	int turn;	/* as which one the call returned */
	uint32_t found; /* the word then */
};

static int turns, started, ended_jobs, stop;

static void *do_job(void *arg)
{
	struct job *job = arg;
	struct sched_param param = { job->priority };

	if (job->priority)
		MUST(pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
	tids[job->number] = gettid();
	raise_flag(&started);
	job->answer = futex(job->cond ?: job->word, job->op, job->value, job->time, job->word, 0);
	job->answer = job->answer == -1 ? errno : job->answer;
	job->turn = __atomic_add_fetch(&turns, 1, __ATOMIC_SEQ_CST);
	job->found = __atomic_load_n(job->word, __ATOMIC_SEQ_CST);
	while (job->keeps && !flag_now(&stop))
		nap(1);
	if (job->answer == 0 && !job->dies)
		job->released = UNLOCK(job->word) == -1 ? errno : 0;
	raise_flag(&ended_jobs);
	return NULL;
}

/* Starts a thread, and returns when it and all that were started before wait. */
static void begin(struct job *job, int n)
{
	job->thread = start(do_job, job);
	until_flag(&started, n);
	until_others_wait(n);
}

/* What became of one that has ended. */
static void report(const struct job *job, bool with_turn)
{
	char what[40], turn[20] = "";

	if (with_turn)
		snprintf(turn, sizeof(turn), "turn %d, ", job->turn);
	snprintf(what, sizeof(what), "thread %d, %s%s", job->number, turn,
		 job->answer ? strerrorname_np((int)job->answer) : "0");
	tell(what, &job->found);
	if (job->answer == 0 && !job->dies)
		say("its unlock: %s\n", job->released ? strerrorname_np((int)job->released) : "0");
}

static void finish(struct job *job)
{
	join(job->thread);
	report(job, true);
}

static void again(void)
{
	turns = started = ended_jobs = stop = 0;
	memset(tids + 1, 0, sizeof(tids) - sizeof(tids[0]));
}

/* The lock is this thread's; n others wait for it in that order, then it is released. */
static void in_turn(struct job *jobs, int n)
{
	uint32_t *word = jobs[0].word;

	again();
	TRY(LOCK(word, NULL));
	for (int i = 0; i < n; i++) {
		jobs[i].number = i + 1;
		begin(&jobs[i], i + 1);
	}
	tell("before", word);
	TRY(UNLOCK(word));
	for (int i = 0; i < n; i++)
		finish(&jobs[i]);
	tell("after", word);
}

/* ---- the cases ---- */

/* Memory that cannot be written is EFAULT, whatever the call would do with it. */
static void refusals(void)
{
	static const struct {
		const char *name;
		int op;
	} ops[] = { { "LOCK_PI", FUTEX_LOCK_PI },
		    { "LOCK_PI2", FUTEX_LOCK_PI2 },
		    { "TRYLOCK_PI", FUTEX_TRYLOCK_PI },
		    { "UNLOCK_PI", FUTEX_UNLOCK_PI },
		    { "WAIT_REQUEUE_PI", FUTEX_WAIT_REQUEUE_PI },
		    { "CMP_REQUEUE_PI", FUTEX_CMP_REQUEUE_PI } };
	uint32_t *hole = (uint32_t *)before_hole(1) + PAGE / 4;
	uint32_t *kernel = (uint32_t *)0xffffffc000000000;
	uint32_t *word = s->locks, *odd = (uint32_t *)((char *)s->locks + 2);
	uint32_t *locked = (uint32_t *)anon(PAGE);
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };

	locked[0] = 0;
	mprotect(locked, PAGE, PROT_READ);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		int op = ops[i].op;
		const void *time = op == FUTEX_CMP_REQUEUE_PI ? COUNT(1) : NULL;

		say("%s\n", ops[i].name);
		TRY(futex(odd, op, 1, time, word + 1, 0));
		TRY(futex(hole, op, 1, time, word + 1, 0));
		TRY(futex(hole, op | FUTEX_PRIVATE_FLAG, 1, time, word + 1, 0));
		TRY(futex(kernel, op, 1, time, word + 1, 0));
		if (op != FUTEX_UNLOCK_PI)
			TRY(futex(locked, op, 1, time, word + 1, 0));
		if (op != FUTEX_LOCK_PI2 && op != FUTEX_WAIT_REQUEUE_PI)
			TRY(futex(word, op | FUTEX_CLOCK_REALTIME, 1, time, word + 1, 0));
		if (op == FUTEX_WAIT_REQUEUE_PI || op == FUTEX_CMP_REQUEUE_PI) {
			TRY(futex(word, op, 1, time, odd, 0));
			TRY(futex(word, op, 1, time, hole, 0));
			TRY(futex(word, op, 1, time, locked, 0));
			TRY(futex(word, op, 1, time, word, 0));
			TRY(futex(word, op | FUTEX_PRIVATE_FLAG, 1, time, word, 0));
		}
		if (op != FUTEX_TRYLOCK_PI && op != FUTEX_UNLOCK_PI && op != FUTEX_CMP_REQUEUE_PI) {
			TRY(futex(word, op, 1, &bad, word + 1, 0));
			TRY(futex(word, op, 1, &negative, word + 1, 0));
			TRY(futex(word, op, 1, (void *)8, word + 1, 0));
		}
	}
	say("other arguments\n");
	TRY(WAIT_FOR(s->conds, 1, NULL, word));
	TRY(futex(s->conds, FUTEX_CMP_REQUEUE_PI, 1, COUNT(1), word, 1));
	TRY(MOVE(s->conds, 1, word, 0));
	TRY(MOVE(s->conds, -1, word, 0));
	TRY(futex(s->conds, FUTEX_CMP_REQUEUE_PI, 0, COUNT(1), word, 0));
	TRY(futex(s->conds, FUTEX_CMP_REQUEUE_PI, 2, COUNT(1), word, 0));
	tell("the word", word);
}

/* What a thread does alone: the owner, a word that is free, and the words of owners that are not there. */
static void alone(void)
{
	uint32_t *word = s->locks;
	pid_t pid;

	TRY(UNLOCK(word));
	TRY(LOCK(word, NULL));
	tell("locked", word);
	TRY(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	TRY(TRYLOCK(word));
	TRY(UNLOCK(word));
	tell("unlocked", word);
	TRY(TRYLOCK(word));
	tell("tried", word);
	*word |= FUTEX_WAITERS | FUTEX_OWNER_DIED;
	TRY(LOCK(word, NULL));
	TRY(UNLOCK(word));
	tell("unlocked", word);
	*word = FUTEX_OWNER_DIED;
	TRY(LOCK(word, NULL));
	tell("of a dead owner", word);
	*word = FUTEX_WAITERS | FUTEX_OWNER_DIED;
	TRY(TRYLOCK(word));
	tell("of a dead owner that had waiters", word);
	*word = FUTEX_WAITERS;
	TRY(LOCK2(word, NULL));
	tell("of nobody with waiters", word);
	*word = FUTEX_TID_MASK;
	TRY(LOCK(word, NULL));
	tell("of an owner that does not exist", word);
	TRY(futex(word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	TRY(UNLOCK(word));
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	*word = (uint32_t)pid;
	TRY(LOCK(word, NULL));
	*word = 0;
}

/* A zombie has let go of all its locks: it is no owner. */
static void zombie(void)
{
	uint32_t *word = s->locks;
	struct timespec past = { 0, 0 };
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	*word = (uint32_t)pid;
	TRY(LOCK(word, &past));
	TRY(TRYLOCK(word));
	waitpid(pid, NULL, 0);
	*word = 0;
}

/* The lock is handed over: to those of real-time priorities first, then in the order in which they came. */
static void order(void)
{
	uint32_t *word = s->locks;
	struct job arrival[] = { { .op = FUTEX_LOCK_PI, .word = word },
				 { .op = FUTEX_LOCK_PI, .word = word },
				 { .op = FUTEX_LOCK_PI2, .word = word } };
	struct job by_priority[] = { { .op = FUTEX_LOCK_PI, .word = word },
				     { .op = FUTEX_LOCK_PI, .word = word, .priority = 10 },
				     { .op = FUTEX_LOCK_PI, .word = word, .priority = 30 },
				     { .op = FUTEX_LOCK_PI, .word = word, .priority = 20 },
				     { .op = FUTEX_LOCK_PI, .word = word },
				     { .op = FUTEX_LOCK_PI, .word = word, .priority = 20 } };

	in_turn(arrival, 3);
	in_turn(by_priority, 6);
}

/* A thread that waits goes to the place of its new priority. */
static void new_priority(void)
{
	uint32_t *word = s->locks;
	struct job jobs[3];

	again();
	TRY(LOCK(word, NULL));
	for (int i = 0; i < 3; i++) {
		jobs[i] = (struct job){ .number = i + 1, .op = FUTEX_LOCK_PI, .word = word };
		jobs[i].priority = i == 0 ? 20 : 0;
		begin(&jobs[i], i + 1);
	}
	MUST(sched_setscheduler(tids[3], SCHED_RR, &(struct sched_param){ 10 }));
	MUST(sched_setscheduler(tids[1], SCHED_OTHER, &(struct sched_param){ 0 }));
	TRY(UNLOCK(word));
	for (int i = 0; i < 3; i++)
		finish(&jobs[i]);
	tell("after", word);
}

/* Who has the lock, while others wait for it. */
static void contended(void)
{
	uint32_t *word = s->locks;
	struct job jobs[] = {
		{ .number = 1, .op = FUTEX_LOCK_PI, .word = word, .keeps = true },
		{ .number = 2, .op = FUTEX_LOCK_PI, .word = word },
	};

	again();
	TRY(LOCK(word, NULL));
	begin(&jobs[0], 1);
	tell("one waits", word);
	TRY(UNLOCK(word));
	until_flag(&turns, 1);
	tell("handed over", word);
	TRY(UNLOCK(word));
	TRY(TRYLOCK(word));
	tell("tried", word);
	jobs[1].thread = start(do_job, &jobs[1]);
	until_flag(&started, 2);
	until_others_wait(2);
	raise_flag(&stop);
	finish(&jobs[0]);
	finish(&jobs[1]);
	tell("after", word);
}

/* Deadlines are absolute: of LOCK_PI on the wall clock, of LOCK_PI2 on the one that is asked for. */
static void timeouts(void)
{
	uint32_t *word = s->locks;
	struct timespec past = { 0, 0 }, soon;
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = word, .time = &soon };
	const int ops[] = { FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME };
	const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_REALTIME };

	TRY(LOCK(word, &past));
	tell("a free lock", word);
	for (int i = 0; i < 3; i++) {
		again();
		soon = later(clocks[i], 20 * MS);
		job.op = ops[i];
		job.thread = start(do_job, &job);
		finish(&job);
		say("in time: %d\n", has_come(clocks[i], soon));
		tell("after", word);
		soon = past;
		*word = (uint32_t)gettid();
		again();
		job.thread = start(do_job, &job);
		finish(&job);
		tell("after", word);
	}
	TRY(UNLOCK(word));
	tell("unlocked", word);
}

/* Whoever gives up leaves the others where they are. */
static void giving_up(void)
{
	uint32_t *word = s->locks;
	struct timespec soon = later(CLOCK_REALTIME, 300 * MS);
	struct job jobs[] = {
		{ .number = 1, .op = FUTEX_LOCK_PI, .word = word, .time = &soon },
		{ .number = 2, .op = FUTEX_LOCK_PI, .word = word },
		{ .number = 3, .op = FUTEX_LOCK_PI, .word = word, .time = &soon, .priority = 9 },
	};

	again();
	TRY(LOCK(word, NULL));
	for (int i = 0; i < 3; i++) {
		jobs[i].thread = start(do_job, &jobs[i]);
		until_flag(&started, i + 1);
	}
	until_flag(&turns, 2);
	tell("two have left", word);
	TRY(UNLOCK(word));
	for (int i = 0; i < 3; i++) {
		join(jobs[i].thread);
		report(&jobs[i], i == 1); /* either of the two may be first */
	}
	tell("after", word);
}

/* A word that a program has changed while there are waiters. */
static void inconsistent(void)
{
	uint32_t *word = s->locks;
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = word };
	uint32_t right;

	again();
	TRY(LOCK(word, NULL));
	begin(&job, 1);
	right = *word;
	*word = FUTEX_TID_MASK;
	TRY(LOCK(word, NULL));
	TRY(TRYLOCK(word));
	*word = 0;
	TRY(LOCK(word, NULL));
	*word = FUTEX_OWNER_DIED | 1;
	TRY(LOCK(word, NULL));
	*word = (uint32_t)tids[1] | FUTEX_WAITERS;
	TRY(LOCK(word, NULL));
	*word = right;
	TRY(UNLOCK(word));
	finish(&job);
	/* the owner by the word alone */
	again();
	*word = 0;
	TRY(LOCK(word, NULL));
	job = (struct job){ .number = 1, .op = FUTEX_LOCK_PI, .word = word };
	begin(&job, 1);
	tell("before", word);
	*word = (uint32_t)gettid(); /* the bit is lost */
	TRY(UNLOCK(word));
	finish(&job);
	tell("after", word);
}

static void *unlock_others(void *arg)
{
	uint32_t *word = arg;

	*word = (uint32_t)gettid() | FUTEX_WAITERS;
	TRY(UNLOCK(word));
	return NULL;
}

/* One that says it is the owner, but is not. */
static void usurper(void)
{
	uint32_t *word = s->locks;
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = word };
	uint32_t right;

	again();
	TRY(LOCK(word, NULL));
	begin(&job, 1);
	right = *word;
	join(start(unlock_others, word));
	*word = right;
	TRY(UNLOCK(word));
	finish(&job);
}

/* ---- deadlocks ---- */

struct chain {
	int n, place;
};

/* Each owner of a lock of a chain waits for the next one; the last wait would close the ring. */
static void *link_of_chain(void *arg)
{
	struct chain *c = arg;
	uint32_t *mine = &s->locks[c->place], *next = mine + 1;

	if (LOCK(mine, NULL))
		_exit(94);
	raise_flag(&started);
	until_flag(&started, c->n);
	raise_flag(&turns);
	if (LOCK(next, NULL) || UNLOCK(next) || UNLOCK(mine))
		_exit(94);
	return NULL;
}

static void ring(int n)
{
	struct timespec past = { 0, 0 }; /* a kernel that would wait does not wait for ever */
	struct chain chains[16];
	pthread_t threads[16];

	again();
	say("%d locks\n", n);
	TRY(LOCK(&s->locks[n - 1], NULL));
	raise_flag(&started);
	for (int i = 0; i < n - 1; i++) {
		chains[i] = (struct chain){ n, i };
		threads[i] = start(link_of_chain, &chains[i]);
	}
	until_flag(&turns, n - 1);
	until_others_wait(n - 1);
	TRY(LOCK(&s->locks[0], &past));
	TRY(LOCK2(&s->locks[0], &past));
	TRY(TRYLOCK(&s->locks[0]));
	TRY(UNLOCK(&s->locks[n - 1]));
	for (int i = 0; i < n - 1; i++)
		join(threads[i]);
	for (int i = 0; i < n; i++)
		if (s->locks[i])
			tell("after", &s->locks[i]);
}

/* A ring of threads that wait for each other is refused to the last one; the others go on. */
static void deadlocks(void)
{
	ring(2);
	ring(3);
	ring(9);
}

/* ---- owners that die ---- */

static void *lock_and_end(void *arg)
{
	uint32_t *word = arg;

	tids[2] = gettid();
	if (LOCK(word, NULL))
		_exit(94);
	raise_flag(&started);
	until_flag(&stop, 1);
	return NULL;
}

/* The next one gets the lock of a thread that has ended, and is told so by its word. No list is needed for that. */
static void dead_thread(void)
{
	uint32_t *word = s->locks;
	struct job jobs[] = {
		{ .number = 1, .op = FUTEX_LOCK_PI, .word = word },
		{ .number = 3, .op = FUTEX_LOCK_PI, .word = word },
	};
	pthread_t owner;

	again();
	owner = start(lock_and_end, word);
	until_flag(&started, 1);
	jobs[0].thread = start(do_job, &jobs[0]);
	until_flag(&started, 2);
	until_others_wait(2); /* the owner, for the flag, too */
	jobs[1].thread = start(do_job, &jobs[1]);
	until_flag(&started, 3);
	until_others_wait(3);
	tell("before", word);
	raise_flag(&stop);
	join(owner);
	finish(&jobs[0]);
	finish(&jobs[1]);
	tell("after", word);
	/* one that nobody waits for */
	again();
	owner = start(lock_and_end, word);
	until_flag(&started, 1);
	raise_flag(&stop);
	join(owner);
	TRY(LOCK(word, NULL));
	tell("nobody waited", word);
	*word = 0;
}

/* Every lock of one that has ended is released. */
static void *lock_all_and_end(void *arg)
{
	for (int i = 0; i < MOST; i++)
		if (LOCK(&s->locks[i], NULL))
			_exit(94);
	raise_flag(&started);
	until_flag(&stop, 1);
	return arg;
}

static void dead_owner_of_many(void)
{
	struct job jobs[MOST];
	pthread_t owner;

	again();
	owner = start(lock_all_and_end, NULL);
	until_flag(&started, 1);
	for (int i = 0; i < MOST; i++) {
		jobs[i] = (struct job){ .number = i + 1, .op = FUTEX_LOCK_PI };
		jobs[i].word = &s->locks[i];
		jobs[i].thread = start(do_job, &jobs[i]);
	}
	until_flag(&started, MOST + 1);
	until_others_wait(MOST + 1);
	raise_flag(&stop);
	join(owner);
	for (int i = 0; i < MOST; i++) {
		join(jobs[i].thread);
		report(&jobs[i], false);
	}
}

/* A child that owns all robust locks, the last one while it was taking it, and ends. */
static void own_robust(void)
{
	struct robust_list *at = &s->head.list;
	int n = sizeof(s->robust) / sizeof(s->robust[0]);

	s->head.futex_offset = offsetof(typeof(s->robust[0]), word);
	for (int i = 0; i < n; i++) {
		s->robust[i].word = 0;
		if (LOCK(&s->robust[i].word, NULL))
			_exit(94);
		if (i < n - 1) {
			at->next = (void *)((uintptr_t)&s->robust[i].link | 1);
			at = &s->robust[i].link;
		}
	}
	at->next = &s->head.list;
	s->head.list_op_pending = (void *)((uintptr_t)&s->robust[n - 1].link | 1);
	syscall(SYS_set_robust_list, &s->head, sizeof(s->head));
	raise_flag(&s->ready);
	until_flag(&s->stop, 1);
}

static void robust_end(const char *what, bool by_kill, bool waited)
{
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = &s->robust[1].word };
	pid_t pid;
	int status;

	say("%s\n", what);
	again();
	s->ready = s->stop = 0;
	pid = fork();
	if (pid == 0) {
		own_robust();
		_exit(0);
	}
	until_flag(&s->ready, 1);
	if (waited)
		begin(&job, 1);
	if (by_kill)
		kill(pid, SIGKILL);
	raise_flag(&s->stop);
	waitpid(pid, &status, 0);
	if (waited)
		finish(&job);
	for (int i = 0; i < 4; i++)
		tell("word", &s->robust[i].word);
	for (int i = 0; i < 2; i++) {
		TRY(LOCK(&s->robust[i].word, NULL));
		tell("taken", &s->robust[i].word);
		TRY(UNLOCK(&s->robust[i].word));
		tell("released", &s->robust[i].word);
	}
}

/* The words of robust locks say that the owner died, whether anybody waited or not. */
static void robust(void)
{
	robust_end("an exit", false, false);
	robust_end("a kill", true, false);
	robust_end("an exit, and one waits", false, true);
	robust_end("a kill, and one waits", true, true);
}

/* exec ends the thread's ownership, too: the new program, which knows nothing of it, need not end for that. */
static void exec_owner(void)
{
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = s->locks };
	pid_t pid;
	int status;

	again();
	s->ready = s->stop = 0;
	pid = fork();
	if (pid == 0) {
		if (LOCK(s->locks, NULL))
			_exit(94);
		raise_flag(&s->ready);
		until_flag(&s->stop, 1);
		execl("/proc/self/exe", "futex_pi", "quiet", NULL);
		_exit(93);
	}
	until_flag(&s->ready, 1);
	begin(&job, 1);
	raise_flag(&s->stop);
	for (int i = 0; i < LOOKS && !flag_now(&turns); i++)
		nap(1);
	say("released: %d\n", flag_now(&turns));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ended("the owner", status);
	finish(&job);
	tell("after", s->locks);
}

/* A waiter that is killed is skipped; the lock goes to the next one. */
static void killed_waiter(void)
{
	uint32_t *word = s->locks;
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = word };
	pid_t pid;
	int status;

	again();
	s->ready = 0;
	TRY(LOCK(word, NULL));
	pid = fork();
	if (pid == 0) {
		raise_flag(&s->ready);
		LOCK(word, NULL);
		_exit(94);
	}
	until_flag(&s->ready, 1);
	until_it_sleeps(pid);
	begin(&job, 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ended("the first", status);
	tell("before", word);
	TRY(UNLOCK(word));
	finish(&job);
	tell("after", word);
}

/* ---- with other commands ---- */

/* The commands of futexes without inheritance are refused where a thread waits for a lock, and the other way round. */
static void mixed(void)
{
	uint32_t *word = s->locks, *cond = s->conds;
	struct job job = { .number = 1, .op = FUTEX_LOCK_PI, .word = word };
	struct job moves = { .number = 1, .op = FUTEX_WAIT_REQUEUE_PI, .word = word, .cond = cond };

	again();
	TRY(LOCK(word, NULL));
	begin(&job, 1);
	TRY(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	TRY(futex(word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 1));
	TRY(futex(word, FUTEX_REQUEUE, 1, COUNT(1), word + 1, 0));
	TRY(futex(word, FUTEX_CMP_REQUEUE, 1, COUNT(1), word + 1, *word));
	TRY(futex(word, FUTEX_WAKE_OP, 1, COUNT(1), word + 1,
		  FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)));
	TRY(futex(word, FUTEX_CMP_REQUEUE_PI, 1, COUNT(1), word + 1, *word));
	TRY(UNLOCK(word));
	finish(&job);
	TRY(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	say("one that waits to be moved\n");
	again();
	*word = *cond = 0;
	begin(&moves, 1);
	TRY(futex(cond, FUTEX_WAKE, 1, NULL, NULL, 0));
	TRY(futex(cond, FUTEX_REQUEUE, 1, COUNT(1), word, 0));
	TRY(LOCK(cond, NULL));
	*cond = 1; /* of process 1 */
	TRY(LOCK(cond, NULL));
	TRY(MOVE(cond, 1, word + 1, *cond));
	TRY(MOVE(cond, 1, word, *cond));
	finish(&moves);
	*cond = 0;
}

/* ---- moved waits ---- */

static int handled;

static void count_it(int sig)
{
	(void)sig;
	raise_flag(&handled);
}

/* n threads wait for a word; then they are moved to the lock, which is this thread's or free. */
static void moved(const char *what, bool is_mine, int n, int limit)
{
	uint32_t *lock = s->locks, *cond = s->conds;
	struct job jobs[MOST];
	static const int priorities[] = { 0, 0, 20, 10 };
	int done;

	say("%s\n", what);
	again();
	*lock = *cond = 0;
	for (int i = 0; i < n; i++) {
		jobs[i] =
			(struct job){ .number = i + 1, .op = FUTEX_WAIT_REQUEUE_PI, .word = lock };
		jobs[i].priority = priorities[i];
		jobs[i].cond = cond;
		begin(&jobs[i], i + 1);
	}
	if (is_mine)
		TRY(LOCK(lock, NULL));
	*cond = 1;
	TRY(MOVE(cond, limit, lock, 0));
	done = (int)TRY(MOVE(cond, limit, lock, 1));
	if (is_mine) {
		tell("moved", lock);
		TRY(UNLOCK(lock));
	}
	until_flag(&ended_jobs, done);
	while (done < n) {
		done += (int)TRY(MOVE(cond, limit, lock, 1));
		until_flag(&ended_jobs, done);
	}
	for (int i = 0; i < n; i++)
		finish(&jobs[i]);
	tell("after", lock);
}

static void requeue(void)
{
	moved("one, of a free lock", false, 1, 0);
	moved("one, of a free lock, and more if there were", false, 1, 9);
	moved("all, of a free lock", false, 4, 9);
	moved("one, of a lock that is held", true, 1, 0);
	moved("all, of a lock that is held", true, 4, 9);
	moved("one after another", false, 4, 0);
	moved("two at a time", true, 4, 1);
}

/* Has a wait moved before its time is over, which is longer and longer. */
static int move_in_time(struct job *job)
{
	static struct timespec soon;
	int moved = 0;

	job->time = &soon;
	for (long ms = 100; !moved; ms *= 2) {
		again();
		soon = later(CLOCK_MONOTONIC, ms * MS);
		job->thread = start(do_job, job);
		while (!moved && !flag_now(&turns))
			moved = (int)MOVE(job->cond, 1, job->word, 0);
		if (!moved)
			join(job->thread);
	}
	return moved;
}

/* A wait ends before it is moved, or afterwards. */
static void requeue_ends(void)
{
	uint32_t *lock = s->locks, *cond = s->conds;
	struct timespec past = { 0, 0 }, soon;
	struct job job = { .number = 1, .op = FUTEX_WAIT_REQUEUE_PI, .word = lock, .cond = cond };

	*lock = *cond = 0;
	TRY(WAIT_FOR(cond, 0, &past, lock));
	soon = later(CLOCK_MONOTONIC, 20 * MS);
	TRY(WAIT_FOR(cond, 0, &soon, lock));
	soon = later(CLOCK_REALTIME, 20 * MS);
	TRY(futex(cond, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &soon, lock, 0));
	TRY(MOVE(cond, 1, lock, 0));
	tell("nobody is there", lock);
	say("after it was moved\n");
	TRY(LOCK(lock, NULL));
	say("MOVE: %d\n", move_in_time(&job));
	finish(&job);
	tell("after", lock);
	TRY(UNLOCK(lock));
	say("its owner ends\n");
	again();
	*lock = 0;
	{
		pthread_t owner = start(lock_and_end, lock);

		until_flag(&started, 1);
		job = (struct job){ .number = 1, .op = FUTEX_WAIT_REQUEUE_PI, .word = lock };
		job.cond = cond;
		job.thread = start(do_job, &job);
		until_flag(&started, 2);
		until_others_wait(1);
		TRY(MOVE(cond, 1, lock, 0));
		raise_flag(&stop);
		join(owner);
		finish(&job);
	}
}

static void *own_and_wait(void *arg)
{
	struct job *job = arg;

	if (LOCK(job->word, NULL))
		_exit(94);
	return do_job(arg);
}

/* A wait may not be moved to a lock that the waiter has, or that one has which waits for the waiter's. */
static void requeue_deadlock(void)
{
	uint32_t *lock = s->locks, *cond = s->conds;
	struct job job = { .number = 1, .op = FUTEX_WAIT_REQUEUE_PI, .word = lock, .cond = cond };
	struct sigaction action = { .sa_handler = count_it };

	again();
	sigaction(SIGUSR1, &action, NULL);
	*lock = *cond = 0;
	job.thread = start(own_and_wait, &job);
	until_flag(&started, 1);
	until_others_wait(1);
	TRY(MOVE(cond, 1, lock, 0));
	*cond = 1;
	pthread_kill(job.thread, SIGUSR1);
	join(job.thread);
	say("the wait: %s\n", strerrorname_np((int)job.answer));
	tell("after", lock);
	*lock = 0;
}

/* ---- signals ---- */

/* A lock is waited for until it is there, whatever a handler asks for. A wait that was moved ends with EAGAIN. */
static void signals(void)
{
	uint32_t *lock = s->locks, *cond = s->conds;
	struct job jobs[] = {
		{ .number = 1, .op = FUTEX_LOCK_PI, .word = lock },
		{ .number = 1, .op = FUTEX_WAIT_REQUEUE_PI, .word = lock, .cond = cond },
	};
	struct sigaction action = { .sa_handler = count_it };

	*lock = *cond = 0;
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 2; i++) {
		again();
		handled = 0;
		TRY(LOCK(lock, NULL));
		begin(&jobs[i], 1);
		pthread_kill(jobs[i].thread, SIGUSR1);
		until_flag(&handled, 1);
		until_others_wait(1);
		say("turns: %d\n", flag_now(&turns));
		if (i == 1) {
			TRY(MOVE(cond, 1, lock, 0));
			pthread_kill(jobs[i].thread, SIGUSR1);
			until_flag(&handled, 2);
			until_flag(&turns, 1);
		}
		TRY(UNLOCK(lock));
		finish(&jobs[i]);
	}
	/* before it is moved, when the word has changed */
	again();
	handled = 0;
	begin(&jobs[1], 1);
	*cond = 1;
	pthread_kill(jobs[1].thread, SIGUSR1);
	finish(&jobs[1]);
	*cond = 0;
}

/* ---- between processes ---- */

#define RIVALS 4
#define ROUNDS 800

/* Of rivals in several processes one at a time has the lock, as C libraries do it: the kernel is asked only if it must be. */
static void compete(uint32_t *word, volatile int *count)
{
	uint32_t tid = (uint32_t)gettid(), free, mine;

	for (int i = 0; i < ROUNDS; i++) {
		int n;

		free = 0;
		if (!__atomic_compare_exchange_n(word, &free, tid, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED) &&
		    LOCK(word, NULL))
			_exit(94);
		n = *count;
		if (i % 32 == 0)
			sched_yield();
		*count = n + 1;
		mine = tid;
		if (!__atomic_compare_exchange_n(word, &mine, 0, false, __ATOMIC_RELEASE,
						 __ATOMIC_RELAXED) &&
		    UNLOCK(word))
			_exit(94);
	}
}

static void processes(void)
{
	int status, ok = 0;

	s->locks[0] = 0;
	s->ready = 0;
	for (int i = 0; i < RIVALS; i++) {
		if (fork() == 0) {
			compete(&s->locks[0], &s->ready);
			_exit(0);
		}
	}
	for (int i = 0; i < RIVALS; i++)
		ok += wait(&status) > 0 && status == 0;
	say("%d rivals, %d turns\n", ok, s->ready);
	tell("after", &s->locks[0]);
}

/* In private memory a child's word is another one, although it has the same address. */
static void of_another(void)
{
	uint32_t *word = (uint32_t *)anon(PAGE);
	pid_t pid;
	int status;

	*word = 0;
	TRY(LOCK(word, NULL));
	pid = fork();
	if (pid == 0) {
		TRY(UNLOCK(word));
		*word = 0;
		TRY(LOCK(word, NULL));
		TRY(UNLOCK(word));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	TRY(UNLOCK(word));
	tell("after", word);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "refusals", refusals },
		{ "alone", alone },
		{ "zombie", zombie },
		{ "order", order },
		{ "new priority", new_priority },
		{ "contended", contended },
		{ "timeouts", timeouts },
		{ "giving up", giving_up },
		{ "inconsistent", inconsistent },
		{ "usurper", usurper },
		{ "deadlocks", deadlocks },
		{ "dead thread", dead_thread },
		{ "dead owner of many", dead_owner_of_many },
		{ "robust", robust },
		{ "exec", exec_owner },
		{ "killed waiter", killed_waiter },
		{ "mixed", mixed },
		{ "requeue", requeue },
		{ "requeue ends", requeue_ends },
		{ "requeue deadlock", requeue_deadlock },
		{ "signals", signals },
		{ "processes", processes },
		{ "of another", of_another },
	};

	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		wait_for_ever();
	tids[MAIN] = gettid();
	s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say("-- %s\n", cases[i].name);
		cases[i].run();
		memset(s->locks, 0, sizeof(s->locks));
	}
	return 0;
}
