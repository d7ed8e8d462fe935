/* SPDX-License-Identifier: MIT */
/* What can be done with a terminal without waiting. */
#include "fs/poll.h"
#include "fs/tty/tty_private.h"

/* In raw mode without a clock a read waits for VMIN bytes; else for a byte, or a line. */
static size_t least_input(const struct ldisc *ldisc)
{
	const struct abi_termios *termios = &ldisc->termios;

	if (ldisc_canonical(ldisc) || termios->c_cc[VTIME] != 0 || termios->c_cc[VMIN] == 0)
		return 1;
	return termios->c_cc[VMIN];
}

unsigned tty_poll_ready(struct tty *tty, struct poller *poller)
{
	unsigned can = 0;
	bool stopped;

	poll_watch(poller, &tty->readable);
	poll_watch(poller, &tty->resumed);
	poll_watch(poller, &tty->dev->writable);
	spin_lock(&tty->lock);
	if (ldisc_available(&tty->ldisc) >= least_input(&tty->ldisc))
		can |= POLLIN | POLLRDNORM;
	if (tty->hung_up)
		can |= POLLIN | POLLRDNORM | POLLHUP;
	stopped = tty->ldisc.stopped;
	spin_unlock(&tty->lock);
	if (!stopped && (tty->dev->ops->ready(tty->dev) & CHARDEV_WRITABLE))
		can |= POLLOUT | POLLWRNORM;
	return can;
}
