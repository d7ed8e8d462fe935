/* SPDX-License-Identifier: MIT */
/* Restartable sequences: registers them, aborts critical sections, and stores the hart's number. */
#include "linux/process/rseq.h"

#include "abi/errno.h"
#include "abi/rseq.h"
#include "abi/signal.h"
#include "base/hart.h"
#include "base/log.h"
#include "linux/process/task.h"
#include "linux/signal/send.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"

#define SIGNATURE_SIZE sizeof(uint32_t)
#define NO_HART	       UINT32_MAX

_Static_assert(offsetof(struct abi_rseq, unused) == RSEQ_FEATURE_SIZE &&
		       sizeof(struct abi_rseq) == RSEQ_SIZE_FIRST,
	       "as on Linux");

static void rseq_forget(struct thread *thread)
{
	task_of(thread)->rseq = 0;
	thread->arch.has_rseq = thread->arch.rseq_due = false;
}

/* All memory is as near to all harts, and a hart runs one thread: its number is that of the thread among those that run. */
static int store_hart(vaddr_t addr, uint32_t start, uint32_t hart, uint32_t among)
{
	const uint32_t ids[] = { start, hart }, near[] = { 0, among };

	if (user_copy_out(addr, ids, sizeof(ids)) ||
	    user_copy_out(addr + offsetof(struct abi_rseq, node_id), near, sizeof(near)))
		return -EFAULT;
	return 0;
}

/* If the thread moves meanwhile, it has ARCH_WORK_RSEQ again. */
static int update_hart(struct thread *thread)
{
	uint32_t hart = thread->arch.hart->index;

	if (task_of(thread)->rseq_hart == hart)
		return 0;
	task_of(thread)->rseq_hart = hart;
	return store_hart(task_of(thread)->rseq, hart, hart, hart);
}

/* Loads the address of the critical section; 0: the thread is in none. */
static int load_section(vaddr_t addr, uint64_t *section_ret)
{
	return user_copy_in(section_ret, addr + offsetof(struct abi_rseq, rseq_cs),
			    sizeof(*section_ret));
}

static int clear_section(vaddr_t addr)
{
	const uint64_t none = 0;

	return user_copy_out(addr + offsetof(struct abi_rseq, rseq_cs), &none, sizeof(none));
}

static bool section_is_valid(const struct abi_rseq_cs *cs)
{
	uint64_t end;

	return cs->version == 0 && cs->start_ip < USER_TOP && cs->abort_ip < USER_TOP &&
	       !__builtin_add_overflow(cs->start_ip, cs->post_commit_offset, &end) &&
	       end < USER_TOP && cs->abort_ip - cs->start_ip >= cs->post_commit_offset;
}

/* Reads and checks the section at an address in the program's memory. */
static int rseq_read_section(const struct thread *thread, vaddr_t addr, struct abi_rseq_cs *cs)
{
	uint32_t sig;

	if (user_copy_in(cs, addr, sizeof(*cs)))
		return -EFAULT;
	if (!section_is_valid(cs))
		return -EINVAL;
	if (user_copy_in(&sig, cs->abort_ip - SIGNATURE_SIZE, sizeof(sig)))
		return -EFAULT;
	return sig == task_of(thread)->rseq_sig ? 0 : -EINVAL;
}

/* As on Linux, no flags are left that would be accepted. */
static int rseq_check_flags(const struct thread *thread, const struct abi_rseq_cs *cs)
{
	uint32_t flags;

	if (user_copy_in(&flags, task_of(thread)->rseq + offsetof(struct abi_rseq, flags),
			 sizeof(flags)))
		return -EFAULT;
	return flags | cs->flags ? -EINVAL : 0;
}

/*
 * In the section, the thread goes on behind it; elsewhere only the pointer is cleared, which the program leaves behind. Not inline:
 * most threads are in none, and would save registers for it.
 */
static __attribute__((noinline)) int leave_section(const struct thread *thread,
						   struct trap_frame *frame, vaddr_t addr)
{
	struct abi_rseq_cs cs;
	bool inside;
	int err;

	err = rseq_read_section(thread, addr, &cs);
	if (err)
		return err;
	inside = frame_pc(frame) - cs.start_ip < cs.post_commit_offset;
	if (inside)
		err = rseq_check_flags(thread, &cs);
	if (!err)
		err = clear_section(task_of(thread)->rseq);
	if (!err && inside)
		frame_set_pc(frame, cs.abort_ip);
	return err;
}

/* No handler can run: for its frame the same memory would be used. */
static void fail(const struct thread *thread)
{
	const struct signal_info segv = { .sig = SIGSEGV, .code = SI_KERNEL };

	if (current_killed())
		return;
	log_warn("proc", "%s[%d] killed by SIGSEGV: its restartable sequences at %#lx are invalid",
		 thread->name, thread->process->pid, task_of(thread)->rseq);
	signal_die(&segv);
}

void rseq_resume(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	uint64_t section;

	/* First: if it moves from here on, it comes here again. */
	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_RSEQ, __ATOMIC_RELAXED);
	thread->arch.rseq_due = false;
	if (!task_of(thread)->rseq)
		return;
	if (load_section(task_of(thread)->rseq, &section) ||
	    (section && leave_section(thread, frame, section)) || update_hart(thread))
		fail(thread);
}

/* The memory is as before it was registered. */
static long unregister(struct thread *thread)
{
	int err = store_hart(task_of(thread)->rseq, 0, RSEQ_CPU_ID_UNINITIALIZED, 0);

	if (!err)
		rseq_forget(thread);
	return err;
}

static bool is_right_size(vaddr_t addr, uint32_t len)
{
	if (len == RSEQ_SIZE_FIRST)
		return IS_ALIGNED(addr, RSEQ_SIZE_FIRST);
	return len > RSEQ_SIZE_FIRST && IS_ALIGNED(addr, _Alignof(struct abi_rseq));
}

long rseq_register(vaddr_t addr, uint32_t len, uint32_t flags, uint32_t sig)
{
	struct thread *thread = current_thread();
	uint64_t section;

	if (flags & ~(uint32_t)RSEQ_FLAG_UNREGISTER)
		return -EINVAL;
	if (flags || task_of(thread)->rseq) {
		if (!task_of(thread)->rseq || task_of(thread)->rseq != addr ||
		    task_of(thread)->rseq_len != len)
			return -EINVAL;
		if (task_of(thread)->rseq_sig != sig)
			return -EPERM;
		return flags ? unregister(thread) : -EBUSY;
	}
	if (!is_right_size(addr, len))
		return -EINVAL;
	if (!user_range_ok(addr, len) || load_section(addr, &section) ||
	    (section && clear_section(addr)))
		return -EFAULT;
	task_of(thread)->rseq = addr;
	task_of(thread)->rseq_len = len;
	task_of(thread)->rseq_sig = sig;
	task_of(thread)->rseq_hart = NO_HART;
	thread->arch.has_rseq = true;
	if (update_hart(thread))
		fail(thread);
	return 0;
}

void rseq_fork(struct thread *child)
{
	const struct thread *thread = current_thread();

	task_of(child)->rseq = task_of(thread)->rseq;
	task_of(child)->rseq_len = task_of(thread)->rseq_len;
	task_of(child)->rseq_sig = task_of(thread)->rseq_sig;
	task_of(child)->rseq_hart = task_of(thread)->rseq_hart;
	child->arch.has_rseq = true;
	if (hart_are_several()) /* it may begin elsewhere, or this one may have moved */
		child->arch.work |= ARCH_WORK_RSEQ;
}

void rseq_exec(void)
{
	rseq_forget(current_thread());
}
