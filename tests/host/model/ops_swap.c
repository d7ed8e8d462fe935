/* SPDX-License-Identifier: MIT */
/* swapon and swapoff, and the errors of the swap disk. */
#include "abi/errno.h"
#include "counts.h"
#include "mm/host.h"
#include "mm/swap/swap.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_off.h"
#include "ops.h"
#include "swap_area.h"

#define PAGES_LEAST 12u /* one that is not bad */
#define ROUNDS	    64	/* of a swapoff that nothing keeps from its end */

static bool switching; /* a swapon or a swapoff is under way */

void op_swapon(const struct op *op)
{
	unsigned pages = MAX((unsigned)op->arg[0] % (AREA_PAGES + 1), PAGES_LEAST);
	int result;

	if (swap_is_on() || switching)
		return;
	switching = true;
	result = swap_on(area_format(pages, (unsigned)op->arg[1] % 4));
	switching = false;
	counts.swap[SWAP_ON] += !result;
	expect(!result || (result == -EIO && swap_failed()) ||
		       (result == -ENOMEM && out_of_memory()),
	       "swapon ended with %d", result);
}

/* As process_swap_off() does, once through all. */
static int bring_back_all(void)
{
	int result = 0;

	for (unsigned n = 0; n < SPACES && !result; n++) {
		struct model_space *m = &spaces_[n];

		if (!m->alive)
			continue;
		m->users++;
		result = swap_in_space(&m->space, NULL);
		m->users--;
	}
	if (!result)
		result = swap_in_objects();
	return result ? result : swap_off_end();
}

/* What is stopped at a pause, or is dying, may have references to slots. */
static bool may_be_busy(void)
{
	for (unsigned n = 0; n < SPACES; n++) {
		if (spaces_[n].dying)
			return true;
	}
	return depth > 1;
}

static int switch_off(void)
{
	int result = -EAGAIN;

	for (unsigned i = 0; i < ROUNDS && result == -EAGAIN; i++) {
		result = bring_back_all();
		if (may_be_busy())
			break;
		if (result == -EAGAIN)
			area_waited();
	}
	if (result)
		swap_off_cancel();
	return result;
}

void op_swapoff(const struct op *op)
{
	uint64_t out = swap_out_count();
	int result;

	(void)op;
	if (!swap_is_on() || switching)
		return;
	note_any_out();
	switching = true;
	result = swap_off_begin(area_device());
	if (result)
		expect(result == -ENOMEM && !swap_off_fits(), "swapoff is refused: %d", result);
	else
		result = switch_off();
	switching = false;
	counts.swap[SWAP_OFF] += !result && out;
	counts.swap[SWAP_OFF_BUSY] += result == -EAGAIN;
	counts.swap[SWAP_OFF_ERROR] += result == -EIO;
	expect(!result || gave_up || (result == -EAGAIN && may_be_busy()) ||
		       (result == -EIO && swap_failed()) ||
		       (result == -ENOMEM && (out_of_memory() || !swap_off_fits())),
	       "swapoff ended with %d", result);
}

void op_answer(const struct op *op)
{
	note_any_out();
	area_end((unsigned)op->arg[0], op->arg[1] % 2);
}

void op_faulty(const struct op *op)
{
	area_set_errors((unsigned)op->arg[0] % 16, (unsigned)op->arg[1] % 16);
}
