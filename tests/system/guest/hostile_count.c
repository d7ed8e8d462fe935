/* SPDX-License-Identifier: MIT */
/* What all of them have done: counters that are shared by programs which spoil their registers and stacks. */

/*
 * A signal's handler may change any register of who was interrupted, a call may write over the stack
 * that registers are saved on, and a frame made by hand goes on anywhere. Counters were wrong by any
 * number as long as the compiler kept a one to add, or a counter's address, in a register meanwhile.
 * So nobody but count() knows where they are; it makes both afresh, and then forgets them. Entered
 * with any registers, at any instruction, it adds one to one counter, or does not know of any. A
 * handler has who is interrupted within it begin again, since his frame may be written over until he
 * goes on.
 *
 * The frame of who is interrupted can also lie where a function has saved where to return to, as a
 * signal stack may be any memory. Whoever returns by that to count(), or to what calls it last, comes
 * from there to there again, and counts without end. So each process may count so often, and ends.
 */

#include "hostile.h"

#include "machine.h"

#define TEXT_OF(number) #number
#define TEXT(number)	TEXT_OF(number)

#define LEFT	 0x1f00010000 /* how often this process may still count, with those it is forked from */
#define LEFT_MAX 4096

_Static_assert(COUNTERS == 1051, "count() knows how many there are");

/* No other code adds to them. */
asm(".text\n"
    "count:\n"
    "	li t1, 1050\n"
    "	bgeu a0, t1, count_added\n"
    "	slli t1, a0, 3\n"
    "	li t0, " TEXT(TALLY) "\n"
			     "	add t0, t0, t1\n"
			     "	li t1, 1\n"
			     "	amoadd.d zero, t1, (t0)\n"
			     "count_added:\n"
			     "	li t0, " TEXT(LEFT) "\n"
						    "	li t1, -1\n"
						    "	amoadd.d t1, t1, (t0)\n"
						    "	bgtz t1, count_return\n"
						    "	li a7, 93\n"
						    "	ecall\n"
						    "count_return:\n"
						    "	li t0, 0\n"
						    "	ret\n"
						    "count_end:\n"
						    ".globl count, count_added, count_end\n");

static uint64_t made_before;

bool is_counting(uint64_t pc)
{
	return pc >= (uint64_t)count && pc < (uint64_t)count_end;
}

uint64_t count_again(uint64_t pc)
{
	return pc < (uint64_t)count_added ? (uint64_t)count : (uint64_t)count_added;
}

uint64_t counted(unsigned counter)
{
	return ((const volatile uint64_t *)TALLY)[counter];
}

static uint64_t calls_made(void)
{
	struct faultline_machine machine;

	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) != 1)
		exit(3);
	return machine.system_calls;
}

void counters_begin(void)
{
	const size_t size = COUNTERS * sizeof(uint64_t);

	if (mmap((void *)TALLY, size, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		    (void *)TALLY ||
	    mmap((void *)LEFT, PAGE, RW, ANON | MAP_FIXED, -1, 0) != (void *)LEFT)
		exit(3);
	*(uint64_t *)LEFT = LEFT_MAX;
	memset((void *)TALLY, 0, size);
	made_before = calls_made();
}

unsigned impossible_counters(void)
{
	uint64_t made = calls_made() - made_before, all = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < COUNTERS; i++) {
		if (counted(i) > made) {
			say("# counter %u is %lu after %lu calls\n", i, (unsigned long)counted(i),
			    (unsigned long)made);
			n++;
		}
		all += i >= CALLS_DONE ? counted(i) : 0;
	}
	if (!n && all > made) {
		say("# %lu calls were counted, %lu made\n", (unsigned long)all,
		    (unsigned long)made);
		n++;
	}
	return n;
}
