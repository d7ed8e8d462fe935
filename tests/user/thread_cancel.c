/* SPDX-License-Identifier: MIT */
/* R150. Cancellation: at each kind of wait, at once, later or never; and what is cleaned up then. */
#include "thread.h"

#include <poll.h>
#include <sys/select.h>

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_t sleeper;
static sem_t sem;
static int empty[2], full[2];
static pid_t child;

/* ---- at waits ---- */

static void in_cond_wait(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cond_wait(&cond, &mutex);
}

static void in_cond_timedwait(void)
{
	struct timespec never = later(CLOCK_REALTIME, 0);

	never.tv_sec += NEVER_SECONDS;
	pthread_mutex_lock(&mutex);
	pthread_cond_timedwait(&cond, &mutex, &never);
}

static void in_read(void)
{
	char byte;

	(void)!read(empty[0], &byte, 1);
}

static void in_write(void)
{
	(void)!write(full[1], "x", 1);
}

static void in_nanosleep(void)
{
	struct timespec never = { NEVER_SECONDS, 0 };

	nanosleep(&never, NULL);
}

static void in_clock_nanosleep(void)
{
	struct timespec never = later(CLOCK_MONOTONIC, 0);

	never.tv_sec += NEVER_SECONDS;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &never, NULL);
}

static void in_pause(void)
{
	pause();
}

static void in_sem_wait(void)
{
	sem_wait(&sem);
}

static void in_sem_timedwait(void)
{
	struct timespec never = later(CLOCK_REALTIME, 0);

	never.tv_sec += NEVER_SECONDS;
	sem_timedwait(&sem, &never);
}

static void in_sigwait(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigwait(&set, &sig);
}

static void in_sigsuspend(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigsuspend(&set);
}

static void in_waitpid(void)
{
	waitpid(child, NULL, 0);
}

static void in_waitid(void)
{
	siginfo_t info;

	waitid(P_PID, (id_t)child, &info, WEXITED);
}

static void in_poll(void)
{
	struct pollfd one = { empty[0], POLLIN, 0 };

	poll(&one, 1, -1);
}

static void in_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(empty[0], &set);
	select(empty[0] + 1, &set, NULL, NULL, NULL);
}

static void in_join(void)
{
	pthread_join(sleeper, NULL);
}

static void in_lock_of_file(void)
{
	struct flock lock = { .l_type = F_WRLCK };
	int fd = open("locked", O_RDWR | O_CREAT, 0600);

	fcntl(fd, F_SETLKW, &lock);
}

static void in_testcancel(void)
{
	for (;;)
		pthread_testcancel();
}

static void in_open(void)
{
	for (;;)
		close(open("/dev/null", O_RDONLY));
}

struct wait {
	const char *name;
	void (*wait)(void);
	int about, cleaned; /* flags */
	bool holds_mutex;
	bool is_busy; /* it does not wait */
};

static void clean(void *arg)
{
	struct wait *w = arg;

	w->cleaned++;
	/* Whoever leaves a condition owns the mutex. */
	w->holds_mutex = pthread_mutex_unlock(&mutex) == 0;
}

static void *wait_in(void *arg)
{
	struct wait *w = arg;

	pthread_cleanup_push(clean, w);
	raise_flag(&w->about);
	w->wait();
	say("not cancelled\n");
	pthread_cleanup_pop(0);
	return NULL;
}

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	wait_for_ever();
	return NULL;
}

