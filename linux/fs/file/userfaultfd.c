/* SPDX-License-Identifier: MIT */
/* Descriptors by which a program resolves faults in its memory: what Linux's calls say, on mm/fault/userfault.h. */
#include "linux/fs/file/userfaultfd.h"

#include "abi/errno.h"
#include "abi/userfaultfd.h"
#include "desc/anon_file.h"
#include "desc/poll.h"
#include "linux/fs/file/descriptors.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/file/userfaultfd_event.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/inode.h"
#include "linux/process/cred.h"
#include "mm/fault/user_copy.h"
#include "mm/fault/userfault.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"
#include "mm/verbs.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/uspace.h"
#include "proc/wait.h"

#define FEATURES                                                                             \
	(UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_SIGBUS | \
	 UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_EXACT_ADDRESS |    \
	 UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_MOVE |           \
	 UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_POISON | USERFAULTFD_EVENTS)
#define CALLS (UFFD_CALL(UFFDIO_API) | UFFD_CALL(UFFDIO_REGISTER) | UFFD_CALL(UFFDIO_UNREGISTER))
#define RANGE_CALLS                                                                     \
	(UFFD_CALL(UFFDIO_WAKE) | UFFD_CALL(UFFDIO_COPY) | UFFD_CALL(UFFDIO_ZEROPAGE) | \
	 UFFD_CALL(UFFDIO_MOVE) | UFFD_CALL(UFFDIO_POISON))

/* In `features`, as Linux shows it: UFFDIO_API has been called. */
#define INITIALIZED (1u << 31)

uint32_t userfaultfd_limits[1]; /* atomic */

static struct abi_uffd_msg uffd_message_of(const struct userfault_message *fault, uint32_t features)
{
	return (struct abi_uffd_msg){
		.event = UFFD_EVENT_PAGEFAULT,
		.flags = (fault->writes ? UFFD_PAGEFAULT_FLAG_WRITE : 0) |
			 (fault->is_protected ? UFFD_PAGEFAULT_FLAG_WP : 0) |
			 (fault->minor ? UFFD_PAGEFAULT_FLAG_MINOR : 0),
		.address = features & UFFD_FEATURE_EXACT_ADDRESS
				   ? fault->address
				   : ALIGN_DOWN(fault->address, PAGE_SIZE),
		.ptid = features & UFFD_FEATURE_THREAD_ID ? (uint32_t)fault->tid : 0,
	};
}

/* As on Linux, faults come before events. Returns 0, -EAGAIN if there is neither, or another negative errno. */
static int take_message(struct userfaultfd *of, struct abi_uffd_msg *ret)
{
	struct userfault_message fault;

	if (!userfault_next(of->userfault, &fault))
		return userfaultfd_next_event(of, ret);
	*ret = uffd_message_of(&fault, atomic_load(&of->features));
	return 0;
}

/* Waits for a message. Returns 0 or a negative errno. */
static int next_message(struct userfaultfd *of, bool nonblock, struct abi_uffd_msg *ret)
{
	struct waitq *queue = &of->userfault->readable;

	for (;;) {
		uint64_t seq = waitq_sample(queue);
		int err = take_message(of, ret);

		if (err != -EAGAIN || nonblock)
			return err;
		err = thread_wait_interruptible(queue, seq);
		if (err)
			return err;
	}
}

/* As many as there are and fit. As on Linux, one that cannot be stored is lost. */
static ssize_t userfaultfd_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct userfaultfd *of = file->node;
	ssize_t done = 0;

	(void)pos;
	if (!atomic_load(&of->features))
		return -EINVAL;
	do {
		struct abi_uffd_msg message;
		int err;

		if (to->left < sizeof(message))
			return done ?: -EINVAL;
		err = next_message(of, done || file_nonblock(file, to), &message);
		if (err)
			return done ?: err;
		if (user_iter_copy_out(to, &message, sizeof(message)) != sizeof(message))
			return done ?: -EFAULT;
		done += (ssize_t)sizeof(message);
	} while (true);
}

/* As on Linux, one that a read would wait at cannot be polled. */
static unsigned userfaultfd_poll(struct file *file, struct poller *poller)
{
	struct userfaultfd *of = file->node;

	poll_watch(poller, &of->userfault->readable);
	if (!atomic_load(&of->features) || !(atomic_load_relaxed(&file->flags) & O_NONBLOCK))
		return POLLERR;
	return atomic_load_relaxed(&of->userfault->nuntold) ||
			       atomic_load_relaxed(&of->userfault->nevents)
		       ? POLLIN
		       : 0;
}

