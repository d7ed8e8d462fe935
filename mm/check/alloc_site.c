/* SPDX-License-Identifier: MIT */
/* The hardened build counts the blocks of kmalloc() that are in use, by the place that asked for them. */
#include "mm/check/alloc_site.h"

#include "lib/assert.h"
#include "sync/atomic.h"

#ifdef FAULTLINE_HARDENED

static struct alloc_site *sites[ALLOC_SITES_MAX]; /* by number; atomic */
static uint32_t last;				  /* the number that was given last; atomic */

/* If two harts use a site first at once, one of the two numbers stays without a site. */
static uint32_t alloc_site_number(struct alloc_site *site)
{
	uint32_t number = atomic_load(&site->number);

	if (number)
		return number;
	number = atomic_add(&last, 1u) + 1;
	assert(number < ALLOC_SITES_MAX);
	atomic_store(&sites[number], site);
	if (atomic_cas(&site->number, 0u, number))
		return number;
	atomic_store(&sites[number], NULL);
	return atomic_load(&site->number);
}

uint32_t alloc_site_enter(struct alloc_site *site)
{
	counter_add(&site->blocks, 1u);
	return alloc_site_number(site);
}

void alloc_site_leave(uint32_t number)
{
	struct alloc_site *site = atomic_load(&sites[number]);

	if (site)
		counter_add(&site->blocks, -1u);
}

const struct alloc_site *alloc_site_get(uint32_t number)
{
	return number < ALLOC_SITES_MAX ? atomic_load(&sites[number]) : NULL;
}

#endif
