/* SPDX-License-Identifier: MIT */
/* The prompt: reads lines and runs them, until exit, Ctrl-D or the end of input. Or it runs a script. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/locale.h"
#include "sh/copies.h"
#include "sh/edit.h"
#include "sh/events.h"
#include "sh/history.h"
#include "sh/jobs.h"
#include "sh/run.h"
#include "sh/terminal.h"

#define MISUSE	  2
#define NOT_FOUND 127

/* A line that was cut off is not run: a part of a command may do something else than the whole. */
static void too_long(void)
{
	dprintf(STDERR_FILENO, "sh: the line has more than %d bytes and is not run\n",
		LINE_MAX_BYTES);
}

static void talk(bool quiet)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGTSTP };
	static struct line line;
	enum edit_end end;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	events_begin();
	if (!quiet)
		dprintf(STDOUT_FILENO, "%s\n",
			locale_is_chinese() ? "输入 help 列出命令。"
					    : "Type help for a list of the commands.");
	for (;;) {
		jobs_tell();
		terminal_for_keys();
		end = edit_line(&line);
		terminal_for_programs();
		if (end == EDIT_END_OF_INPUT && jobs_may_leave())
			return;
		if (end == EDIT_TOO_LONG)
			too_long();
		if (end != EDIT_LINE)
			continue;
		history_add(line.bytes);
		run_line(line.bytes);
	}
}

static void listen(void)
{
	static struct line line;
	enum edit_end end;

	while ((end = edit_plain(STDIN_FILENO, &line)) != EDIT_END_OF_INPUT) {
		if (end == EDIT_TOO_LONG)
			too_long();
		else
			run_line(line.bytes);
		jobs_tell();
	}
}

/* Runs the lines of a file. Returns the status of the last one. */
static int run_script(const char *path)
{
	static struct line line;
	int fd = open(path, O_RDONLY | O_CLOEXEC), status = 0;
	enum edit_end end;

	if (fd < 0) {
		dprintf(STDERR_FILENO, "sh: %s: %s\n", path, strerror(errno));
		return NOT_FOUND;
	}
	while ((end = edit_plain(fd, &line)) != EDIT_END_OF_INPUT) {
		if (end == EDIT_TOO_LONG) {
			too_long();
			status = MISUSE;
		} else {
			status = run_line(line.bytes);
		}
	}
	close(fd);
	return status;
}

int main(int argc, char **argv)
{
	bool quiet = argc == 2 && strcmp(argv[1], "-q") == 0;

	copies_begin();
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return run_line(argv[2]);
	if (argc > 1 && argv[1][0] != '-')
		return run_script(argv[1]);
	if (argc > 1 && !quiet) {
		dprintf(STDERR_FILENO, "usage: sh [-q | -c LINE | FILE]\n");
		return MISUSE;
	}
	if (terminal_begin())
		talk(quiet);
	else
		listen();
	return 0;
}
