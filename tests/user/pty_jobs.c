/* SPDX-License-Identifier: MIT */
/* R158: pseudo-terminals and jobs: whose terminal they are, which signals come, and who is told of an end. */
#include "ptys.h"

#include <utmp.h>

static int master, slave;
static volatile sig_atomic_t hups, conts, winches;

static void note(int sig)
{
	if (sig == SIGHUP)
		hups++;
	else if (sig == SIGCONT)
		conts++;
	else
		winches++;
}

static void open_both(void)
{
	master = open_master();
	slave = open_slave(master);
}

static void close_both(void)
{
	close(slave);
	close(master);
}

static long field_of_stat(int index)
{
	int fd = open("/proc/self/stat", O_RDONLY);
	char text[512], *at;
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	for (int i = 2; at && i < index; i++)
		at = strchr(at + 1, ' ');
	return at ? atol(at + 1) : -1;
}

/* The first terminal that a session's leader opens becomes its own, unless it says otherwise. */
static int takes(void *unused)
{
	int n = -1, fd;

	(void)unused;
	say("before: %ld %ld\n", field_of_stat(7), field_of_stat(8));
	TRY(open("/dev/tty", O_RDWR));
	fd = open(name_of(master), O_RDWR);
	say("not the leader: %ld\n", field_of_stat(7));
	close(fd);
	setsid();
	fd = open(name_of(master), O_RDWR | O_NOCTTY);
	say("O_NOCTTY: %ld\n", field_of_stat(7));
	close(fd);
	fd = open(name_of(master), O_WRONLY);
	say("O_WRONLY: %ld\n", field_of_stat(7));
	close(fd);
	TRY(ioctl(slave, TIOCGPGRP, &n));
	TRY(ioctl(slave, TIOCGSID, &n));
	TRY(ioctl(master, TIOCGSID, &n));
	fd = open(name_of(master), O_RDWR);
	say("the leader: %d, %d\n", field_of_stat(7) == (136 << 8 | number_of(master)),
	    field_of_stat(8) == getpid());
	TRY(ioctl(slave, TIOCGPGRP, &n));
	say("own: %d\n", n == getpid());
	TRY(ioctl(master, TIOCGPGRP, &n));
	say("own: %d\n", n == getpid());
	TRY(ioctl(master, TIOCGSID, &n));
	say("own: %d\n", n == getpid());
	n = open("/dev/tty", O_RDWR);
	TRY(write(n, "by the other name", 17));
	reads("shown", master);
	TRY(isatty(n));
	TRY(ioctl(slave, TIOCSCTTY, 0));
	signal(SIGHUP, SIG_IGN);
	TRY(ioctl(slave, TIOCNOTTY, 0));
	TRY(open("/dev/tty", O_RDWR));
	say("without: %ld\n", field_of_stat(7));
	return 0;
}

/* A terminal that no process has open is still the session's, until the master is closed. */
static int closes(void *unused)
{
	int own = open_master(), end = open_slave(own), n = -1;

	(void)unused;
	setsid();
	TRY(ioctl(end, TIOCSCTTY, 0));
	say("own: %d\n", field_of_stat(7) == (136 << 8 | number_of(own)));
	close(end);
	polls("closed", own);
	say("own: %d\n", field_of_stat(7) == (136 << 8 | number_of(own)));
	end = open("/dev/tty", O_RDWR);
	TRY(ioctl(end, TIOCGPGRP, &n));
	say("own: %d\n", n == getpid());
	TRY(write(end, "again", 5));
	reads("opened by the other name", own);
	close(end);
	signal(SIGHUP, note);
	close(own);
	say("the master is closed: %d, %ld\n", hups, field_of_stat(7));
	TRY(open("/dev/tty", O_RDWR));
	return 0;
}

/* Another session's terminal is not to be had, but root may steal it. */
static int two_sessions(void *unused)
{
	int status;
	pid_t pid;

	(void)unused;
	setsid();
	TRY(ioctl(slave, TIOCSCTTY, 0));
	pid = fork();
	if (pid == 0) {
		TRY(ioctl(slave, TIOCSCTTY, 0));
		setsid();
		TRY(ioctl(slave, TIOCSCTTY, 0));
		TRY(setresuid(5, 5, 5));
		TRY(ioctl(slave, TIOCSCTTY, 1));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		setsid();
		TRY(ioctl(slave, TIOCSCTTY, 1));
		say("stolen: %d\n", tcgetpgrp(slave) == getpid());
		_exit(0);
	}
	waitpid(pid, &status, 0);
	TRY(tcgetpgrp(slave));
	return 0;
}

