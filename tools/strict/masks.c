/* SPDX-License-Identifier: MIT */
/* The harts that the kernel counts as users of page tables, held against those that have the tables in satp. */
#include "lib/bits.h"
#include "options.h"
#include "pte.h"
#include "report.h"
#include "witness.h"

/* Of a root, the word in which the kernel has a bit for each hart that may use its tables. */
struct mask {
	uint64_t root;
	const uint64_t *word;
};

/* Where there are more, the oldest are forgotten; that loses findings, and makes none. */
#define NMASKS 512u

static struct mask masks[NMASKS];
static unsigned nmasks, oldest;

/* Which bit a hart has in these words; 0 for a hart of which the kernel has not said that. */
static uint64_t bits[MAX_HARTS];

static struct mask *mask_find(uint64_t root)
{
	for (unsigned i = 0; i < nmasks; i++)
		if (masks[i].root == root)
			return &masks[i];
	return NULL;
}

/* The physical address of a word of the kernel's, or NULL. */
static const uint64_t *word_at(uint64_t va)
{
	struct mapping mapping;
	uint64_t address = va;

	if (running->satp) {
		if (walk(running->satp, va, LOOK, SUPERVISOR, &mapping) != WALK_OK)
			return NULL;
		address = pte_address(mapping.pte) + va % level_size(mapping.level);
	}
	return address % sizeof(uint64_t) == 0 && is_kernel_ram(address, sizeof(uint64_t))
		       ? (const uint64_t *)address
		       : NULL;
}

void mask_told(uint64_t root, uint64_t va)
{
	struct mask *mask = mask_find(root);
	const uint64_t *word = va ? word_at(va) : NULL;

	if (!word) {
		if (mask)
			*mask = masks[--nmasks];
		return;
	}
	if (!mask)
		mask = nmasks < NMASKS ? &masks[nmasks++] : &masks[oldest++ % NMASKS];
	*mask = (struct mask){ root, word };
}

void mask_bit_told(uint64_t bit)
{
	bits[running->number] = 1ul << bit % 64;
}

void mask_look(void)
{
	const struct mask *mask;

	if (!options.witness || !running->satp)
		return;
	mask = mask_find(satp_root(running->satp));
	if (mask && bits[running->number] && !(*mask->word & bits[running->number]))
		report_mask(mask->root, *mask->word, bits[running->number]);
}
