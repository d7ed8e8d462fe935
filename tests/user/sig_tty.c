/* SPDX-License-Identifier: MIT */
/* Jobs that stop: a read of the terminal from the background, changes of it, with TOSTOP a write to it; SIGTTOU's and
 * SIGTTIN's handlers. */
#include "terminal.h"

#include <stdbool.h>
#include <sys/uio.h>

static int tty;

static void nothing(int sig)
{
	(void)sig;
}

/* Runs f in a group of its own, in the background of this session. */
static pid_t background(void (*f)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		f();
		_exit(0);
	}
	setpgid(pid, pid);
	return pid;
}

static void status_of(const char *what, pid_t pid, int options)
{
	int status = -1;

	if (waitpid(pid, &status, options) == pid && WIFSTOPPED(status))
		say("%s: stopped by SIG%s\n", what, sigabbrev_np(WSTOPSIG(status)));
	else if (WIFSIGNALED(status) || WIFEXITED(status))
		ended(what, status);
}

static void reads(void)
{
	char c;

	fcntl(tty, F_SETFL, O_NONBLOCK);
	TRY(read(tty, &c, 1)); /* stops; in the foreground there is nothing to read */
}

static void sets(void)
{
	struct termios modes;

	TRY(tcgetattr(tty, &modes));
	TRY(ioctl(tty, TCSETS, &modes));
}

static void sets_with_handlers(void)
{
	struct sigaction action = { .sa_handler = nothing };
	struct termios modes;
	char c;

	sigaction(SIGTTOU, &action, NULL);
	sigaction(SIGTTIN, &action, NULL);
	TRY(ioctl(tty, TCGETS, &modes));
	TRY(ioctl(tty, TCSETS, &modes));
	TRY(ioctl(tty, TCFLSH, TCIFLUSH));
	TRY(read(tty, &c, 1));
}

static void resume(pid_t pid)
{
	ioctl(tty, TIOCSPGRP, &pid);
	kill(pid, SIGCONT);
}

static void writes(void)
{
	TRY(write(tty, "\r", 1));
}

static void writes_as_it_likes(void)
{
	sigset_t set;

	signal(SIGTTOU, SIG_IGN);
	TRY(write(tty, "\r", 1));
	signal(SIGTTOU, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, NULL);
	TRY(write(tty, "\r", 1));
	sigpending(&set);
	say("pending: %d\n", sigismember(&set, SIGTTOU));
}

static void writes_with_handler(void)
{
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGTTOU, &action, NULL);
	TRY(write(tty, "\r", 1));
	TRY(writev(tty, &(struct iovec){ "\r", 1 }, 1));
}

/* Nobody could let it go on: the parent is gone. */
static void leaves_a_writer(void)
{
	int p[2];
	char byte;

	setpgid(0, 0);
	TRY(pipe(p));
	if (fork() == 0) {
		close(p[1]);
		while (read(p[0], &byte, 1) > 0 || getppid() == getpgrp())
			nap(1);
		TRY(write(tty, "\r", 1));
		TRY(writev(tty, &(struct iovec){ "\r", 1 }, 1));
		_exit(0);
	}
}

static void tostop(bool on)
{
	struct termios modes;

	TRY(tcgetattr(tty, &modes));
	modes.c_lflag = on ? modes.c_lflag | TOSTOP : modes.c_lflag & ~(tcflag_t)TOSTOP;
	TRY(tcsetattr(tty, TCSANOW, &modes));
	TRY(tcgetattr(tty, &modes));
	say("TOSTOP: %d\n", (modes.c_lflag & TOSTOP) != 0);
}

static void foreground(pid_t group)
{
	signal(SIGTTOU, SIG_IGN);
	TRY(ioctl(tty, TIOCSPGRP, &group));
	signal(SIGTTOU, SIG_DFL);
}

static void with_tostop(void)
{
	pid_t pid;
	int p[2];
	char byte;

	pid = background(writes);
	status_of("a write", pid, WUNTRACED);
	tostop(true);
	TRY(write(tty, "\r", 1));
	pid = background(writes);
	status_of("a write that is to stop", pid, WUNTRACED);
	resume(pid);
	status_of("in the foreground", pid, 0);
	foreground(getpid());
	pid = background(writes_as_it_likes);
	status_of("SIGTTOU held back", pid, WUNTRACED);
	pid = background(writes_with_handler);
	status_of("with a handler", pid, WUNTRACED);
	TRY(pipe(p));
	pid = fork();
	if (pid == 0) {
		leaves_a_writer();
		_exit(0);
	}
	close(p[1]);
	TRY(read(p[0], &byte, 1)); /* its end comes when the orphan is gone */
	status_of("who left it", pid, 0);
	tostop(false);
}

static int session(void *unused)
{
	pid_t pid, own = getpid();

	(void)unused;
	signal(SIGTTOU, SIG_IGN);
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	signal(SIGTTOU, SIG_DFL);
	pid = background(reads);
	status_of("a read", pid, WUNTRACED);
	resume(pid);
	status_of("in the foreground", pid, 0);
	signal(SIGTTOU, SIG_IGN);
	TRY(ioctl(tty, TIOCSPGRP, &own));
	signal(SIGTTOU, SIG_DFL);
	pid = background(sets);
	status_of("a change", pid, WUNTRACED);
	kill(pid, SIGTERM);
	kill(pid, SIGCONT);
	status_of("a signal that waited", pid, 0);
	pid = background(sets_with_handlers);
	status_of("with handlers", pid, WUNTRACED);
	with_tostop();
	return 0;
}

int main(void)
{
	int status;
	pid_t pid;

	tty = open_terminal();
	if (tty < 0) {
		result("terminal", -1);
		return 1;
	}
	pid = fork();
	if (pid == 0)
		_exit(session(NULL));
	waitpid(pid, &status, 0);
	ended("session", status);
	return 0;
}
