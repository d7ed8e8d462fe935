/* SPDX-License-Identifier: MIT */
/* Blocks of frames that are kept for the rest of a sweep. */
#include "mm/phys/reservation.h"

#include "lib/bits.h"
#include "mm/phys/large_page.h"
#include "mm/phys/page_alloc.h"
#include "sync/spinlock.h"

#define RESERVATIONS 8

/* guarded by lock: */
static struct reservation reservations[RESERVATIONS];
static unsigned oldest;
static struct spinlock lock = SPINLOCK_INIT(LOCK_RESERVATION);

size_t reserved_count; /* atomic */

bool reservation_make(struct reservation *ret, const void *owner, vaddr_t base)
{
	struct page *head = large_alloc_frames();

	if (!head)
		return false;
	*ret = (struct reservation){ .owner = owner, .base = base, .head = head };
	for (size_t i = 0; i < ARRAY_SIZE(ret->rest); i++)
		ret->rest[i] = UINT64_MAX;
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		page_start(&head[i], PAGE_FREE, 0, 0);
	counter_add(&reserved_count, MMU_LEAF_ENTRIES);
	return true;
}

/* Call with the lock held. */
static struct reservation *reservation_find(const void *owner, vaddr_t base)
{
	assert_hardened(spin_lock_held(&lock));
	for (unsigned i = 0; i < RESERVATIONS; i++)
		if (reservations[i].owner == owner && reservations[i].base == base)
			return &reservations[i];
	return NULL;
}

static bool reservation_exists(const void *owner, vaddr_t base)
{
	bool found;

	spin_lock(&lock);
	found = reservation_find(owner, base);
	spin_unlock(&lock);
	return found;
}

void reservation_begin(const void *owner, vaddr_t base)
{
	struct reservation new, old;

	/* What other reservations keep is not to be had, and as much as this one keeps shall still be free. */
	if (page_alloc_above_low() < reservation_count() + 2ul * MMU_LEAF_ENTRIES ||
	    reservation_exists(owner, base) || !reservation_make(&new, owner, base))
		return;
	spin_lock(&lock);
	old = reservations[oldest];
	reservations[oldest] = new;
	oldest = (oldest + 1) % RESERVATIONS;
	spin_unlock(&lock);
	if (old.owner)
		(void)reservation_release(&old);
}

struct page *reservation_take(struct reservation *reservation, size_t i)
{
	struct page *page = &reservation->head[i];

	if (!reservation_has(reservation, i))
		return NULL;
	reservation->rest[i / 64] &= ~(1ul << i % 64);
	page_start(page, PAGE_ANON, 0, 0);
	counter_add(&reserved_count, -1ul);
	return page;
}

size_t reservation_release(struct reservation *reservation)
{
	size_t count = 0;

	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++) {
		struct page *page = reservation_take(reservation, i);

		if (page) {
			page_free(page, 0);
			count++;
		}
	}
	return count;
}

size_t reservation_take_some(const void *owner, vaddr_t va, long step, size_t n,
			     struct page **pages)
{
	size_t i = va >> PAGE_SHIFT & (MMU_LEAF_ENTRIES - 1), got = 0;
	struct reservation *reservation;

	if (likely(!reservation_count()))
		return 0;
	spin_lock(&lock);
	reservation = reservation_find(owner, ALIGN_DOWN(va, MMU_LARGE_SIZE));
	if (reservation) {
		for (; got < n && (pages[got] = reservation_take(reservation, i)); got++)
			i += (size_t)step;
	}
	spin_unlock(&lock);
	return got;
}

/* Takes out the reservation, if it has an owner. Call with the lock held. */
static bool take_out(struct reservation *reservation, struct reservation *ret)
{
	assert_hardened(spin_lock_held(&lock));
	*ret = *reservation;
	reservation->owner = NULL;
	return ret->owner;
}

bool reservation_end(const void *owner, vaddr_t base, struct reservation *ret)
{
	struct reservation *reservation;
	bool found;

	spin_lock(&lock);
	reservation = reservation_find(owner, base);
	found = reservation && take_out(reservation, ret);
	spin_unlock(&lock);
	return found;
}

bool reservations_drop(const void *owner)
{
	size_t count = 0;

	for (unsigned i = 0; i < RESERVATIONS && reservation_count(); i++) {
		struct reservation old;
		bool found = false;

		spin_lock(&lock);
		if (!owner || reservations[i].owner == owner)
			found = take_out(&reservations[i], &old);
		spin_unlock(&lock);
		if (found)
			count += reservation_release(&old);
	}
	return count;
}
