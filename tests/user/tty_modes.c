/* SPDX-License-Identifier: MIT */
/* What a terminal answers in raw mode without waiting, when its window changes, when its output is waited for, and when
 * the background puts itself in front. */
#include "terminal.h"

#include <linux/openat2.h>
#include <poll.h>

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

/* A new size of the window sends SIGWINCH to the foreground; the same size does not. */
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

/* tcdrain and TIOCOUTQ are of terminals only: ENOTTY. */
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

/* In the background tcsetpgrp and tcdrain stop with SIGTTOU until the group is in front. */
static int background(void *unused)
{
	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	in_background("tcsetpgrp", puts_itself_in_front);
	in_background("tcdrain", waits_for_output);
	return 0;
}

/* As a new terminal is, but for the echo: what is typed does not come to the output. */
static void make_sane(void)
{
	struct termios modes;

	tcgetattr(tty, &modes);
	modes.c_iflag = ICRNL | IXON;
	modes.c_lflag = ISIG | ICANON | IEXTEN;
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	tcsetattr(tty, TCSANOW, &modes);
}

static void types(const char *text)
{
	for (; *text; text++)
		TRY(ioctl(tty, TIOCSTI, text));
}

static void become_another(void)
{
	TRY(setresgid(5, 5, 5));
	TRY(setresuid(5, 5, 5));
}

/* TIOCSTI: root alone types for others. */
static int types_itself(void *unused)
{
	char got[20] = "";
	long n;

	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	make_sane();
	types("ab\n");
	n = TRY(read(tty, got, sizeof(got)));
	say("%.*s", (int)n, got);
	TRY(ioctl(tty, TIOCSTI, (void *)8));
	signal(SIGINT, SIG_IGN);
	if (fork() == 0) {
		signal(SIGINT, SIG_DFL);
		types("\3");
		pause();
	}
	wait((int *)&n);
	ended("the foreground", (int)n);
	become_another();
	TRY(ioctl(tty, TIOCSTI, "x"));
	TRY(ioctl(tty, TIOCSTI, (void *)8));
	TRY(ioctl(tty, FIONREAD, &n));
	say("%d\n", (int)n);
	return 0;
}

static void writes(void)
{
	TRY(write(tty, "\r", 1));
}

/* tcflow() and ^S are two ways to stop output. */
static int flows(void *unused)
{
	struct pollfd asked = { .fd = tty, .events = POLLOUT };
	int status;
	pid_t pid;

	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	make_sane();
	TRY(tcflow(tty, TCOOFF));
	pid = fork();
	if (pid == 0)
		_exit(write(tty, "\r", 1) == 1 ? 3 : 4);
	until_it_sleeps(pid);
	TRY(waitpid(pid, &status, WNOHANG));
	fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK);
	writes();
	TRY(poll(&asked, 1, 0));
	types("\21"); /* ^Q does not resume it */
	writes();
	TRY(tcflow(tty, TCOON));
	waitpid(pid, &status, 0);
	ended("the writer", status);
	writes();
	TRY(poll(&asked, 1, 0));
	types("\23");
	writes();
	TRY(tcflow(tty, TCOON)); /* nor does this resume what ^S has stopped */
	writes();
	types("\21");
	writes();
	types("\23");
	TRY(tcflow(tty, TCOOFF));
	TRY(tcflow(tty, TCOON)); /* but so */
	writes();
	TRY(ioctl(tty, TCXONC, 4));
	TRY(ioctl(tty, TCXONC, -1));
	fcntl(tty, F_SETFL, O_RDWR);
	return 0;
}

static pid_t start_to_set(int how)
{
	pid_t pid = fork();
	struct termios modes;

	if (pid == 0) {
		tcgetattr(tty, &modes);
		modes.c_cc[VMIN] = 9;
		_exit(tcsetattr(tty, how, &modes) == 0 ? 3 : 4);
	}
	until_it_sleeps(pid);
	return pid;
}

/* TCSETSW and TCSETSF wait for who is writing, TCSETS does not. */
static int sets_after_output(void *unused)
{
	const int hows[] = { TCSADRAIN, TCSAFLUSH };
	struct termios modes;
	pid_t writer, setter;
	int status;

	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	for (int i = 0; i < 2; i++) {
		make_sane();
		types("ab\n");
		TRY(tcflow(tty, TCOOFF));
		writer = fork();
		if (writer == 0)
			_exit(write(tty, "\r", 1) == 1 ? 3 : 4);
		until_it_sleeps(writer);
		setter = start_to_set(hows[i]);
		TRY(waitpid(setter, &status, WNOHANG));
		TRY(tcgetattr(tty, &modes));
		TRY(ioctl(tty, FIONREAD, &status));
		say("VMIN %d, %d bytes\n", modes.c_cc[VMIN], status);
		TRY(tcsetattr(tty, TCSANOW, &modes));
		TRY(tcflow(tty, TCOON));
		waitpid(writer, &status, 0);
		ended("the writer", status);
		waitpid(setter, &status, 0);
		ended("who sets", status);
		TRY(tcgetattr(tty, &modes));
		TRY(ioctl(tty, FIONREAD, &status));
		say("VMIN %d, %d bytes\n", modes.c_cc[VMIN], status);
	}
	tcflush(tty, TCIFLUSH);
	return 0;
}

