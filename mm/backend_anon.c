/* SPDX-License-Identifier: MIT */
/* Private anonymous memory: the zero page to read, a fresh page of zeros to write. */
#include "mm/fault.h"

static int anon_fill(struct fault *fault)
{
	if (likely(fault_is_write(fault))) {
		fault_zero_spare(fault);
		return 0;
	}
	fault_give(fault, zero_page, RIGHT_READ | RIGHT_EXEC);
	return 0;
}

const struct vma_backend vma_anon = {
	.name = "anon", .fill = anon_fill, .at_hand = NULL, /* no object: the zero page always is */
};
