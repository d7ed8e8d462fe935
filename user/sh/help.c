/* SPDX-License-Identifier: MIT */
/* help: the prompt's own commands, and how a line is written, in English or Chinese. */
#include <stdio.h>

#include "lib/locale.h"
#include "sh/builtin.h"

static const char *const lines[][2] = {
	{ "Other names are programs (ls /bin), looked for along PATH:",
	  "其他名字是程序（ls /bin），沿 PATH 去找：" },
	{ "  PROGRAM ARGUMENT... < FILE > FILE >> FILE 2> FILE | PROGRAM... &",
	  "  程序 参数... < 文件 > 文件 >> 文件 2> 文件 | 程序... &" },
	{ "  ; then   && if it went well   || if it did not   & in the background",
	  "  ; 接着   && 成功才接着   || 失败才接着   & 放到后台" },
	{ "Quotes: 'as it is' \"also\" \\x. Ctrl-C ends what runs, Ctrl-Z stops it.",
	  "引号：'原样' \"也行\" \\x。Ctrl-C 结束正在运行的，Ctrl-Z 让它停下。" },
	{ "Keys: Tab completes, twice: lists; up, down and Ctrl-R find earlier lines.",
	  "按键：Tab 补全，按两次列出；上、下和 Ctrl-R 找以前的行。" },
};

int help(int argc, char **argv)
{
	bool chinese = locale_is_chinese();
	const struct builtin *builtin;

	(void)argc, (void)argv;
	for (unsigned i = 0; (builtin = builtin_at(i)); i++)
		printf("%-6s %-16s %s\n", builtin->name, builtin->usage,
		       chinese ? builtin->what_in_chinese : builtin->what);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		puts(lines[i][chinese]);
	return 0;
}