static void userfaultfd_info(struct file *file, struct seq *seq)
{
	struct userfaultfd *of = file->node;

	seq_put(seq, "pending:\t%u\ntotal:\t%u\nAPI:\t%lx:%x:%lx\n",
		atomic_load_relaxed(&of->userfault->nuntold),
		atomic_load_relaxed(&of->userfault->nwaiting), (unsigned long)UFFD_API,
		atomic_load(&of->features),
		(unsigned long)(CALLS | RANGE_CALLS | UFFD_CALL(UFFDIO_CONTINUE) |
				UFFD_CALL(UFFDIO_WRITEPROTECT)));
}

/* For the ledger. */
static void userfaultfd_holds(struct file *file)
{
	counted_found(&((struct userfaultfd *)file->node)->userfault->counted);
}

/* What was registered is so no more, in a space that is still there. */
static void userfaultfd_release(struct file *file)
{
	struct userfaultfd *of = file->node;

	userfault_close(of->userfault);
	if (uspace_try_get(of->uspace)) {
		uspace_lock(of->uspace);
		vm_userfault_forget(&of->uspace->space, of->userfault);
		uspace_unlock(of->uspace);
		uspace_put(of->uspace);
	}
	uspace_drop(of->uspace);
	userfault_put(of->userfault);
	kfree(of);
}

/* ---- calls ---- */

/* Who gets a child's memory could read it. */
static int check_features(const struct abi_uffdio_api *api)
{
	if (api->api != UFFD_API || api->features & ~(uint64_t)FEATURES)
		return -EINVAL;
	return api->features & UFFD_FEATURE_EVENT_FORK && !capable(CAP_SYS_PTRACE) ? -EPERM : 0;
}

