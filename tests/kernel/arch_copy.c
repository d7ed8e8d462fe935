/* SPDX-License-Identifier: MIT */
/* Contract of arch/usercopy.h: exact results at every alignment, and where memory ends. */
#include "arch/usercopy.h"

#include "abi/errno.h"
#include "arch/irqflags.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/arch_space.h"
#include "tests/kernel/ktest.h"

/* One good page; the one behind it shows an address where no machine has anything, so that every access is refused. */
#define GOOD 0x10000ul
#define BAD  (GOOD + PAGE_SIZE)
#define FILL 0x5a

#define NOWHERE paddr_to_pfn(1ul << 55)

static struct arch_space as;
static struct page *good;
static unsigned long irq;
static uint8_t from[1600], to[1600];

/* Until stop() interrupts are off: no other thread runs, and the space stays. */
static bool start(void)
{
	good = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	if (!good || !arch_space_start(&as) || !arch_space_map(&as, GOOD, page_to_pfn(good)) ||
	    !arch_space_map(&as, BAD, NOWHERE))
		return false;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)ktest_random();
	irq = arch_irq_save();
	arch_mmu_activate(&as.mmu);
	return true;
}

static void stop(void)
{
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	arch_space_end(&as);
	page_free(good, 0);
}

/* Copies n bytes, of which the last `bad` are not mapped. Returns whether the results are right. */
static bool copies_right(unsigned kernel_offset, size_t n, size_t bad)
{
	vaddr_t user = BAD - n + bad;

	memset(to, FILL, sizeof(to));
	return arch_copy_out(user, from + kernel_offset, n) == bad &&
	       arch_copy_in(to + 8, user, n) == bad && to[7] == FILL && to[8 + n - bad] == FILL &&
	       memcmp(to + 8, from + kernel_offset, n - bad) == 0;
}

/* R25, R27: to the byte */
KTEST(arch_copy_exact_at_every_alignment)
{
	unsigned wrong = 0;

	ASSERT_TRUE(start());
	for (unsigned offset = 0; offset < 8; offset++)
		for (size_t n = 0; n < 200; n++)
			for (size_t bad = 0; bad <= n; bad += 1 + n / 5)
				wrong += !copies_right(offset, n, bad);
	stop();
	EXPECT_EQ(0, wrong);
}

/* Copies in blocks of 512 bytes are exact, which end in the first, second or third of them. */
KTEST(arch_copy_of_blocks_exact)
{
	unsigned wrong = 0;

	ASSERT_TRUE(start());
	for (size_t n = 500; n < 1560; n += 4)
		for (size_t bad = 0; bad <= n; bad += 1 + n / 7)
			wrong += !copies_right(0, n, bad);
	stop();
	EXPECT_EQ(0, wrong);
}

KTEST(arch_copy_between_any_two_offsets)
{
	unsigned wrong = 0;

	ASSERT_TRUE(start());
	for (unsigned user = 0; user < 8; user++) {
		for (unsigned kernel = 0; kernel < 8; kernel++) {
			memset(to, FILL, sizeof(to));
			wrong += arch_copy_out(GOOD + user, from + kernel, 300) != 0;
			wrong += arch_copy_in(to + 8 + kernel, GOOD + user, 300) != 0;
			wrong += memcmp(to + 8 + kernel, from + kernel, 300) != 0;
			wrong += to[7 + kernel] != FILL || to[308 + kernel] != FILL;
		}
	}
	stop();
	EXPECT_EQ(0, wrong);
}

KTEST(arch_clear_exact)
{
	uint8_t *page;
	unsigned wrong = 0;

	ASSERT_TRUE(start());
	page = page_address(good);
	for (size_t n = 0; n < 200; n++) {
		for (size_t bad = 0; bad <= n; bad += 1 + n / 5) {
			size_t begin = PAGE_SIZE - n + bad;

			memset(page, FILL, PAGE_SIZE);
			wrong += arch_clear_out(GOOD + begin, n) != bad || page[begin - 1] != FILL;
			for (size_t i = begin; i < PAGE_SIZE; i++)
				wrong += page[i] != 0;
		}
	}
	stop();
	EXPECT_EQ(0, wrong);
}

/* R26: a string may end just before memory does */
KTEST(arch_copy_string_ends)
{
	char *page;

	ASSERT_TRUE(start());
	page = page_address(good);
	memcpy(page + PAGE_SIZE - 4, "abc", 4);
	EXPECT_EQ(3, arch_copy_string_in((char *)to, BAD - 4, 100));
	EXPECT_STR("abc", (char *)to);
	EXPECT_EQ(2, arch_copy_string_in((char *)to, BAD - 4, 2));
	EXPECT_EQ(0, arch_copy_string_in((char *)to, BAD - 1, 1));
	EXPECT_EQ(0, arch_copy_string_in((char *)to, BAD - 4, 0));
	page[PAGE_SIZE - 1] = 'd';
	EXPECT_EQ(-EFAULT, arch_copy_string_in((char *)to, BAD - 4, 100));
	EXPECT_EQ(4, arch_copy_string_in((char *)to, BAD - 4, 4));
	stop();
}

KTEST(arch_words_whole_or_refused)
{
	uint32_t *word, found = 0;

	ASSERT_TRUE(start());
	word = (uint32_t *)page_address(good) + 3;
	*word = 0x87654321;
	EXPECT_EQ(0, arch_load_word_in(&found, GOOD + 12));
	EXPECT_EQ(0x87654321, found);
	EXPECT_EQ(0, arch_cas_word(GOOD + 12, &found, 5));
	EXPECT_EQ(0x87654321, found);
	EXPECT_EQ(5, *word);
	EXPECT_EQ(0, arch_cas_word(GOOD + 12, &found, 6));
	EXPECT_EQ(5, found);
	EXPECT_EQ(5, *word);
	EXPECT_EQ(0, arch_touch_word(GOOD + 12));
	EXPECT_EQ(5, *word);
	EXPECT_EQ(-EFAULT, arch_touch_word(BAD));
	EXPECT_EQ(-EFAULT, arch_load_word_in(&found, BAD));
	EXPECT_EQ(-EFAULT, arch_cas_word(BAD, &found, 6));
	EXPECT_EQ(5, found);
	stop();
}
