/* SPDX-License-Identifier: MIT */
/* The tour's texts in each language. A line has at most 78 columns. */
#include "texts.h"

static const char *const table[TEXTS][LANGUAGES] = {
	[T_TITLE] = { "Faultline: memory is promised first, and delivered by page faults.",
		      "Faultline：内存先许诺，再由缺页异常兑现。" },
	[T_MACHINE] = { "%s, %ld MiB of memory (%ld MiB free), harts: %ld; kernel %s",
			"%s，内存 %ld MiB（空闲 %ld MiB），硬件线程：%ld；内核 %s" },
	[T_MACHINE_UNKNOWN] = { "%s; kernel %s (it does not report the size of memory)",
				"%s；内核 %s（它不报告内存大小）" },
	[T_LINUX] = { "This kernel does not count faults by kind: those columns show a dash.",
		      "这个内核不按种类统计缺页：相应的列显示“-”。" },
	[T_EXACT] = { "Each figure was measured just now. \"each\" is the instructions per fault.",
		      "每个数字都是刚刚测得的。“每次”：一次缺页执行的指令数，包括陷入。" },
	[T_TIMED] = { "Each figure was measured just now. \"ns each\" is the nanoseconds per fault.",
		      "每个数字都是刚刚测得的。“每次ns”：一次缺页所用的纳秒数，包括陷入。" },
	[T_COL_FAULTS] = { "faults", "缺页" },
	[T_COL_FRAMES] = { "frames", "页框" },
	[T_COL_RESIDENT] = { "resident", "常驻页" },
	[T_COL_TABLES] = { "tables", "页表" },
	[T_COL_EACH] = { "each", "每次" },
	[T_COL_EACH_NS] = { "ns each", "每次ns" },
	[T_COL_KINDS] = { "by kind", "按种类" },
	[T_KEYS] = { "  any key: continue   q: quit ", "  任意键：继续   q：退出 " },
	[T_KEYS_PROMPT] = { "  any key: continue   Ctrl-C: to the prompt   q: quit ",
			    "  任意键：继续   Ctrl-C：到提示符   q：退出 " },
	[T_KEYS_LINE] = { "  Enter: continue   q Enter: quit ", "  回车：继续   q 回车：退出 " },

	[T_HEAP] = { "A heap that is allocated on demand", "按需分配的堆" },
	[T_HEAP_WHY] = { "The program asks for 1 GiB, which may be more than the machine has. The kernel\n"
			 "only records the new end of the heap. A page is allocated at its first access.",
			 "程序申请 1 GiB，可能比整台机器的内存还多。内核只记下堆的新末尾。\n"
			 "程序第一次访问某一页时，才分配那一页。" },
	[T_HEAP_ROW_PROMISE] = { "1 GiB asked for", "申请 1 GiB" },
	[T_HEAP_ROW] = { "3 pages written", "写 3 页" },
	[T_HEAP_REFUSED] = { "This kernel refuses to extend the heap by 1 GiB here.",
			     "这个内核在这里不允许把堆扩展 1 GiB。" },

	[T_ZERO] = { "One zero page for all reads", "所有读取共用一个零页" },
	[T_ZERO_WHY] = { "A static array of 64 MiB takes no space in the program's file. A page that is\n"
			 "only read maps the zero page, which all share. The first write takes a frame.",
			 "64 MiB 的静态数组在程序文件里不占空间。只读过的页都映射同一个零页；\n"
			 "第一次写某一页时，才为它分配页框。" },
	[T_ZERO_ROW_READ] = { "16384 pages read", "读 16384 页" },
	[T_ZERO_ROW_WRITE] = { "3 of them written", "写其中 3 页" },
	[T_ZERO_ONE] = { "read:   ", "读过之后：" },
	[T_ZERO_THREE] = { "written:", "写过之后：" },

	[T_COW] = { "Two processes share a page until one writes",
		    "两个进程共享一页，直到一方写入" },
	[T_COW_WHY] = { "fork() copies no memory: parent and child share the same frames, read-only.\n"
			"The first write to a page copies it. An unshared page is written in place.",
			"fork() 不复制内存：父子进程以只读方式共享同样的页框。第一次写某一页时，\n"
			"只复制那一页。不再共享的页直接就地写入。" },
	[T_COW_BEFORE] = { "before the child writes", "子进程写之前" },
	[T_COW_AFTER] = { "after", "写之后" },
	[T_COW_PARENT] = { "parent", "父进程" },
	[T_COW_CHILD] = { "child", "子进程" },
	[T_COW_ROW_COPY] = { "child writes", "子进程写" },
	[T_COW_ROW_REUSE] = { "child gone, parent writes", "子进程结束，父进程写" },

	[T_CODE] = { "A program is loaded as it runs", "程序边运行边载入" },
	[T_CODE_WHY] = { "exec() reads only the headers of the file. This program has 48 pages with one\n"
			 "function on each. A call maps the function's page (█). It also maps those of\n"
			 "the same group of 16 that are in memory already (▒). Others stay unmapped (·).",
			 "exec() 只读文件头。这个程序有 48 页，每页一个函数。调用一个函数，就映射它那\n"
			 "一页（█），同组 16 页中已在内存里的也一并映射（▒）。其余的不映射（·）。" },
	[T_CODE_BEFORE] = { "none called", "还没调用" },
	[T_CODE_CALL] = { "calls page %d", "调用第%d页" },
	[T_CODE_ROW] = { "the three calls", "三次调用" },
	[T_CODE_ROW_AGAIN] = { "the same three again", "再调用一遍" },

	[T_STACK] = { "A stack that grows as it is used", "随用随长的栈" },
	[T_STACK_WHY] = { "A program does not request its stack. When it touches a page below the end of\n"
			  "the stack, within the limit, the kernel extends the stack.",
			  "程序不必申请栈。它访问栈末端以下、限度以内的一页时，内核就扩展栈。" },
	[T_STACK_ROW] = { "64 pages deeper", "再深 64 页" },
	[T_STACK_GROWN] = { "The stack was extended %ld times.", "栈扩展了 %ld 次。" },

	[T_NULL] = { "An access to unmapped memory", "访问没有映射的内存" },
	[T_NULL_WHY] = { "A child process reads through a null pointer. Nothing is mapped there, so the\n"
			 "kernel cannot resolve the fault and sends a signal. It kills only the child.",
			 "子进程通过空指针读取。那里没有映射，内核无法处理这次缺页，于是发送信号。\n"
			 "被终止的只有子进程。" },
	[T_NULL_STATUS] = { "wait: child killed by signal %d (%s)",
			    "wait：子进程被信号 %d（%s）终止" },
	[T_NULL_ALIVE] = { "wait: child not killed, status %#x",
			   "wait：子进程没有被终止，状态 %#x" },
	[T_NULL_REPORT] = { "The kernel reports the reason on run.sh's standard error (or in --log FILE):\n"
			    "the access, its address, the mappings around it, and the likely cause.",
			    "内核在 run.sh 的标准错误上（或 --log 文件里）报告原因：\n"
			    "访问的种类、地址、附近的映射和可能的原因。" },
	[T_NULL_REPORT_LINUX] = { "Linux reports the reason in its log (dmesg) if it is configured to.",
				  "如果系统这样配置，Linux 会把原因写进日志（dmesg）。" },
	[T_FAULTS] = { "Programs that handle their own faults", "自己处理缺页的程序" },
	[T_FAULTS_WHY] = { "Here too the kernel cannot resolve the fault and sends SIGSEGV. The program's\n"
			   "handler makes the page accessible, and the instruction runs again. The last one\n"
			   "has no handler: its thread waits while another one gives it the page.",
			   "这些缺页内核同样无法处理，它把地址随 SIGSEGV 交给程序的处理函数。\n"
			   "处理函数让那一页可以访问，指令再执行一次。最后一个例子没有处理函数：\n"
			   "线程等着，另一个线程把那一页交给它。" },
	[T_FAULTS_COLLECTOR] = { "%5ld faults  incremental garbage collector: %ld collections, %ld cells copied",
				 "%5ld 次  增量垃圾收集：%ld 轮，复制 %ld 个单元" },
	[T_FAULTS_CHECKPOINT] = { "%5ld faults  checkpoints of a running program: %ld made, %ld pages saved",
				  "%5ld 次  程序运行中的检查点：%ld 个，保存 %ld 页" },
	[T_FAULTS_COMPUTED] = { "%5ld faults  1 GiB of roots, computed on demand: %ld read, %ld pages at most",
				"%5ld 次  1 GiB 的平方根表，按需计算：查询 %ld 次，最多占 %ld 页" },
	[T_FAULTS_SEGMENT] = { "%5ld faults  a stack that its handler extends: %ld pages, limit hit %ld times",
			       "%5ld 次  由处理函数扩展的栈：%ld 页，%ld 次到达上限" },
	[T_FAULTS_RESTORE] = { "%5ld faults  a saved image, restored on demand: %ld look-ups, %ld pages in it",
			       "%5ld 次  保存的内存映像，由一个线程按需恢复：查找 %ld 次，共 %ld 页" },
	[T_FAULTS_WRONG] = { "   The result is WRONG.", "   结果是错的。" },
	[T_SERVED] = { "A page that another program makes", "由另一个程序做出的页" },
	[T_SERVED_WHY] = { "A file of 16 GiB that is stored nowhere: a server computes each page when a\n"
			   "program touches it. The kernel asks by 9P, and the server writes the frame.\n"
			   "On the right is what each part of the way has cost.",
			   "一个 16 GiB 的文件，哪里都没有存：它的服务器是一个进程，有人碰到某一页时才算出\n"
			   "那一页。内核用 9P 协议请求它，让它直接写进页框。右边一列是每一段路的代价。" },
	[T_SERVED_PROGRAM] = { "program", "程序" },
	[T_SERVED_KERNEL] = { "kernel", "内核" },
	[T_SERVED_SERVER] = { "server", "服务器" },
	[T_SERVED_LOAD] = { "a load ──────>", "读一次 ──────>" },
	[T_SERVED_FAULT] = { "page fault: no entry, no page", "缺页：没有表项，也没有页" },
	[T_SERVED_ASKS] = { "the cache reads: a frame, Tread ──>",
			    "页缓存去读：页框、Tread ─────────>" },
	[T_SERVED_RECEIVES] = { "receives", "收到" },
	[T_SERVED_COMPUTES] = { "makes 64 lines", "算出 64 行" },
	[T_SERVED_FILLS] = { "the frame has its bytes <──────────",
			     "页框里有了内容 <──────────────────" },
	[T_SERVED_WRITES] = { "writes them", "写入" },
	[T_SERVED_ENTRY] = { "<──── the entry <──────────────────",
			     "<──── 填好表项 <──────────────────" },
	[T_SERVED_REPLIES] = { "replies", "答复" },
	[T_SERVED_GOES_ON] = { "goes on <─────", "继续 <───────" },
	[T_SERVED_COST] = { "instr.", "指令" },
	[T_SERVED_COST_NS] = { "ns", "ns" },
	[T_SERVED_LINE] = { "line %lu: \"%s\"", "第 %lu 行：“%s”" },
	[T_SERVED_ROW] = { "its page touched", "碰到它那一页" },
	[T_SERVED_ROW_AGAIN] = { "the same page again", "再碰一次" },
	[T_SERVED_LINUX] = { "Faultline's endpoints carry the requests, so this stop runs there only.",
			     "请求由 Faultline 的端点传送，所以这一站只在那里运行。" },
	[T_SERVED_REFUSED] = { "The files could not be mounted: %s", "没能挂载这些文件：%s" },
	[T_LARGE] = { "One entry for 512 pages", "一个表项映射 512 页" },
	[T_LARGE_WHY] = { "madvise() asks for superpages here. The first write gets 2 MiB of frames in a\n"
			  "row, and one entry a level higher. What concerns a part breaks it into pages:\n"
			  "a write while another process has it, or munmap() or mprotect() of a page.\n"
			  "Below: how the hardware finds page 100 of them, and AnonHugePages of smaps.",
			  "madvise() 为这段内存请求大页。第一次写就得到连续的 2 MiB 页框，由上一级一个表项\n"
			  "映射。只涉及其中一部分的操作先把它拆成页：别的进程也有它时的写入，或对其中一页的\n"
			  "munmap()、mprotect()。下面是硬件怎样找到第 100 页，以及 smaps 的 AnonHugePages。" },
	[T_LARGE_NONE] = { "No superpage was made: it needs 2 MiB that are free, and the kernel's consent.",
			   "没有得到大页：它需要连续的 2 MiB 空闲内存，内核也要允许。" },
	[T_LARGE_MADE] = { "made", "得到大页" },
	[T_LARGE_CHILD] = { "the child's", "子进程的" },
	[T_LARGE_PARENT] = { "the parent's", "父进程的" },
	[T_LARGE_BROKEN] = { "munmap", "munmap" },
	[T_LARGE_ROW_MADE] = { "1 page of 512 written", "写 512 页中的 1 页" },
	[T_LARGE_ROW_OTHERS] = { "the other 511 written", "写其余 511 页" },
	[T_LARGE_ROW_CHILD] = { "child writes one of them", "子进程写其中一页" },
	[T_LARGE_ROW_PARENT] = { "child gone, 512 written", "子进程结束，写 512 页" },
	[T_LARGE_ROW_BROKEN] = { "munmap of 1 page", "munmap 其中 1 页" },
	[T_SWAP] = { "A program that is larger than memory", "比内存还大的程序" },
	[T_SWAP_WHY] = { "A child locks all free memory but %ld MiB, writes %ld MiB, and reads them back.\n"
			 "Pages that were not used for a while are unmapped (▒), and written to the swap\n"
			 "disk (░) if it does not have their bytes yet. A fault maps a page again (█). It\n"
			 "is major if it waits for the disk. One request may carry several pages.",
			 "子进程锁住空闲内存，只留 %ld MiB，然后写 %ld MiB，再读回来。一段时间没用到的页，\n"
			 "内核取消映射（▒）；如果交换盘上还没有它的内容，就写出去（░）。缺页时再映射那一\n"
			 "页（█）。要等磁盘的缺页是主缺页。对磁盘的一次请求可以带多页。" },
	[T_SWAP_LEGEND] = { "   █ mapped  ▒ unmapped, in the swap cache  ░ on the disk  · not written yet",
			    "   █ 已映射   ▒ 未映射，在交换缓存里   ░ 在磁盘上   · 还没写过" },
	[T_SWAP_CELL] = { "a cell: where most of %ld pages are", "一格：%ld 页中多数所在之处" },
	[T_SWAP_COL_MAJOR] = { "major", "主缺页" },
	[T_SWAP_COL_WRITTEN] = { "written", "写出页" },
	[T_SWAP_COL_READ] = { "read", "读入页" },
	[T_SWAP_WRITE] = { "write %d/%d", "写 %d/%d" },
	[T_SWAP_READ] = { "read %d/%d", "读 %d/%d" },
	[T_SWAP_FEW] = { "read 1/16", "读 1/16" },
	[T_SWAP_AGAIN] = { "once more", "再读一遍" },
	[T_SWAP_RESULT] = { "%ld pages, each byte right: %ld mapped, %ld unmapped, %ld on the disk",
			    "%ld 页，每个字节都对：%ld 页已映射，%ld 页未映射，%ld 页在磁盘上" },
	[T_SWAP_WRONG] = { "A byte came back WRONG.", "有一个字节读回来是错的。" },
	[T_SWAP_REFUSED] = { "This kernel refuses the memory that this stop needs.",
			     "这个内核不给这一站所需的内存。" },
	[T_SWAP_NO_DISK] = { "This machine has no swap disk, which this stop needs. To see it:\n"
			     "  ./run.sh --swap 128M",
			     "这一站需要交换盘，而这台机器没有。要看这一站：\n"
			     "  ./run.sh --swap 128M" },
	[T_SWAP_TOO_LITTLE] = { "Too little is free for this stop: %ld MiB of memory, %ld MiB of swap. To see it:\n"
				"  ./run.sh --swap 128M",
				"空闲的太少，看不了这一站：内存 %ld MiB，交换盘 %ld MiB。要看这一站：\n"
				"  ./run.sh --swap 128M" },
	[T_SWAP_TOO_MUCH] = { "It would take a while to fill %ld MiB of memory. With less:\n"
			      "  ./run.sh --mem 256M",
			      "要填满 %ld MiB 内存，得等一会儿。内存少一些，就能看到这一站：\n"
			      "  ./run.sh --mem 256M" },
	[T_SWAP_LINUX] = { "This stop fills all memory of the machine, so it runs on Faultline only.",
			   "这一站会占满整台机器的内存，所以只在 Faultline 上运行。" },
	[T_END] = { "That is what page faults do for a program. To run yours, compiled for riscv64:\n"
		    "  ./run.sh -- ./a.out\n"
		    "To follow one fault through the kernel: docs/life-of-a-fault.md",
		    "缺页异常为程序做的就是这些。运行您自己的程序（为 riscv64 编译）：\n"
		    "  ./run.sh -- ./a.out\n"
		    "一次缺页在内核里的全过程：docs/life-of-a-fault.md" },
	[T_END_LINUX] = { "The figures above are Linux's.", "以上是 Linux 的数字。" },
	[T_PROMPT] = { "Or look around here first: help lists the commands; exit or Ctrl-D leaves.",
		       "也可以先在这里看看：help 列出命令，exit 或 Ctrl-D 离开。" },
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
