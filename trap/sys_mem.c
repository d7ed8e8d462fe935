/* SPDX-License-Identifier: MIT */
/* System calls on memory that every kernel has: check the arguments, take the mmap lock, and call the verb. */
#include "trap/mem_calls.h"

#include "abi/mman.h"
#include "arch/page.h"
#include "lib/bits.h"
#include "mm/fault/userfault_event.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "trap/arg_file.h"

#define VM_PROT_ALL (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

_Static_assert(PROT_READ == VM_PROT_READ && PROT_WRITE == VM_PROT_WRITE &&
		       PROT_EXEC == VM_PROT_EXEC,
	       "the same bits");

long sys_brk(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	vaddr_t brk;
	long err = uspace_lock_killable(uspace);

	if (err)
		return err;
	brk = vm_brk(&uspace->space, arg_user(frame, 0));
	uspace_end_verb(uspace);
	return (long)brk;
}

/* Linux computes this in pages, with the offset's sign kept, and checks it before most else. */
static bool offset_overflows(const struct map_request *request)
{
	uint64_t first = (uint64_t)((int64_t)request->offset >> PAGE_SHIFT);
	uint64_t npages = ALIGN_UP(request->len, PAGE_SIZE) >> PAGE_SHIFT;

	return first + npages < first;
}

/* Applies what the file provides and permits. */
static int use_file(struct map_request *request, struct file *file, map_look look)
{
	if (request->flags & MAP_HUGETLB)
		return -EINVAL; /* no file has huge pages */
	request->object = file->ops->object ? file->ops->object(file) : NULL;
	if (!request->object)
		request->special = file->ops->maps_zeros ? MAP_OF_ZEROS : MAP_OF_NOTHING;
	else if (file_writable(file) && !file->ops->no_writer)
		request->vma_flags = VMA_WRITER;
	if (!file_readable(file))
		request->max_prot &= ~VM_PROT_READ;
	if ((request->flags & MAP_TYPE) != MAP_PRIVATE && !file_writable(file))
		request->max_prot &= ~VM_PROT_WRITE;
	if (look)
		look(request, file);
	return 0;
}

static void end_map(struct uspace *uspace, struct userfault_event **later)
{
	if (later) {
		*later = userfault_take_events(&uspace->space);
		uspace_unlock(uspace);
	} else {
		uspace_unlock_and_tell(uspace);
	}
}

/* `later`: gets what is to be told, for who holds a lock; NULL: it is told at once. */
static long do_map(struct map_request *request, unsigned implied, struct userfault_event **later)
{
	struct uspace *uspace = current_process()->uspace;
	vaddr_t addr = 0;
	int err;

	if (offset_overflows(request))
		return -EOVERFLOW;
	request->prot |= implied & request->max_prot;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_map(&uspace->space, request, &addr);
	if (unlikely(uspace->space.events))
		end_map(uspace, later);
	else
		uspace_unlock(uspace);
	return err ? err : (long)addr;
}

static long map_shared(struct map_request *request, unsigned implied, struct file *file)
{
	unsigned writable = request->max_prot & VM_PROT_WRITE;
	struct userfault_event *events = NULL;
	long result = file->ops->map_begin(file, request->prot, &request->max_prot);

	if (result)
		return result;
	if (writable & ~request->max_prot)
		request->vma_flags |= VMA_WRITE_SEALED;
	result = do_map(request, implied, &events);
	if (file->ops->map_end)
		file->ops->map_end(file);
	if (unlikely(events))
		userfault_end_events(events);
	return result;
}

/* The reference to the object is ours; the mapping has its own. */
static __attribute__((noinline)) long map_part(struct map_request *request, unsigned implied,
					       struct file *file, map_look look)
{
	const struct file_part part = {
		.offset = request->offset,
		.len = request->len,
		.shared = request->flags & MAP_SHARED,
	};
	long result = use_file(request, file, look);

	if (result)
		return result;
	result = file->ops->object_of(file, &part, &request->object, &request->max_prot);
	if (result)
		return result;
	request->special = MAP_NOT_SPECIAL;
	result = do_map(request, implied, NULL);
	object_put(request->object);
	return result;
}

