/* SPDX-License-Identifier: MIT */
/* R158: pseudo-terminals: the bytes that go through them, their ends, packet mode, and what poll says. */
#include "ptys.h"

static int master, slave;

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

static void lines(void)
{
	open_both();
	polls("master", master);
	polls("slave", slave);
	TRY(write(master, "ab", 2));
	polls("half a line", slave);
	reads("its echo", master);
	TRY(write(master, "x\177c\ndef\n", 8));
	polls("two lines", slave);
	polls("master", master);
	reads("echo", master);
	reads("a line", slave);
	reads("another line", slave);
	polls("none", slave);
	TRY(write(master, "\4", 1));
	polls("the end", slave);
	reads("the end", slave);
	TRY(write(master, "no\25yes\n", 7));
	reads("killed", slave);
	reads("echo", master);
	TRY(write(slave, "one\ntwo\tthree\r\n", 15));
	reads("shown", master);
	TRY(write(master, "lost\n", 5));
	polls("a line", slave);
	TRY(write(master, "\3", 1));
	polls("discarded", slave);
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	TRY(read(slave, &(char){ 0 }, 1));
	close_both();
}

static void raw(void)
{
	struct termios modes;
	char c;

	open_both();
	set_raw(slave);
	TRY(write(master, "\1\3\r\n\377\0", 6));
	reads("raw", slave);
	reads_nothing("no echo", master);
	TRY(write(slave, "a\nb\r", 4));
	reads("as it is", master);
	tcgetattr(slave, &modes);
	modes.c_cc[VMIN] = 3;
	tcsetattr(slave, TCSANOW, &modes);
	TRY(write(master, "12", 2));
	polls("less than VMIN", slave);
	TRY(write(master, "3", 1));
	polls("VMIN", slave);
	reads("VMIN", slave);
	modes.c_cc[VMIN] = 0;
	modes.c_cc[VTIME] = 1;
	tcsetattr(slave, TCSANOW, &modes);
	TRY(read(slave, &c, 1));
	TRY(write(master, "4", 1));
	reads("VTIME", slave);
	modes.c_cc[VMIN] = 9;
	tcsetattr(slave, TCSANOW, &modes);
	TRY(write(master, "56", 2));
	reads("VMIN and VTIME", slave);
	close_both();
}

/* What stops and starts output, and what is lost. */
static void flow(void)
{
	struct pollfd ask = { .events = POLLOUT };

	open_both();
	ask.fd = slave;
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	TRY(write(master, "\23", 1));
	settle();
	TRY(write(slave, "x", 1));
	TRY(poll(&ask, 1, 0));
	reads_nothing("stopped", master);
	TRY(write(master, "\21", 1));
	settle();
	TRY(write(slave, "x", 1));
	TRY(poll(&ask, 1, 0));
	reads("started", master);
	TRY(write(master, "lost\n", 5));
	settle();
	TRY(tcflush(slave, TCIFLUSH));
	polls("flushed", slave);
	reads("echo", master);
	TRY(write(slave, "kept", 4));
	settle();
	TRY(tcflush(slave, TCOFLUSH));
	reads("flushed too late", master);
	TRY(write(slave, "lost", 4));
	settle();
	TRY(tcflush(master, TCIFLUSH));
	reads_nothing("flushed by the master", master);
	TRY(tcflow(slave, TCIOFF));
	reads("TCIOFF", master);
	TRY(tcflow(slave, TCION));
	reads("TCION", master);
	close_both();
}

static void packets(void)
{
	struct termios modes;
	int on = 1, is = 7;

	open_both();
	TRY(ioctl(master, TIOCGPKT, &is));
	say("%d\n", is);
	TRY(ioctl(master, TIOCPKT, &on));
	TRY(ioctl(master, TIOCGPKT, &is));
	say("%d\n", is);
	polls("nothing", master);
	TRY(write(slave, "bytes", 5));
	reads("bytes", master);
	TRY(write(master, "\23", 1));
	polls("stopped", master);
	reads("stopped", master);
	TRY(write(master, "\21", 1));
	reads("started", master);
	TRY(tcflush(slave, TCIFLUSH));
	reads("TCIFLUSH", master);
	TRY(tcflush(slave, TCOFLUSH));
	reads("TCOFLUSH", master);
	TRY(tcflush(slave, TCIOFLUSH));
	reads("TCIOFLUSH", master);
	tcgetattr(slave, &modes);
	modes.c_iflag &= ~(tcflag_t)IXON;
	TRY(tcsetattr(slave, TCSANOW, &modes));
	reads("without IXON", master);
	modes.c_lflag &= ~(tcflag_t)ECHO;
	TRY(tcsetattr(slave, TCSANOW, &modes));
	reads_nothing("without ECHO", master);
	modes.c_iflag |= IXON;
	TRY(tcsetattr(slave, TCSANOW, &modes));
	reads("with IXON", master);
	TRY(write(slave, "x", 1));
	TRY(tcflow(slave, TCOOFF));
	reads("first what it is", master);
	reads("then the byte", master);
	TRY(tcflow(slave, TCOON));
	reads("TCOON", master);
	TRY(tcflow(slave, TCOOFF));
	on = 0;
	TRY(ioctl(master, TIOCPKT, &on));
	reads_nothing("off", master);
	TRY(tcflow(slave, TCOON));
	reads_nothing("off", master);
	close_both();
}