/* Who may only write to a terminal does not get it. Nor is it opened by others while it is exclusive. */
static int rights(void *unused)
{
	int own, end, is = -1;

	(void)unused;
	TRY(setresuid(5, 5, 5));
	own = open_master();
	end = open(name_of(own), O_WRONLY | O_NOCTTY);
	setsid();
	TRY(ioctl(end, TIOCSCTTY, 0));
	TRY(open("/dev/tty", O_RDWR));
	say("opened again: %d\n", open(name_of(own), O_RDWR) >= 0);
	TRY(ioctl(end, TIOCSCTTY, 0));
	signal(SIGHUP, SIG_IGN);
	close(own);
	own = open_master();
	end = open_slave(own);
	TRY(ioctl(own, TIOCEXCL));
	TRY(ioctl(own, TIOCGEXCL, &is));
	say("%d\n", is);
	TRY(ioctl(end, TIOCGEXCL, &is));
	say("%d\n", is);
	say("opened again: %d\n", (is = open(name_of(own), O_RDWR | O_NOCTTY)) >= 0);
	close(is);
	TRY(ioctl(end, TIOCEXCL));
	TRY(open(name_of(own), O_RDWR | O_NOCTTY));
	TRY(ioctl(own, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	close(end);
	TRY(open(name_of(own), O_RDWR | O_NOCTTY));
	return 0;
}

static void types(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		result("keys", -1);
}

/* The keys of signals, TIOCSIG, and the size of the window reach the foreground. */
static int signals(void *unused)
{
	static const char *const keys[] = { "\3", "\34", "\32" };
	struct winsize size = { 20, 30, 0, 0 };
	struct termios modes;
	int status;
	pid_t pid;

	(void)unused;
	setsid();
	TRY(ioctl(slave, TIOCSCTTY, 0));
	signal(SIGTTOU, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			tcsetpgrp(slave, getpid());
			types(keys[i]);
			for (;;)
				pause();
		}
		waitpid(pid, &status, WUNTRACED);
		if (WIFSTOPPED(status))
			say("stopped by SIG%s\n", sigabbrev_np(WSTOPSIG(status)));
		else
			ended("the foreground", status & ~0x80);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		reads("echo", master);
	}
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(slave, getpid());
		TRY(ioctl(master, TIOCSIG, SIGINT));
		pause();
	}
	waitpid(pid, &status, 0);
	ended("TIOCSIG", status);
	tcsetpgrp(slave, getpid());
	signal(SIGWINCH, note);
	TRY(ioctl(master, TIOCSWINSZ, &size));
	say("SIGWINCH: %d\n", winches);
	TRY(ioctl(slave, TIOCSWINSZ, &size));
	say("SIGWINCH: %d\n", winches);
	size.ws_col++;
	TRY(ioctl(slave, TIOCSWINSZ, &size));
	say("SIGWINCH: %d\n", winches);
	tcgetattr(slave, &modes);
	modes.c_lflag &= ~(tcflag_t)ISIG;
	tcsetattr(slave, TCSANOW, &modes);
	types("\3\n");
	reads("without ISIG", slave);
	return 0;
}

/* The background may not read, and with TOSTOP it may not write. */
static int background(void *unused)
{
	struct termios modes;
	int status;
	pid_t pid;
	char c;

	(void)unused;
	setsid();
	TRY(ioctl(slave, TIOCSCTTY, 0));
	for (int i = 0; i < 5; i++) {
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			tcgetattr(master, &modes);
			if (i == 0)
				_exit(read(slave, &c, 1) == 1 ? 3 : 4);
			if (i == 3)
				_exit(tcsetattr(master, TCSANOW, &modes) == 0 ? 3 : 4);
			if (i == 4)
				_exit(tcflush(master, TCOFLUSH) == 0 ? 3 : 4);
			_exit(write(slave, "x", 1) == 1 ? 3 : 4);
		}
		waitpid(pid, &status, WUNTRACED);
		if (WIFSTOPPED(status)) {
			say("stopped by SIG%s\n", sigabbrev_np(WSTOPSIG(status)));
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		} else {
			ended("the background", status);
		}
		tcgetattr(slave, &modes);
		modes.c_lflag |= i == 1 ? TOSTOP : 0;
		tcsetattr(slave, TCSANOW, &modes);
	}
	reads("what it wrote", master);
	return 0;
}

