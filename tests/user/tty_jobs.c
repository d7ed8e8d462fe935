/* SPDX-License-Identifier: MIT */
/* A controlling terminal: who may take it, ask and change its group in the foreground; the background reads EIO. */
#include "terminal.h"

#include <sys/sysmacros.h>
#include <sys/uio.h>

#define BAD ((void *)8)

static int tty;

static int begins_session(int steal)
{
	setsid();
	return ioctl(tty, TIOCSCTTY, steal);
}

/* By its other name it is the same terminal, as long as it is the process's. */
static void by_its_other_name(void)
{
	pid_t group = 0;
	struct stat st;
	int own = open("/dev/tty", O_RDWR | O_NONBLOCK);

	say("/dev/tty: %d\n", own >= 0);
	TRY(fstat(own, &st));
	say("device: %d %d\n", major(st.st_rdev), minor(st.st_rdev));
	TRY(isatty(own));
	TRY(ioctl(own, TIOCGPGRP, &group));
	say("group: %d\n", group == getpgrp());
	TRY(read(own, &group, 1));
	TRY(write(own, "\r", 1));
	TRY(ioctl(own, TIOCNOTTY));
	TRY(ioctl(own, TIOCGPGRP, &group));
	TRY(open("/dev/tty", O_RDWR));
	say("as a path: %d\n", open("/dev/tty", O_PATH) >= 0);
	TRY(write(own, "\r", 1));
	close(own);
}

static int foreign(void *unused)
{
	pid_t group = 0;

	(void)unused;
	TRY(ioctl(tty, TIOCSCTTY, 0)); /* leads no session */
	setsid();
	TRY(ioctl(tty, TIOCGPGRP, &group));
	TRY(ioctl(tty, TIOCSPGRP, &group));
	TRY(ioctl(tty, TIOCSPGRP, BAD));
	TRY(ioctl(tty, TIOCGSID, &group));
	TRY(ioctl(tty, TIOCNOTTY));
	TRY(open("/dev/tty", O_RDWR));
	return 0;
}

static int owns(void *unused)
{
	pid_t group = 0, none = 999999, negative = -1, first = 1;

	(void)unused;
	TRY(begins_session(1));
	TRY(ioctl(tty, TIOCSCTTY, 0));
	TRY(ioctl(tty, TIOCGPGRP, &group));
	say("group: %d\n", group == getpid());
	TRY(ioctl(tty, TIOCGSID, &group));
	say("session: %d\n", group == getpid());
	TRY(ioctl(tty, TIOCGPGRP, BAD));
	TRY(ioctl(tty, TIOCGSID, BAD));
	TRY(ioctl(tty, TIOCSPGRP, BAD));
	TRY(ioctl(tty, TIOCSPGRP, &none));
	TRY(ioctl(tty, TIOCSPGRP, &negative));
	TRY(ioctl(tty, TIOCSPGRP, &first));
	TRY(ioctl(tty, TIOCSPGRP, &group));
	return 0;
}

/* Only a leader without a terminal takes one that is free, or steals it. */
static int steals(void *unused)
{
	pid_t child, group;

	(void)unused;
	TRY(begins_session(1));
	signal(SIGHUP, SIG_IGN);
	child = fork();
	if (child == 0) {
		setsid();
		TRY(ioctl(tty, TIOCSCTTY, 0));
		TRY(ioctl(tty, TIOCSCTTY, 1));
		TRY(ioctl(tty, TIOCGPGRP, &group));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	TRY(ioctl(tty, TIOCGPGRP, &group));
	return 0;
}

static void in_background(void)
{
	struct termios modes;
	pid_t own = getpid();
	char byte;

	setpgid(0, 0);
	signal(SIGTTIN, SIG_IGN);
	TRY(read(tty, &byte, 1));
	TRY(readv(tty, &(struct iovec){ &byte, 1 }, 1));
	TRY(ioctl(tty, TCGETS, &modes));
	signal(SIGTTOU, SIG_IGN);
	TRY(ioctl(tty, TCFLSH, TCIFLUSH));
	TRY(ioctl(tty, TCSETS, &modes));
	TRY(ioctl(tty, TIOCSPGRP, &own));
	TRY(ioctl(tty, TIOCGPGRP, &own));
	say("in the foreground: %d\n", own == getpid());
	_exit(0);
}

/* As nothing else is in the session that could let it go on, it would stop for ever: EIO. */
static void orphaned(pid_t parent)
{
	struct termios modes;
	pid_t own = getpid();
	char byte;

	setpgid(0, 0);
	while (getppid() == parent)
		nap(1);
	TRY(read(tty, &byte, 1));
	TRY(ioctl(tty, TCGETS, &modes));
	TRY(ioctl(tty, TCSETS, &modes));
	TRY(ioctl(tty, TCFLSH, TCIFLUSH));
	TRY(ioctl(tty, TIOCSPGRP, &own));
	_exit(0);
}

static int background(void *unused)
{
	pid_t child;

	(void)unused;
	TRY(begins_session(1));
	child = fork();
	if (child == 0)
		in_background();
	waitpid(child, NULL, 0);
	return 0;
}

/* A child whose parent is of another session: its group is an orphan's. */
static int background_orphan(void *unused)
{
	pid_t middle, child;
	int p[2];
	char byte;

	(void)unused;
	TRY(begins_session(1));
	TRY(pipe(p));
	middle = fork();
	if (middle == 0) {
		middle = getpid();
		child = fork();
		if (child == 0)
			orphaned(middle);
		_exit(0);
	}
	waitpid(middle, NULL, 0);
	close(p[1]);
	TRY(read(p[0], &byte, 1));
	return 0;
}

static int says_how_it_ended(pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	ended("the child", status);
	return 0;
}

/* The end of the leader hangs up on the group in the foreground. */
static int leader_ends(void *unused)
{
	int ready[2];
	pid_t leader, child;
	char byte;

	(void)unused;
	TRY(pipe(ready));
	leader = fork();
	if (leader == 0) {
		begins_session(1);
		child = fork();
		if (child == 0) {
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				nap(1000);
		}
		TRY(read(ready[0], &byte, 1));
		_exit(0);
	}
	says_how_it_ended(leader);
	close(ready[1]);
	TRY(read(ready[0], &byte, 1)); /* its end comes when the child is gone */
	return 0;
}

static int other_name(void *unused)
{
	(void)unused;
	TRY(begins_session(1));
	signal(SIGHUP, SIG_IGN);
	by_its_other_name();
	return 0;
}

static int gives_up(void *unused)
{
	pid_t group;

	(void)unused;
	TRY(begins_session(1));
	signal(SIGHUP, SIG_IGN);
	TRY(ioctl(tty, TIOCNOTTY));
	TRY(ioctl(tty, TIOCGPGRP, &group));
	TRY(ioctl(tty, TIOCSCTTY, 0));
	TRY(ioctl(tty, TIOCGPGRP, &group));
	return 0;
}

int main(void)
{
	static const struct {
		const char *name;
		int (*run)(void *);
	} cases[] = {
		{ "not its terminal", foreign },
		{ "its terminal", owns },
		{ "stolen", steals },
		{ "background", background },
		{ "background orphan", background_orphan },
		{ "the leader ends", leader_ends },
		{ "gives it up", gives_up },
		{ "/dev/tty", other_name },
	};

	mknod("/dev/tty", S_IFCHR | 0666, makedev(5, 0)); /* Linux has none here */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tty = open_terminal();
		say("a terminal: %d\n", tty >= 0);
		in_child(cases[i].name, cases[i].run, NULL);
	}
	return 0;
}
