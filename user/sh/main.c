/* SPDX-License-Identifier: MIT */
/* The prompt: reads lines and runs them, until exit, Ctrl-D or the end of input. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/edit.h"
#include "sh/history.h"
#include "sh/jobs.h"
#include "sh/run.h"
#include "sh/terminal.h"

#define PROMPT "faultline> "
#define NARROW "> "
#define WIDE   40 /* columns from which on the long one is shown */
#define MISUSE 2

/* Half of what was meant could do anything. */
static void too_long(void)
{
	dprintf(STDERR_FILENO, "sh: a line of more than %d bytes: not run\n", LINE_MAX_BYTES);
}

/* Programs may leave the cursor, the colours and the character set anywhere. */
static void begin_row(void)
{
	char blanks[1024];
	unsigned columns = terminal_columns() - 1;

	if (columns > sizeof(blanks))
		columns = sizeof(blanks);
	memset(blanks, ' ', columns);
	if (terminal_is_smart())
		dprintf(STDOUT_FILENO, "\017\033[0m\033[?25h");
	/* These go to the next row unless the cursor is in the first column. */
	dprintf(STDOUT_FILENO, "%.*s\r", (int)columns, blanks);
}

static void talk(bool quiet)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGTSTP };
	static struct line line;
	enum edit_end end;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	if (!quiet)
		dprintf(STDOUT_FILENO, "help tells what can be done here.\n");
	for (;;) {
		jobs_tell();
		terminal_for_keys();
		begin_row();
		end = edit_line(terminal_columns() >= WIDE ? PROMPT : NARROW, &line);
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

	while ((end = edit_plain(&line)) != EDIT_END_OF_INPUT) {
		if (end == EDIT_TOO_LONG)
			too_long();
		else
			run_line(line.bytes);
		jobs_tell();
	}
}

int main(int argc, char **argv)
{
	bool quiet = argc == 2 && strcmp(argv[1], "-q") == 0;

	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return run_line(argv[2]);
	if (argc > 1 && !quiet) {
		dprintf(STDERR_FILENO, "usage: sh [-q | -c LINE]\n");
		return MISUSE;
	}
	if (terminal_begin())
		talk(quiet);
	else
		listen();
	return 0;
}
