/* SPDX-License-Identifier: MIT */
/* SIGCHLD: what it tells of children that end, stop and go on; wait4 with WUNTRACED and WCONTINUED; SA_NOCLDSTOP;
 * SIGCONT and stops undo each other; groups that are orphaned. */
#include "t.h"

static sigset_t child;

static void news(const char *what)
{
	struct timespec wait = { 2, 0 };
	siginfo_t info;
	int sig = sigtimedwait(&child, &info, &wait);

	if (sig < 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	else
		say("%s: code %d, status %d, uid %d\n", what, info.si_code, info.si_status,
		    (int)info.si_uid);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			nap(1000);
	return pid;
}

static void status_of(const char *what, pid_t pid, int options)
{
	int status = -1;
	pid_t got = waitpid(pid, &status, options);

	say("%s: %s %#x\n", what,
	    got == pid ? "it"
	    : got == 0 ? "nobody"
		       : strerrorname_np(errno),
	    got == pid ? (unsigned)status : 0);
}

static void ends(void)
{
	if (fork() == 0)
		_exit(7);
	news("exit 7");
	wait(NULL);
	if (fork() == 0)
		kill(getpid(), SIGTERM);
	news("killed");
	wait(NULL);
}

static void stop_and_go(void)
{
	pid_t pid = sleeper();

	until_it_waits(pid, 0);
	kill(pid, SIGSTOP);
	news("stopped");
	status_of("without WUNTRACED", pid, WNOHANG);
	status_of("WUNTRACED", pid, WUNTRACED);
	status_of("a second time", pid, WUNTRACED | WNOHANG);
	kill(pid, SIGUSR1); /* waits until it goes on */
	status_of("nothing is done while it is stopped", pid, WNOHANG);
	kill(pid, SIGKILL);
	status_of("but SIGKILL", pid, 0);
	news("killed");
	pid = sleeper();
	until_it_waits(pid, 0);
	kill(pid, SIGSTOP);
	status_of("SIGSTOP", pid, WUNTRACED);
	kill(pid, SIGCONT);
	status_of("WCONTINUED", pid, WCONTINUED);
	status_of("a second time", pid, WCONTINUED | WNOHANG);
	kill(pid, SIGTERM);
	status_of("SIGTERM", pid, 0);
	while (sigtimedwait(&child, NULL, &(struct timespec){ 0, 0 }) > 0)
		;
}

static void no_stops(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };
	struct timespec wait = { 0, 50000000 };
	pid_t pid = sleeper();

	sigaction(SIGCHLD, &action, NULL);
	until_it_waits(pid, 0);
	kill(pid, SIGSTOP);
	TRY(sigtimedwait(&child, NULL, &wait));
	status_of("told to wait4 all the same", pid, WUNTRACED);
	kill(pid, SIGCONT);
	TRY(sigtimedwait(&child, NULL, &wait));
	kill(pid, SIGKILL);
	news("killed");
	status_of("killed", pid, 0);
}

static volatile int runs;

static void count(int sig)
{
	(void)sig;
	runs++;
}

/* A stop that waits is dropped by SIGCONT, a SIGCONT that waits by a stop; a handler of SIGCONT runs. */
static int undo(void *unused)
{
	sigset_t set, pending;

	(void)unused;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGTSTP);
	kill(getpid(), SIGCONT);
	sigpending(&pending);
	say("TSTP %d, CONT %d\n", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGCONT));
	kill(getpid(), SIGTSTP);
	sigpending(&pending);
	say("TSTP %d, CONT %d\n", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGCONT));
	signal(SIGCONT, count);
	kill(getpid(), SIGCONT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("handler of SIGCONT: %d\n", runs);
	return 0;
}

/* A group whose members' parents are all of the same group or another session does not stop by SIGTSTP. */
static int orphaned(void *unused)
{
	int status;
	pid_t pid;

	(void)unused;
	setsid();
	kill(getpid(), SIGTSTP);
	say("SIGTSTP did not stop the leader of a session\n");
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		kill(getpid(), SIGTSTP);
		_exit(3);
	}
	waitpid(pid, &status, WUNTRACED);
	say("its child, in a group of its own, stopped: %d\n", WIFSTOPPED(status));
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	ended("then", status);
	return 0;
}

/* Who keeps a stopped group ends: it gets SIGHUP and SIGCONT. */
static int left_behind(void *unused)
{
	int p[2];
	pid_t keeper;
	char c;

	(void)unused;
	if (pipe(p) != 0)
		return 1;
	setsid();
	keeper = fork();
	if (keeper == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0);
			kill(getpid(), SIGSTOP); /* ends by SIGHUP when it goes on */
			for (;;)
				nap(1000);
		}
		close(p[0]);
		waitpid(pid, NULL, WUNTRACED);
		_exit(0);
	}
	close(p[1]);
	waitpid(keeper, NULL, 0);
	say("the pipe's last writer is gone: %zd\n", read(p[0], &c, 1));
	return 0;
}

int main(void)
{
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	ends();
	stop_and_go();
	no_stops();
	signal(SIGCHLD, SIG_DFL);
	in_child("stop and SIGCONT", undo, NULL);
	in_child("orphaned groups", orphaned, NULL);
	in_child("left behind", left_behind, NULL);
	return 0;
}
