/* SPDX-License-Identifier: MIT */
/* stty: shows the terminal's modes and size, and changes those that the kernel implements. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/jobs.h"
#include "sh/terminal.h"

#define MISUSE	 2
#define DISABLED 0 /* the value of a control character that is turned off */

enum set { INPUT, OUTPUT, LOCAL };

static const struct flag {
	const char *name;
	enum set set;
	tcflag_t bit;
	bool sane; /* is it on after `stty sane`? */
	bool raw;  /* is it turned off by `stty raw`? */
} flags[] = {
	{ "istrip", INPUT, ISTRIP, false, true },   { "inlcr", INPUT, INLCR, false, true },
	{ "igncr", INPUT, IGNCR, false, true },	    { "icrnl", INPUT, ICRNL, true, true },
	{ "ixon", INPUT, IXON, true, true },	    { "iutf8", INPUT, IUTF8, false, false },
	{ "opost", OUTPUT, OPOST, true, true },	    { "onlcr", OUTPUT, ONLCR, true, false },
	{ "ocrnl", OUTPUT, OCRNL, false, false },   { "onocr", OUTPUT, ONOCR, false, false },
	{ "onlret", OUTPUT, ONLRET, false, false }, { "isig", LOCAL, ISIG, true, true },
	{ "icanon", LOCAL, ICANON, true, true },    { "iexten", LOCAL, IEXTEN, true, false },
	{ "echo", LOCAL, ECHO, true, false },	    { "echoe", LOCAL, ECHOE, true, false },
	{ "echok", LOCAL, ECHOK, true, false },	    { "echonl", LOCAL, ECHONL, false, false },
	{ "echoctl", LOCAL, ECHOCTL, true, false }, { "echoke", LOCAL, ECHOKE, true, false },
	{ "noflsh", LOCAL, NOFLSH, false, false },  { "tostop", LOCAL, TOSTOP, false, false },
};

static const struct character {
	const char *name;
	unsigned index;
	cc_t sane;
	bool number; /* its value is a number, not a key */
} characters[] = {
	{ "intr", VINTR, 003, false },	    { "quit", VQUIT, 034, false },
	{ "erase", VERASE, 0177, false },   { "kill", VKILL, 025, false },
	{ "eof", VEOF, 004, false },	    { "eol", VEOL, DISABLED, false },
	{ "eol2", VEOL2, DISABLED, false }, { "start", VSTART, 021, false },
	{ "stop", VSTOP, 023, false },	    { "susp", VSUSP, 032, false },
	{ "werase", VWERASE, 027, false },  { "lnext", VLNEXT, 026, false },
	{ "min", VMIN, 1, true },	    { "time", VTIME, 0, true },
};

#define NFLAGS	    (sizeof(flags) / sizeof(flags[0]))
#define NCHARACTERS (sizeof(characters) / sizeof(characters[0]))

static tcflag_t *stty_word_of(struct termios *modes, const struct flag *flag)
{
	return flag->set == INPUT    ? &modes->c_iflag
	       : flag->set == OUTPUT ? &modes->c_oflag
				     : &modes->c_lflag;
}

static void stty_set_flag(struct termios *modes, const struct flag *flag, bool on)
{
	if (on)
		*stty_word_of(modes, flag) |= flag->bit;
	else
		*stty_word_of(modes, flag) &= ~flag->bit;
}

static void show_character(const struct character *character, cc_t value)
{
	printf("%s = ", character->name);
	if (character->number)
		printf("%u", value);
	else if (value == DISABLED)
		printf("<undef>");
	else if (value < ' ' || value == 0177)
		printf("^%c", value ^ 0100);
	else
		putchar(value);
	printf(";");
}

/* Prints rows of at most 80 columns. */
static void stty_show(struct termios *modes, const struct winsize *size)
{
	printf("rows %u; columns %u;\n", size->ws_row, size->ws_col);
	for (size_t i = 0; i < NCHARACTERS; i++) {
		show_character(&characters[i], modes->c_cc[characters[i].index]);
		putchar(i == 5 || i == 11 || i + 1 == NCHARACTERS ? '\n' : ' ');
	}
	for (size_t i = 0; i < NFLAGS; i++) {
		bool last = i + 1 == NFLAGS || flags[i + 1].set != flags[i].set;

		printf("%s%s%c", *stty_word_of(modes, &flags[i]) & flags[i].bit ? "" : "-",
		       flags[i].name, last ? '\n' : ' ');
	}
}

static void make_sane(struct termios *modes)
{
	for (size_t i = 0; i < NFLAGS; i++)
		if (flags[i].bit != IUTF8 || flags[i].set != INPUT) /* depends on the window */
			stty_set_flag(modes, &flags[i], flags[i].sane);
	for (size_t i = 0; i < NCHARACTERS; i++)
		modes->c_cc[characters[i].index] = characters[i].sane;
}

