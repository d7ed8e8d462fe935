/* SPDX-License-Identifier: MIT */
/* R150 R152. A thousand threads that are created, joined, detached, cancelled and signalled, while their process forks and execs. */
#include "thread.h"

#include <spawn.h>

#define MAKERS	    5
#define OF_EACH	    200 /* threads of a maker */
#define FORKS	    12
#define SIGNALS	    300
#define STACK_PAGES 8

static const char *program;
static pthread_attr_t small;

static int returned, detached, cancelled, cleaned, forked_in, signalled, stop;
static __thread int own;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counted;

static void note(int sig)
{
	(void)sig;
	raise_flag(&signalled);
}

static void count_one(void)
{
	pthread_mutex_lock(&mutex);
	counted++;
	pthread_mutex_unlock(&mutex);
}

/* ---- what a thread does ---- */

static void *work_and_return(void *arg)
{
	char *p = malloc(100 + (size_t)(long)arg);

	own = (int)(long)arg;
	memset(p, own, 100);
	sched_yield();
	count_one();
	must_be("its own", own == (int)(long)arg && not_all(p, 100, (char)own) == 0, 1);
	free(p);
	raise_flag(&returned);
	return arg;
}

static void *be_detached(void *arg)
{
	count_one();
	raise_flag(&detached);
	return arg;
}

static void clean(void *unused)
{
	(void)unused;
	raise_flag(&cleaned);
}

static void *be_cancelled(void *arg)
{
	struct timespec t = { NEVER_SECONDS, 0 };

	pthread_cleanup_push(clean, NULL);
	if ((long)arg % 2) {
		for (;;)
			nanosleep(&t, NULL); /* a handler may end it */
	}
	for (;;)
		pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

static int see_memory(void)
{
	/* Only what no lock guards: another thread may have held it. */
	return own == 1 ? 0 : 1;
}

static void *fork_once(void *arg)
{
	pid_t pid;
	int status;

	own = 1;
	pid = fork();
	if (pid == 0)
		_exit(see_memory());
	while (waitpid(pid, &status, 0) < 0)
		must_be("errno of waitpid", errno, EINTR);
	must_be("the child", status, 0);
	count_one();
	raise_flag(&forked_in);
	return arg;
}

/* ---- who makes them ---- */

static pthread_t make_thread(void *(*f)(void *), long arg)
{
	pthread_t thread;
	int err;

	while ((err = pthread_create(&thread, &small, f, (void *)arg)) == EAGAIN)
		sched_yield();
	MUST(err);
	return thread;
}

static void *make_many(void *unused)
{
	long sum = 0;

	(void)unused;
	for (long i = 0; i < OF_EACH; i += 4) {
		pthread_t a = make_thread(work_and_return, i), b, c, d;

		b = make_thread(be_cancelled, i / 4);
		c = make_thread(be_detached, i);
		d = make_thread(i % 40 == 0 ? fork_once : work_and_return, i);
		MUST(pthread_detach(c));
		if (i % 8 == 0)
			sched_yield();
		MUST(pthread_cancel(b));
		sum += (long)join(a) + (long)join(d);
		if (join(b) == PTHREAD_CANCELED)
			raise_flag(&cancelled);
	}
	return (void *)sum;
}

static void *send_signals(void *unused)
{
	for (int i = 0; i < SIGNALS; i++) {
		MUST(kill(getpid(), i % 2 ? SIGUSR1 : SIGUSR2));
		if (i % 4 == 0)
			sched_yield();
	}
	return unused;
}

static void *fork_and_spawn(void *unused)
{
	char *const words[] = { "thread_storm", "quiet", NULL };
	long good = 0;

	(void)unused;
	for (int i = 0; i < FORKS; i++) {
		int status = -1;
		pid_t pid;

		if (i % 3 == 0) {
			MUST(posix_spawn(&pid, program, NULL, NULL, words, environ));
		} else {
			pid = fork();
			if (pid == 0) {
				if (i % 3 == 1)
					_exit(17);
				execv(program, words);
				_exit(1);
			}
		}
		while (waitpid(pid, &status, 0) < 0)
			must_be("errno of waitpid", errno, EINTR);
		good += status == 17 << 8;
		sched_yield();
	}
	return (void *)good;
}

static void handle(int sig)
{
	struct sigaction act = { .sa_handler = note };

	MUST(sigaction(sig, &act, NULL));
}

/* All of it; in the end the process becomes another program, by a thread, while some are still there. */
static int storm(void *unused)
{
	pthread_t makers[MAKERS], sender, forker;
	long sum, good;

	(void)unused;
	MUST(pthread_attr_init(&small));
	MUST(pthread_attr_setstacksize(&small, STACK_PAGES * PAGE));
	handle(SIGUSR1);
	handle(SIGUSR2);
	sender = start(send_signals, NULL);
	forker = start(fork_and_spawn, NULL);
	start_all(makers, MAKERS, make_many);
	sum = join_all(makers, MAKERS);
	good = (long)join(forker);
	join(sender);
	until_flag(&detached, MAKERS * OF_EACH / 4);
	say("sum %ld, counted %ld\n", sum, counted);
	say("returned %d, detached %d, cancelled %d, cleaned %d, forked %d\n", returned, detached,
	    cancelled, cleaned <= cancelled, forked_in);
	say("signalled %d, spawned %ld\n", signalled > 0, good);
	return 0;
}

static void *exec_quietly(void *unused)
{
	char *const words[] = { "thread_storm", "quiet", NULL };

	execv(program, words);
	return unused;
}

static void *make_for_ever(void *unused)
{
	for (long i = 0; !flag_now(&stop); i++)
		join(make_thread(be_detached, i));
	return unused;
}

static int exec_in_storm(void *unused)
{
	(void)unused;
	MUST(pthread_attr_init(&small));
	MUST(pthread_attr_setstacksize(&small, STACK_PAGES * PAGE));
	handle(SIGUSR1);
	for (int i = 0; i < 4; i++)
		start(make_for_ever, NULL);
	until_flag(&detached, 20);
	for (int i = 0; i < 20; i++)
		start(be_cancelled, (void *)1);
	start(exec_quietly, NULL);
	wait_for_ever();
	return 1;
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1)
		return 17;
	in_child("storm", storm, NULL);
	for (int i = 0; i < 5; i++)
		in_child("exec in a storm", exec_in_storm, NULL);
	return 0;
}