static void set_up(void)
{
	char page[PAGE] = { 0 };
	pthread_mutexattr_t attr;
	struct flock lock = { .l_type = F_WRLCK };
	sigset_t set;
	int ready[2];

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&mutex, &attr);
	sem_init(&sem, 0, 0);
	MUST(pipe(empty));
	MUST(pipe(full));
	MUST(pipe(ready));
	MUST(fcntl(full[1], F_SETFL, O_NONBLOCK));
	while (write(full[1], page, sizeof(page)) > 0)
		continue;
	MUST(fcntl(full[1], F_SETFL, 0));
	child = fork();
	if (child == 0) {
		int fd = open("locked", O_RDWR | O_CREAT, 0600);

		MUST(fcntl(fd, F_SETLK, &lock));
		MUST(write(ready[1], "x", 1) != 1);
		wait_for_ever();
	}
	MUST(read(ready[0], page, 1) != 1);
	sleeper = start(sleep_for_ever, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* A cancelled wait runs the cleanup handlers once, and takes nothing; who leaves a condition owns its mutex. */
static void waits(void)
{
	static struct wait all[] = {
		{ .name = "cond_wait", .wait = in_cond_wait },
		{ .name = "cond_timedwait", .wait = in_cond_timedwait },
		{ .name = "read", .wait = in_read },
		{ .name = "write", .wait = in_write },
		{ .name = "nanosleep", .wait = in_nanosleep },
		{ .name = "clock_nanosleep", .wait = in_clock_nanosleep },
		{ .name = "pause", .wait = in_pause },
		{ .name = "sem_wait", .wait = in_sem_wait },
		{ .name = "sem_timedwait", .wait = in_sem_timedwait },
		{ .name = "sigwait", .wait = in_sigwait },
		{ .name = "sigsuspend", .wait = in_sigsuspend },
		{ .name = "waitpid", .wait = in_waitpid },
		{ .name = "waitid", .wait = in_waitid },
		{ .name = "poll", .wait = in_poll },
		{ .name = "select", .wait = in_select },
		{ .name = "join", .wait = in_join },
		{ .name = "a lock of a file", .wait = in_lock_of_file },
		{ .name = "testcancel", .wait = in_testcancel, .is_busy = true },
		{ .name = "open", .wait = in_open, .is_busy = true },
	};
	int status;
	char byte;

	for (size_t i = 0; i < 2 * sizeof(all) / sizeof(all[0]); i++) {
		struct wait *w = &all[i / 2];
		pthread_t thread;

		w->about = w->cleaned = 0;
		thread = start(wait_in, w);
		until_flag(&w->about, 1);
		if (i % 2 && !w->is_busy)
			until_others_wait(2); /* it and the one that sleeps for ever */
		MUST(pthread_cancel(thread));
		say("%s: %s, cleaned %d%s\n", w->name,
		    join(thread) == PTHREAD_CANCELED ? "cancelled" : "not cancelled", w->cleaned,
		    w->holds_mutex ? ", held" : "");
	}
	/* Nothing was lost by them. */
	MUST(write(empty[1], "y", 1) != 1);
	say("%zd", read(empty[0], &byte, 1));
	say(" %c\n", byte);
	sem_post(&sem);
	TRY(sem_trywait(&sem));
	kill(child, SIGKILL);
	TRY(waitpid(child, &status, 0) == child);
	pthread_cancel(sleeper);
	say("who was joined: %d\n", join(sleeper) == PTHREAD_CANCELED);
}

/* ---- states ---- */

static int phase;

static void *be_deaf(void *unused)
{
	int old;

	ASK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
	say("was enabled: %d\n", old == PTHREAD_CANCEL_ENABLE);
	raise_flag(&phase);
	until_flag(&phase, 2);
	pthread_testcancel();
	nap(1); /* here it could be cancelled, too */
	say("still there\n");
	ASK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old));
	say("and enabled\n");
	pthread_testcancel();
	say("not cancelled\n");
	return unused;
}

static void *be_deaf_in_read(void *unused)
{
	char byte = 0;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	raise_flag(&phase);
	say("read: %zd\n", read(empty[0], &byte, 1));
	say("byte: %c\n", byte);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	say("not cancelled\n");
	return unused;
}

static volatile unsigned long turns;

static void *spin(void *unused)
{
	ASK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	raise_flag(&phase);
	for (;;)
		turns++;
	return unused;
}

/* With asynchronous cancellation disabled, it is taken as soon as it is enabled. */
static void *spin_later(void *unused)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	raise_flag(&phase);
	until_flag(&phase, 2);
	say("still there\n");
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	say("not cancelled\n");
	return unused;
}

static void *return_at_once(void *value)
{
	raise_flag(&phase);
	return value;
}

