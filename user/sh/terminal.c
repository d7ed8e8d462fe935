/* SPDX-License-Identifier: MIT */
/* Switches between the prompt's modes and those it found, which programs run with. */
#include "sh/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define LEAST_COLUMNS	8
#define TRIES		16

static struct termios found;
static bool jobs;

/* Stops the prompt until its group is in the foreground. TRIES: SIGTTIN may have no effect. */
static void wait_for_foreground(void)
{
	for (int i = 0; i < TRIES; i++) {
		pid_t group = tcgetpgrp(STDIN_FILENO);

		if (group < 0 || group == getpgrp())
			break;
		kill(0, SIGTTIN);
	}
}

bool terminal_begin(void)
{
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return false;
	wait_for_foreground();
	if (tcgetattr(STDIN_FILENO, &found) != 0)
		return false;
	jobs = tcgetpgrp(STDIN_FILENO) == getpgrp();
	return true;
}

void terminal_for_keys(void)
{
	struct termios modes = found;

	/* ICRNL stays as it is: input that is typed ahead may be for a program. */
	modes.c_iflag &= ~(tcflag_t)(INLCR | IGNCR | IXON | ISTRIP);
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN | ISIG);
	modes.c_oflag |= OPOST | ONLCR;
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
}

void terminal_for_programs(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}

unsigned terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return DEFAULT_COLUMNS;
	return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

void terminal_set_size(unsigned rows, unsigned columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	ioctl(STDOUT_FILENO, TIOCSWINSZ, &size);
}

bool terminal_is_smart(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0;
}

bool terminal_has_jobs(void)
{
	return jobs;
}

void terminal_give(pid_t group)
{
	if (jobs)
		tcsetpgrp(STDIN_FILENO, group);
}

void terminal_take_back(void)
{
	if (!jobs)
		return;
	tcsetpgrp(STDIN_FILENO, getpgrp());
	terminal_for_programs();
}

void terminal_keep_modes(const struct termios *modes)
{
	found = *modes;
}

void terminal_keep_tostop(void)
{
	struct termios left;

	if (!terminal_get_modes(&left))
		return;
	found.c_lflag &= ~(tcflag_t)TOSTOP;
	found.c_lflag |= left.c_lflag & TOSTOP;
}

bool terminal_get_modes(struct termios *ret)
{
	return jobs && tcgetattr(STDIN_FILENO, ret) == 0;
}

void terminal_set_modes(const struct termios *modes)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, modes);
}
