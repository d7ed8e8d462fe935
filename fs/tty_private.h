/* Between the files of the terminal. */
#pragma once

#include "base/chardev.h"
#include "fs/ldisc.h"
#include "fs/turn.h"
#include "proc/job.h"

struct tty {
	struct chardev *dev;	  /* const */
	struct turn output;	  /* one write's bytes stay together */
	struct job_terminal jobs; /* guarded by the family lock */
	struct spinlock lock;
	/* guarded by lock: */
	struct ldisc ldisc;
	struct abi_winsize winsize;
	bool hung_up; /* the device's input has ended */
	/* woken after the change: */
	struct waitq readable; /* input, or hung_up */
	struct waitq resumed;  /* output is no longer stopped */
	/* private to the input thread: */
	struct ldisc_echo echo;
};

/* The kernel thread that takes the device's input; arg: the tty. */
void tty_input_main(void *arg);

/* ioctl's requests, on a terminal. */
int tty_ioctl_request(struct tty *tty, unsigned long request, vaddr_t arg);
