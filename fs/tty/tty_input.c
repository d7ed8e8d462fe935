/* SPDX-License-Identifier: MIT */
/* The terminal's input side: a thread that feeds the line discipline, echoes, and sends signals. */
#include "abi/signal.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "fs/tty/tty_private.h"
#include "lib/string.h"
#include "proc/job/ctty.h"
#include "proc/wait.h"

#define PIECE 64u

/* While the device takes no output, it is tried again so often. */
#define ECHO_RETRY_NS (10 * (NSEC_PER_SEC / 1000))

/*
 * Puts out what echo the device takes now. It never waits: what comes in next may be the ^C that is
 * to end the program whose output has filled the device. ^S does not hold the echo back.
 */
static void put_echoes(struct tty *tty)
{
	struct echo_queue *echoes = &tty->echoes;
	struct chardev *dev = tty->dev;
	size_t took;

	while (echoes->sent < echoes->n) {
		took = dev->ops->write(dev, echoes->bytes + echoes->sent, echoes->n - echoes->sent);
		if (took == 0)
			return;
		echoes->sent += took;
	}
	echoes->sent = echoes->n = 0;
}

/* Queues the last byte's echo; behind a device that has stopped for long it is dropped, as on Linux. */
static void add_echo(struct tty *tty)
{
	struct echo_queue *echoes = &tty->echoes;

	if (tty->echo.n > sizeof(echoes->bytes) - echoes->n) {
		echoes->n -= echoes->sent;
		memmove(echoes->bytes, echoes->bytes + echoes->sent, echoes->n);
		echoes->sent = 0;
	}
	if (tty->echo.n > sizeof(echoes->bytes) - echoes->n)
		return;
	memcpy(echoes->bytes + echoes->n, tty->echo.bytes, tty->echo.n);
	echoes->n += tty->echo.n;
}

static void take_byte(struct tty *tty, uint8_t byte)
{
	unsigned events;

	spin_lock(&tty->lock);
	events = ldisc_input(&tty->ldisc, byte, &tty->echo);
	spin_unlock(&tty->lock);
	add_echo(tty);
	put_echoes(tty);
	if (events & LDISC_READABLE)
		waitq_wake_all(&tty->readable);
	if (events & LDISC_RESUMED)
		waitq_wake_all(&tty->resumed);
	if (events & LDISC_INTERRUPT)
		ctty_signal(&tty->jobs, SIGINT);
	if (events & LDISC_QUIT)
		ctty_signal(&tty->jobs, SIGQUIT);
	if (events & LDISC_SUSPEND)
		ctty_signal(&tty->jobs, SIGTSTP);
}

static void hang_up(struct tty *tty)
{
	spin_lock(&tty->lock);
	tty->hung_up = true;
	spin_unlock(&tty->lock);
	waitq_wake_all(&tty->readable);
}

/* Until there is input, or it is time to try the device with an echo again. */
static void wait_for_work(struct tty *tty, uint64_t seq)
{
	if (tty->echoes.n != 0)
		thread_sleep_always(&tty->dev->readable, seq,
				    arch_time() + clock_ns_to_ticks(ECHO_RETRY_NS));
	else
		thread_wait_always(&tty->dev->readable, seq);
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
		put_echoes(tty);
		if (got != 0)
			continue;
		if (dev->ops->ended(dev))
			break;
		wait_for_work(tty, seq);
	}
	hang_up(tty);
}