/* The master when nobody has the slave open, and when nobody has it any more. */
static void without_slave(void)
{
	int late;

	master = open_master();
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	polls("never opened", master);
	TRY(read(master, &late, 1));
	TRY(write(master, "early\n", 6));
	settle();
	slave = open_slave(master);
	reads("what was typed before", slave);
	reads("its echo", master);
	TRY(write(slave, "last", 4));
	settle();
	close(slave);
	polls("closed", master);
	reads("what was shown before", master);
	polls("and read", master);
	TRY(read(master, &late, 1));
	late = open_slave(master);
	polls("opened again", master);
	TRY(read(master, &late, 1));
	close(late);
	close(master);
}

/* The slave when the master is closed. */
static void without_master(void)
{
	struct termios modes;
	struct winsize size;
	char c, path[40];
	int group;

	open_both();
	TRY(write(master, "lost\n", 5));
	settle();
	strcpy(path, name_of(master));
	close(master);
	polls("cut off", slave);
	TRY(read(slave, &c, 1));
	TRY(write(slave, "x", 1));
	TRY(tcgetattr(slave, &modes));
	TRY(tcsetattr(slave, TCSANOW, &modes));
	TRY(ioctl(slave, TIOCGWINSZ, &size));
	TRY(ioctl(slave, TIOCGPGRP, &group));
	TRY(ioctl(slave, TIOCSPGRP, &group));
	TRY(ioctl(slave, FIONREAD, &group));
	TRY(open(path, O_RDWR));
	close(slave);
}

/* A read or write that waits ends when the other side is closed. */
static void waiters(void)
{
	pid_t pid;
	int status;
	char c;

	open_both();
	pid = fork();
	if (pid == 0) {
		close(master);
		_exit(read(slave, &c, 1) == 0 || errno == EIO ? 3 : 4); /* of Linux, either */
	}
	until_it_sleeps(pid);
	close_both();
	waitpid(pid, &status, 0);
	ended("a reader of the slave", status);
	open_both();
	pid = fork();
	if (pid == 0) {
		close(slave);
		_exit(read(master, &c, 1) == -1 && errno == EIO ? 3 : 4);
	}
	until_it_sleeps(pid);
	close_both();
	waitpid(pid, &status, 0);
	ended("a reader of the master", status);
	open_both();
	TRY(tcflow(slave, TCOOFF));
	pid = fork();
	if (pid == 0) {
		close(master);
		_exit(write(slave, "x", 1) == -1 && errno == EIO ? 3 : 4);
	}
	until_it_sleeps(pid);
	close_both();
	waitpid(pid, &status, 0);
	ended("a writer", status);
}

/* Who writes without end to what nobody reads waits, or is told so. */
static void floods(void)
{
	static char bytes[5000];
	struct pollfd ask = { .events = POLLOUT };
	size_t n = 0, got = 0;
	ssize_t done;

	memset(bytes, 'y', sizeof(bytes));
	open_both();
	set_raw(slave);
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	while ((done = write(slave, bytes, sizeof(bytes))) > 0 || poll(&ask, 0, 20) > 0)
		n += (size_t)done;
	result("no room", done);
	ask.fd = slave;
	TRY(poll(&ask, 1, 50));
	while (got < n && ((done = read(master, bytes, sizeof(bytes))) > 0 || errno == EAGAIN))
		got += done > 0 ? (size_t)done : 0;
	say("all came: %d\n", n == got && n >= 4096 && n < 200000);
	TRY(poll(&ask, 1, 5000));
	n = got = 0;
	while ((done = write(master, bytes, sizeof(bytes))) > 0)
		n += (size_t)done;
	result("no room", done);
	while (got < n && ((done = read(slave, bytes, sizeof(bytes))) > 0 || errno == EAGAIN))
		got += done > 0 ? (size_t)done : 0;
	say("all came: %d\n", n == got && n >= 4096 && n < 200000);
	close_both();
}

int main(void)
{
	mount_names();
	lines();
	raw();
	flow();
	packets();
	without_slave();
	without_master();
	waiters();
	floods();
	return 0;
}