static void *cancel_self(void *unused)
{
	ASK(pthread_cancel(pthread_self()));
	say("not yet\n");
	nap(1); /* here it is cancelled */
	say("not cancelled\n");
	return unused;
}

static void *reject(void *unused)
{
	ASK(pthread_setcancelstate(77, NULL));
	ASK(pthread_setcanceltype(77, NULL));
	return unused;
}

static void cancel_one(const char *what, void *(*f)(void *), bool again)
{
	pthread_t thread;

	phase = 0;
	say("%s\n", what);
	thread = start(f, NULL);
	if (f != cancel_self && f != reject) {
		until_flag(&phase, 1);
		if (f == be_deaf_in_read)
			until_others_wait(1);
		ASK(pthread_cancel(thread));
		if (again)
			ASK(pthread_cancel(thread));
		if (f == be_deaf_in_read)
			MUST(write(empty[1], "z", 1) != 1);
		raise_flag(&phase);
	}
	say("cancelled: %d\n", join(thread) == PTHREAD_CANCELED);
}

/* A thread that disables cancellation is cancelled when it enables it again, at the next point where that may happen. */
static void states(void)
{
	cancel_one("disabled", be_deaf, true);
	cancel_one("disabled, in read", be_deaf_in_read, false);
	cancel_one("asynchronous", spin, false);
	cancel_one("asynchronous, disabled", spin_later, false);
	cancel_one("one that has returned", return_at_once, true);
	cancel_one("itself", cancel_self, false);
	cancel_one("wrong states", reject, false);
}

/* ---- cleaning up ---- */

static pthread_key_t key;

static void clean_up(void *name)
{
	say("cleaned: %s\n", (char *)name);
	pthread_testcancel();
	nap(1); /* here it could be cancelled, too */
}

static void destroy(void *name)
{
	say("destroyed: %s\n", (char *)name);
}

static void *nest(void *how)
{
	pthread_setspecific(key, "a key");
	pthread_cleanup_push(clean_up, "first");
	pthread_cleanup_push(clean_up, "second");
	pthread_cleanup_push(clean_up, "third");
	pthread_cleanup_pop(1);
	pthread_cleanup_push(clean_up, "never");
	pthread_cleanup_pop(0);
	if (how)
		pthread_exit("exit");
	pthread_cancel(pthread_self());
	pthread_testcancel();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

/* Cleanup handlers run from the last to the first, and then the destructors of keys, at pthread_exit as well. */
static void cleaning(void)
{
	pthread_key_create(&key, destroy);
	say("cancelled: %d\n", join(start(nest, NULL)) == PTHREAD_CANCELED);
	say("exit: %s\n", (char *)join(start(nest, "x")));
}

/* ---- many ---- */

static void *wait_somehow(void *arg)
{
	switch ((long)arg % 4) {
	case 0:
		in_nanosleep();
		break;
	case 1:
		in_sem_wait();
		break;
	case 2:
		in_read();
		break;
	case 3:
		in_pause();
		break;
	}
	return NULL;
}

static void many(void)
{
	pthread_t threads[60];
	int cancelled = 0;

	start_all(threads, 60, wait_somehow);
	for (int i = 0; i < 60; i++)
		pthread_cancel(threads[(i * 7) % 60]);
	for (int i = 0; i < 60; i++)
		cancelled += join(threads[i]) == PTHREAD_CANCELED;
	say("%d of 60 cancelled\n", cancelled);
}

static void *cancel_main(void *arg)
{
	pthread_t *main_thread = arg;

	pthread_cancel(*main_thread);
	say("the first thread: %d\n", join(*main_thread) == PTHREAD_CANCELED);
	exit(6);
}

/* A first thread that is cancelled leaves the process to the others. */
static int be_cancelled_as_main(void *unused)
{
	pthread_t self = pthread_self();

	(void)unused;
	start(cancel_main, &self);
	wait_for_ever();
	return 1;
}

int main(void)
{
	set_up();
	waits();
	states();
	cleaning();
	many();
	in_child("process", be_cancelled_as_main, NULL);
	return 0;
}
