/* SPDX-License-Identifier: MIT */
/* The table of the prompt's own commands, and the small ones. */
#include "sh/builtin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/jobs.h"

static int help(int argc, char **argv);

static int leave(int argc, char **argv)
{
	if (!jobs_may_leave())
		return 1;
	exit(argc > 1 ? atoi(argv[1]) & 0xff : 0);
}

static int change(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : getenv("HOME");

	if (chdir(path ? path : "/") == 0)
		return 0;
	dprintf(STDERR_FILENO, "sh: %s: %s\n", path ? path : "/", strerror(errno));
	return 1;
}

static int where(int argc, char **argv)
{
	char path[PATH_MAX];

	(void)argc, (void)argv;
	if (!getcwd(path, sizeof(path))) {
		dprintf(STDERR_FILENO, "sh: %s\n", strerror(errno));
		return 1;
	}
	puts(path);
	return 0;
}

static const struct builtin builtins[] = {
	{ "help", "", "this list", help, false },
	{ "ps", "", "the processes", watch_ps, false },
	{ "maps", "[PID]", "what its memory consists of", watch_maps, false },
	{ "faults", "[PID]", "its page faults by kind", watch_faults, false },
	{ "free", "", "the machine's memory", watch_free, false },
	{ "trace", "[N]", "the last N faults of all", watch_trace, false },
	{ "walk", "PID ADDRESS", "the page-table walk", watch_walk, false },
	{ "frame", "ADDRESS", "what a frame of memory is used for", watch_frame, false },
	{ "log", "[N]", "the kernel's log, the last N lines of it", watch_log, false },
	{ "jobs", "", "what runs in the background, or has stopped", jobs_list, false },
	{ "fg", "[%N]", "a job goes on in the foreground", jobs_foreground, true },
	{ "bg", "[%N]", "a job that has stopped goes on in the background", jobs_background, true },
	{ "kill", "[-SIG] %N|PID", "end a job or a process", jobs_kill, false },
	{ "ls", "[-la] [NAME...]", "files and folders; -l: with size and time", files_ls, false },
	{ "cat", "[FILE...]", "show files, or what comes in", small_cat, false },
	{ "wc", "[-lwc] [FILE...]", "count lines, words and bytes", text_wc, false },
	{ "grep", "[-ivncF] PATTERN [FILE...]", "lines with it: . * ^ $ \\x; -F: as it is",
	  text_grep, false },
	{ "rm", "[-rf] NAME...", "remove files; -r: folders with all in them", files_rm, false },
	{ "mkdir", "[-p] NAME...", "make folders", files_mkdir, false },
	{ "echo", "[WORD...]", "say it", small_echo, false },
	{ "sleep", "SECONDS", "wait; 0.5 is allowed", small_sleep, false },
	{ "clear", "", "clear the screen", small_clear, false },
	{ "stty", "[MODE...]", "the terminal: show, size, sane, raw, -echo ...", stty, true },
	{ "cd", "[FOLDER]", "go there", change, true },
	{ "pwd", "", "where we are", where, false },
	{ "exit", "[STATUS]", "leave, as Ctrl-D does", leave, true },
};

#define NBUILTINS (sizeof(builtins) / sizeof(builtins[0]))

const struct builtin *builtin_find(const char *name)
{
	for (size_t i = 0; i < NBUILTINS; i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}

const struct builtin *builtin_at(unsigned index)
{
	return index < NBUILTINS ? &builtins[index] : NULL;
}

static int help(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (size_t i = 0; i < NBUILTINS; i++)
		printf("%-6s %-16s %s\n", builtins[i].name, builtins[i].usage, builtins[i].what);
	puts("Other names are programs (ls /bin), looked for along PATH:");
	puts("  PROGRAM ARGUMENT... < FILE > FILE >> FILE 2> FILE | PROGRAM... &");
	puts("  ; then   && then, if it went well   || then, if not   & beside: in the background");
	puts("Quotes: 'as it is' \"also\" \\x. Ctrl-C ends what runs, Ctrl-Z stops it.");
	puts("Keys: Tab completes, twice: lists; up, down and Ctrl-R find earlier lines.");
	return 0;
}
