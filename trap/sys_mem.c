/* SPDX-License-Identifier: MIT */
/* System calls about memory: their arguments checked, the mmap lock taken, the verb called. */
#include "abi/fcntl.h"
#include "abi/mman.h"
#include "arch/hart.h"
#include "arch/page.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "lib/bits.h"
#include "mm/object.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "trap/syscall.h"

#define RIGHTS_ALL (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC)

_Static_assert(PROT_READ == RIGHT_READ && PROT_WRITE == RIGHT_WRITE && PROT_EXEC == RIGHT_EXEC,
	       "the same bits");

long sys_brk(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	vaddr_t brk;

	uspace_lock(uspace);
	brk = vm_brk(&uspace->space, arg_user(frame, 0));
	uspace_unlock(uspace);
	return (long)brk;
}

/* Linux counts pages, with the sign of the offset kept, and looks at this before most else. */
static bool offset_overflows(const struct map_request *request)
{
	uint64_t first = (uint64_t)((int64_t)request->offset >> PAGE_SHIFT);
	uint64_t npages = ALIGN_UP(request->len, PAGE_SIZE) >> PAGE_SHIFT;

	return first + npages < first;
}

/* What the descriptor gives and allows. */
static int use_file(struct map_request *request, struct file *file)
{
	if (request->flags & MAP_HUGETLB)
		return -EINVAL; /* no file has any */
	request->object = file->ops->object ? file->ops->object(file) : NULL;
	if (!request->object)
		request->special = file->ops->maps_zeros ? MAP_OF_ZEROS : MAP_OF_NOTHING;
	else if (file_writable(file))
		request->vma_flags = VMA_WRITER;
	if (!file_readable(file))
		request->max_rights &= ~RIGHT_READ;
	if ((request->flags & MAP_TYPE) != MAP_PRIVATE && !file_writable(file))
		request->max_rights &= ~RIGHT_WRITE;
	return 0;
}

/* There are none; but as on Linux that is found late. */
static long map_huge(const struct map_request *request)
{
	unsigned type = request->flags & MAP_TYPE;

	return type >= MAP_SHARED && type <= MAP_SHARED_VALIDATE ? -ENOMEM : -EINVAL;
}

static long do_map(struct map_request *request)
{
	struct uspace *uspace = current_process()->uspace;
	vaddr_t addr = 0;
	int err;

	if (offset_overflows(request))
		return -EOVERFLOW;
	uspace_lock(uspace);
	err = vm_map(&uspace->space, request, &addr);
	uspace_unlock(uspace);
	return err ? err : (long)addr;
}

static long map_shared(struct map_request *request, struct file *file)
{
	long result = file->ops->map_begin(file, request->rights, &request->max_rights);

	if (result)
		return result;
	result = do_map(request);
	file->ops->map_end(file);
	return result;
}

static long map_file(struct map_request *request, int fd)
{
	struct file *file = fdtable_get(current_process()->fdtable, fd);
	long result;

	if (!file)
		return -EBADF;
	result = file->flags & O_PATH ? -EBADF : use_file(request, file);
	if (!result && (request->flags & MAP_SHARED) && file->ops->map_begin)
		result = map_shared(request, file);
	else if (!result)
		result = do_map(request);
	if (result > 0 && file->ops->mapped)
		file->ops->mapped(file);
	file_put(file);
	return result;
}

long sys_mmap(struct trap_frame *frame)
{
	struct map_request request = {
		.addr = arg_user(frame, 0),
		.len = arg_u64(frame, 1),
		.rights = (unsigned)arg_u64(frame, 2) & RIGHTS_ALL,
		.max_rights = RIGHTS_ALL,
		.flags = (unsigned)arg_u64(frame, 3),
		.offset = arg_u64(frame, 5),
	};

	if (!IS_ALIGNED(request.offset, PAGE_SIZE))
		return -EINVAL;
	if (!(request.flags & MAP_ANONYMOUS))
		return map_file(&request, arg_int(frame, 4));
	return request.flags & MAP_HUGETLB ? map_huge(&request) : do_map(&request);
}

long sys_munmap(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	uspace_lock(uspace);
	err = vm_unmap(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1));
	uspace_unlock(uspace);
	return err;
}

long sys_mprotect(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	uint64_t prot = arg_u64(frame, 2);
	int err;

	if (prot >> 32)
		return -EINVAL;
	uspace_lock(uspace);
	err = vm_protect(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1), (unsigned)prot);
	uspace_unlock(uspace);
	return err;
}

/* All of the instruction cache of the one hart, whatever range and FLUSH_ICACHE_LOCAL say. */
long sys_riscv_flush_icache(struct trap_frame *frame)
{
	if (arg_u64(frame, 2) & ~(uint64_t)RISCV_FLUSH_ICACHE_LOCAL)
		return -EINVAL;
	arch_icache_sync();
	return 0;
}
