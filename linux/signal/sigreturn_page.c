/* SPDX-License-Identifier: MIT */
/* The page that signal handlers return to: one frame for all processes, mapped with the first handler. */
#include "linux/signal/sigreturn_page.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "linux/arch/signal.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/verbs.h"
#include "proc/uspace.h"

static struct object *page; /* const after boot */

int sigreturn_init(void)
{
	size_t size = (uintptr_t)arch_sigreturn_code_end - (uintptr_t)arch_sigreturn_code;

	page = object_create_anon(PAGE_SIZE);
	if (!page || object_write_kernel(page, 0, arch_sigreturn_code, size) != (ssize_t)size)
		return -ENOMEM;
	object_set_label(page, "[sigpage]", BACKING_KERNEL);
	return 0;
}

int sigreturn_map(struct uspace *uspace)
{
	const struct map_request request = {
		/* Not in a hole that the program has made, and whose addresses it may mean to use. */
		.addr = uspace->space.mmap_top,
		.len = PAGE_SIZE,
		.prot = VM_PROT_READ | VM_PROT_EXEC,
		.max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC,
		.flags = MAP_PRIVATE,
		.object = page,
	};
	unsigned future;
	int err;

	if (uspace->sigreturn)
		return 0;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	future = uspace->space.future_flags;
	uspace->space.future_flags = 0; /* it is the kernel's: mlockall does not lock it */
	if (!uspace->sigreturn)
		err = vm_map(&uspace->space, &request, &uspace->sigreturn);
	uspace->space.future_flags = future;
	uspace_unlock(uspace);
	return err ? -ENOMEM : 0;
}

void sigreturn_find_held(void)
{
	object_found(page);
}

bool sigreturn_is_page(const struct object *object)
{
	return object && object == page;
}