/* TIOCEXCL refuses further opens, but not those of root and of O_PATH: EBUSY. */
static int exclusive(void *unused)
{
	struct open_how how = { .flags = O_RDWR };
	int is = 7;

	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	fchmod(tty, 0666);
	TRY(ioctl(tty, TIOCGEXCL, &is));
	say("%d\n", is);
	TRY(ioctl(tty, TIOCEXCL));
	TRY(ioctl(tty, TIOCGEXCL, &is));
	say("%d\n", is);
	TRY(ioctl(tty, TIOCGEXCL, (void *)8));
	say("root: %d\n", open("/dev/tty", O_RDWR) >= 0);
	become_another();
	TRY(open("/dev/tty", O_RDWR));
	TRY(syscall(SYS_openat2, AT_FDCWD, "/dev/tty", &how, sizeof(how)));
	say("a path: %d\n", open("/dev/tty", O_PATH) >= 0);
	TRY(ioctl(tty, TIOCNXCL));
	TRY(ioctl(tty, TIOCGEXCL, &is));
	say("%d, another: %d\n", is, open("/dev/tty", O_RDWR) >= 0);
	return 0;
}

/* N_TTY is the only line discipline: EINVAL. */
static int disciplines(void *unused)
{
	const int all[] = { 0, 1, 77, -1 };
	int is = 7;

	(void)unused;
	TRY(ioctl(tty, TIOCGETD, &is));
	say("%d\n", is);
	for (int i = 0; i < 4; i++)
		TRY(ioctl(tty, TIOCSETD, &all[i]));
	TRY(ioctl(tty, TIOCSETD, (void *)8));
	TRY(ioctl(tty, TIOCGETD, (void *)8));
	TRY(ioctl(tty, TIOCSBRK));
	TRY(ioctl(tty, TIOCCBRK));
	TRY(ioctl(open("/dev/null", O_RDWR), TIOCGETD, &is));
	return 0;
}

static void stops_output(void)
{
	setpgid(0, 0);
	TRY(tcflow(tty, TCOON));
}

static void sets_discipline(void)
{
	int n = 0;

	setpgid(0, 0);
	TRY(ioctl(tty, TIOCSETD, &n));
}

/* These the background may do. */
static void does_others(void)
{
	int n;

	setpgid(0, 0);
	TRY(ioctl(tty, TIOCGETD, &n));
	TRY(ioctl(tty, TIOCSTI, ""));
	TRY(ioctl(tty, TIOCEXCL));
	TRY(ioctl(tty, TIOCNXCL));
}

/* tcflow and TIOCSETD stop a group in the background as output does. */
static int in_the_background(void *unused)
{
	(void)unused;
	setsid();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	make_sane();
	in_background("tcflow", stops_output);
	in_background("TIOCSETD", sets_discipline);
	in_background("others", does_others);
	TRY(tcflush(tty, TCIFLUSH));
	return 0;
}

static void told(const char *what)
{
	const struct timespec now = { 0 };
	siginfo_t info = { 0 };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	sig = sigtimedwait(&set, &info, &now);
	if (sig == SIGRTMIN)
		say("%s: code %d, %d, band %#lx\n", what, info.si_code, info.si_fd == tty,
		    info.si_band);
	else
		say("%s: %d\n", what, sig == SIGIO);
}

static void says_owner(void)
{
	struct f_owner_ex ex = { -1, -1 };

	TRY(fcntl(tty, F_GETOWN_EX, &ex));
	say("type %d, %s\n", ex.type,
	    ex.pid == 0		       ? "nobody"
	    : ex.pid == tcgetpgrp(tty) ? "the foreground"
	    : ex.pid == getpid()       ? "self"
				       : "another");
}

/* O_ASYNC: the foreground is told of each line, or of each byte, and of room. */
static int is_told(void *unused)
{
	struct termios modes;
	sigset_t set;

	(void)unused;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setsid();
	TRY(fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC));
	says_owner();
	TRY(fcntl(tty, F_SETOWN, 0));
	TRY(ioctl(tty, TIOCSCTTY, 1));
	make_sane();
	TRY(fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK));
	TRY(fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC));
	says_owner();
	TRY(ioctl(tty, TIOCSTI, "a"));
	told("a byte");
	TRY(ioctl(tty, TIOCSTI, "\n"));
	told("a line");
	TRY(fcntl(tty, F_SETOWN, getpid()));
	TRY(fcntl(tty, F_SETSIG, SIGRTMIN));
	TRY(ioctl(tty, TIOCSTI, "\n"));
	told("another line");
	TRY(tcgetattr(tty, &modes));
	modes.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	TRY(tcsetattr(tty, TCSANOW, &modes));
	TRY(tcflush(tty, TCIFLUSH));
	told("no input");
	TRY(ioctl(tty, TIOCSTI, "b"));
	told("a raw byte");
	TRY(fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK));
	TRY(ioctl(tty, TIOCSTI, "c"));
	told("without O_ASYNC");
	TRY(tcflush(tty, TCIFLUSH));
	make_sane();
	return 0;
}

int main(void)
{
	static const struct {
		const char *name;
		int (*run)(void *);
	} cases[] = {
		{ "raw reads", reads_raw },
		{ "with speeds", with_speeds },
		{ "the window", window_changes },
		{ "output", output_ends },
		{ "background", background },
		{ "typing", types_itself },
		{ "flow", flows },
		{ "after output", sets_after_output },
		{ "exclusive", exclusive },
		{ "disciplines", disciplines },
		{ "in the background", in_the_background },
		{ "signals", is_told },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tty = open_terminal();
		in_child(cases[i].name, cases[i].run, NULL);
	}
	return 0;
}