static long map_file(struct map_request *request, unsigned implied, int fd, map_look look)
{
	struct file *file = fdtable_get(current_thread()->fdtable, fd);
	long result;

	if (!file)
		return -EBADF;
	if (unlikely(file->ops->object_of)) {
		result = map_part(request, implied, file, look);
		file_put(file);
		return result;
	}
	result = use_file(request, file, look);
	if (!result && (request->flags & MAP_SHARED) && file->ops->map_begin)
		result = map_shared(request, implied, file);
	else if (!result)
		result = do_map(request, implied, NULL);
	if (result > 0 && file->ops->mapped)
		file->ops->mapped(file);
	file_put(file);
	return result;
}

/* There are no huge pages, but as on Linux that is detected late. */
static long map_huge(const struct map_request *request)
{
	unsigned type = request->flags & MAP_TYPE;

	return type >= MAP_SHARED && type <= MAP_SHARED_VALIDATE ? -ENOMEM : -EINVAL;
}

long mem_map(const struct trap_frame *frame, unsigned implied, map_look look)
{
	struct map_request request = {
		.addr = arg_user(frame, 0),
		.len = arg_u64(frame, 1),
		.prot = (unsigned)arg_u64(frame, 2) & VM_PROT_ALL,
		.max_prot = VM_PROT_ALL,
		.flags = (unsigned)arg_u64(frame, 3),
		.offset = arg_u64(frame, 5),
	};

	if (!IS_ALIGNED(request.offset, PAGE_SIZE))
		return -EINVAL;
	if (!(request.flags & MAP_ANONYMOUS))
		return map_file(&request, implied, arg_int(frame, 4), look);
	return request.flags & MAP_HUGETLB ? map_huge(&request) : do_map(&request, implied, NULL);
}

long sys_munmap(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_unmap(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1));
	uspace_end_verb(uspace);
	return err;
}

long mem_protect(const struct trap_frame *frame, unsigned implied)
{
	struct uspace *uspace = current_process()->uspace;
	uint64_t prot = arg_u64(frame, 2);
	int err;

	if (prot >> 32)
		return -EINVAL;
	prot |= implied;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_protect(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1), (unsigned)prot);
	uspace_unlock(uspace);
	return err;
}

/* As on Linux, what signal handlers return to may move. */
static void sigreturn_moves(struct uspace *uspace, vaddr_t from, size_t len, vaddr_t to)
{
	if (uspace->sigreturn >= from && uspace->sigreturn - from < ALIGN_UP(len, PAGE_SIZE))
		uspace->sigreturn += to - from;
}

long sys_mremap(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	uint64_t flags = arg_u64(frame, 3);
	vaddr_t addr = 0;
	int err;

	if (flags >> 32)
		return -EINVAL;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_remap(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1), arg_u64(frame, 2),
		       (unsigned)flags, arg_user(frame, 4), &addr);
	if (!err)
		sigreturn_moves(uspace, arg_user(frame, 0), arg_u64(frame, 1), addr);
	uspace_end_verb(uspace);
	return err ? err : (long)addr;
}

static int vm_remove_punch(const struct vm_remove *remove)
{
	struct object *object = remove->object;

	if (object->ops->punch)
		return object->ops->punch(object, remove->start, remove->end);
	return object_punch(object, remove->start, remove->end);
}

/*
 * Punching a hole takes the inode's lock, which comes before the mmap lock in the lock order. So
 * the mmap lock is dropped for each hole.
 */
static long advise_remove(struct uspace *uspace, vaddr_t addr, size_t len)
{
	struct vm_remove remove = { 0 };
	bool gaps = false;
	vaddr_t end;
	long err = vm_advice_range(addr, len, &end);

	while (!err && addr < end) {
		err = uspace_lock_killable(uspace);
		if (err)
			return err;
		err = vm_remove_next(&uspace->space, &addr, end, &remove);
		uspace_end_verb(uspace);
		if (err)
			break;
		err = vm_remove_punch(&remove);
		object_put(remove.object);
		gaps |= remove.gap;
	}
	return !err && gaps ? -ENOMEM : err;
}

long sys_madvise(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	int advice = arg_int(frame, 2);
	int err;

	if (advice == MADV_REMOVE)
		return advise_remove(uspace, arg_user(frame, 0), arg_u64(frame, 1));
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_madvise(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1), advice);
	uspace_unlock(uspace);
	return err;
}

long mem_lock(const struct trap_frame *frame, unsigned flags)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_lock(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1), flags);
	uspace_unlock(uspace);
	return err;
}

long sys_mlock(struct trap_frame *frame)
{
	return mem_lock(frame, VMA_LOCKED);
}