/* The master is closed: the leader gets SIGHUP and SIGCONT, and the foreground when the leader ends. */
static void hang_up(void)
{
	int to_us[2], go[2], n = 0;
	char text[8];
	pid_t pid;

	open_both();
	pipe(to_us);
	pipe(go);
	pid = fork();
	if (pid == 0) {
		close(master);
		setsid();
		TRY(ioctl(slave, TIOCSCTTY, 0));
		signal(SIGHUP, note);
		signal(SIGCONT, note);
		signal(SIGTTOU, SIG_IGN);
		if (fork() == 0) {
			close(go[1]);
			setpgid(0, 0);
			tcsetpgrp(slave, getpid());
			write(to_us[1], "ready", 5);
			while (hups == 0 || conts == 0)
				pause();
			say("the foreground: %d %d\n", hups != 0, conts != 0);
			_exit(0);
		}
		close(go[1]);
		while (hups == 0 || conts == 0)
			pause();
		say("the leader: %d %d, its terminal %ld\n", hups, conts, field_of_stat(7));
		TRY(open("/dev/tty", O_RDWR));
		write(to_us[1], "leads", 5);
		read(go[0], text, 1);
		_exit(0);
	}
	close(to_us[1]);
	close(slave);
	while (n < 5)
		n += (int)read(to_us[0], text, 5);
	close(master);
	read(to_us[0], text, 5);
	settle();
	close(go[1]);
	waitpid(pid, NULL, 0);
	n = (int)read(to_us[0], text, 5); /* all of them have ended */
	say("%d\n", n);
	close(to_us[0]);
	close(go[0]);
}

/* The leader ends: its foreground gets SIGHUP, the terminal goes on, and is to be had. */
static void leader_ends(void)
{
	int to_us[2], go[2], status, n;
	char text[8];
	pid_t pid;

	open_both();
	pipe(to_us);
	pipe(go);
	pid = fork();
	if (pid == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		signal(SIGHUP, note);
		signal(SIGCONT, note);
		if (fork() == 0) {
			close(go[1]);
			write(to_us[1], "ready", 5);
			read(go[0], text, 1);
			say("SIGHUP: %d, SIGCONT: %d\n", hups, conts);
			say("its terminal: %ld\n", field_of_stat(7));
			TRY(write(slave, "still", 5));
			TRY(ioctl(slave, TIOCGPGRP, &n));
			TRY(open("/dev/tty", O_RDWR));
			_exit(0);
		}
		read(to_us[0], text, 5);
		_exit(7);
	}
	close(to_us[1]);
	waitpid(pid, &status, 0);
	ended("the leader", status);
	close(go[1]);
	n = (int)read(to_us[0], text, 5); /* all of them have ended */
	say("%d\n", n);
	close(go[0]);
	reads("written by who is left", master);
	TRY(ioctl(master, TIOCGSID, &n));
	close(to_us[0]);
	pid = fork();
	if (pid == 0) {
		setsid();
		TRY(ioctl(slave, TIOCSCTTY, 0));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	close_both();
}

/* What the C library makes of it: a session on a terminal of its own, with the three streams. */
static void logs_in(void)
{
	struct winsize size = { 11, 22, 0, 0 }, got;
	int fd, status;
	char name[64];
	pid_t pid = forkpty(&fd, name, NULL, &size);

	if (pid == 0) {
		ioctl(STDIN_FILENO, TIOCGWINSZ, &got);
		printf("%d %d %d %d, %d %d\n", isatty(0), isatty(1), isatty(2),
		       tcgetpgrp(0) == getpid(), got.ws_row, got.ws_col);
		fflush(stdout);
		if (fgets(name, sizeof(name), stdin))
			printf("got %s", name);
		fflush(stdout);
		_exit(9);
	}
	reads("its first words", fd);
	TRY(write(fd, "a line\n", 7));
	waitpid(pid, &status, 0);
	ended("it", status);
	reads("its last words", fd);
	reads("and the end", fd);
	close(fd);
	if (openpty(&fd, &status, name, NULL, NULL) == 0)
		say("openpty: %d\n", strcmp(name, name_of(fd)) == 0);
	pid = fork();
	if (pid == 0) {
		close(fd);
		result("login_tty", login_tty(status));
		_exit(tcgetpgrp(0) == getpid());
	}
	close(status);
	reads("login_tty", fd);
	waitpid(pid, &status, 0);
	ended("it", status);
}

int main(void)
{
	mount_names();
	open_both();
	in_child("takes", takes, NULL);
	in_child("closes", closes, NULL);
	in_child("two sessions", two_sessions, NULL);
	in_child("rights", rights, NULL);
	close_both();
	open_both();
	in_child("signals", signals, NULL);
	close_both();
	open_both();
	in_child("background", background, NULL);
	close_both();
	hang_up();
	leader_ends();
	logs_in();
	return 0;
}
