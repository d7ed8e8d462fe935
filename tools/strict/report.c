/* SPDX-License-Identifier: MIT */
/* The blocks that the witness prints. A place in the kernel is reported once. */
#include "report.h"

#include "options.h"
#include "pte.h"
#include "witness.h"

#define NPLACES 64u

static uint64_t places[NPLACES]; /* program counters that were reported */
static unsigned nplaces, nreports, count;

unsigned report_count(void)
{
	return count;
}

/* Counts a finding. Has this place been reported? */
static bool is_known(uint64_t pc)
{
	count++;
	for (unsigned i = 0; i < nplaces; i++)
		if (places[i] == pc)
			return true;
	if (nplaces < NPLACES)
		places[nplaces++] = pc;
	return false;
}

static void say_entry(const char *what, uint64_t pte, bool is_there)
{
	say("strict:   %s: ", what);
	if (!is_there || !(pte & PTE_V))
		say("nothing valid\n");
	else if (!pte_is_leaf(pte))
		say("a pointer to the table at %#lx\n", pte_address(pte));
	else
		say("frame %#lx, %s%s%s for %s, %s\n", pte_address(pte), pte & PTE_R ? "R" : "",
		    pte & PTE_W ? "W" : "", pte & PTE_X ? "X" : "",
		    pte & PTE_U ? "user mode" : "the kernel", pte & PTE_D ? "dirty" : "clean");
}

/* A report stands between two control characters, so that the runner finds it in a program's output. */
#define REPORT_START "\x1e"
#define REPORT_END   "\x1f"

static void begin(const char *what)
{
	say("\n" REPORT_START "strict: finding %u: %s\n", ++nreports, what);
}

static void end(const char *rule)
{
	say("strict:   the specification: %s\n", rule);
	say("strict:   hart %lu, seed %lu, found at pc %#lx" REPORT_END "\n", running->id,
	    options.seed, csr_read(mepc));
	if (nreports == options.findings) {
		say("strict: %u findings are enough (findings=N)\n", nreports);
		power_off_with(STATUS_FOUND);
	}
}

/* Ends a line. Where there is one hart, its name says nothing. */
static void say_hart(const char *how, const struct hart *hart)
{
	if (options.harts > 1)
		say("%s hart %lu\n", how, hart->id);
	else
		say("\n");
}

static const char *const occasions[] = {
	[AT_RETURN] = "an old translation is left at the return to user mode",
	[AT_FREE] = "a frame gets another use while an old translation of it is left",
	[AT_ENTRY] = "a page gets another frame while an old translation is left",
	[AT_USE] = "an old translation was used after its frame got another use",
	[AT_SWITCH] =
		"an old translation, or one of other page tables, is left in an ASID that satp has got",
};

#define SFENCE_RULE                                                                           \
	"a change of page tables is sure to be seen only after SFENCE.VMA (privileged spec, " \
	"SFENCE.VMA)"

void report_stale(enum occasion occasion, const struct stale *stale, unsigned shadow, uint64_t old,
		  uint64_t pc, const struct hart *changed_by)
{
	uint64_t held = stale->cached & PTE_V ? stale->cached : stale->cached | PTE_V;

	if (is_known(pc ? pc : (uint64_t)occasion))
		return;
	begin(occasions[occasion]);
	say("strict:   address %#lx, ASID %u", stale->va, satp_asid(shadow_satp(shadow)));
	say_hart(", of", shadow_hart(shadow));
	say_entry("a TLB may have", held, true);
	say_entry("the tables have", stale->now.pte, stale->now.well_formed);
	if (pc) {
		say_entry("before the change", old, true);
		say("strict:   changed at pc %#lx", pc);
		say_hart(", by", changed_by);
	}
	end(occasion == AT_SWITCH
		    ? "a write of satp does not order changes of page tables, or end what is cached of an ASID (privileged spec, satp)"
		    : SFENCE_RULE);
}

#define FENCE_I_RULE \
	"instruction fetches are sure to see a store only after FENCE.I (unprivileged spec, Zifencei)"

/* A finding that is about an entry of the tables. Something was done to it, or to its page, at `pc`. */
static void report_entry(const char *what, uint64_t va, const char *which, uint64_t entry,
			 const char *done, uint64_t pc, const char *rule)
{
	begin(what);
	say("strict:   address %#lx\n", va);
	say_entry(which, entry, true);
	say("strict:   %s at pc %#lx\n", done, pc);
	end(rule);
}

void report_pointer(bool is_split, uint64_t va, uint64_t old, uint64_t pc)
{
	if (is_known(pc))
		return;
	report_entry(
		is_split ? "a superpage was split without a fence for all addresses"
			 : "a page table was unlinked without a fence for all addresses",
		va, "before the change", old, "changed", pc,
		"for an entry that is no leaf, SFENCE.VMA has rs1=x0 (privileged spec, SFENCE.VMA)");
}

void report_text_owed(uint64_t va, uint64_t entry, uint64_t pc)
{
	if (is_known(pc))
		return;
	report_entry("a page to be executed was entered without FENCE.I", va, "the tables have",
		     entry, "changed", pc, FENCE_I_RULE);
}

/* Once for each frame: kernels store by one memcpy(), for more than one reason. */
void report_text_stored(uint64_t va, uint64_t entry, uint64_t pc)
{
	if (is_known(pte_address(entry)))
		return;
	report_entry("a page is executed to which the kernel has stored without FENCE.I", va,
		     "the tables have", entry, "stored to", pc, FENCE_I_RULE);
}

void report_mask(uint64_t root, uint64_t mask, uint64_t self)
{
	if (is_known(csr_read(mepc)))
		return;
	begin("satp has page tables that the kernel does not count this hart as a user of");
	say("strict:   page tables %#lx, harts %#lx, this one %#lx\n", root, mask, self);
	end("a hart gets the fences of others only by a call that names it (privileged spec, SFENCE.VMA)");
}
