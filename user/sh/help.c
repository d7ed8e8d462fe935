/* SPDX-License-Identifier: MIT */
/* help: describes the prompt's own commands and the syntax of a line, in English or Chinese. */
#include <stdio.h>
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

static void describe(const struct builtin *builtin, bool chinese)
{
	printf("%-7s %-16s %s\n", builtin->name, builtin->usage,
	       chinese ? builtin->what_in_chinese : builtin->what);
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
		} else {
			dprintf(STDERR_FILENO, "sh: help: %s: no such command\n", argv[i]);
			status = 1;
		}
	}
	return status;
}
