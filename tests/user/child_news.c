/* SPDX-License-Identifier: MIT */
/* What is told of children: by SIGCHLD where they are not kept, of stops of those that are killed since, and by the word
 * that a child's end or exec clears. */
#include "t.h"

#include <stdbool.h>

#define VM    0x00000100 /* CLONE_VM */
#define VFORK 0x00004000 /* CLONE_VFORK */
#define CLEAR 0x00200000 /* CLONE_CHILD_CLEARTID */
#define STACK (16 * PAGE)

static volatile sig_atomic_t told, code, status_told;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	code = info->si_code;
	status_told = info->si_status;
	told++;
}

static void until_told(int n)
{
	while (told < n)
		nap(1);
}

static pid_t exits_with(int n)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(n);
	return pid;
}

/* ---- children that are not kept ---- */

static void wish(void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

	TRY(sigaction(SIGCHLD, &action, NULL));
}

/* With SA_NOCLDWAIT a child is reaped at once, but the handler is told of its end. */
static int handled(void *unused)
{
	(void)unused;
	wish(note, SA_NOCLDWAIT);
	exits_with(3);
	until_told(1);
	say("told %d times, code %d, status %d\n", (int)told, (int)code, (int)status_told);
	TRY(wait(NULL));
	exits_with(4);
	until_told(2);
	say("told %d times, code %d, status %d\n", (int)told, (int)code, (int)status_told);
	return 0;
}

/* With SA_NOCLDWAIT alone SIGCHLD is pending; if it is ignored, it is not. */
static int blocked(void *flags)
{
	struct timespec wait_for = { 0, 200000000 };
	void (*ignored)(int, siginfo_t *, void *) = (void *)SIG_IGN;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wish(flags ? (void *)SIG_DFL : ignored, flags ? SA_NOCLDWAIT : 0);
	exits_with(5);
	TRY(wait(NULL));
	TRY(sigtimedwait(&set, NULL, &wait_for));
	return 0;
}

/* ---- stops that nobody has asked about before the child was killed ---- */

static pid_t stopped_child(void)
{
	sigset_t set, old;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		for (;;)
			nap(1000);
	}
	sigwaitinfo(&set, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static void tell(const char *what, pid_t pid, int options)
{
	int status = -1;
	pid_t got = waitpid(pid, &status, options);

	if (got != pid)
		say("%s: %s\n", what, got ? strerrorname_np(errno) : "nothing");
	else if (WIFSTOPPED(status))
		say("%s: stopped SIG%s\n", what, sigabbrev_np(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		say("%s: goes on\n", what);
	else
		ended(what, status);
}

/* A kill supersedes a stop or a SIGCONT that nobody has asked about. */
static void stops(void)
{
	pid_t pid = stopped_child();

	kill(pid, SIGKILL);
	tell("stopped, then killed", pid, WUNTRACED | WCONTINUED);
	pid = stopped_child();
	kill(pid, SIGTERM);
	tell("stopped, SIGTERM waits", pid, WUNTRACED | WCONTINUED | WNOHANG);
	tell("  told", pid, WUNTRACED | WCONTINUED | WNOHANG);
	kill(pid, SIGKILL);
	tell("  killed", pid, 0);
	pid = stopped_child();
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	tell("went on, then killed", pid, WUNTRACED | WCONTINUED);
	pid = stopped_child();
	kill(pid, SIGKILL);
	kill(pid, SIGCONT);
	tell("stopped, killed, then SIGCONT", pid, WUNTRACED | WCONTINUED);
}

/* ---- the word of a child that leaves its parent's memory ---- */

static char *path;
static volatile int word;

static void exec_or_end(const char *how)
{
	char *argv[] = { path, "ends", NULL }, *env[] = { NULL };

	if (how[0] == 'e')
		execve(path, argv, env);
	else if (how[0] == 'n')
		execve("/no/such/file", argv, env);
	_exit(7);
}

/* The child writes nothing on the stack that the parent needs: it has returned when it comes back. */
__attribute__((noinline)) static void with_word(const char *what, const char *how,
						unsigned long flags, volatile int *at)
{
	int status = -1;
	pid_t pid;

	*at = 5;
	pid = (pid_t)syscall(SYS_clone, flags | CLEAR | SIGCHLD, 0, 0, 0, at);
	if (pid == 0)
		exec_or_end(how);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		result(what, -1);
	ended(what, status);
	say("  the word: %d\n", *at);
}

/* The word of CLONE_CHILD_CLEARTID is cleared at the end or the exec, if another process has that memory, too. */
static void words(void)
{
	volatile int *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	with_word("ends", "leaves", VM | VFORK, &word);
	with_word("executes", "executes", VM | VFORK, &word);
	with_word("cannot execute", "no file", VM | VFORK, &word);
	with_word("executes, a word in a shared page", "executes", VM | VFORK, shared);
	with_word("ends, memory of its own", "leaves", 0, shared);
	with_word("executes, memory of its own", "executes", 0, shared);
}

/* ---- which comes first ---- */

static char kind_of(int status)
{
	return WIFSTOPPED(status) ? 's' : WIFCONTINUED(status) ? 'c' : 'e';
}

/* Of several children with news, the oldest is told first, whatever its news are. */
static void oldest_first(bool of_group)
{
	pid_t pids[4];
	char kinds[5] = "";
	siginfo_t info;

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			if (i % 2)
				_exit(1);
			for (;;)
				pause();
		}
		setpgid(pids[i], pids[0]);
	}
	for (int i = 0; i < 4; i += 2) {
		kill(pids[i], SIGSTOP);
		waitid(P_PID, (id_t)pids[i], &info, WSTOPPED | WNOWAIT);
		waitid(P_PID, (id_t)pids[i + 1], &info, WEXITED | WNOWAIT);
	}
	for (int i = 0; i < 4; i++) {
		int status;
		pid_t pid = wait4(of_group ? -pids[0] : -1, &status, WUNTRACED, NULL);

		kinds[i] = pid == pids[i] ? kind_of(status) : '?';
	}
	say("the oldest first%s: %s\n", of_group ? ", of a group" : "", kinds);
	kill(pids[0], SIGKILL);
	kill(pids[2], SIGKILL);
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 8;
	path = argv[0];
	in_child("handler and SA_NOCLDWAIT", handled, NULL);
	in_child("SA_NOCLDWAIT, blocked", blocked, "");
	in_child("ignored, blocked", blocked, NULL);
	stops();
	oldest_first(false);
	oldest_first(true);
	words();
	return 0;
}
