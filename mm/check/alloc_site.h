/* SPDX-License-Identifier: MIT */
/* The hardened build counts the blocks of kmalloc() that are in use, by the place that asked for them. */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_HARDENED

/* A call of kmalloc() in the sources. */
struct alloc_site {
	/* const: */
	const char *file;
	uint32_t line;
	/* atomic: */
	uint32_t number; /* by which blocks remember it; 0: it has not been used yet */
	uint32_t blocks; /* of it, in use */
};

/* A site's number has 16 bits. Each is given at the first use, from 1 on. */
#define ALLOC_SITES_MAX 1024u

/*
 * A function that allocates for its caller is called name_at(), with SITE_PARAM behind its parameters and SITE_ARG behind its
 * own arguments. The macro name() gives it SITE_HERE. In the release build all three are nothing.
 */
#define SITE_PARAM , struct alloc_site *site
#define SITE_ARG   , site
#define SITE_HERE                                                                        \
	, ({                                                                             \
		static struct alloc_site site_ = { .file = __FILE__, .line = __LINE__ }; \
		&site_;                                                                  \
	})

/* Counts a block, and returns the number to remember. */
uint32_t alloc_site_enter(struct alloc_site *site);
/* The block is freed. 0 is no site. */
void alloc_site_leave(uint32_t number);

/* The site with that number, or NULL. */
const struct alloc_site *alloc_site_get(uint32_t number);

#else

#define SITE_PARAM
#define SITE_ARG
#define SITE_HERE

#endif
