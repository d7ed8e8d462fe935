/* SPDX-License-Identifier: MIT */
/* The guided tour, /bin/tour: the fault handlers at work, each shown by a small real program. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tour.h"

#define PROMPT "/bin/sh"

void die(const char *doing)
{
	int error = errno;

	fflush(stdout);
	keys_restore();
	fprintf(stderr, "tour: %s: %s\n", doing, strerror(error));
	exit(1);
}

/* As the C library would: the first of these that is set and not empty. */
static const char *locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (int i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return "";
}

_Noreturn static void usage(void)
{
	fprintf(stderr, "%s\n", text(T_USAGE));
	exit(2);
}

static void choose_language(int argc, char **argv)
{
	const char *wanted = locale();
	int i = 1;

	if (i < argc && strcmp(argv[i], "--lang") == 0 && i + 1 < argc) {
		wanted = argv[i + 1];
		i += 2;
	} else if (i < argc && strncmp(argv[i], "--lang=", 7) == 0) {
		wanted = argv[i++] + 7;
	}
	if (i < argc || (i > 1 && strncmp(wanted, "zh", 2) != 0 && strncmp(wanted, "en", 2) != 0))
		usage();
	texts_use(strncmp(wanted, "zh", 2) == 0 ? CHINESE : ENGLISH);
}

/* https://no-color.org: set and not empty. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

/*
 * Where somebody can type, on our own kernel; not where a prompt waits for us: the program that
 * init starts leads the session. A boot archive made by hand may be without it.
 */
static bool prompt_follows(void)
{
	struct stat file;

	return count_has_kinds() && keys_present() && getsid(0) == getpid() &&
	       stat(PROMPT, &file) == 0;
}

/* Ctrl-C between the two is no reason to end: the prompt ignores it too. */
static void become_prompt(void)
{
	say(T_PROMPT);
	signal(SIGINT, SIG_IGN);
	keys_restore();
	fflush(stdout);
	execl(PROMPT, "sh", "-q", (char *)NULL);
	die(PROMPT);
}

int main(int argc, char **argv)
{
	static void (*const stops[])(void) = { stop_boot, stop_heap,  stop_zero, stop_cow,
					       stop_code, stop_stack, stop_null, stop_faults };

	choose_language(argc, argv);
	draw_setup(wants_colour());
	count_setup();
	meter_setup();
	keys_setup();
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		stops[i]();
		keys_wait();
	}
	stop_end();
	if (prompt_follows())
		become_prompt();
	keys_restore();
	return 0;
}
