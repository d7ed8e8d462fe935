/* SPDX-License-Identifier: MIT */
/* The table of the prompt's own commands, and the code of exit, cd and pwd. */
#include "sh/builtin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/jobs.h"

static int builtin_leave(int argc, char **argv)
{
	if (!jobs_may_leave())
		return 1;
	exit(argc > 1 ? atoi(argv[1]) & 0xff : 0);
}

static int builtin_change(int argc, char **argv)
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
	{ "help", "[COMMAND...]", "list the commands, or describe these",
	  "列出命令，或说明这些命令", help, false, false },
	{ "ps", "", "list the processes", "列出进程", watch_ps, false, false },
	{ "maps", "[PID]", "the mappings of a process", "进程的内存映射", watch_maps, false,
	  false },
	{ "faults", "[PID]", "the page faults of a process, by kind", "进程的缺页，按种类",
	  watch_faults, false, false },
	{ "free", "", "what the machine's memory and swap are used for", "机器内存和交换区的用途",
	  watch_memory_free, false, false },
	{ "swapon", "PATH", "use a disk for swap: /dev/vda", "把磁盘用作交换区，如 /dev/vda",
	  swap_command_on, false, false },
	{ "swapoff", "PATH", "read all pages back, and use the disk no more",
	  "读回所有页，不再使用该磁盘", swap_off, false, false },
	{ "trace", "[N]", "the last N page faults of each hart", "每个硬件线程最近的 N 次缺页",
	  watch_trace, false, false },
	{ "walk", "PID ADDRESS", "the page-table walk of an address", "一个地址的页表查找",
	  watch_walk, false, false },
	{ "frame", "ADDRESS", "what the frame at a physical address is used for",
	  "一个物理页框的用途", watch_frame, false, false },
	{ "film", "on [NAME] | off", "mark what a film is to show: ./run.sh --film",
	  "标记影片要显示的部分：./run.sh --film", film, false, false },
	{ "log", "[N]", "the kernel's log, or its last N lines", "内核日志，或其最后 N 行",
	  watch_log, false, false },
	{ "servers", "", "list the servers that process 1 keeps running",
	  "列出 1 号进程维持运行的服务器", watch_servers, false, false },
	{ "jobs", "", "list the background and the stopped jobs", "列出后台的和已停止的作业",
	  jobs_list, false, false },
	{ "fg", "[%N]", "continue a job in the foreground", "让作业在前台继续", jobs_foreground,
	  true, false },
	{ "bg", "[%N]", "continue a stopped job in the background", "让停止的作业在后台继续",
	  jobs_background, true, false },
	{ "kill", "[-SIG] %N|PID", "send a signal to a job or a process", "向作业或进程发送信号",
	  jobs_kill, false, false },
	{ "ls", "[-la] [NAME...]", "list files and folders; -l: with size and time",
	  "列出文件和目录；-l：带大小和时间", files_ls, false, true },
	{ "cat", "[FILE...]", "print files, or standard input", "输出文件或标准输入的内容",
	  small_cat, false, true },
	{ "wc", "[-lwc] [FILE...]", "count lines, words and bytes", "统计行数、词数和字节数",
	  text_wc, false, true },
	{ "grep", "[-ivncF] PATTERN [FILE...]", "print matching lines: . * ^ $ \\x; -F: fixed",
	  "输出匹配的行：. * ^ $ \\x；-F：固定字符串", text_grep, false, true },
	{ "rm", "[-rf] NAME...", "remove files; -r: folders with their contents",
	  "删除文件；-r：目录连同其内容", files_rm, false, true },
	{ "mkdir", "[-p] NAME...", "make folders; -p: with the missing ones above",
	  "建目录；-p：连同缺少的上级目录", files_mkdir, false, true },
	{ "echo", "[WORD...]", "print the words", "输出这些词", small_echo, false, true },
	{ "sleep", "SECONDS", "wait; fractions such as 0.5 are allowed", "等待；可以用小数，如 0.5",
	  small_sleep, false, true },
	{ "clear", "", "clear the screen", "清屏", small_clear, false, true },
	{ "stty", "[MODE...]", "show or set the terminal's modes: size, sane, raw, -echo ...",
	  "显示或设置终端模式：size、sane、raw、-echo 等", stty, true, true },
	{ "cd", "[FOLDER]", "change the working directory", "改变工作目录", builtin_change, true,
	  true },
	{ "pwd", "", "print the working directory", "输出工作目录", where, false, true },
	{ "exit", "[STATUS]", "leave the prompt, as Ctrl-D does", "离开提示符，同 Ctrl-D",
	  builtin_leave, true, true },
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
