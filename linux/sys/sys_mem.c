/* SPDX-License-Identifier: MIT */
/* System calls on memory: check the arguments, take the mmap lock, and call the verb. */
#include "abi/fcntl.h"
#include "abi/limits.h"
#include "abi/mman.h"
#include "abi/prctl.h"
#include "arch/hart.h"
#include "arch/page.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "linux/fs/file/pidfd.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/mem/mem.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/process/inspect.h"
#include "linux/process/task.h"
#include "linux/signal/send.h"
#include "linux/signal/signal.h"
#include "linux/sys/calls.h"
#include "linux/sys/segments.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "record/journal.h"
#include "trap/arg_file.h"
#include "trap/mem_calls.h"
#include "linux/process/thread_id.h"

/* What comes along with PROT_READ by READ_IMPLIES_EXEC of personality. */
static unsigned implied_prot(uint64_t prot)
{
	bool implied = current_task()->personality & READ_IMPLIES_EXEC;

	return unlikely(implied) && (prot & VM_PROT_READ) ? VM_PROT_EXEC : 0;
}

/* Names the file of a mapping for the journal. Without memory for the path, the mapping has no name. */
static __attribute__((noinline, cold)) void label_mapped(struct object *object)
{
	struct inode *inode = object->ops->inode ? object->ops->inode(object) : NULL;
	char *path = inode ? mem_wait_kmalloc(PATH_MAX) : NULL;

	if (path) {
		inode_name(inode, path, PATH_MAX);
		object_set_label(object, path, inode->mount ? BACKING_FILE : BACKING_MEMORY);
	}
	kfree(path);
	path_put(inode);
}

/* What Linux adds: files of some mounts are no programs, and the journal knows names. */
static void map_file_look(struct map_request *request, struct file *file)
{
	if (file->ops->has_inode && mount_forbids_programs(file_inode(file)->mount))
		request->max_prot &= ~VM_PROT_EXEC;
	if (journal_is_on() && request->object)
		label_mapped(request->object);
}

long sys_mmap(struct trap_frame *frame)
{
	return mem_map(frame, implied_prot(arg_u64(frame, 2)), map_file_look);
}

long sys_mprotect(struct trap_frame *frame)
{
	return mem_protect(frame, implied_prot(arg_u64(frame, 2)));
}

/* Synchronizes the whole instruction caches of all harts of the process, whatever the range and flags are. */
long sys_riscv_flush_icache(struct trap_frame *frame)
{
	if (arg_u64(frame, 2) & ~(uint64_t)RISCV_FLUSH_ICACHE_LOCAL)
		return -EINVAL;
	arch_mmu_sync_text(&current_space()->mmu);
	return 0;
}

long sys_remap_file_pages(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	if (arg_u64(frame, 2)) /* the permissions stay as they are */
		return -EINVAL;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_remap_pages(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1),
			     arg_u64(frame, 3), arg_u64(frame, 4));
	uspace_end_verb(uspace);
	return err;
}

/* Syncs what is mapped in the range, with no lock held. Returns 0 or the first error. */
static int sync_range(struct uspace *uspace, vaddr_t addr, vaddr_t end)
{
	struct vm_shown shown;
	int err = 0;

	while (!err && addr < end) {
		bool found;

		err = uspace_lock_killable(uspace);
		if (err)
			return err;
		found = vm_sync_next(&uspace->space, &addr, end, &shown);
		uspace_unlock(uspace);
		if (!found)
			break;
		err = shown.object->ops->sync(shown.object, shown.start, shown.end);
		object_unuse(shown.object);
	}
	return err;
}

/* Bytes of mincore's result that are copied out at once. */
#define MINCORE_PIECE 512

static long mincore(struct uspace *uspace, vaddr_t addr, size_t npages, vaddr_t to)
{
	uint8_t present[MINCORE_PIECE];

	while (npages) {
		ssize_t n = uspace_lock_killable(uspace);

		if (n < 0)
			return n;
		n = vm_mincore(&uspace->space, addr, MIN(npages, (size_t)MINCORE_PIECE), present);
		uspace_unlock(uspace);
		if (n < 0)
			return n;
		if (user_copy_out(to, present, (size_t)n))
			return -EFAULT;
		addr += (size_t)n * PAGE_SIZE;
		npages -= (size_t)n;
		to += (size_t)n;
		if (current_killed())
			break;
	}
	return 0;
}

