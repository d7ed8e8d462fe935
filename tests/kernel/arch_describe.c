/* SPDX-License-Identifier: MIT */
/* Contract of arch/describe.h: each place where a walk can end is told, whatever is there. */
#include "arch/describe.h"

#include "arch/hart.h"
#include "lib/string.h"
#include "tests/kernel/arch_space.h"
#include "tests/kernel/ktest.h"

#define VA 0x40000000ul

static struct arch_space as;
static char text[ARCH_DESCRIBE_MAX];

/* Does the description end like this? */
static bool ends(vaddr_t va, unsigned right, const char *end)
{
	size_t length = (size_t)arch_mmu_describe(&as.mmu, va, right, text, sizeof(text));

	return length == strlen(text) && length >= strlen(end) &&
	       strcmp(text + length - strlen(end), end) == 0;
}

static void set(unsigned prot, unsigned flags)
{
	entry_swap(arch_mmu_lookup(&as.mmu, VA), entry_make(zero_pfn, prot, flags));
}

static struct mmu_entry space_word(void)
{
	return entry_load(arch_mmu_lookup(&as.mmu, VA));
}

/* R121 */
KTEST(describe_tells_each_end_of_a_walk)
{
	ASSERT_TRUE(arch_space_start(&as));
	EXPECT_TRUE(ends(VA, VM_PROT_READ, "root[1] empty: V=0 refuses a read"));
	ASSERT_TRUE(arch_space_map(&as, VA, zero_pfn));
	EXPECT_TRUE(ends(VA, VM_PROT_WRITE, " rw- user accessed dirty: allows a write"));
	EXPECT_TRUE(ends(VA, VM_PROT_EXEC, "X=0 refuses a fetch"));
	EXPECT_TRUE(ends(VA + PAGE_SIZE, VM_PROT_EXEC, "leaf[1] empty: V=0 refuses a fetch"));
	EXPECT_TRUE(ends(VA << 1, VM_PROT_WRITE, "root[2] empty: V=0 refuses a write"));
	EXPECT_TRUE(ends(VA + (1ul << 21), VM_PROT_READ, "middle[1] empty: V=0 refuses a read"));
	EXPECT_TRUE(ends(1ul << 40, VM_PROT_READ, "not all like bit 38"));
	arch_space_end(&as);
}

/* R121 */
KTEST(describe_tells_each_bit)
{
	bool soft;

	ASSERT_TRUE(arch_space_start(&as) && arch_space_map(&as, VA, zero_pfn));
	set(VM_PROT_READ, ENTRY_ACCESSED | ENTRY_COW);
	EXPECT_TRUE(
		ends(VA, VM_PROT_WRITE, "r-- user accessed copy-on-write: W=0 refuses a write"));
	set(VM_PROT_EXEC, ENTRY_ACCESSED);
	EXPECT_TRUE(ends(VA, VM_PROT_READ, "--x user accessed: R=0 refuses a read"));
	set(VM_PROT_READ | VM_PROT_WRITE, 0);
	soft = entry_state(space_word()) ==
	       ENTRY_RESIDENT; /* A and D are kept without the hardware */
	EXPECT_TRUE(ends(VA, VM_PROT_READ,
			 soft ? "V=0 refuses a read" : "rw- user: A=0 refuses a read"));
	set(VM_PROT_READ | VM_PROT_WRITE, ENTRY_ACCESSED);
	EXPECT_TRUE(ends(VA, VM_PROT_WRITE, soft ? "W=0 refuses a write" : "D=0 refuses a write"));
	EXPECT_TRUE(ends(VA, VM_PROT_READ, "allows a read"));
	set(0, 0);
	EXPECT_TRUE(ends(VA, VM_PROT_READ, "V=0 refuses a read"));
	entry_swap(arch_mmu_lookup(&as.mmu, VA), entry_make_swap(1047));
	EXPECT_TRUE(
		ends(VA, VM_PROT_READ, "leaf[0] slot 1047 of the swap disk: V=0 refuses a read"));
	set(0, 0); /* whose frame arch_space_end() expects */
	EXPECT_TRUE(ends((vaddr_t)page_address(zero_page), VM_PROT_READ, "U=0 refuses a read"));
	arch_space_end(&as);
}

/* R121: a buffer that is too short is not left */
KTEST(describe_keeps_to_its_buffer)
{
	ASSERT_TRUE(arch_space_start(&as));
	memset(text, 'x', sizeof(text));
	arch_mmu_describe(&as.mmu, VA, VM_PROT_READ, text, 10);
	EXPECT_TRUE(strlen(text) <= 9 && text[10] == 'x');
	EXPECT_EQ(2, arch_instruction_bytes(0x4501));
	EXPECT_EQ(4, arch_instruction_bytes(0x0073));
	arch_space_end(&as);
}