static void make_raw(struct termios *modes)
{
	for (size_t i = 0; i < NFLAGS; i++)
		if (flags[i].raw)
			stty_set_flag(modes, &flags[i], false);
	modes->c_cc[VMIN] = 1;
	modes->c_cc[VTIME] = 0;
}

static void make_cooked(struct termios *modes)
{
	for (size_t i = 0; i < NFLAGS; i++)
		if (flags[i].raw && flags[i].sane)
			stty_set_flag(modes, &flags[i], true);
}

/* Applies a flag, or a name that stands for several. Returns false if the word is neither. */
static bool take_mode(const char *word, struct termios *modes)
{
	bool on = *word != '-';
	const char *name = on ? word : word + 1;

	if (strcmp(word, "sane") == 0)
		make_sane(modes);
	else if (strcmp(word, "raw") == 0 || strcmp(word, "-cooked") == 0)
		make_raw(modes);
	else if (strcmp(word, "-raw") == 0 || strcmp(word, "cooked") == 0)
		make_cooked(modes);
	else {
		for (size_t i = 0; i < NFLAGS; i++)
			if (strcmp(flags[i].name, name) == 0) {
				stty_set_flag(modes, &flags[i], on);
				return true;
			}
		return false;
	}
	return true;
}

/* Parses a number up to max. Returns false if the value is no such number. */
static bool take_number(const char *value, unsigned long max, unsigned long *ret)
{
	char *end;

	if (!value || *value < '0' || *value > '9')
		return false;
	*ret = strtoul(value, &end, 10);
	return !*end && *ret <= max;
}

static bool take_key(const char *value, cc_t *ret)
{
	if (!value || !*value)
		return false;
	if (strcmp(value, "undef") == 0 || strcmp(value, "^-") == 0)
		*ret = DISABLED;
	else if (!value[1])
		*ret = (cc_t)*value;
	else if (value[0] == '^' && value[1] && !value[2])
		*ret = value[1] == '?' ? 0177 : (cc_t)(value[1] & 037);
	else
		return false;
	return true;
}

/* Sets a control character or the window's size. Returns false if the name or value is invalid. */
static bool take_pair(const char *name, const char *value, struct termios *modes,
		      struct winsize *size)
{
	unsigned long number;

	for (size_t i = 0; i < NCHARACTERS; i++) {
		cc_t *at = &modes->c_cc[characters[i].index];

		if (strcmp(characters[i].name, name) != 0)
			continue;
		if (!characters[i].number)
			return take_key(value, at);
		if (!take_number(value, 255, &number))
			return false;
		*at = (cc_t)number;
		return true;
	}
	if (!take_number(value, 65535, &number))
		return false;
	if (strcmp(name, "rows") == 0)
		size->ws_row = (unsigned short)number;
	else if (strcmp(name, "columns") == 0 || strcmp(name, "cols") == 0)
		size->ws_col = (unsigned short)number;
	else
		return false;
	return true;
}

static int stty_refused(void)
{
	dprintf(STDERR_FILENO, "sh: stty: standard input: %s\n", strerror(errno));
	return 1;
}

/* Sets the modes only if they changed: a background process may set the size, but not modes. */
static int stty_change(const struct termios *modes, const struct termios *were,
		       const struct winsize *size)
{
	if (memcmp(modes, were, sizeof(*modes)) != 0) {
		if (tcsetattr(STDIN_FILENO, TCSADRAIN, modes) != 0)
			return stty_refused();
		terminal_keep_modes(modes);
	}
	return ioctl(STDIN_FILENO, TIOCSWINSZ, size) == 0 ? 0 : stty_refused();
}

int stty(int argc, char **argv)
{
	struct winsize size = { 0 };
	struct termios modes, were;

	if (tcgetattr(STDIN_FILENO, &modes) != 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0)
		return stty_refused();
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "-a") == 0)) {
		stty_show(&modes, &size);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "size") == 0) {
		printf("%u %u\n", size.ws_row, size.ws_col);
		return 0;
	}
	if (jobs_are_copy()) {
		dprintf(STDERR_FILENO,
			"sh: stty: cannot change modes in a pipeline or in the background\n");
		return 1;
	}
	were = modes;
	for (int i = 1; i < argc; i++) {
		if (take_mode(argv[i], &modes))
			continue;
		if (!take_pair(argv[i], argv[i + 1], &modes, &size)) {
			dprintf(STDERR_FILENO, "sh: stty: %s: no such mode, or no value for it\n",
				argv[i]);
			return MISUSE;
		}
		i++;
	}
	return stty_change(&modes, &were, &size);
}
