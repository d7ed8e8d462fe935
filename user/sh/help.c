/* SPDX-License-Identifier: MIT */
/* help: describes the prompt's own commands and the syntax of a line, in English or Chinese. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/locale.h"
#include "sh/builtin.h"

static const char *const familiar[] = { "As elsewhere:", "与其他 shell 相同：" };

static const char *const lines[][2] = {
	{ "Any other name is a program (ls /bin), which is searched for along PATH:",
	  "其他名字是程序（ls /bin），沿 PATH 查找：" },
	{ "  PROGRAM ARGUMENT... < FILE > FILE >> FILE 2> FILE | PROGRAM... &",
	  "  程序 参数... < 文件 > 文件 >> 文件 2> 文件 | 程序... &" },
	{ "  A ; B   A && B if A succeeded   A || B if A failed   A & in the background",
	  "  A ; B   A && B：A 成功才做 B   A || B：A 失败才做 B   A & 放到后台" },
	{ "Quotes: 'text' \"text\" \\x. Ctrl-C interrupts a program, Ctrl-Z stops it.",
	  "引号：'文本' \"文本\" \\x。Ctrl-C 中断程序，Ctrl-Z 让它停下。" },
	{ "Keys: Tab completes, twice: lists; up, down and Ctrl-R find earlier lines.",
	  "按键：Tab 补全，按两次列出；上、下和 Ctrl-R 找以前的行。" },
};

/* What `help NAME` says beside the line of the list. */
static const struct {
	const char *name, *text[2];
} details[] = {
	{ "help",
	  { "It is in English or in Chinese, as LC_ALL, LC_MESSAGES or LANG says.",
	    "按 LC_ALL、LC_MESSAGES 或 LANG 用英文或中文显示。" } },
	{ "ps",
	  { "S is R: runs or is ready, S: sleeps, T: stopped, E: is ending, Z: zombie.\n"
	    "HART, if there are several: where a thread of it runs, or the first ran last.\n"
	    "KIB is what it has in memory; FAULTS are the page faults that were served.",
	    "S 一列：R 正在运行或就绪，S 睡眠，T 已停止，E 正在结束，Z 僵尸。\n"
	    "HART（有多个硬件线程时）：它的线程在哪里运行，或第一个线程上次在哪里运行。\n"
	    "KIB 是在内存里的大小；FAULTS 是处理过的缺页数。" } },
	{ "maps",
	  { "A line for each mapping: its addresses, permissions (p private, s shared), size,\n"
	    "page faults, and kind. The last line says where the pages are.\n"
	    "PID may be %N, a job. Without it: the prompt's own.",
	    "每个映射一行：地址、权限（p 私有，s 共享）、大小、缺页数和种类。\n"
	    "最后一行是页在哪里。PID 也可以是作业 %N；省略时是提示符自己的。" } },
	{ "faults",
	  { "The kinds are those of docs/FAULTS.md. PID may be %N, a job. Without it: the\n"
	    "prompt's own.",
	    "种类见 docs/FAULTS.md。PID 也可以是作业 %N；省略时是提示符自己的。" } },
	{ "free",
	  { "Frames are pages of memory: of programs (private), of files, page tables, and the\n"
	    "kernel's. Then superpages of 2 MiB, and why they were split, and the runs in which\n"
	    "faults have filled pages ahead, as /proc/vmstat counts them since the boot. With a\n"
	    "swap disk: its size, what is free, pages written and read.",
	    "页框的用途：程序的（private）、文件的、页表和内核的。然后是 2 MiB 的大页、\n"
	    "它们为何被拆分，以及缺页时提前填充的页（启动以来，同 /proc/vmstat）。\n"
	    "有交换盘时：其大小、空闲、写过和读过的页数。" } },
	{ "servers",
	  { "A line for each server of /etc/servers: its process, its user, how often it was\n"
	    "started, the calls that its endpoint has had, how long ago it has last answered or\n"
	    "begun to wait (none for: somebody waits for an answer), and the memory of the process.",
	    "/etc/servers 中每个服务器一行：进程、用户、启动次数、端点收到的调用数、\n"
	    "距上次应答或开始等待的时间（none for：有调用在等应答）、进程占用的内存。" } },
	{ "swapon",
	  { "mkswap has to have prepared the disk. If the kernel refuses it, log says why.",
	    "磁盘须由 mkswap 处理过。内核拒绝时，log 说明原因。" } },
	{ "swapoff",
	  { "It fails if memory has no room for the pages.", "内存放不下这些页时失败。" } },
	{ "film",
	  { "The film that ./run.sh --film FILE.html makes opens at what lies between film on and\n"
	    "film off, and names that part NAME.",
	    "./run.sh --film FILE.html 生成的影片从 film on 和 film off 之间开始，并用 NAME 命名。" } },
	{ "trace",
	  { "A line for each fault: the process, the access (r, w or x) and its address, the PC,\n"
	    "the cost, and the kind. The cost is in instructions of its hart where these are\n"
	    "counted (run.sh --icount). Without N: the last 20.\n"
	    "walk PID ADDRESS shows what is at such an address now.",
	    "每次缺页一行：进程、访问方式（r、w 或 x）和地址、PC、代价和种类。\n"
	    "代价在能数指令时（run.sh --icount）是该硬件线程的指令数。\n"
	    "省略 N 时显示最近 20 次。walk PID ADDRESS 显示该地址现在的情况。" } },
	{ "walk",
	  { "ADDRESS is hexadecimal, as maps and trace show it. A line for each level of the page\n"
	    "table: the index, and the table or the frame that the entry leads to, or that it is\n"
	    "empty. PID may be %N, a job. frame ADDRESS says more of a frame.",
	    "ADDRESS 是十六进制，如 maps 和 trace 所示。页表的每一级一行：下标，以及表项指向的\n"
	    "表或页框，或者为空。PID 也可以是作业 %N。frame ADDRESS 进一步说明页框。" } },
	{ "frame",
	  { "ADDRESS is hexadecimal and physical, as walk shows it. The answer is the use of the\n"
	    "frame, how many page-table entries map it, and the references to it.",
	    "ADDRESS 是十六进制的物理地址，如 walk 所示。回答是页框的用途、映射它的页表项数和\n"
	    "引用数。" } },
	{ "log",
	  { "It has notices that the screen does not show: missing system calls, for example.",
	    "其中有屏幕上不显示的通知，例如缺少的系统调用。" } },
	{ "jobs",
	  { "A job is a line that ends in &, or that Ctrl-Z has stopped. %N is its number.",
	    "作业是以 & 结尾的行，或被 Ctrl-Z 停止的行。%N 是它的编号。" } },
	{ "fg",
	  { "Without %N: the job that stopped last, or else the one that was started last.",
	    "省略 %N 时：最后停止的作业，否则是最后启动的作业。" } },
	{ "bg",
	  { "Without %N: the job that stopped last. If it reads the terminal, it stops again.",
	    "省略 %N 时：最后停止的作业。它若读终端，会再次停止。" } },
	{ "kill",
	  { "SIG is a name or a number: kill -KILL 3, kill -9 %1. Without it: SIGTERM.",
	    "SIG 是名字或编号：kill -KILL 3、kill -9 %1。省略时是 SIGTERM。" } },
};

