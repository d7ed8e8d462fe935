/* The prompt: reads lines and runs them, until exit, Ctrl-D or the end of input. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/edit.h"
#include "sh/history.h"
#include "sh/parse.h"
#include "sh/run.h"
#include "sh/terminal.h"

#define PROMPT "faultline> "
#define NARROW "> "
#define WIDE   40 /* columns from which on the long one is shown */
#define MISUSE 2

static struct pipeline pipeline;

static int run_text(const char *text)
{
	const char *wrong = parse(text, &pipeline);

	if (wrong) {
		dprintf(STDERR_FILENO, "sh: %s\n", wrong);
		return MISUSE;
	}
	return pipeline.ncommands ? run(&pipeline) : 0;
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

static void talk(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGTSTP };
	static struct line line;
	enum edit_end end;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	dprintf(STDOUT_FILENO, "help tells what can be done here.\n");
	for (;;) {
		terminal_for_keys();
		begin_row();
		end = edit_line(terminal_columns() >= WIDE ? PROMPT : NARROW, &line);
		terminal_for_programs();
		if (end == EDIT_END_OF_INPUT)
			return;
		if (end == EDIT_DROPPED)
			continue;
		history_add(line.bytes);
		run_text(line.bytes);
	}
}

static void listen(void)
{
	static struct line line;

	while (edit_plain(&line) == EDIT_LINE)
		run_text(line.bytes);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return run_text(argv[2]);
	if (argc > 1) {
		dprintf(STDERR_FILENO, "usage: sh [-c LINE]\n");
		return MISUSE;
	}
	if (terminal_begin())
		talk();
	else
		listen();
	return 0;
}
