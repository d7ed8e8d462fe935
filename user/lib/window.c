/* SPDX-License-Identifier: MIT */
/* Reads sizes of the host's window as lines "COLUMNSxROWS". */
#include "lib/window.h"

#include "lib/sys.h"

#define PORT	"/dev/port/window"
#define MOST	0xffffu /* columns, rows */
#define AT_ONCE 64	/* bytes of a read */
#define STREAMS 3

/* The line that is being read. */
static unsigned columns, number;

int window_open(void)
{
	return (int)sys_open(PORT, O_RDONLY | O_CLOEXEC);
}

/* The kernel sends SIGWINCH to the foreground where the size has changed. */
static void set_size(void)
{
	const struct abi_winsize size = { .rows = (uint16_t)number, .cols = (uint16_t)columns };

	for (int fd = 0; fd < STREAMS; fd++)
		if (sys_ioctl(fd, TIOCSWINSZ, (long)&size) == 0)
			return;
}

static void window_take(char byte)
{
	if (byte >= '0' && byte <= '9') {
		number = number * 10 + (unsigned)(byte - '0');
		number = number < MOST ? number : MOST;
		return;
	}
	if (byte == 'x') {
		columns = number;
	} else if (byte == '\n') {
		if (columns && number)
			set_size();
		columns = 0;
	}
	number = 0;
}

int window_read(int port)
{
	char bytes[AT_ONCE];
	long n = sys_read(port, bytes, sizeof(bytes));

	for (long i = 0; i < n; i++)
		window_take(bytes[i]);
	return n > 0 || n == -EINTR ? 0 : -1;
}
