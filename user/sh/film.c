/* SPDX-License-Identifier: MIT */
/* film: marks what of this session a film is to show (run.sh --film). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/watch.h"

static int film_misused(void)
{
	dprintf(STDERR_FILENO, "usage: film on [NAME] | film off\n");
	return 2;
}

/* Shortens a name to what a mark can have, without a part of a character. */
static size_t fit(const char *name)
{
	size_t n = strlen(name);

	if (n <= FAULTLINE_MARK_BYTES)
		return n;
	n = FAULTLINE_MARK_BYTES;
	while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	return n;
}

int film(int argc, char **argv)
{
	bool on = argc > 1 && strcmp(argv[1], "on") == 0;
	char *name = on && argc > 2 ? argv[2] : "";
	long marked;

	if (!on && !(argc == 2 && strcmp(argv[1], "off") == 0))
		return film_misused();
	if (argc > 3)
		return film_misused();
	marked = watch_command_ask(FAULTLINE_MARK, on ? FAULTLINE_MARK_ON : FAULTLINE_MARK_OFF,
				   name, fit(name), 0);
	if (marked < 0)
		return watch_refused("film");
	if (marked == 0) {
		dprintf(STDERR_FILENO,
			"sh: film: nothing is recorded: start with ./run.sh --film FILE.html\n");
		return 1;
	}
	return 0;
}
