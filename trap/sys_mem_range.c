/* System calls about ranges that are mapped already: moving them, and what is told and asked of their pages. */
#include "arch/page.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "trap/syscall.h"

long sys_mremap(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	uint64_t flags = arg_u64(frame, 3);
	vaddr_t addr = 0;
	int err;

	if (flags >> 32)
		return -EINVAL;
	uspace_lock(uspace);
	err = vm_remap(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1), arg_u64(frame, 2),
		       (unsigned)flags, arg_user(frame, 4), &addr);
	uspace_unlock(uspace);
	return err ? err : (long)addr;
}
