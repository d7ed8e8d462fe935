/* SPDX-License-Identifier: MIT */
/* Private anonymous memory: a read gets the zero page, a write a fresh page of zeros. */
#include "mm/fault/fault.h"
#include "mm/fault/zero_page.h"

static enum vm_outcome anon_get(struct fault *fault)
{
	return likely(fault_is_write(fault)) ? fault_get_zeros(fault) : zero_page_get(fault);
}

const struct vma_backend vma_anon = { .name = "anon", .get = anon_get };
