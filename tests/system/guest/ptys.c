/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals whose server is killed all the time: no byte is lost or doubled, no key, no mode. */
#define _GNU_SOURCE
#include "ttyd/ttyd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "killed_server.h"

static int failed(const char *what, int line)
{
	printf("%d: %s: %s\n", line, what, strerrorname_np(errno));
	return 1;
}

#define NEED(what)                                      \
	do {                                            \
		if (!(what))                            \
			return failed(#what, __LINE__); \
	} while (0)

static int master, slave;

static int open_both(void)
{
	int unlocked = 0, n;
	char name[32];

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	NEED(master >= 0);
	NEED(ioctl(master, TIOCSPTLCK, &unlocked) == 0 && ioctl(master, TIOCGPTN, &n) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	slave = open(name, O_RDWR | O_NOCTTY);
	NEED(slave >= 0);
	return 0;
}

static void close_both(void)
{
	close(slave);
	close(master);
}

/* The next bytes at an end are these. */
static bool comes(int fd, const char *text)
{
	size_t n = strlen(text), done = 0;
	char bytes[256];
	ssize_t got;

	while (done < n) {
		got = read(fd, bytes + done, n - done);
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	if (memcmp(bytes, text, n) == 0)
		return true;
	printf("not \"%s\" but \"%.*s\"\n", text, (int)n, bytes);
	return false;
}

static bool nothing_comes(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	return poll(&ask, 1, 0) == 0;
}

static bool types(const char *keys)
{
	return write(master, keys, strlen(keys)) == (ssize_t)strlen(keys);
}

/* Lines are edited, and echoed once. */
static int lines(void)
{
	if (open_both())
		return 1;
	NEED(types("ab\177c\25de\bf\n"));
	NEED(comes(master, "ab\b \bc\b \b\b \bde^Hf\r\n"));
	NEED(comes(slave, "de\bf\n"));
	NEED(types("one\ntwo\n\4"));
	NEED(comes(slave, "one\n") && comes(slave, "two\n"));
	NEED(read(slave, &(char){ 0 }, 1) == 0);
	NEED(comes(master, "one\r\ntwo\r\n"));
	NEED(write(slave, "a long line that is shown\n", 26) == 26);
	NEED(comes(master, "a long line that is shown\r\n"));
	NEED(nothing_comes(master) && nothing_comes(slave));
	close_both();
	return 0;
}

static int modes(void)
{
	struct winsize size = { 12, 34, 5, 6 }, got;
	struct termios old, now;
	int on = 1, n;

	if (open_both())
		return 1;
	NEED(tcgetattr(slave, &old) == 0);
	now = old;
	cfmakeraw(&now);
	NEED(types("lost\n") && comes(master, "lost\r\n"));
	NEED(tcsetattr(slave, TCSAFLUSH, &now) == 0);
	NEED(ioctl(slave, TIOCSWINSZ, &size) == 0);
	NEED(tcgetattr(master, &now) == 0 && !(now.c_lflag & (ECHO | ICANON)));
	NEED(ioctl(master, TIOCGWINSZ, &got) == 0 && memcmp(&size, &got, sizeof(got)) == 0);
	NEED(types("raw\n"));
	NEED(ioctl(slave, FIONREAD, &n) == 0 && n == 4);
	NEED(comes(slave, "raw\n"));
	NEED(ioctl(master, TIOCPKT, &on) == 0);
	NEED(tcsetattr(slave, TCSANOW, &old) == 0);
	NEED(read(master, &now, 9) == 1 && *(char *)&now == TIOCPKT_DOSTOP);
	NEED(types("\23"));
	NEED(read(master, &now, 9) == 1 && *(char *)&now == TIOCPKT_STOP);
	NEED(types("\21"));
	NEED(read(master, &now, 9) == 1 && *(char *)&now == TIOCPKT_START);
	NEED(write(slave, "x", 1) == 1);
	NEED(read(master, &now, 9) == 2 && memcmp(&now, "\0x", 2) == 0);
	NEED(tcflush(slave, TCIFLUSH) == 0);
	NEED(read(master, &now, 9) == 1 && *(char *)&now == TIOCPKT_FLUSHREAD);
	close_both();
	return 0;
}

static volatile sig_atomic_t nsignals;

static void count(int sig)
{
	(void)sig;
	nsignals++;
}

/* A key that sends a signal sends one. */
static int keys(void)
{
	struct winsize size = { 1, 2, 3, 4 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (open_both())
			_exit(1);
		signal(SIGINT, count);
		signal(SIGWINCH, count);
		_exit(ioctl(slave, TIOCSCTTY, 0) != 0 || !types("x\3") || nsignals != 1 ||
		      ioctl(master, TIOCSWINSZ, &size) != 0 || nsignals != 2 ||
		      !comes(master, "x^C") || !types("y\n") || !comes(slave, "y\n"));
	}
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(status == 0);
	return 0;
}

/* Who waits when a server ends goes on with the next one; and an end is an end. */
static int waits(void)
{
	int status = -1;
	pid_t pid;

	if (open_both())
		return 1;
	pid = fork();
	if (pid == 0) {
		close(master);
		_exit(!comes(slave, "a line\n") || write(slave, "x", 1) != 1);
	}
	close(slave);
	NEED(types("a line\n"));
	NEED(comes(master, "a line\r\nx"));
	NEED(waitpid(pid, &status, 0) == pid && status == 0);
	NEED(read(master, &status, 1) == -1 && errno == EIO);
	close(master);
	return 0;
}

/* Many bytes, both ways at once. */
static int pump(size_t total)
{
	static char bytes[3000];
	struct termios raw;
	int status = -1;
	pid_t pid;

	if (open_both())
		return 1;
	NEED(tcgetattr(slave, &raw) == 0);
	cfmakeraw(&raw);
	NEED(tcsetattr(slave, TCSANOW, &raw) == 0);
	pid = fork();
	if (pid == 0) {
		close(master);
		for (size_t done = 0, n; done < total; done += n) {
			n = (size_t)read(slave, bytes, 1 + done % sizeof(bytes));
			if ((ssize_t)n <= 0 || write(slave, bytes, n) != (ssize_t)n)
				_exit(1);
		}
		_exit(0);
	}
	close(slave);
	for (size_t sent = 0, got = 0, n; got < total; got += n) {
		if (sent < total && sent - got < 2000) {
			n = total - sent < 700 ? total - sent : 700;
			for (size_t i = 0; i < n; i++)
				bytes[i] = (char)((sent + i) % 251);
			NEED(write(master, bytes, n) == (ssize_t)n);
			sent += n;
		}
		n = (size_t)read(master, bytes, 500);
		NEED((ssize_t)n > 0);
		for (size_t i = 0; i < n; i++)
			NEED(bytes[i] == (char)((got + i) % 251));
	}
	NEED(waitpid(pid, &status, 0) == pid && status == 0);
	close(master);
	return 0;
}

static int all_of_it(size_t rounds)
{
	for (size_t i = 0; i < rounds; i++)
		if (lines() || modes() || keys() || waits() || pump(5000))
			return 1;
	return 0;
}

static int serve_traced(int argc, char **argv)
{
	return ttyd_main(argc, argv, killed_traced);
}

static const struct killed_server ttyd = {
	.path = "/srv/tty",
	.recovery = 1 << 20,
	.life = 46,
	.serve = serve_traced,
	.use = all_of_it,
};

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	killed_init();
	return argc > 1 ? killed_often(&ttyd, 20, (unsigned)atoi(argv[1]))
			: killed_at_each_step(&ttyd, 1, 50);
}
