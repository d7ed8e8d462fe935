/* SPDX-License-Identifier: MIT */
/* Between the files of the terminal. */
#pragma once

#include "base/chardev.h"
#include "fs/tty/ldisc.h"
#include "fs/turn.h"
#include "proc/job/ctty.h"

struct poller;

#define TTY_HELD_MAX 256u /* looked through under the lock: preemption is off for so long */

struct tty {
	struct chardev *dev; /* const */
	struct turn input;   /* one read's bytes stay together: a long line goes to one reader */
	struct turn output;  /* one write's bytes stay together */
	struct ctty jobs;    /* guarded by process_tree_lock */
	struct spinlock lock;
	/* guarded by lock: */
	struct ldisc ldisc;
	struct abi_winsize winsize;
	bool hung_up; /* the device's input has ended */
	/* What the device gave, and the line discipline has no room for yet: the oldest first. */
	uint8_t held[TTY_HELD_MAX];
	size_t nheld;
	bool stalled; /* the input thread waits for room: tty_input_resume() */
	/* woken after the change: */
	struct waitq readable; /* input, or hung_up */
	struct waitq resumed;  /* output is no longer stopped */
	/* private to the input thread: */
	struct ldisc_echo echo; /* of the last byte */
	struct echo_queue {
		uint8_t bytes[2 * LDISC_ECHO_MAX];
		size_t sent, n; /* what has gone, and the end of what is to go */
	} echoes;
};

/* Files on a terminal: their inode's device is the tty. */
extern const struct file_ops tty_ops;

/* Somebody has read, or changed what is done with input: what is held back may go on. => no lock held */
void tty_input_resume(struct tty *tty);

/* The kernel thread that takes the device's input; arg: the tty. */
void tty_input_main(void *arg);

/* What can be done without waiting; as the poll slot of its files. */
unsigned tty_poll_ready(struct tty *tty, struct poller *poller);

/* ioctl's requests, on a terminal. */
int tty_ioctl_request(struct tty *tty, unsigned long request, vaddr_t arg);
