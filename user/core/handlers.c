/* SPDX-License-Identifier: MIT */
/* The four handlers of page faults, as a program sees them: lazy heap, zero page, copy-on-write, demand paging. */
#include "abi/faultline.h"
#include "abi/mman.h"
#include "core/core.h"

#define PAGES 64

static volatile char *new_memory(void)
{
	return (volatile char *)sys_mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Memory that was asked for costs no frame before it is touched; then a frame a page. */
static void lazy_heap(void)
{
	char *start = (char *)sys_call(SYS_brk, 0, 0, 0, 0, 0, 0);
	long before = frames_unused(), asked, touched;

	sys_call(SYS_brk, (long)(start + PAGES * PAGE), 0, 0, 0, 0, 0);
	asked = before - frames_unused();
	for (int i = 0; i < PAGES; i++)
		((volatile char *)start)[(unsigned long)i * PAGE] = 1;
	touched = before - frames_unused() - asked;
	check("lazy heap: frames of 64 pages that were asked for", asked == 0, digits(asked));
	check("lazy heap: and when each was touched", touched >= PAGES && touched <= PAGES + 3,
	      digits(touched));
	check("lazy heap: the kind of fault is FILL", fault_at(start + PAGE) == FAULTLINE_FILL,
	      "yes");
}

/* What is only read is the one page of zeros; a write then gets a frame. */
static void zero_page(void)
{
	volatile char *memory = new_memory();
	long before = frames_unused(), sum = 0, read;

	for (int i = 0; i < PAGES; i++)
		sum += memory[(unsigned long)i * PAGE];
	read = before - frames_unused();
	check("zero page: sum of what was read", sum == 0, digits(sum));
	check("zero page: frames of 64 pages that were read, but for tables", read <= 3,
	      digits(read));
	memory[PAGE] = 1;
	check("zero page: a write to one is COW", fault_at(memory + PAGE) == FAULTLINE_COW, "yes");
	check("zero page: its neighbour is still zero", memory[2 * PAGE] == 0, "yes");
}

/* After fork both have one frame; who writes first gets a copy, and the other one writes to what is left. */
static void copy_on_write(void)
{
	volatile char *memory = new_memory();
	int status = -1;
	long pid;

	*memory = 'a';
	pid = sys_fork();
	if (pid == 0) {
		*memory = 'b';
		sys_exit(fault_at(memory) == FAULTLINE_COW && *memory == 'b' ? 0 : 1);
	}
	check("copy-on-write: the child was waited for", sys_wait4(pid, &status, 0) == pid, "yes");
	check("copy-on-write: the child's write was COW", status == 0, digits(status));
	check("copy-on-write: the parent has its own byte", *memory == 'a', "yes");
	*memory = 'c';
	check("copy-on-write: the parent's write was REUSE", fault_at(memory) == FAULTLINE_REUSE,
	      "yes");
}

/* Far from all else of the program, so that no page of it is there yet. */
static const char far[PAGES * PAGE] __attribute__((aligned(4096))) = { [32 * PAGE] = 'd' };

/* Pages of the program come when they are touched. */
static void demand_paging(void)
{
	const volatile char *page = far + 32 * PAGE;

	check("demand paging: no fault at a page of the program before it is touched",
	      fault_at(page) == -1, "yes");
	check("demand paging: its byte", *page == 'd', "d");
	check("demand paging: the kind of fault is FILL", fault_at(page) == FAULTLINE_FILL, "yes");
}

int main(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	lazy_heap();
	zero_page();
	copy_on_write();
	demand_paging();
	print("all four handlers work\n", (char *)0);
	return 0;
}