long sys_mincore(struct trap_frame *frame)
{
	vaddr_t addr = arg_user(frame, 0), to = arg_user(frame, 2);
	size_t len = arg_u64(frame, 1);
	size_t npages = (len >> PAGE_SHIFT) + ((len & PAGE_MASK) != 0);

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (addr > USER_TOP || len > USER_TOP - addr)
		return -ENOMEM;
	if (to > USER_TOP || npages > USER_TOP - to)
		return -EFAULT;
	return mincore(current_process()->uspace, addr, npages, to);
}

long sys_msync(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	unsigned flags = arg_uint(frame, 2);
	vaddr_t addr = arg_user(frame, 0);
	size_t len = arg_u64(frame, 1);
	int err;

	if ((flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if ((flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_sync(&uspace->space, addr, len, flags);
	uspace_unlock(uspace);
	if ((flags & MS_SYNC) && err != -EBUSY) {
		int lost = sync_range(uspace, addr, addr + ALIGN_UP(len, PAGE_SIZE));

		err = lost ? lost : err;
	}
	return err;
}

long sys_mlock2(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);

	if (flags & ~(unsigned)MLOCK_ONFAULT)
		return -EINVAL;
	return mem_lock(frame, flags ? VMA_LOCKED | VMA_ONFAULT : VMA_LOCKED);
}

long sys_mseal(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	if (arg_u64(frame, 2))
		return -EINVAL;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_seal(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1));
	uspace_unlock(uspace);
	return err;
}

long sys_munlock(struct trap_frame *frame)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = vm_unlock(&uspace->space, arg_user(frame, 0), arg_u64(frame, 1));
	uspace_unlock(uspace);
	return err;
}

static long lock_all(unsigned now, unsigned future)
{
	struct uspace *uspace = current_process()->uspace;

	long err = uspace_lock_killable(uspace);

	if (err)
		return err;
	err = vm_lock_all(&uspace->space, now, future);
	uspace_unlock(uspace);
	return err;
}

long sys_mlockall(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 0);
	unsigned kind = flags & MCL_ONFAULT ? VMA_LOCKED | VMA_ONFAULT : VMA_LOCKED;

	if (!(flags & (MCL_CURRENT | MCL_FUTURE)) ||
	    (flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	return lock_all(flags & MCL_CURRENT ? kind : 0, flags & MCL_FUTURE ? kind : 0);
}

long sys_munlockall(struct trap_frame *frame)
{
	(void)frame;
	return lock_all(0, 0);
}

/* What changes nothing that the process could tell, so that others may advise it, too. */
static bool is_for_others(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

/* Advises piece by piece. Returns how much that was, or why it was nothing. */
static long advise_pieces(struct uspace *uspace, const struct segments *pieces, size_t left,
			  int advice)
{
	size_t all = left;
	int err = 0;

	for (size_t i = 0; left != 0 && err == 0; i++) {
		size_t n = MIN(pieces->all[i].len, left);

		err = uspace_lock_killable(uspace);
		if (err)
			break;
		err = vm_madvise(&uspace->space, pieces->all[i].base, n, advice);
		uspace_unlock(uspace);
		if (err == 0)
			left -= n;
	}
	return left != all ? (long)(all - left) : err;
}

static long advise_process(const struct thread_id *id, const struct segments *pieces, size_t left,
			   int advice)
{
	struct uspace *uspace;
	long done = inspect_access_space(id, &uspace);

	if (done)
		return done == -ENODATA ? -ESRCH : done;
	if (uspace != current_process()->uspace && !capable(CAP_SYS_NICE))
		done = -EPERM;
	else
		done = advise_pieces(uspace, pieces, left, advice);
	uspace_put(uspace);
	return done;
}

/* The order of the checks is Linux's. */
long sys_process_madvise(struct trap_frame *frame)
{
	int advice = arg_int(frame, 3);
	const struct thread_id *id;
	struct segments pieces;
	struct user_iter iter;
	struct file *file;
	long done;

	if (arg_uint(frame, 4) != 0)
		return -EINVAL;
	done = segments_get(&pieces, arg_user(frame, 1), arg_uint(frame, 2), &iter);
	if (done)
		return done;
	file = arg_file(frame, 0);
	id = file ? pidfd_id(file) : NULL;
	if (!id)
		done = -EBADF;
	else if (end_watch_look(file->node) != END_TO_COME)
		done = -ESRCH;
	else
		done = is_for_others(advice) ? advise_process(id, &pieces, iter.left, advice)
					     : -EINVAL;
	if (file)
		file_put(file);
	segments_free(&pieces);
	return done;
}
