/* SPDX-License-Identifier: MIT */
/* Levels of the log as programs see them. */
#pragma once

#include "base/log.h"

/* Returns Linux's number for the level: from 3, an error, to 7, a message for debugging. */
static inline unsigned log_severity(enum log_level level)
{
	static const uint8_t severity[] = {
		[LOG_ALWAYS] = 5, [LOG_ERROR] = 3, [LOG_WARN] = 4,
		[LOG_NOTICE] = 5, [LOG_INFO] = 6,  [LOG_DEBUG] = 7,
	};

	return severity[level];
}
