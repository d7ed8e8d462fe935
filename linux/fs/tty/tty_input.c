/* SPDX-License-Identifier: MIT */
/* The terminal's input thread: feeds the line discipline, echoes, and sends signals. */

/*
 * If the line discipline has no room, input is held back in tty->held. If that is full too, input
 * stays in the device, which makes the sender wait if it can. ^C and the other signal keys, ^S and
 * ^Q do not wait behind input that is held back.
 */
#include "abi/signal.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/tty/tty_private.h"
#include "linux/job/ctty.h"
#include "proc/wait.h"

#define PIECE 64u

/* How often the echo is tried again while the device accepts no output. */
#define ECHO_RETRY_NS (10 * (NSEC_PER_SEC / 1000))

bool tty_send_echoes(struct tty *tty)
{
	struct echo_queue *echoes = &tty->echoes;
	size_t left, took;

	do {
		/* One short piece at a time, for preemption is off. */
		spin_lock(&tty->lock);
		left = echoes->n - echoes->sent;
		took = 0;
		if (left != 0)
			took = tty->dev->ops->write(tty->dev, echoes->bytes + echoes->sent,
						    MIN(left, PIECE));
		left -= took;
		echoes->sent += took;
		if (left == 0)
			echoes->sent = echoes->n = 0;
		spin_unlock(&tty->lock);
	} while (left != 0 && took != 0);
	return left == 0;
}

/*
 * Queues the last byte's echo. If the queue is full because the device has accepted nothing for
 * long, the echo is dropped, as on Linux. Called with tty->lock held.
 */
static void add_echo(struct tty *tty)
{
	struct echo_queue *echoes = &tty->echoes;

	assert_hardened(spin_lock_held(&tty->lock));
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

/*
 * Gives a byte to the line discipline. Its echo is queued before a program can read it, so that what
 * the program answers comes after the echo. Called with tty->lock held; drops it.
 */
static void take_byte(struct tty *tty, uint8_t byte)
{
	unsigned events = ldisc_input(&tty->ldisc, byte, &tty->echo);
	bool resumed = (events & LDISC_RESUMED) && !tty_output_is_stopped(tty);

	assert_hardened(spin_lock_held(&tty->lock));
	add_echo(tty);
	spin_unlock(&tty->lock);
	(void)tty_send_echoes(tty);
	if (events & LDISC_READABLE) {
		waitq_wake_all(&tty->readable);
		async_tell(&tty->async, POLL_IN);
	}
	if (resumed)
		tty_resumed(tty);
	if (events & LDISC_INTERRUPT)
		ctty_signal(&tty->jobs, SIGINT);
	if (events & LDISC_QUIT)
		ctty_signal(&tty->jobs, SIGQUIT);
	if (events & LDISC_SUSPEND)
		ctty_signal(&tty->jobs, SIGTSTP);
}

void tty_type(struct tty *tty, uint8_t byte)
{
	spin_lock(&tty->lock);
	if (tty->held.n == 0 && ldisc_has_room(&tty->ldisc))
		take_byte(tty, byte);
	else
		spin_unlock(&tty->lock);
}

void tty_send_byte(struct tty *tty, uint8_t byte)
{
	spin_lock(&tty->lock);
	tty->echo.bytes[0] = byte;
	tty->echo.n = 1;
	add_echo(tty);
	spin_unlock(&tty->lock);
	(void)tty_send_echoes(tty);
}

/* Takes a held-back byte that need not wait any more. Returns false if there is none. */
static bool take_next(struct tty *tty)
{
	uint8_t byte;

	spin_lock(&tty->lock);
	if (!ldisc_held_take(&tty->held, &tty->ldisc, &byte)) {
		tty->stalled = tty->held.n != 0;
		spin_unlock(&tty->lock);
		return false;
	}
	take_byte(tty, byte);
	return true;
}

/* Moves input from the device to tty->held, as far as it fits. Returns the number of bytes. */
static size_t hold_input(struct tty *tty)
{
	uint8_t piece[PIECE];
	size_t room, got;

	spin_lock(&tty->lock);
	room = LDISC_HELD_MAX - tty->held.n;
	spin_unlock(&tty->lock);
	if (room == 0)
		return 0;
	got = tty->dev->ops->read(tty->dev, piece, MIN(room, sizeof(piece)));
	spin_lock(&tty->lock);
	/* Meanwhile bytes may have been discarded, but none added. */
	memcpy(tty->held.bytes + tty->held.n, piece, got);
	tty->held.n += (uint16_t)got;
	spin_unlock(&tty->lock);
	return got;
}

void tty_input_resume(struct tty *tty)
{
	bool stalled;

	spin_lock(&tty->lock);
	stalled = tty->stalled && ldisc_has_much_room(&tty->ldisc);
	tty->stalled &= !stalled;
	spin_unlock(&tty->lock);
	if (stalled)
		waitq_wake_all(&tty->dev->readable);
}

static void tty_hang_up(struct tty *tty)
{
	spin_lock(&tty->lock);
	tty->hung_up = true;
	spin_unlock(&tty->lock);
	waitq_wake_all(&tty->readable);
	waitq_wake_all(&tty->resumed); /* for those who poll, but not for input */
}

/* Waits until there is input, or room for it, or it is time to try the echo again. */
static void wait_for_work(struct tty *tty, bool all_echoed, uint64_t seq)
{
	if (!all_echoed)
		thread_sleep_always(&tty->dev->readable, seq, clock_deadline_in(ECHO_RETRY_NS));
	else
		thread_wait_always(&tty->dev->readable, seq);
}

static bool holds_any(struct tty *tty)
{
	bool any;

	spin_lock(&tty->lock);
	any = tty->held.n != 0;
	spin_unlock(&tty->lock);
	return any;
}

void tty_input_main(void *arg)
{
	struct tty *tty = arg;
	struct chardev *dev = tty->dev;

	for (;;) {
		uint64_t seq = waitq_sample(&dev->readable);
		bool worked = hold_input(tty) != 0;
		bool all_echoed;

		while (take_next(tty))
			worked = true;
		all_echoed = tty_send_echoes(tty);
		if (worked)
			continue;
		if (!holds_any(tty) && dev->ops->ended(dev))
			break;
		wait_for_work(tty, all_echoed, seq);
	}
	tty_hang_up(tty);
}
