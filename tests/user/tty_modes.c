/* SPDX-License-Identifier: MIT */
/* What a terminal answers in raw mode without waiting, when its window changes, when its output is waited for, and when
 * the background puts itself in front. */
#include "terminal.h"

static int tty;
static volatile sig_atomic_t winches;

static void winch(int sig)
{
	(void)sig;
	winches++;
}

/* MIN and TIME decide first, O_NONBLOCK after them. */
static int reads_raw(void *unused)
{
	struct termios modes;
	char c;

	(void)unused;
	TRY(tcgetattr(tty, &modes));
	cfmakeraw(&modes);
	modes.c_cc[VMIN] = 0;
	modes.c_cc[VTIME] = 0;
	TRY(tcsetattr(tty, TCSANOW, &modes));
	TRY(read(tty, &c, 1));
	TRY(fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK));
	TRY(read(tty, &c, 1));
	modes.c_cc[VMIN] = 1;
	TRY(tcsetattr(tty, TCSANOW, &modes));
	TRY(read(tty, &c, 1));
	modes.c_cc[VMIN] = 0;
	modes.c_cc[VTIME] = 1;
	TRY(tcsetattr(tty, TCSANOW, &modes));
	TRY(read(tty, &c, 1));
	TRY(fcntl(tty, F_SETFL, O_RDWR));
	TRY(read(tty, &c, 1));
	return 0;
}

#define GETS2  0x802C542A
#define SETS2  0x402C542B
#define SETSW2 0x402C542C
#define SETSF2 0x402C542D

/* What C libraries use from 2025 on: the same modes, and the speeds as numbers. */
static int with_speeds(void *unused)
{
	struct {
		unsigned iflag, oflag, cflag, lflag;
		unsigned char line, cc[19];
		unsigned ispeed, ospeed;
		unsigned behind;
	} modes = { .behind = 7 };
	struct termios old;

	(void)unused;
	TRY(ioctl(tty, GETS2, &modes));
	TRY(tcgetattr(tty, &old));
	say("as it was told before: %d; speeds %u %u, %u\n",
	    modes.lflag == old.c_lflag && modes.iflag == old.c_iflag &&
		    !memcmp(modes.cc, old.c_cc, 19),
	    modes.ispeed, modes.ospeed, modes.behind);
	modes.lflag &= ~(unsigned)ECHO;
	modes.cc[VMIN] = 5;
	TRY(ioctl(tty, SETS2, &modes));
	TRY(tcgetattr(tty, &old));
	say("echo %d, VMIN %d\n", (old.c_lflag & ECHO) != 0, old.c_cc[VMIN]);
	modes.lflag |= ECHO;
	TRY(ioctl(tty, SETSW2, &modes));
	modes.cc[VMIN] = 1;
	TRY(ioctl(tty, SETSF2, &modes));
	TRY(tcgetattr(tty, &old));
	say("echo %d, VMIN %d\n", (old.c_lflag & ECHO) != 0, old.c_cc[VMIN]);
	TRY(ioctl(tty, GETS2, (void *)8));
	TRY(ioctl(tty, SETS2, (void *)8));
	TRY(ioctl(open("/dev/null", O_RDWR), GETS2, &modes));
	return 0;
}

static int window_changes(void *unused)
{
	struct winsize size = { .ws_row = 7, .ws_col = 9 };

	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	signal(SIGWINCH, winch);
	TRY(ioctl(tty, TIOCSWINSZ, &size));
	say("SIGWINCH: %d\n", winches);
	TRY(ioctl(tty, TIOCSWINSZ, &size));
	say("the same size again: %d\n", winches);
	size.ws_xpixel = 3;
	TRY(ioctl(tty, TIOCSWINSZ, &size));
	say("SIGWINCH: %d\n", winches);
	TRY(ioctl(tty, TIOCSWINSZ, (void *)8));
	return 0;
}

static int output_ends(void *unused)
{
	int n = -1, p[2];

	(void)unused;
	TRY(write(tty, "\r", 1));
	TRY(tcdrain(tty));
	TRY(ioctl(tty, TIOCOUTQ, &n));
	say("unsent: %d\n", n);
	TRY(ioctl(tty, TIOCOUTQ, (void *)8));
	TRY(tcsendbreak(tty, 0));
	TRY(pipe(p));
	TRY(tcdrain(p[1]));
	TRY(ioctl(p[1], TIOCOUTQ, &n));
	return 0;
}

/* Stops, and is done when the group is in the foreground. */
static void puts_itself_in_front(void)
{
	setpgid(0, 0);
	TRY(tcsetpgrp(tty, getpgrp()));
	TRY(tcdrain(tty));
}

static void waits_for_output(void)
{
	setpgid(0, 0);
	TRY(tcdrain(tty));
}

static void in_background(const char *what, void (*f)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		f();
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	if (WIFSTOPPED(status))
		say("%s: stopped by SIG%s\n", what, sigabbrev_np(WSTOPSIG(status)));
	ioctl(tty, TIOCSPGRP, &pid);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	ended(what, status);
	signal(SIGTTOU, SIG_IGN);
	TRY(tcsetpgrp(tty, getpgrp()));
	signal(SIGTTOU, SIG_DFL);
}

static int background(void *unused)
{
	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	in_background("tcsetpgrp", puts_itself_in_front);
	in_background("tcdrain", waits_for_output);
	return 0;
}

int main(void)
{
	static const struct {
		const char *name;
		int (*run)(void *);
	} cases[] = {
		{ "raw reads", reads_raw },	  { "with speeds", with_speeds },
		{ "the window", window_changes }, { "output", output_ends },
		{ "background", background },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tty = open_terminal();
		in_child(cases[i].name, cases[i].run, NULL);
	}
	return 0;
}
