/* SPDX-License-Identifier: MIT */
/* Names the kinds of faults, for reports and tests. */
#include "mm/fault/fault_classify.h"

const char *fault_kind_name(enum fault_kind kind)
{
	static const char *const names[FAULT_KINDS] = {
		[FAULT_DENY_MAPERR] = "DENY_MAPERR",
		[FAULT_DENY_ACCERR] = "DENY_ACCERR",
		[FAULT_ACCESSED] = "ACCESSED",
		[FAULT_SPURIOUS] = "SPURIOUS",
		[FAULT_SWAPPED] = "SWAPPED",
		[FAULT_FILL] = "FILL",
		[FAULT_REUSE] = "REUSE",
		[FAULT_COW] = "COW",
		[FAULT_REMAP] = "REMAP",
		[FAULT_USER_WP] = "USER_WP",
	};

	return kind < FAULT_KINDS ? names[kind] : "?";
}
