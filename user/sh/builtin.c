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
	{ "help", "", "this list", "这个列表", help, false },
	{ "ps", "", "the processes", "有哪些进程", watch_ps, false },
	{ "maps", "[PID]", "what its memory consists of", "进程的内存由什么组成", watch_maps,
	  false },
	{ "faults", "[PID]", "its page faults by kind", "它的缺页，按种类", watch_faults, false },
	{ "free", "", "the machine's memory", "机器的内存", watch_free, false },
	{ "trace", "[N]", "the last N faults of all", "所有进程最近的 N 次缺页", watch_trace,
	  false },
	{ "walk", "PID ADDRESS", "the page-table walk", "一次页表查找", watch_walk, false },
	{ "frame", "ADDRESS", "what a frame of memory is used for", "一个页框作什么用", watch_frame,
	  false },
	{ "log", "[N]", "the kernel's log, the last N lines of it", "内核日志，最后 N 行",
	  watch_log, false },
	{ "jobs", "", "what runs in the background, or has stopped", "在后台运行的和已停止的作业",
	  jobs_list, false },
	{ "fg", "[%N]", "a job goes on in the foreground", "让作业到前台继续", jobs_foreground,
	  true },
	{ "bg", "[%N]", "a job that has stopped goes on in the background",
	  "让停止的作业在后台继续", jobs_background, true },
	{ "kill", "[-SIG] %N|PID", "end a job or a process", "结束作业或进程", jobs_kill, false },
	{ "ls", "[-la] [NAME...]", "files and folders; -l: with size and time",
	  "文件和目录；-l：带大小和时间", files_ls, false },
	{ "cat", "[FILE...]", "show files, or what comes in", "显示文件，或输入的内容", small_cat,
	  false },
	{ "wc", "[-lwc] [FILE...]", "count lines, words and bytes", "数行、词和字节", text_wc,
	  false },
	{ "grep", "[-ivncF] PATTERN [FILE...]", "lines with it: . * ^ $ \\x; -F: as it is",
	  "含有它的行：. * ^ $ \\x；-F：按原文", text_grep, false },
	{ "rm", "[-rf] NAME...", "remove files; -r: folders with all in them",
	  "删除文件；-r：目录连同其中一切", files_rm, false },
	{ "mkdir", "[-p] NAME...", "make folders", "建目录", files_mkdir, false },
	{ "echo", "[WORD...]", "say it", "照样输出", small_echo, false },
	{ "sleep", "SECONDS", "wait; 0.5 is allowed", "等待；可以写 0.5", small_sleep, false },
	{ "clear", "", "clear the screen", "清屏", small_clear, false },
	{ "stty", "[MODE...]", "the terminal: show, size, sane, raw, -echo ...",
	  "终端：显示，size，sane，raw，-echo 等", stty, true },
	{ "cd", "[FOLDER]", "go there", "到那里去", change, true },
	{ "pwd", "", "where we are", "现在在哪里", where, false },
	{ "exit", "[STATUS]", "leave, as Ctrl-D does", "离开，同 Ctrl-D", leave, true },
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
