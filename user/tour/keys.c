/* SPDX-License-Identifier: MIT */
/* Waits for a key between stops, if input and output are a terminal, and restores its modes. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "tour.h"

#define CTRL_C	       3
#define CTRL_D	       4
#define ESCAPE	       0x1b
#define ESCAPE_WAIT_MS 100 /* a byte that comes later is not part of the escape sequence */
#define KEY_IGNORED    0x100

static bool present, raw, interrupted;
static struct termios found;
static bool escape_alone; /* the last key was an Escape, and no byte followed in time */

void keys_restore(void)
{
	/* With the modes from before, a ^S that was typed ahead could keep what is not written yet. */
	fflush(stdout);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
	raw = false;
}

/* Reads single keys if the terminal can leave canonical mode, else whole lines. */
void keys_setup(void)
{
	struct termios wanted, is;

	present = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (!present || tcgetattr(STDIN_FILENO, &found) != 0)
		return;
	wanted = found;
	wanted.c_iflag &= ~(tcflag_t)(IXON | INLCR | IGNCR);
	wanted.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	wanted.c_cc[VMIN] = 1;
	wanted.c_cc[VTIME] = 0;
	/* TCSANOW: nothing is written yet, and draining would never end after a ^S. */
	raw = tcsetattr(STDIN_FILENO, TCSANOW, &wanted) == 0;
	if (raw && (tcgetattr(STDIN_FILENO, &is) != 0 || (is.c_lflag & ICANON))) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
		raw = false;
	}
}

void keys_send_sigint(bool on)
{
	struct termios modes;

	if (!raw || tcgetattr(STDIN_FILENO, &modes) != 0)
		return;
	modes.c_lflag = on ? modes.c_lflag | ISIG : modes.c_lflag & ~(tcflag_t)ISIG;
	modes.c_cc[VQUIT] = on ? _POSIX_VDISABLE : found.c_cc[VQUIT];
	modes.c_cc[VSUSP] = on ? _POSIX_VDISABLE : found.c_cc[VSUSP];
	tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

void keys_interrupt(void)
{
	interrupted = true;
}

bool keys_present(void)
{
	return present;
}

/* Returns a byte, or Ctrl-D at the end of input. */
static int tour_read_byte(void)
{
	unsigned char byte;

	return read(STDIN_FILENO, &byte, 1) == 1 ? byte : CTRL_D;
}

static bool more_comes(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, ESCAPE_WAIT_MS) == 1;
}

/*
 * Reads the rest of a sequence that began with ESC [ or ESC O. Returns its last byte, or the
 * control byte that interrupted it.
 */
static int tour_read_sequence(void)
{
	int byte;

	do
		byte = tour_read_byte();
	while (byte >= 0x20 && byte < 0x40);
	return byte;
}

/*
 * Reads a key, which may send several bytes. The tour cannot go back, so left and up return
 * KEY_IGNORED. Any other escape sequence counts as one key.
 */
static int read_key(void)
{
	int byte = tour_read_byte();
	bool continues = escape_alone && (byte == '[' || byte == 'O');

	escape_alone = false;
	if (continues) { /* the rest of a late sequence, whose Escape was already a key */
		byte = tour_read_sequence();
		return byte < 0x20 ? byte : KEY_IGNORED;
	}
	while (raw && byte == ESCAPE) {
		escape_alone = !more_comes();
		if (escape_alone)
			return ESCAPE;
		byte = tour_read_byte();
		if (byte == '[' || byte == 'O') {
			byte = tour_read_sequence();
			return byte == 'A' || byte == 'D' ? KEY_IGNORED
			       : byte < 0x20		  ? byte
							  : ESCAPE;
		}
		if (byte >= 0x20)
			return ESCAPE;
	}
	return byte;
}

/* Returns the key, or in canonical mode the first byte of the line. */
static int read_answer(void)
{
	int key, rest;

	do
		key = read_key();
	while (key == KEY_IGNORED);
	for (rest = key; !raw && rest != '\n' && rest != CTRL_D;)
		rest = tour_read_byte();
	return key;
}

bool keys_wait(void)
{
	const char *help = text(!raw ? T_KEYS_LINE : prompt_follows() ? T_KEYS_PROMPT : T_KEYS);
	int key;

	if (interrupted)
		return false;
	if (!present)
		return true;
	paint(DIM, "%s", help);
	fflush(stdout);
	key = read_answer();
	if (raw)
		printf("\r%*s\r", columns(help), "");
	if (key == 'q' || key == 'Q' || key == CTRL_D) {
		keys_restore();
		exit(0);
	}
	return key != CTRL_C;
}
