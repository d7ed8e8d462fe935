/* SPDX-License-Identifier: MIT */
/* Sweeps through many pages, and blocks that begin anew: what makes huge pages where a kernel has them. */
#include "vm_fuzz.h"

static unsigned long made_before;

static void sweep(struct range r, unsigned step, bool down, bool writes)
{
	unsigned off = rnd(PAGE / 8) * 8, done = 0;
	uint64_t first = chance_word(), sum = 0;

	for (unsigned k = 0; k < r.n; k += step) {
		unsigned page = down ? r.first + r.n - 1 - k : r.first + k;
		uint64_t value = first + k;

		if (!try_access(writes ? STORE_WORD : LOAD_WORD, at(page) + off, &value))
			continue;
		done++;
		sum = sum * 31 + value;
	}
	mix(sum);
	tell(OP_SWEEP, (long)done, "%u+%u:%#x, %s each %u%s: %lx", r.first, r.n, off,
	     writes ? "writes" : "reads", step, down ? ", downwards" : "", (long)sum);
}

void do_sweep(void)
{
	struct range r = one_in(8) ? range_any() : range_mapped();

	sweep(r, one_in(4) ? 1 + rnd(40) : 1, one_in(4), !one_in(5));
}

/* Nothing is left of some blocks: their page tables go, too. */
void do_renew(void)
{
	struct range r = range_blocks();

	watch_hold(true);
	tell(OP_MUNMAP, CALL(SYS_munmap, at(r.first), r.n * PAGE), "%u+%u", r.first, r.n);
	tell(OP_MMAP, place(CALL(SYS_mmap, at(r.first), r.n * PAGE, RW, ANON | MAP_FIXED, -1, 0)),
	     "%u+%u, %s", r.first, r.n, prot_name(RW));
	arena_map(r, RW, KIND_PRIVATE, false);
	if (!one_in(3))
		tell(OP_MADVISE, CALL(SYS_madvise, at(r.first), r.n * PAGE, MADV_HUGEPAGE),
		     "%u+%u, advice %d", r.first, r.n, MADV_HUGEPAGE);
	sweep(r, one_in(2) ? 1 : 1 + rnd(200), one_in(4), true);
	watch_hold(false);
}

/* Is the text in the file, and what number is behind it? Memory of the C library's would be in the arena. */
static bool find(const char *path, const char *text, unsigned long *number)
{
	static char all[8192];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, all, sizeof(all) - 1);
	const char *found;

	close(fd);
	all[n > 0 ? n : 0] = '\0';
	found = strstr(all, text);
	*number = found ? strtoul(found + strlen(text), NULL, 10) : 0;
	return found;
}

/* How many huge pages faults have made since boot. */
static unsigned long huge_made(void)
{
	unsigned long made;

	(void)find("/proc/vmstat", "thp_fault_alloc ", &made);
	return made;
}

void huge_begin(void)
{
	made_before = wide ? huge_made() : 0;
}

/* The lines are the same on each kernel, and whether it makes huge pages or not; but one that shall make some has to. */
void huge_end(void)
{
	unsigned long number;

	if (wide && find("/sys/kernel/mm/transparent_hugepage/enabled", "[always]", &number) &&
	    huge_made() == made_before)
		say("no huge page was made\n");
}
