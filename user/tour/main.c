/* SPDX-License-Identifier: MIT */
/* The guided tour, /bin/tour: each stop runs a piece of code and shows the page faults it takes. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/locale.h"
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

_Noreturn static void tour_usage(void)
{
	fprintf(stderr, "%s\n", text(T_USAGE));
	exit(2);
}

static void choose_language(int argc, char **argv)
{
	const char *wanted = NULL;
	int i = 1;

	if (i < argc && strcmp(argv[i], "--lang") == 0 && i + 1 < argc) {
		wanted = argv[i + 1];
		i += 2;
	} else if (i < argc && strncmp(argv[i], "--lang=", 7) == 0) {
		wanted = argv[i++] + 7;
	}
	if (i < argc || (wanted && strncmp(wanted, "zh", 2) != 0 && strncmp(wanted, "en", 2) != 0))
		tour_usage();
	/* The prompt that follows uses the same language. */
	if (wanted && setenv("LC_ALL", wanted, 1) != 0)
		die("setenv");
	texts_use(locale_is_chinese() ? CHINESE : ENGLISH);
}

/* https://no-color.org: NO_COLOR disables colour if it is set and not empty. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

/*
 * The prompt follows on Faultline, if there is a terminal and init started the tour. init makes its
 * program the session leader; a tour that was started from the prompt is not, and returns to it. A
 * boot archive that was made by hand may not contain the prompt.
 */
bool prompt_follows(void)
{
	struct stat file;

	return count_has_kinds() && keys_present() && getsid(0) == getpid() &&
	       stat(PROMPT, &file) == 0;
}

/*
 * Executes the prompt. SIGINT is ignored, as in the prompt, so that Ctrl-C during exec does not end
 * it. quiet: it prints no greeting.
 */
static void become_prompt(bool quiet)
{
	signal(SIGINT, SIG_IGN);
	keys_restore();
	fflush(stdout);
	execl(PROMPT, "sh", quiet ? "-q" : (char *)NULL, (char *)NULL);
	die(PROMPT);
}

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	interrupted = sig;
}

/* Ctrl-C leaves the tour for the prompt. If no prompt follows, SIGINT kills the tour. */
static void tour_leave(void)
{
	if (prompt_follows())
		become_prompt(false);
	keys_restore();
	fflush(stdout);
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
}

int main(int argc, char **argv)
{
	static void (*const stops[])(void) = { stop_boot,   stop_heap,	stop_zero, stop_cow,
					       stop_code,   stop_stack, stop_null, stop_faults,
					       stop_served, stop_large, stop_swap };

	choose_language(argc, argv);
	signal(SIGINT, interrupt); /* until keys_setup() turns ISIG off */
	draw_setup(wants_colour());
	count_setup();
	meter_setup();
	keys_setup();
	signal(SIGINT, SIG_DFL);
	if (interrupted)
		tour_leave();
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		stops[i]();
		if (!keys_wait())
			tour_leave();
	}
	stop_end();
	if (prompt_follows()) {
		draw_say(T_PROMPT);
		become_prompt(true);
	}
	keys_restore();
	return 0;
}
