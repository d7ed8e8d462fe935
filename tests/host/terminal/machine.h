/* SPDX-License-Identifier: MIT */
/* What linux/fs/tty/ stands on, for one thread: a device, wait queues whose sleepers the test runs, and time. */
#pragma once

#include "base/chardev.h"
#include "linux/fs/tty/tty_private.h"
#include "linux/fs/vfs/inode.h"

#define MACHINE_HZ     10000000u
#define MACHINE_WATCH  8
#define MACHINE_SIGNAL 8192
#define MACHINE_COLS   80
#define MACHINE_ROWS   24

struct machine {
	struct tty *tty;
	struct chardev dev;
	struct file file;
	struct inode *inode;
	/* What was typed and not taken by the driver yet; what the device accepts now. */
	uint8_t keys[65536];
	size_t nkeys, room;
	bool ended;
	/* Signals to the foreground, the oldest first. */
	int signals[MACHINE_SIGNAL];
	size_t nsignals;
	int background; /* what ctty_check() returns */
	char *user;	/* what lies at USER_BASE: the argument of an ioctl */
	/* What the last look of poll watches, and the sequences then. */
	struct waitq *watched[MACHINE_WATCH];
	uint64_t seqs[MACHINE_WATCH];
	size_t nwatched;
};

extern struct machine machine;

/* A new terminal. */
void machine_boot(void);
void machine_free(void);

/* Has come what the input thread waits for? Runs it until it waits again. */
bool machine_input_due(void);
bool machine_input_ended(void);
void machine_run_input(void);

/* Was a queue woken that the last look of poll watches? */
bool machine_poll_woken(void);

/* With an argument that is in the test's memory. */
int machine_ioctl(unsigned long request, void *arg);

/* A look of poll. */
unsigned machine_poll(bool watch);

/* The test's: the device gets bytes; a thread waits (as thread_wait_interruptible_until()). */
void on_output(const uint8_t *bytes, size_t n);
int on_wait(struct waitq *queue, uint64_t seq, uint64_t deadline);

/* Ends the test, and says what has happened before. */
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define check(x, ...) ((x) ? (void)0 : fail(__VA_ARGS__))
