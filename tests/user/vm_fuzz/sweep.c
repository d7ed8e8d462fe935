/* SPDX-License-Identifier: MIT */
/* Sweeps through many pages, and blocks that begin anew: what makes huge pages where a kernel has them. */
#include "vm_fuzz.h"

/* Sweeps use these words of a page. */
#define GLANCES 8u
#define GLANCE	504u

static unsigned long made_before;

static void sweep(struct range r, unsigned step, bool down, bool writes)
{
	unsigned off = rnd(GLANCES) * GLANCE, done = 0;
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

/* What sweeps may have left: cheaper than do_look(). */
void do_glance(void)
{
	uint64_t sum = 0;

	for (unsigned page = 0; page < main_pages; page++) {
		if (!cells[page].mapped || cells[page].prot & PROT_UNKNOWN ||
		    !(cells[page].prot & PROT_READ))
			continue;
		for (unsigned i = 0; i < GLANCES; i++) {
			uint64_t value = 0;

			if (!try_access(LOAD_WORD, at(page) + i * GLANCE, &value))
				break;
			sum = sum * 31 + value;
		}
	}
	mix(sum);
	note("a glance: %lx", (long)sum);
}

void do_sweep(void)
{
	struct range r = one_in(8) ? range_any() : range_mapped();

	sweep(r, one_in(4) ? 1 + rnd(40) : 1, one_in(4), !one_in(5));
}

static void protect(struct range r)
{
	tell(OP_MPROTECT, CALL(SYS_mprotect, at(r.first), r.n * PAGE, PROT_READ), "%u+%u, %s",
	     r.first, r.n, prot_name(PROT_READ));
	arena_protect(r, PROT_READ);
}

/* A part of what is mapped by huge pages, if there are some, becomes something else. */
static void cut(struct range of)
{
	unsigned first = rnd(of.n), most = of.n - first;
	struct range r = { of.first + first, 1 + rnd(one_in(2) && most > 8 ? 8 : most) };
	char *addr = at(r.first);
	size_t len = r.n * PAGE;

	switch (rnd(of.n < 2 * BLOCK ? 4 : 5)) {
	case 4: /* the border between two mappings moves into a block */
		protect((struct range){ of.first, of.n - BLOCK });
		protect((struct range){ of.first + of.n - BLOCK, 1 + rnd(BLOCK - 1) });
		break;
	case 0:
		tell(OP_MUNMAP, CALL(SYS_munmap, addr, len), "%u+%u", r.first, r.n);
		arena_unmap(r);
		break;
	case 1:
		protect(r);
		break;
	default:
		tell(OP_MADVISE, CALL(SYS_madvise, addr, len, MADV_DONTNEED), "%u+%u, advice %d",
		     r.first, r.n, MADV_DONTNEED);
		arena_cut(r);
		break;
	}
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
	if (one_in(2))
		cut(r);
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
