/* Jobs that stop: a read of the terminal from the background, changes of it, SIGTTOU's and SIGTTIN's handlers. */
#include "t.h"

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>

static int tty;

/* A new one where there are more than the console, for Linux hangs up what a session leaves. */
static int open_terminal(void)
{
	int new;

	mkdir("/dev/pts", 0755);
	mount("none", "/dev/pts", "devpts", 0, "");
	new = posix_openpt(O_RDWR | O_NOCTTY);
	if (new < 0)
		return open("/dev/console", O_RDWR | O_NOCTTY);
	grantpt(new);
	unlockpt(new);
	return open(ptsname(new), O_RDWR | O_NOCTTY);
}

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
