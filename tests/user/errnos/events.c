/* SPDX-License-Identifier: MIT */
/* Calls of descriptors that are there to be waited for. */

#include "errnos.h"

#include <sys/eventfd.h>

static const struct bad eventfd_flags[] = { { "unknown", 2 }, { "all", 0xffffffff }, NO_MORE };

static const struct row rows[] = {
	CALL(eventfd2, RIGHT(5, EFD_NONBLOCK), BAD(NULL, eventfd_flags), .how = OPENS),
};

const struct group events_group = { .name = "events",
				    .rows = rows,
				    .count = sizeof(rows) / sizeof(rows[0]) };
