/* SPDX-License-Identifier: MIT */
/* R150 R152. A stop stops all threads of a process, and SIGCONT continues all, whatever they do and wherever it came from. */
#include "thread.h"

#define RUNNERS 3

static struct shared {
	unsigned long turns[RUNNERS];
	int ready, posted, woken, handled, leave, read;
	sem_t sem;
} * s;

static int bytes[2];

static unsigned long turns_of(int i)
{
	return __atomic_load_n(&s->turns[i], __ATOMIC_SEQ_CST);
}

/* ---- threads of the child ---- */

static void *run(void *arg)
{
	if ((long)arg == 0) /* the others wait for its slices, which are short then */
		setpriority(PRIO_PROCESS, 0, 19);
	raise_flag(&s->ready);
	while (!flag_now(&s->leave)) {
		__atomic_fetch_add(&s->turns[(long)arg], 1, __ATOMIC_SEQ_CST);
		if ((long)arg == 1)
			sched_yield();
		if ((long)arg == 2)
			nap(1);
	}
	return NULL;
}

static void *wait_for_post(void *unused)
{
	raise_flag(&s->ready);
	if (sem_wait(&s->sem) == 0)
		raise_flag(&s->woken);
	return unused;
}

static void *wait_for_byte(void *unused)
{
	char byte;

	raise_flag(&s->ready);
	if (read(bytes[0], &byte, 1) == 1)
		raise_flag(&s->read);
	return unused;
}

static void note(int sig)
{
	(void)sig;
	raise_flag(&s->handled);
}

/* Stops its own process, when it is asked. */
static void *stop_all(void *how)
{
	raise_flag(&s->ready);
	until_flag(&s->posted, 1);
	switch ((long)how) {
	case 1:
		pthread_kill(pthread_self(), SIGSTOP);
		break;
	case 2:
		raise(SIGTSTP);
		break;
	case 3:
		kill(getpid(), SIGTTIN);
		break;
	}
	raise_flag(&s->posted);
	return NULL;
}

#define THREADS (RUNNERS + 3)

static int child(long how)
{
	pthread_t threads[THREADS];
	struct sigaction act = { .sa_handler = note, .sa_flags = SA_RESTART };

	setpgid(0, 0); /* so that its group is not orphaned, whose members SIGTSTP does not stop */
	sigaction(SIGCONT, &act, NULL);
	start_all(threads, RUNNERS, run);
	threads[RUNNERS] = start(wait_for_post, NULL);
	threads[RUNNERS + 1] = start(wait_for_byte, NULL);
	threads[RUNNERS + 2] = start(stop_all, (void *)how);
	for (int i = 0; i < THREADS; i++)
		join(threads[i]);
	return 8;
}

/* ---- what the parent does with it ---- */

static void until_stopped(pid_t pid, const char *what)
{
	int status;

	must_be("wait", waitpid(pid, &status, WUNTRACED), pid);
	say("%s: stopped by SIG%s\n", what,
	    WIFSTOPPED(status) ? sigabbrev_np(WSTOPSIG(status)) : "?");
}

/* No runner takes a turn while the process is stopped. */
static void nobody_runs(void)
{
	unsigned long before[RUNNERS];
	int more = 0;

	for (int i = 0; i < RUNNERS; i++)
		before[i] = turns_of(i);
	nap(10); /* one that runs has turns enough in it */
	for (int i = 0; i < RUNNERS; i++)
		more += turns_of(i) != before[i];
	say("%d of %d run\n", more, RUNNERS);
}

static void all_run(void)
{
	for (int i = 0; i < RUNNERS; i++)
		for (unsigned long before = turns_of(i); turns_of(i) < before + 3;)
			sched_yield();
	say("all run\n");
}

static void continue_it(pid_t pid)
{
	int status, before = flag_now(&s->handled);

	TRY(kill(pid, SIGCONT));
	must_be("wait", waitpid(pid, &status, WCONTINUED), pid);
	say("continued: %d\n", WIFCONTINUED(status));
	all_run();
	until_flag(&s->handled, before + 1); /* the next stop would discard it */
}

static pid_t begin(long how)
{
	pid_t pid;

	memset(s, 0, sizeof(*s));
	sem_init(&s->sem, 1, 0);
	MUST(pipe(bytes));
	pid = fork();
	if (pid == 0)
		_exit(child(how));
	until_flag(&s->ready, THREADS);
	all_run();
	return pid;
}