static void describe(const struct builtin *builtin, bool chinese)
{
	printf("%-7s %-16s %s\n", builtin->name, builtin->usage,
	       chinese ? builtin->what_in_chinese : builtin->what);
}

static void detail(const char *name, bool chinese)
{
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (strcmp(details[i].name, name) == 0)
			puts(details[i].text[chinese]);
}

static void list_all(bool chinese)
{
	const struct builtin *builtin;

	for (unsigned i = 0; (builtin = builtin_at(i)); i++)
		if (!builtin->familiar)
			describe(builtin, chinese);
	fputs(familiar[chinese], stdout);
	for (unsigned i = 0; (builtin = builtin_at(i)); i++)
		if (builtin->familiar)
			printf(" %s", builtin->name);
	putchar('\n');
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		puts(lines[i][chinese]);
}

int help(int argc, char **argv)
{
	bool chinese = locale_is_chinese();
	int status = 0;

	if (argc == 1)
		list_all(chinese);
	for (int i = 1; i < argc; i++) {
		const struct builtin *builtin = builtin_find(argv[i]);

		if (builtin) {
			describe(builtin, chinese);
			detail(argv[i], chinese);
		} else {
			dprintf(STDERR_FILENO, "sh: help: %s: no such command\n", argv[i]);
			status = 1;
		}
	}
	return status;
}
