/* SPDX-License-Identifier: MIT */
/* Preloaded into QEMU: its main thread is woken late, as on a busy computer, whenever it waits in ppoll(). */

/*
 * On a busy computer, time passes between the event that ends a ppoll() and the look of the kernel
 * at what there is. If another thread of QEMU has read the event meanwhile, the ppoll() goes on with
 * its old time-out. Here this time is 2 ms at each event.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SIGNALS_SIZE 8 /* of the kernel's signal set, in bytes */
#define LATE_NS	     2000000

/* The system call, which writes the time that is left to *left. */
static int kernel_ppoll(struct pollfd *fds, nfds_t n, struct timespec *left,
			const sigset_t *signals)
{
	return (int)syscall(SYS_ppoll, fds, n, left, signals, SIGNALS_SIZE);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *signals)
{
	struct timespec rest = timeout ? *timeout : (struct timespec){ 0 };
	struct timespec *left = timeout ? &rest : NULL;
	bool waits = !timeout || timeout->tv_sec || timeout->tv_nsec;
	int ready = kernel_ppoll(fds, n, left, signals);

	while (ready > 0 && waits && getpid() == gettid()) {
		struct timespec none = { 0 };

		nanosleep(&(struct timespec){ .tv_nsec = LATE_NS }, NULL);
		ready = kernel_ppoll(fds, n, &none, signals);
		if (ready != 0)
			break;
		ready = kernel_ppoll(fds, n, left, signals);
	}
	return ready;
}
