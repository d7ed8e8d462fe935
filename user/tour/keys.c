/* SPDX-License-Identifier: MIT */
/* A key to go on: only where both ends are a terminal, which is left as it was found. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "tour.h"

#define CTRL_C 3
#define CTRL_D 4

static bool present, raw;
static struct termios found;

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

_Noreturn static void quit(char key)
{
	keys_restore();
	if (key == CTRL_C) {
		fflush(stdout);
		kill(getpid(), SIGINT);
	}
	exit(0);
}

void keys_wait(void)
{
	char key = 0, c = 0;
	bool first = true;

	if (!present)
		return;
	paint(DIM, "%s", text(raw ? T_KEYS : T_KEYS_LINE));
	fflush(stdout);
	do {
		if (read(STDIN_FILENO, &c, 1) != 1)
			c = CTRL_D;
		if (first)
			key = c;
		first = false;
	} while (!raw && c != '\n' && c != CTRL_D);
	if (raw)
		printf("\r%*s\r", columns(text(T_KEYS)), "");
	if (key == 'q' || key == 'Q' || key == CTRL_C || key == CTRL_D)
		quit(key);
}
