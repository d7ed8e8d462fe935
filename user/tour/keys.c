/* SPDX-License-Identifier: MIT */
/* A key to go on: only where both ends are a terminal, which is left as it was found. */
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
#define ESCAPE_WAIT_MS 100 /* after which nothing belongs to an Escape any more */
#define KEY_IGNORED    0x100

static bool present, raw;
static struct termios found;
static bool escape_alone; /* the last key was an Escape that nothing followed in time */

void keys_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
	raw = false;
}

/* Single keys where the terminal can give them; else lines. */
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
	/* At once: nothing of ours is on its way, and what was stopped by ^S would wait for ever. */
	raw = tcsetattr(STDIN_FILENO, TCSANOW, &wanted) == 0;
	if (raw && (tcgetattr(STDIN_FILENO, &is) != 0 || (is.c_lflag & ICANON))) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
		raw = false;
	}
}

bool keys_present(void)
{
	return present;
}

/* The end of input is as Ctrl-D. */
static int read_byte(void)
{
	unsigned char byte;

	return read(STDIN_FILENO, &byte, 1) == 1 ? byte : CTRL_D;
}

static bool more_comes(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, ESCAPE_WAIT_MS) == 1;
}

/* The rest of ESC [ or ESC O: its last byte, or the control byte that breaks it off. */
static int read_sequence(void)
{
	int byte;

	do
		byte = read_byte();
	while (byte >= 0x20 && byte < 0x40);
	return byte;
}

/* A key that comes as several bytes is one. There is no way back: left and up do nothing. */
static int read_key(void)
{
	int byte = read_byte();
	bool continues = escape_alone && (byte == '[' || byte == 'O');

	escape_alone = false;
	if (continues) { /* it came torn, and its Escape was a key already */
		byte = read_sequence();
		return byte < 0x20 ? byte : KEY_IGNORED;
	}
	while (raw && byte == ESCAPE) {
		escape_alone = !more_comes();
		if (escape_alone)
			return ESCAPE;
		byte = read_byte();
		if (byte == '[' || byte == 'O') {
			byte = read_sequence();
			return byte == 'A' || byte == 'D' ? KEY_IGNORED
			       : byte < 0x20		  ? byte
							  : ESCAPE;
		}
		if (byte >= 0x20)
			return ESCAPE;
	}
	return byte;
}

/* => the first of a line, where there are no single keys */
static int read_answer(void)
{
	int key, rest;

	do
		key = read_key();
	while (key == KEY_IGNORED);
	for (rest = key; !raw && rest != '\n' && rest != CTRL_D;)
		rest = read_byte();
	return key;
}

bool keys_wait(void)
{
	const char *help = text(!raw ? T_KEYS_LINE : prompt_follows() ? T_KEYS_PROMPT : T_KEYS);
	int key;

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
