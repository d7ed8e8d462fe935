/* SPDX-License-Identifier: MIT */
/* R150 R152. exec by any thread of several: the process keeps its number and has one thread; the others are gone, in whatever they were. */
#include "thread_ways.h"

static char program[4096];
static char parent_text[16], pid_text[16];
static pthread_t first;

static int exec_as(const char *what)
{
	char *const words[] = { "thread_exec", (char *)(uintptr_t)what, pid_text, parent_text,
				NULL };

	execv(program, words);
	return -1;
}

/* ---- the new image ---- */

static int tell_all(char **argv)
{
	stack_t stack;
	sigset_t set;
	struct sigaction act;
	int status;

	say("pid kept %d, its thread %d, parent kept %d, threads %d\n", getpid() == atoi(argv[2]),
	    gettid() == getpid(), getppid() == atoi(argv[3]), count_threads());
	sigprocmask(SIG_BLOCK, NULL, &set);
	say("blocked: SIGUSR1 %d, SIGUSR2 %d, SIGHUP %d\n", sigismember(&set, SIGUSR1),
	    sigismember(&set, SIGUSR2), sigismember(&set, SIGHUP));
	sigpending(&set);
	say("pending: SIGUSR1 %d, SIGUSR2 %d, SIGHUP %d\n", sigismember(&set, SIGUSR1),
	    sigismember(&set, SIGUSR2), sigismember(&set, SIGHUP));
	sigaltstack(NULL, &stack);
	say("alternate stack: %d\n", stack.ss_flags != SS_DISABLE);
	sigaction(SIGTERM, NULL, &act);
	say("SIGTERM default %d", act.sa_handler == SIG_DFL);
	sigaction(SIGQUIT, NULL, &act);
	say(", SIGQUIT ignored %d\n", act.sa_handler == SIG_IGN);
	say("descriptors: %d\n", (fcntl(20, F_GETFD) != -1) + 2 * (fcntl(21, F_GETFD) != -1));
	TRY(wait(&status) > 0);
	ended("the child of another thread", status);
	return 40;
}

static int be_new(char **argv)
{
	if (strcmp(argv[1], "all") == 0)
		return tell_all(argv);
	if (strcmp(argv[1], "count") == 0) {
		say("pid kept %d, threads %d\n", getpid() == atoi(argv[2]), count_threads());
		return 41;
	}
	if (strcmp(argv[1], "quiet") == 0)
		return getpid() == atoi(argv[2]) && gettid() == getpid() && count_threads() == 1
			       ? 0
			       : 42;
	return 43;
}

/* ---- what the others do meanwhile ---- */

/* While another thread is in exec, no thread can be created (EAGAIN). */
static pthread_t start_unless_exec(void *(*f)(void *))
{
	pthread_t thread;
	int err;

	while ((err = pthread_create(&thread, NULL, f, NULL)) == EAGAIN)
		sched_yield();
	MUST(err);
	return thread;
}

static void start_others(void)
{
	pthread_t threads[THREAD_WAYS];

	MUST(pipe(empty));
	MUST(pthread_mutex_lock(&never));
	waiting = 0;
	start_all(threads, THREAD_WAYS, be_in_a_way);
	until_flag(&waiting, THREAD_WAYS);
	until_others_wait(THREAD_WAITS);
}

static void get_numbers(void)
{
	snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
	snprintf(parent_text, sizeof(parent_text), "%d", (int)getppid());
}

/* ---- cases ---- */

static void nothing(int sig)
{
	(void)sig;
}

static void *exec_with_all(void *unused)
{
	stack_t stack = { .ss_sp = anon(4 * PAGE), .ss_size = 4 * PAGE };
	sigset_t set;

	sigaltstack(&stack, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	pthread_kill(pthread_self(), SIGUSR2);
	exec_as("all");
	return unused;
}

static void *fork_and_wait(void *unused)
{
	if (fork() == 0)
		_exit(9);
	raise_flag(&waiting);
	wait_for_ever();
	return unused;
}

/* exec keeps the caller's mask and pending signals, children and SIG_IGN; handlers and the alternate stack go. */
static int exec_all(void *unused)
{
	sigset_t set;

	(void)unused;
	get_numbers();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGTERM, nothing);
	signal(SIGQUIT, SIG_IGN);
	dup2(1, 20);
	dup3(1, 21, O_CLOEXEC);
	start(fork_and_wait, NULL);
	until_flag(&waiting, 1);
	kill(getpid(), SIGUSR1);	      /* of the process */
	pthread_kill(pthread_self(), SIGHUP); /* of a thread that goes */
	start(exec_with_all, NULL);
	wait_for_ever();
	return 1;
}

static void *exec_and_count(void *unused)
{
	exec_as("count");
	return unused;
}

