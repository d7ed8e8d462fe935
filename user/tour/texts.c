/* SPDX-License-Identifier: MIT */
/* Every word that the tour says, in each language. A line has 78 columns at most. */
#include "texts.h"

static const char *const table[TEXTS][LANGUAGES] = {
	[T_TITLE] = { "Faultline: memory is promised first, and delivered by page faults.",
		      "Faultline：内存先许诺，再由缺页异常兑现。" },
	[T_MACHINE] = { "%s, %ld MiB of memory (%ld MiB free), harts: %ld; kernel %s",
			"%s，内存 %ld MiB（空闲 %ld MiB），硬件线程：%ld；内核 %s" },
	[T_MACHINE_UNKNOWN] = { "%s; kernel %s (it does not tell how much memory there is)",
				"%s；内核 %s（它不告诉内存大小）" },
	[T_LINUX] = { "This kernel does not count faults by kind: those columns show a dash.",
		      "这个内核不按种类统计缺页：相应的列显示一横。" },
	[T_EXACT] = { "Each figure was counted just now. \"each\": instructions a fault takes in all.",
		      "每个数字都是刚刚测得的。“每次”：一次缺页总共执行的指令数。" },
	[T_TIMED] = { "Each figure was counted just now. \"ns each\": nanoseconds a fault takes in all.",
		      "每个数字都是刚刚测得的。“每次ns”：一次缺页总共所用的纳秒数。" },
	[T_COL_FAULTS] = { "faults", "缺页" },
	[T_COL_FRAMES] = { "frames", "页框" },
	[T_COL_RESIDENT] = { "resident", "常驻页" },
	[T_COL_TABLES] = { "tables", "页表" },
	[T_COL_EACH] = { "each", "每次" },
	[T_COL_EACH_NS] = { "ns each", "每次ns" },
	[T_COL_KINDS] = { "by kind", "按种类" },
	[T_KEYS] = { "  any key: on   q: quit ", "  任意键：继续   q：退出 " },
	[T_KEYS_PROMPT] = { "  any key: on   Ctrl-C: to the prompt   q: quit ",
			    "  任意键：继续   Ctrl-C：到提示符   q：退出 " },
	[T_KEYS_LINE] = { "  Enter: on   q Enter: quit ", "  回车：继续   q 回车：退出 " },

	[T_HEAP] = { "A heap of promises", "只是许诺的堆" },
	[T_HEAP_WHY] = { "The program asks for 1 GiB, more than this machine may have. The kernel only\n"
			 "notes the new end. A page comes when it is touched for the first time.",
			 "程序要 1 GiB，可能比整台机器的内存还多。内核只记下新的末尾。\n"
			 "第一次碰到某一页时，那一页才真正到来。" },
	[T_HEAP_ROW_PROMISE] = { "1 GiB asked for", "申请 1 GiB" },
	[T_HEAP_ROW] = { "3 pages written", "写 3 页" },
	[T_HEAP_REFUSED] = { "This kernel refuses to promise 1 GiB here.",
			     "这个内核在这里不肯许诺 1 GiB。" },

	[T_ZERO] = { "One page of zeros for all", "大家共用一页零" },
	[T_ZERO_WHY] = { "A static array of 64 MiB is in no file: it is all zeros until it is written.\n"
			 "Reads are all served by one and the same page; a write takes a frame.",
			 "64 MiB 的静态数组不在文件里：写之前全是零。\n"
			 "读，全由同一页来应付；写，才要一个页框。" },
	[T_ZERO_ROW_READ] = { "16384 pages read", "读 16384 页" },
	[T_ZERO_ROW_WRITE] = { "3 of them written", "写其中 3 页" },
	[T_ZERO_ONE] = { "read:   ", "读过之后：" },
	[T_ZERO_THREE] = { "written:", "写过之后：" },

	[T_COW] = { "Two processes, one page, until one writes", "两个进程共用一页，直到有人写" },
	[T_COW_WHY] = { "fork copies no memory: parent and child have the same frames, read only.\n"
			"The first write copies that one page. The last holder of a page keeps it.",
			"fork 不复制内存：父子进程用同样的页框，都只读。\n"
			"第一次写只复制那一页。页的最后一个持有者直接留用。" },
	[T_COW_BEFORE] = { "before the child writes", "子进程写之前" },
	[T_COW_AFTER] = { "after", "写之后" },
	[T_COW_PARENT] = { "parent", "父进程" },
	[T_COW_CHILD] = { "child", "子进程" },
	[T_COW_ROW_COPY] = { "child writes", "子进程写" },
	[T_COW_ROW_REUSE] = { "child gone, parent writes", "子进程结束，父进程写" },

	[T_CODE] = { "A program arrives as it runs", "程序边运行边到来" },
	[T_CODE_WHY] = { "exec reads the headers of the file, no more. This program has 48 pages with a\n"
			 "function each: a call brings its page (█), and with it (▒) what of its sixteen\n"
			 "is in memory already. What is never called never comes (·).",
			 "exec 只读文件头。这个程序有 48 页，每页一个函数：调用它，就带来它那一页（█），\n"
			 "同组十六页里已在内存的也一起带来（▒）。从不调用的，永远不来（·）。" },
	[T_CODE_BEFORE] = { "none called", "还没调用" },
	[T_CODE_CALL] = { "calls page %d", "调用第%d页" },
	[T_CODE_ROW] = { "the three calls", "三次调用" },
	[T_CODE_ROW_AGAIN] = { "the same three again", "再调用一遍" },

	[T_STACK] = { "A stack as deep as it is used", "用多深就有多深的栈" },
	[T_STACK_WHY] = { "Nobody asks for stack. A touch below its end, within the limit, makes it longer.",
			  "没有人去申请栈。在限度之内碰到它下面，它就变长。" },
	[T_STACK_ROW] = { "64 pages deeper", "再深 64 页" },
	[T_STACK_GROWN] = { "The stack was made longer %ld times.", "栈被加长了 %ld 次。" },

	[T_NULL] = { "What nobody promised", "谁也没许诺过的" },
	[T_NULL_WHY] = { "A child reads through a null pointer. No mapping is there: the fault cannot be\n"
			 "served, and becomes a signal. Only the child ends.",
			 "子进程通过空指针去读。那里没有映射：缺页无法处理，\n"
			 "变成一个信号。结束的只有子进程。" },
	[T_NULL_STATUS] = { "wait: child killed by signal %d (%s)",
			    "wait：子进程被信号 %d（%s）杀死" },
	[T_NULL_ALIVE] = { "wait: child lives on, status %#x", "wait：子进程没有死，状态 %#x" },
	[T_NULL_REPORT] = { "Why, in the kernel's own words: the report on run.sh's standard error (or --log\n"
			    "FILE). It names access, address, the mappings around it, and the likely cause.",
			    "为什么：看内核自己的报告，在 run.sh 的标准错误上（或 --log 文件里）。\n"
			    "它说明访问、地址、周围的映射和可能的原因。" },
	[T_NULL_REPORT_LINUX] = { "Linux says so in its log: dmesg, where it is told to.",
				  "Linux 把它写进日志：见 dmesg（如果这样设置了）。" },
	[T_FAULTS] = { "What a program promises itself", "程序许诺给自己的" },
	[T_FAULTS_WHY] = { "The kernel refuses these accesses too, and tells the program's handler where.\n"
			   "It makes the page good, and the instruction runs again. Four that live by that:",
			   "这些访问内核也拒绝，但把地址告诉程序的处理函数：它把那一页弄好，\n"
			   "指令再执行一遍。靠这个过日子的有四个：" },
	[T_FAULTS_COLLECTOR] = { "%5ld faults  a copying collector beside its program: %ld times, %ld cells",
				 "%5ld 次  与程序并行的复制式垃圾收集：%ld 回，复制 %ld 个单元" },
	[T_FAULTS_CHECKPOINT] = { "%5ld faults  checkpoints while the program goes on: %ld of them, %ld pages",
				  "%5ld 次  程序不停下来的检查点：%ld 个，存 %ld 页" },
	[T_FAULTS_COMPUTED] = { "%5ld faults  1 GiB of square roots, computed when read: %ld, in %ld pages",
				"%5ld 次  1 GiB 的平方根表，读到才算：查 %ld 次，只占 %ld 页" },
	[T_FAULTS_SEGMENT] = { "%5ld faults  a stack that a handler lengthens: %ld pages, %ld times at its end",
			       "%5ld 次  由处理函数加长的栈：%ld 页，%ld 次碰到限度" },
	[T_FAULTS_WRONG] = { "   and its result is WRONG", "   而结果是错的" },
	[T_END] = { "That is what page faults do for a program. Now yours, linked with -static:\n"
		    "  ./run.sh -- ./a.out          docs/life-of-a-fault.md follows one fault through",
		    "缺页异常为程序做的就是这些。现在轮到您的程序（用 -static 链接）：\n"
		    "  ./run.sh -- ./a.out          docs/life-of-a-fault.md 跟着一次缺页走到底" },
	[T_END_LINUX] = { "These were Linux's figures.", "以上是 Linux 的数字。" },
	[T_PROMPT] = { "Or look around here first: type help for what there is; exit or Ctrl-D leaves.",
		       "也可以先在这里四处看看：输入 help 看有什么命令，exit 或 Ctrl-D 离开。" },
	[T_USAGE] = { "usage: tour [--lang en|zh]", "用法：tour [--lang en|zh]" },
};

static enum language used;

void texts_use(enum language language)
{
	used = language;
}

const char *text(enum text which)
{
	return table[which][used];
}