/* The features may be set once, before anything else. */
static int set_features(struct userfaultfd *of, uint32_t features)
{
	struct userfault *userfault = of->userfault;
	uint32_t none = 0;

	if (!__atomic_compare_exchange_n(&of->features, &none, INITIALIZED | features, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return -EINVAL;
	userfault->refuses = features & UFFD_FEATURE_SIGBUS;
	userfault->is_async = features & UFFD_FEATURE_WP_ASYNC;
	userfault->has_holes = features & (UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC);
	userfault->tells = userfaultfd_events_of(features);
	return 0;
}

/* As on Linux, an answer that cannot be stored leaves the descriptor as it was, and a refusal clears what was asked. */
static int call_api(struct userfaultfd *of, vaddr_t arg)
{
	const struct abi_uffdio_api none = { 0 },
				    answer = { UFFD_API, .features = FEATURES, .ioctls = CALLS };
	struct abi_uffdio_api ask;
	int err = user_copy_in(&ask, arg, sizeof(ask));

	if (err)
		return err;
	err = check_features(&ask);
	if (!err) {
		if (user_copy_out(arg, &answer, sizeof(answer)))
			return -EFAULT;
		err = set_features(of, (uint32_t)ask.features);
	}
	return err && user_copy_out(arg, &none, sizeof(none)) ? -EFAULT : err;
}

static int uffd_check_range(const struct abi_uffdio_range *range)
{
	if (!IS_ALIGNED(range->start | range->len, PAGE_SIZE) || range->len == 0 ||
	    range->len > USER_TOP || range->start > USER_TOP - range->len)
		return -EINVAL;
	return 0;
}

static int copy_range_in(struct abi_uffdio_range *range, vaddr_t arg)
{
	return user_copy_in(range, arg, sizeof(*range)) ?: uffd_check_range(range);
}

/* Takes the space, if it is still there, and its mmap lock. */
static int begin_verb(struct userfaultfd *of)
{
	int err;

	if (!uspace_try_get(of->uspace))
		return -ENOMEM;
	err = uspace_lock_killable(of->uspace);
	if (err)
		uspace_put(of->uspace);
	return err;
}

static void end_verb(struct userfaultfd *of)
{
	uspace_unlock(of->uspace);
	uspace_put(of->uspace);
}

/* How UFFDIO_REGISTER says that memory is to be registered, as the VMA's flags; 0: in no way that there is. */
static unsigned uffd_vma_modes(uint64_t mode)
{
	const uint64_t known = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP |
			       UFFDIO_REGISTER_MODE_MINOR;

	if (mode & ~known)
		return 0;
	return (mode & UFFDIO_REGISTER_MODE_MISSING ? VMA_UF_MISSING : 0) |
	       (mode & UFFDIO_REGISTER_MODE_WP ? VMA_UF_WP : 0) |
	       (mode & UFFDIO_REGISTER_MODE_MINOR ? VMA_UF_MINOR : 0);
}

static int call_register(struct userfaultfd *of, vaddr_t arg)
{
	struct abi_uffdio_register ask;
	uint64_t calls = RANGE_CALLS;
	unsigned modes;
	vaddr_t end;
	int err = user_copy_in(&ask, arg, offsetof(struct abi_uffdio_register, ioctls));

	if (err)
		return err;
	modes = uffd_vma_modes(ask.mode);
	if (!modes)
		return -EINVAL;
	if (modes & VMA_UF_WP)
		calls |= UFFD_CALL(UFFDIO_WRITEPROTECT);
	if (modes & VMA_UF_MINOR)
		calls |= UFFD_CALL(UFFDIO_CONTINUE);
	err = uffd_check_range(&ask.range) ?: begin_verb(of);
	if (err)
		return err;
	end = ask.range.start + ask.range.len;
	err = vm_userfault_register(&of->uspace->space, ask.range.start, end, of->userfault, modes);
	end_verb(of);
	return err
		       ?: user_copy_out(arg + offsetof(struct abi_uffdio_register, ioctls), &calls,
					sizeof(calls));
}

static int call_unregister(struct userfaultfd *of, vaddr_t arg)
{
	struct abi_uffdio_range range;
	int err = copy_range_in(&range, arg) ?: begin_verb(of);

	if (err)
		return err;
	err = vm_userfault_unregister(&of->uspace->space, range.start, range.start + range.len);
	end_verb(of);
	return err;
}

static int call_wake(struct userfaultfd *of, vaddr_t arg)
{
	struct abi_uffdio_range range;
	int err = copy_range_in(&range, arg);

	if (!err)
		userfault_wake(of->userfault, range.start, range.start + range.len);
	return err;
}

/* Gives one page at `to`; UFFDIO_COPY has its bytes at `from`. `wp`: it is write-protected. */
typedef int (*give_fn)(struct space *space, vaddr_t to, vaddr_t from, bool wp);

/* What is given to a range. */
struct gift {
	struct abi_uffdio_range range;
	give_fn give;
	vaddr_t src; /* where the bytes are of UFFDIO_COPY */
	bool wakes, wp;
};

static int give_copy(struct space *space, vaddr_t to, vaddr_t from, bool wp)
{
	struct page *page = page_alloc_wait(0, PAGE_ANON);
	int err;

	if (!page)
		return -ENOMEM;
	err = user_copy_in(page_address(page), from, PAGE_SIZE)
		      ?: userfault_give(space, to, &page, wp);
	if (page)
		page_put(page);
	return err;
}

static int give_zeros(struct space *space, vaddr_t to, vaddr_t from, bool wp)
{
	struct page *page = NULL;
	int err = userfault_give(space, to, &page, wp);

	(void)from;
	if (page)
		page_put(page);
	return err;
}

static int give_present(struct space *space, vaddr_t to, vaddr_t from, bool wp)
{
	(void)from;
	return userfault_continue(space, to, wp);
}

static int give_poison(struct space *space, vaddr_t to, vaddr_t from, bool wp)
{
	(void)from, (void)wp;
	return userfault_poison(space, to);
}

/*
 * Gives the pages of a range, which lies in one VMA, and wakes who waits there. Returns how many bytes, or an error if there are none.
 */
static int64_t give_pages(struct userfaultfd *of, const struct gift *gift)
{
	const struct abi_uffdio_range *range = &gift->range;
	struct space *space = &of->uspace->space;
	uint64_t done = 0;
	int err = 0;

	if (!uspace_try_get(of->uspace))
		return -ESRCH;
	if (!userfault_covers(space, range->start, range->start + range->len, VMA_USERFAULT))
		err = -ENOENT;
	else if (gift->wp &&
		 !userfault_covers(space, range->start, range->start + range->len, VMA_UF_WP))
		err = -EINVAL;
	while (!err && done < range->len) {
		err = gift->give(space, range->start + done, gift->src + done, gift->wp);
		done += err ? 0 : PAGE_SIZE;
		if (!err && current_killed())
			err = -EINTR;
	}
	uspace_put(of->uspace);
	if (gift->wakes && done)
		userfault_wake(of->userfault, range->start, range->start + done);
	return done ? (int64_t)done : err;
}

/* Stores what was done. A part is -EAGAIN. */
static int end_give(vaddr_t to, int64_t done, uint64_t len)
{
	int err = user_copy_out(to, &done, sizeof(done));

	if (err)
		return err;
	return done < 0 ? (int)done : (uint64_t)done == len ? 0 : -EAGAIN;
}

/* Is there an event to read first? Then, as on Linux, no page is given, whatever is asked. */
static int refuse_changing(const struct userfaultfd *of, vaddr_t answer)
{
	return atomic_load(&of->userfault->changing) ? end_give(answer, -EAGAIN, 0) : 0;
}

static int call_copy(struct userfaultfd *of, vaddr_t arg)
{
	const vaddr_t answer = arg + offsetof(struct abi_uffdio_copy, copy);
	struct abi_uffdio_copy ask;
	struct gift gift;
	int err = refuse_changing(of, answer) ?: user_copy_in(&ask, arg, answer - arg);

	if (err)
		return err;
	gift = (struct gift){ .range = { ask.dst, ask.len },
			      .give = give_copy,
			      .src = ask.src,
			      .wakes = !(ask.mode & UFFDIO_COPY_MODE_DONTWAKE),
			      .wp = ask.mode & UFFDIO_COPY_MODE_WP };
	err = uffd_check_range(&gift.range);
	if (err || ask.src > USER_TOP - ask.len || /* which is no more than that */
	    ask.mode & ~(uint64_t)(UFFDIO_COPY_MODE_DONTWAKE | UFFDIO_COPY_MODE_WP))
		return -EINVAL;
	return end_give(answer, give_pages(of, &gift), ask.len);
}

_Static_assert(sizeof(struct abi_uffdio_zeropage) == sizeof(struct abi_uffdio_continue) &&
		       sizeof(struct abi_uffdio_zeropage) == sizeof(struct abi_uffdio_poison) &&
		       UFFDIO_ZEROPAGE_MODE_DONTWAKE == UFFDIO_CONTINUE_MODE_DONTWAKE &&
		       UFFDIO_ZEROPAGE_MODE_DONTWAKE == UFFDIO_POISON_MODE_DONTWAKE,
	       "all are asked for in the same way");

/* UFFDIO_ZEROPAGE, UFFDIO_CONTINUE and UFFDIO_POISON. `wp`: the mode that has the pages write-protected, or 0. */
static int call_give(struct userfaultfd *of, vaddr_t arg, give_fn give, uint64_t wp)
{
	const vaddr_t answer = arg + offsetof(struct abi_uffdio_zeropage, zeropage);
	struct abi_uffdio_zeropage ask;
	struct gift gift;
	int err = refuse_changing(of, answer) ?: user_copy_in(&ask, arg, answer - arg);

	err = err ?: uffd_check_range(&ask.range);
	if (err)
		return err;
	if (ask.mode & ~(UFFDIO_ZEROPAGE_MODE_DONTWAKE | wp))
		return -EINVAL;
	gift = (struct gift){ .range = ask.range,
			      .give = give,
			      .wakes = !(ask.mode & UFFDIO_ZEROPAGE_MODE_DONTWAKE),
			      .wp = ask.mode & wp };
	return end_give(answer, give_pages(of, &gift), ask.range.len);
}

/* Pages of the caller's own memory, which are not copied. */
static int call_move(struct userfaultfd *of, vaddr_t arg)
{
	const uint64_t modes = UFFDIO_MOVE_MODE_DONTWAKE | UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES;
	const vaddr_t answer = arg + offsetof(struct abi_uffdio_move, move);
	struct abi_uffdio_move ask;
	struct abi_uffdio_range to, from;
	size_t done = 0;
	int err = refuse_changing(of, answer) ?: user_copy_in(&ask, arg, answer - arg);

	if (err)
		return err;
	to = (struct abi_uffdio_range){ ask.dst, ask.len };
	from = (struct abi_uffdio_range){ ask.src, ask.len };
	err = uffd_check_range(&to) ?: uffd_check_range(&from);
	if (err || ask.mode & ~modes || of->uspace != current_process()->uspace)
		return -EINVAL;
	err = begin_verb(of);
	if (err)
		return err;
	err = atomic_load(&of->userfault->changing) /* an event may have come before the lock */
		      ? -EAGAIN
		      : vm_userfault_move(&of->uspace->space, to.start, from.start, ask.len,
					  ask.mode & UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES,
					  of->userfault, &done);
	end_verb(of);
	if (done && !(ask.mode & UFFDIO_MOVE_MODE_DONTWAKE))
		userfault_wake(of->userfault, to.start, to.start + done);
	return end_give(answer, done ? (int64_t)done : err, ask.len);
}

static int call_writeprotect(struct userfaultfd *of, vaddr_t arg)
{
	struct abi_uffdio_writeprotect ask;
	vaddr_t end;
	int err = user_copy_in(&ask, arg, sizeof(ask)) ?: uffd_check_range(&ask.range);
	bool wp;

	if (atomic_load(&of->userfault->changing))
		return -EAGAIN;
	if (err)
		return err;
	wp = ask.mode & UFFDIO_WRITEPROTECT_MODE_WP;
	if (ask.mode &
		    ~(uint64_t)(UFFDIO_WRITEPROTECT_MODE_WP | UFFDIO_WRITEPROTECT_MODE_DONTWAKE) ||
	    (wp && ask.mode & UFFDIO_WRITEPROTECT_MODE_DONTWAKE))
		return -EINVAL;
	err = begin_verb(of);
	if (err)
		return err == -ENOMEM ? -ESRCH : err;
	end = ask.range.start + ask.range.len;
	err = atomic_load(&of->userfault->changing)
		      ? -EAGAIN
		      : vm_userfault_protect(&of->uspace->space, ask.range.start, end, wp);
	end_verb(of);
	if (!err && !wp && !(ask.mode & UFFDIO_WRITEPROTECT_MODE_DONTWAKE))
		userfault_wake(of->userfault, ask.range.start, end);
	return err;
}

static int userfaultfd_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct userfaultfd *of = file->node;

	if (request == UFFDIO_API)
		return call_api(of, arg);
	if (!atomic_load(&of->features))
		return -EINVAL;
	switch (request) {
	case UFFDIO_REGISTER:
		return call_register(of, arg);
	case UFFDIO_UNREGISTER:
		return call_unregister(of, arg);
	case UFFDIO_WAKE:
		return call_wake(of, arg);
	case UFFDIO_COPY:
		return call_copy(of, arg);
	case UFFDIO_ZEROPAGE:
		return call_give(of, arg, give_zeros, 0);
	case UFFDIO_CONTINUE:
		return call_give(of, arg, give_present, UFFDIO_CONTINUE_MODE_WP);
	case UFFDIO_POISON:
		return call_give(of, arg, give_poison, 0);
	case UFFDIO_MOVE:
		return call_move(of, arg);
	case UFFDIO_WRITEPROTECT:
		return call_writeprotect(of, arg);
	default:
		return -EINVAL;
	}
}

/* ---- the file ---- */

static const struct file_more userfaultfd_more = { .info = userfaultfd_info };

static const struct file_ops userfaultfd_ops = {
	.name = "userfaultfd",
	.more = &userfaultfd_more,
	.read = userfaultfd_read,
	.poll = userfaultfd_poll,
	.ioctl = userfaultfd_ioctl,
	.seek_is_0 = true,
	.holds = userfaultfd_holds,
	.stat = anon_file_stat,
	.label = anon_file_label,
	.release = userfaultfd_release,
};

int userfaultfd_create(struct userfault *userfault, struct uspace *uspace, unsigned flags,
		       uint32_t features, struct file **file_ret)
{
	struct userfaultfd *of;
	struct file *file = NULL;
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	of = mem_wait_kzalloc(sizeof(*of));
	if (of)
		file = file_create(&userfaultfd_ops, O_RDONLY | (flags & O_NONBLOCK), of);
	file_memory_add(-FILE_BYTES);
	if (!file) {
		kfree(of);
		return -ENOMEM;
	}
	*of = (struct userfaultfd){
		.uspace = uspace, .userfault = userfault, .flags = flags, .features = features
	};
	*file_ret = file;
	return 0;
}

int userfaultfd_open(unsigned flags)
{
	struct uspace *uspace = current_process()->uspace;
	struct userfault *userfault;
	struct file *file;
	int err;

	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY))
		return -EINVAL;
	userfault = userfault_create();
	if (!userfault)
		return -ENOMEM;
	userfault->user_only = flags & UFFD_USER_MODE_ONLY;
	err = userfaultfd_create(userfault, uspace, flags, 0, &file);
	if (err) {
		userfault_put(userfault);
		return err;
	}
	uspace_grab(uspace);
	return anon_file_install(file, (flags & O_CLOEXEC) != 0);
}

/* Who may open the device may have one that resolves the kernel's faults, too. */
static int userfaultfd_device_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	(void)file;
	return request == USERFAULTFD_IOC_NEW ? userfaultfd_open((unsigned)arg) : -EINVAL;
}

const struct file_ops userfaultfd_device_ops = {
	.name = "userfaultfd device",
	.seek_is_0 = true,
	.stat = inode_file_stat,
	.ioctl = userfaultfd_device_ioctl,
	.release = inode_file_release,
	.has_inode = true,
};