/* exec ends all other threads, whatever they wait for. */
static int exec_beside_all(void *by_first)
{
	get_numbers();
	start_others();
	if (by_first)
		exec_and_count(NULL);
	start(exec_and_count, NULL);
	wait_for_ever();
	return 1;
}

static void *join_first_and_exec(void *unused)
{
	pthread_join(first, NULL);
	exec_and_count(NULL);
	return unused;
}

/* Who calls exec has the number of the process from then on, even if the first thread has ended before. */
static int exec_without_first(void *unused)
{
	(void)unused;
	get_numbers();
	first = pthread_self();
	start(join_first_and_exec, NULL);
	pthread_exit(NULL);
}

static void *exec_wrong(void *unused)
{
	char *const words[] = { "x", NULL };

	TRY(execv("/no/such/program", words));
	TRY(execv("/dev/null", words));
	TRY(syscall(SYS_execve, program, 8, NULL));
	return unused;
}

/* An exec that fails leaves all threads as they were. */
static int exec_fails(void *unused)
{
	pthread_t threads[3];

	(void)unused;
	get_numbers();
	MUST(pipe(empty));
	for (long i = 0; i < 3; i++)
		threads[i] = start(be_in_a_way, (void *)3); /* read */
	until_others_wait(3);
	join(start(exec_wrong, NULL));
	exec_wrong(NULL);
	MUST(write(empty[1], "abc", 3) != 3);
	join_all(threads, 3);
	say("all went on\n");
	return 0;
}

static void *exec_quietly(void *unused)
{
	exec_as("quiet");
	return unused;
}

/* Of several at once one is the new image, and the others die. */
static int exec_twice(void *unused)
{
	(void)unused;
	get_numbers();
	start_unless_exec(exec_quietly);
	start_unless_exec(exec_quietly);
	exec_quietly(NULL);
	return 1;
}

static void *exit_group(void *unused)
{
	(void)unused;
	_exit(7);
}

static void *die(void *unused)
{
	kill(getpid(), SIGKILL);
	return unused;
}

/* Any of the outcomes is right. Nothing else, and no end, is not. */
static int exec_and_exit(void *unused)
{
	(void)unused;
	get_numbers();
	start_unless_exec(exec_quietly);
	start_unless_exec(exit_group);
	wait_for_ever();
	return 1;
}

static int exec_and_die(void *unused)
{
	(void)unused;
	get_numbers();
	start_unless_exec(exec_quietly);
	start_unless_exec(die);
	wait_for_ever();
	return 1;
}

static void *end(void *unused)
{
	return unused;
}

static void *start_and_end(void *unused)
{
	for (;;)
		join(start_unless_exec(end));
	return unused;
}

/* A thread that is created meanwhile ends, too. */
static int exec_while_born(void *unused)
{
	(void)unused;
	get_numbers();
	start_unless_exec(start_and_end);
	start_unless_exec(start_and_end);
	sched_yield();
	start_unless_exec(exec_quietly);
	wait_for_ever();
	return 1;
}

static void many(const char *what, int (*f)(void *), int times)
{
	int execs = 0, exits = 0, kills = 0, status, wrong = 0;

	for (int i = 0; i < times; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(f(NULL));
		waitpid(pid, &status, 0);
		if (status == 0)
			execs++;
		else if (status == 7 << 8)
			exits++;
		else if (status == SIGKILL)
			kills++;
		else
			wrong++;
		if (waitpid(-1, NULL, WNOHANG) != -1)
			wrong++;
	}
	say("%s: %d ends, %d wrong", what, execs + exits + kills, wrong);
	say(f == exec_twice || f == exec_while_born ? ", %d execs\n" : "\n", execs);
}

/* A robust lock of a thread that exec ends says that its owner died. */
static pthread_mutex_t *shared;

static void *own(void *unused)
{
	MUST(pthread_mutex_lock(shared));
	raise_flag(&waiting);
	wait_for_ever();
	return unused;
}

static int exec_owner(void *unused)
{
	(void)unused;
	get_numbers();
	waiting = 0;
	start(own, NULL);
	until_flag(&waiting, 1);
	start(exec_quietly, NULL);
	wait_for_ever();
	return 1;
}

static void robust(void)
{
	pthread_mutexattr_t attr;

	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(shared, &attr);
	in_child("the owner's process", exec_owner, NULL);
	ASK(pthread_mutex_lock(shared));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return be_new(argv);
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return 2;
	in_child("by another thread", exec_all, NULL);
	in_child("beside all waits", exec_beside_all, NULL);
	in_child("beside all waits, by the first", exec_beside_all, "x");
	in_child("without the first", exec_without_first, NULL);
	in_child("that fails", exec_fails, NULL);
	many("several at once", exec_twice, 10);
	many("exec and exit", exec_and_exit, 10);
	many("exec and a kill", exec_and_die, 10);
	many("exec while threads come and go", exec_while_born, 10);
	robust();
	return 0;
}
