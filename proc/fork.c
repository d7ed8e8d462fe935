/* SPDX-License-Identifier: MIT */
/* What makes one process, or thread, the copy of another. */
#include "proc/fork.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/frame.h"
#include "base/hart.h"
#include "mm/fault/userfault_event.h"
#include "mm/verbs.h"
#include "proc/kthread.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/note.h"

/* Waits until each program was told of the child that is to. A copy of which it will not hear is registered no more. */
static void tell_of_fork(struct uspace *child, struct userfault_event *events, bool copied)
{
	while (events) {
		struct userfault *lost;

		events = userfault_end_event(events, copied, &lost);
		if (!lost)
			continue;
		userfault_close(lost);
		uspace_lock(child);
		vm_userfault_forget(&child->space, lost);
		uspace_unlock(child);
		userfault_put(lost);
	}
}

static void fork_unlock_and_tell(struct uspace *from, struct uspace *to, bool copied)
{
	struct userfault_event *events = userfault_take_events(&from->space);

	uspace_unlock(to);
	uspace_unlock(from);
	tell_of_fork(to, events, copied);
}

int process_copy_space(struct process *parent, struct process *child)
{
	struct uspace *from = parent->uspace, *to = uspace_create();
	int err;

	child->uspace = to;
	if (!to)
		return -ENOMEM;
	err = uspace_lock_killable(from);
	if (err)
		return err;
	mutex_lock_nested(&to->mmap_lock);
	child->leader->mmu = &to->space.mmu;
	to->space.resumes_at = frame_pc(arch_thread_frame(arch_this_thread()));
	err = vm_fork(&from->space, &to->space);
	to->has_device = atomic_load_relaxed(&from->has_device);
	to->sigreturn = from->sigreturn;
	to->layout = from->layout;
	to->undumpable = atomic_load(&from->undumpable);
	if (unlikely(from->space.events)) {
		fork_unlock_and_tell(from, to, err == 0);
		return err;
	}
	uspace_unlock(to);
	uspace_unlock(from);
	return err;
}

void process_share_space(struct process *process)
{
	if (hart_are_several())
		space_share(&process->uspace->space);
}

void thread_copy_frame(struct thread *thread, vaddr_t stack, const vaddr_t *tls)
{
	struct arch_thread *arch = &thread->arch;
	struct trap_frame *frame;

	arch_thread_init_fork(arch, thread->kstack, arch_thread_frame(arch_this_thread()),
			      sched_first);
	frame = arch_thread_frame(arch);
	frame_set_result(frame, 0);
	if (stack)
		frame_set_sp(frame, stack);
	if (tls)
		frame_set_tls(frame, *tls);
	if (hart_are_several()) /* as there */
		sched_text_follows(thread);
}
