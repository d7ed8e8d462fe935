/* SPDX-License-Identifier: MIT */
/* Reads sizes of the host's window as lines "COLUMNSxROWS". */
#include "lib/window.h"

#include "abi/poll.h"
#include "abi/signal.h"
#include "lib/sys.h"

#define PORT	"/dev/port/window"
#define MOST	0xffffu /* columns, rows */
#define AT_ONCE 64	/* bytes of a read */
#define STREAMS 3

/* The line that is being read. */
static unsigned columns, number;

/* The signal only has to end the wait. */
static void child_ended(int sig)
{
	(void)sig;
}

int window_open(void)
{
	return (int)sys_open(PORT, O_RDONLY | O_CLOEXEC);
}

int window_begin(void)
{
	const struct abi_sigaction action = { .handler = (uint64_t)(uintptr_t)child_ended };
	const uint64_t sigchld = 1ul << (SIGCHLD - 1);
	long err = sys_sigprocmask(SIG_BLOCK, &sigchld);

	return (int)(err ? err : sys_sigaction(SIGCHLD, &action));
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

bool window_wait(int port, uint64_t pause_ns)
{
	struct abi_pollfd input = { .fd = port, .events = POLLIN };
	const uint64_t none = 0;
	char bytes[AT_ONCE];
	long n = sys_ppoll(&input, 1, pause_ns, &none);

	if (n <= 0)
		return n == 0 || n == -EINTR;
	n = sys_read(port, bytes, sizeof(bytes));
	for (long i = 0; i < n; i++)
		window_take(bytes[i]);
	return n > 0 || n == -EINTR;
}
