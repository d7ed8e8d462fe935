/* The terminal's input side: a thread that feeds the line discipline, echoes, and sends signals. */
#include "abi/signal.h"
#include "fs/tty_private.h"
#include "proc/wait.h"

#define PIECE 64u

/* The echo waits for the device only: output that ^S holds back does not delay it. */
static void put_echo(struct tty *tty)
{
	struct chardev *dev = tty->dev;
	size_t sent = 0;

	while (sent < tty->echo.n) {
		uint64_t seq = waitq_sample(&dev->writable);
		size_t took = dev->ops->write(dev, tty->echo.bytes + sent, tty->echo.n - sent);

		sent += took;
		if (took == 0)
			thread_wait_always(&dev->writable, seq);
	}
}

static void take_byte(struct tty *tty, uint8_t byte)
{
	unsigned events;

	spin_lock(&tty->lock);
	events = ldisc_input(&tty->ldisc, byte, &tty->echo);
	spin_unlock(&tty->lock);
	put_echo(tty);
	if (events & LDISC_READABLE)
		waitq_wake_all(&tty->readable);
	if (events & LDISC_RESUMED)
		waitq_wake_all(&tty->resumed);
	if (events & LDISC_INTERRUPT)
		job_terminal_signal(&tty->jobs, SIGINT);
	if (events & LDISC_QUIT)
		job_terminal_signal(&tty->jobs, SIGQUIT);
	if (events & LDISC_SUSPEND)
		job_terminal_signal(&tty->jobs, SIGTSTP);
}

static void hang_up(struct tty *tty)
{
	spin_lock(&tty->lock);
	tty->hung_up = true;
	spin_unlock(&tty->lock);
	waitq_wake_all(&tty->readable);
}

void tty_input_main(void *arg)
{
	struct tty *tty = arg;
	struct chardev *dev = tty->dev;
	uint8_t piece[PIECE];

	for (;;) {
		uint64_t seq = waitq_sample(&dev->readable);
		size_t got = dev->ops->read(dev, piece, sizeof(piece));

		for (size_t i = 0; i < got; i++)
			take_byte(tty, piece[i]);
		if (got != 0)
			continue;
		if (dev->ops->ended(dev))
			break;
		thread_wait_always(&dev->readable, seq);
	}
	hang_up(tty);
}
