/* SPDX-License-Identifier: MIT */
/* Shared by the files of the terminal: its state, and its input and ioctl functions. */
#pragma once

#include "base/chardev.h"
#include "desc/turn.h"
#include "linux/fs/file/async.h"
#include "lib/tty/ldisc.h"
#include "linux/job/ctty.h"

struct poller;

struct tty {
	struct chardev *dev; /* const */
	bool plain;	     /* const; it stands for streams, and is no terminal to programs */
	/* Keeps the bytes of one read together: a long line goes to one reader. */
	struct turn input;
	struct turn output;	  /* keeps the bytes of one write together */
	struct ctty jobs;	  /* guarded by process_tree_lock */
	struct async_queue async; /* has its own lock */
	bool tells_room; /* atomic: part of a write had no room: O_ASYNC tells when it has */
	struct spinlock lock;
	/* guarded by lock: */
	struct ldisc ldisc;
	struct abi_winsize winsize;
	bool hung_up;	/* the device's input has ended */
	bool held_off;	/* output is stopped by TCXONC: ^Q does not resume it */
	bool exclusive; /* TIOCEXCL: only who has CAP_SYS_ADMIN opens it */
	unsigned nopen; /* open files, without those of O_PATH */
	struct ldisc_held held;
	bool stalled;		/* the input thread waits for room; see tty_input_resume() */
	struct ldisc_echo echo; /* of the last byte */
	struct echo_queue {
		uint8_t bytes[2 * LDISC_ECHO_MAX];
		size_t sent, n; /* the part that has been sent, and the end of the queue */
	} echoes;
	/* woken after the change: */
	struct waitq readable; /* input, or hung_up */
	struct waitq resumed;  /* output is no longer stopped */
};

/* For open terminals: the device of the file's inode is the tty. */
extern const struct file_ops tty_ops;

/* Lets held-back input go on after a read or a change of the settings. The caller holds no lock. */
void tty_input_resume(struct tty *tty);

/*
 * Sends as much of the echo as the device accepts now, whether output is stopped or not. It never
 * waits: the next input may be the ^C that ends the program whose output has filled the device.
 * Returns true if no echo is left to send. The caller holds no lock.
 */
bool tty_send_echoes(struct tty *tty);

/* TIOCSTI: the byte is input as if it had been typed; lost where there is no room. The caller holds no lock. */
void tty_type(struct tty *tty, uint8_t byte);
/* Sends a byte to the device as an echo, before any output. The caller holds no lock. */
void tty_send_byte(struct tty *tty, uint8_t byte);

/* Is output stopped? The caller holds the lock. */
static inline bool tty_output_is_stopped(const struct tty *tty)
{
	return tty->ldisc.stopped || tty->held_off;
}

/* Output goes on that was stopped. The caller holds no lock. */
void tty_resumed(struct tty *tty);

/* Main function of the kernel thread that processes the device's input; arg is the tty. */
void tty_input_main(void *arg);

/* Returns what can be done without waiting, as the poll slot of file_ops does. */
unsigned tty_poll_ready(struct tty *tty, struct poller *poller);

/* Does an ioctl request on a terminal. Returns 0 or a negative errno. */
int tty_ioctl_request(struct tty *tty, unsigned long request, vaddr_t arg);