static void end(pid_t pid)
{
	int status;

	sem_post(&s->sem);
	MUST(write(bytes[1], "x", 1) != 1);
	raise_flag(&s->posted);
	raise_flag(&s->leave);
	must_be("wait", waitpid(pid, &status, 0), pid);
	ended("at last", status);
	say("woken %d, read %d\n", s->woken, s->read);
	close(bytes[0]);
	close(bytes[1]);
}

/* A stop for one thread stops all; what a stopped thread waited for is taken only after SIGCONT, whose handler runs once. */
static void from_outside(void)
{
	pid_t pid = begin(0);

	for (int i = 0; i < 3; i++) {
		TRY(kill(pid, SIGSTOP));
		until_stopped(pid, "from outside");
		nobody_runs();
		continue_it(pid);
	}
	/* To one of its threads; the number of the process is that of the first. */
	TRY(syscall(SYS_tgkill, pid, pid, SIGSTOP));
	until_stopped(pid, "to a thread");
	nobody_runs();
	/* What they wait for comes meanwhile. */
	sem_post(&s->sem);
	MUST(write(bytes[1], "x", 1) != 1);
	nap(2); /* who is woken would tell it in this time */
	say("woken %d, read %d\n", s->woken, s->read);
	continue_it(pid);
	until_flag(&s->woken, 1);
	until_flag(&s->read, 1);
	end(pid);
	say("SIGCONT handled %d\n", s->handled);
}

/* A stop signal that a thread sends to itself or to its process stops the other threads, too. */
static void from_inside(long how, const char *what)
{
	pid_t pid = begin(how);

	raise_flag(&s->posted);
	until_stopped(pid, what);
	nobody_runs();
	continue_it(pid);
	end(pid);
	say("SIGCONT handled %d\n", s->handled);
}

/* Of all signals but SIGCONT only SIGKILL acts on a stopped process; others wait until it continues. */
static void killed_while_stopped(void)
{
	pid_t pid = begin(0);
	int status;

	TRY(kill(pid, SIGSTOP));
	until_stopped(pid, "to be killed");
	TRY(kill(pid, SIGTERM));
	TRY(waitpid(pid, &status, WNOHANG | WUNTRACED));
	nobody_runs();
	TRY(kill(pid, SIGKILL));
	must_be("wait", waitpid(pid, &status, 0), pid);
	ended("killed", status);
	close(bytes[0]);
	close(bytes[1]);
}

/* Stop and continue as fast as they can be sent: it runs in the end. */
static void often(void)
{
	pid_t pid = begin(0);

	for (int i = 0; i < 200; i++) {
		kill(pid, SIGSTOP);
		if (i % 3 == 0)
			sched_yield();
		kill(pid, SIGCONT);
	}
	all_run();
	TRY(kill(pid, SIGSTOP));
	until_stopped(pid, "often");
	nobody_runs();
	continue_it(pid);
	end(pid);
}

/* ---- a thread that cannot stop yet ---- */

static int up[2], down[2];

static void *wait_for_vfork(void *unused)
{
	char byte = 'x';

	if (vfork() == 0) {
		(void)!write(up[1], &byte, 1);
		(void)!read(down[0], &byte, 1);
		_exit(0);
	}
	return unused;
}

/* As long as one thread waits for its vfork child, its process has not stopped. */
static void told_by_the_last(void)
{
	int status = 0;
	char byte;
	pid_t child;

	MUST(pipe(up));
	MUST(pipe(down));
	child = fork();
	if (child == 0) {
		start(wait_for_vfork, NULL);
		wait_for_ever();
	}
	MUST(read(up[0], &byte, 1) != 1);
	kill(child, SIGSTOP);
	nap(2); /* what is told too early is told in this time */
	say("told while one waits for its child: %d\n",
	    waitpid(child, &status, WUNTRACED | WNOHANG));
	MUST(write(down[1], &byte, 1) != 1);
	MUST(waitpid(child, &status, WUNTRACED) != child);
	say("told when all have stopped: %x\n", status);
	say("told again: %d\n", waitpid(child, &status, WUNTRACED | WNOHANG));
	kill(child, SIGKILL);
	MUST(waitpid(child, &status, 0) != child);
	say("killed: %x\n", status);
}

int main(void)
{
	s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	from_outside();
	from_inside(1, "by a thread, to itself");
	from_inside(2, "by raise of a thread");
	from_inside(3, "by a thread, to the process");
	killed_while_stopped();
	often();
	told_by_the_last();
	return 0;
}
