/* Why a process was killed, in words (R121): a line with everything, then where that was. */
#include "trap/report.h"

#include "abi/signal.h"
#include "arch/frame.h"
#include "arch/page.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "mm/fault.h"
#include "proc/process.h"

/* Addresses so near to an end are told as a distance from it. */
#define NEAR (1ul << 20)

/* A VMA as it was when it was looked at. */
struct area {
	bool there;
	vaddr_t start, end;
	unsigned rights, flags;
	const char *backend;
};

/* Where an address lies: in `at`, or between the two others. */
struct place {
	struct area below, at, above;
	vaddr_t brk_start, brk;
	unsigned tables;
};

static const char *signal_name(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGILL:
		return "SIGILL";
	case SIGTRAP:
		return "SIGTRAP";
	default:
		return "a signal";
	}
}

static const char *access_name(unsigned right)
{
	if (right & RIGHT_EXEC)
		return "fetch from";
	return right & RIGHT_WRITE ? "write to" : "read of";
}

static struct area area_of(const struct vma *vma)
{
	if (!vma)
		return (struct area){ 0 };
	return (struct area){ .there = true,
			      .start = vma->start,
			      .end = vma->end,
			      .rights = vma->rights,
			      .flags = vma->flags,
			      .backend = vma->backend->name };
}

static struct place place_of(struct space *space, vaddr_t addr)
{
	struct place place = { 0 };
	struct tree_node *last;
	struct vma *vma;

	spin_lock(&space->lock);
	last = tree_last(&space->vmas);
	vma = vma_find_next(space, addr);
	if (vma && vma->start <= addr) {
		place.at = area_of(vma);
	} else {
		place.above = area_of(vma);
		place.below =
			area_of(vma ? vma_prev(vma) : tree_entry_or_null(last, struct vma, node));
	}
	place.brk_start = space->brk_start;
	place.brk = space->brk;
	spin_unlock(&space->lock);
	return place;
}

/* Why the VMA forbids it. */
static const char *why_refused(const struct area *at, unsigned right)
{
	if (!at->rights)
		return "the memory there is PROT_NONE";
	if (right & RIGHT_EXEC)
		return "the memory there may not be executed";
	if (right & RIGHT_WRITE)
		return at->rights & RIGHT_EXEC ? "a write to read-only text"
					       : "the memory there is read-only";
	return "the memory there may not be read";
}

/* Why nothing is there, as far as the address tells. */
static const char *why_missing(const struct place *place, vaddr_t addr, char *buf, size_t size)
{
	if (addr < PAGE_SIZE)
		return "a null pointer";
	if (addr >= USER_TOP)
		return "no user address";
	if (addr >= place->brk && addr - place->brk < NEAR && place->brk > place->brk_start) {
		ksnprintf(buf, size, "%lu bytes past the heap's end",
			  (unsigned long)(addr - place->brk));
		return buf;
	}
	return "nothing is mapped there";
}

static const char *why(const struct place *place, vaddr_t addr, unsigned right, int outcome,
		       char *buf, size_t size)
{
	switch (outcome) {
	case VM_SEGV_STACK:
		return "stack overflow";
	case VM_BUS:
		return "behind the end of the mapped file, or it could not be read";
	case VM_SEGV_ACCERR:
		return why_refused(&place->at, right);
	default:
		return why_missing(place, addr, buf, size);
	}
}

static void show_area(const char *what, const struct area *area)
{
	if (!area->there)
		return;
	log_warn("trap", "  %s %#lx-%#lx %c%c%c%c %s%s", what, area->start, area->end,
		 area->rights & RIGHT_READ ? 'r' : '-', area->rights & RIGHT_WRITE ? 'w' : '-',
		 area->rights & RIGHT_EXEC ? 'x' : '-', area->flags & VMA_SHARED ? 's' : 'p',
		 area->backend,
		 area->flags & VMA_STACK  ? ", the stack"
		 : area->flags & VMA_HEAP ? ", the heap"
					  : "");
}

void report_fault(const struct trap_frame *frame, vaddr_t addr, unsigned right, int outcome,
		  int sig)
{
	struct process *process = current_process();
	struct place place = place_of(current_space(), addr);
	char buf[64];

	log_warn("trap", "%s[%d] killed by %s: %s %#lx at pc %#lx: %s", process->comm, process->pid,
		 signal_name(sig), access_name(right), addr, frame_pc(frame),
		 why(&place, addr, right, outcome, buf, sizeof(buf)));
	show_area("below it:", &place.below);
	show_area("it is in:", &place.at);
	show_area("above it:", &place.above);
	log_warn("trap", "  sp %#lx, heap %#lx-%#lx, image %s", frame_sp(frame), place.brk_start,
		 place.brk, process->exe->path);
}

void report_exception(const struct trap_frame *frame, const char *what, vaddr_t addr, int sig)
{
	struct process *process = current_process();
	struct place place = place_of(current_space(), frame_pc(frame));

	log_warn("trap", "%s[%d] killed by %s: %s at pc %#lx (%#lx)", process->comm, process->pid,
		 signal_name(sig), what, frame_pc(frame), addr);
	show_area("pc is in:", &place.at);
	log_warn("trap", "  sp %#lx, image %s", frame_sp(frame), process->exe->path);
}
