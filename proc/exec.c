/* SPDX-License-Identifier: MIT */
/* Replaces a process's image: builds the new one beside the old, where errors are harmless, then switches. */
#include "proc/exec.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/frame.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/object.h"
#include "proc/child_tid.h"
#include "proc/exec_load.h"
#include "proc/exec_write.h"
#include "proc/fork.h"
#include "proc/futex.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/signal/send.h"
#include "proc/thread.h"

/* A new image while it is being built. */
struct draft {
	struct exe *exe;
	struct uspace *uspace;
	struct exec_headers headers;
	vaddr_t pc, sp;
};

static void draft_discard(struct draft *draft)
{
	if (draft->uspace)
		uspace_put(draft->uspace);
	if (draft->exe)
		exe_put(draft->exe);
	exec_headers_free(&draft->headers);
}

static void copy_limits(struct process *process, struct space *space)
{
	space->limit_as = process_limit(process, RLIMIT_AS);
	space->limit_data = process_limit(process, RLIMIT_DATA);
	space->limit_stack = process_limit(process, RLIMIT_STACK);
}

static void note_strings(struct image_layout *layout, const struct exec_stack *stack,
			 const struct exec_args *args)
{
	layout->stack_start = stack->sp;
	layout->arg_start = stack->strings;
	layout->arg_end = layout->env_start = stack->strings + args->argv_bytes;
	layout->env_end = stack->filename;
}

/* Fills the new address space with everything that the image starts with. */
static int draft_fill(struct draft *draft, struct object *object, const struct exec_args *args)
{
	const struct elf_image *image = &draft->headers.image;
	struct exec_stack stack;
	struct exec_aux aux;
	vaddr_t bias;
	int err;

	err = exec_stack_layout(&stack, USER_TOP, args->filename_bytes, args->bytes, args->argc,
				args->envc);
	if (err)
		return err;
	err = exec_load(draft->uspace, object, &draft->headers, stack.top - stack.sp, &bias);
	if (err)
		return err;
	note_strings(&draft->uspace->layout, &stack, args);
	draft->exe->bias = bias;
	aux.entry = image->entry + bias;
	aux.phdr = image->phdr ? image->phdr + bias : 0;
	aux.phnum = image->phnum;
	draft->pc = aux.entry;
	draft->sp = stack.sp;
	return exec_stack_write(&draft->uspace->space, &stack, args, &aux);
}

/* After an error, too, the draft is one for draft_discard(). */
static int draft_make(struct draft *draft, struct object *object, const char *path,
		      const struct exec_args *args)
{
	int err;

	draft->exe = NULL;
	draft->uspace = NULL;
	err = exec_headers_read(&draft->headers, object);
	if (err)
		return err;
	err = exe_create(object, path, &draft->exe);
	if (err || draft->headers.late)
		return err;
	draft->uspace = uspace_create();
	if (!draft->uspace)
		return -ENOMEM;
	copy_limits(current_process(), &draft->uspace->space);
	return draft_fill(draft, object, args);
}

static void set_comm(struct process *process, const char *filename)
{
	const char *slash = strrchr(filename, '/');

	str_copy(process->thread->name, slash ? slash + 1 : filename,
		 sizeof(process->thread->name));
}

/* The point of no return: nothing below can fail. */
static void commit(struct process *process, struct draft *draft, const char *filename)
{
	struct uspace *old_uspace = process->uspace;
	struct exe *old_exe = process->exe;

	if (old_uspace) {
		futex_robust_exit(process);
		child_tid_clear(process);
		usage_add_space(&process->past_usage, &old_uspace->space);
	}
	spin_lock(&process_tree_lock);
	process->uspace = draft->uspace;
	process->exe = draft->exe;
	process->exit_signal = SIGCHLD;
	process->did_exec = true;
	set_comm(process, filename);
	spin_unlock(&process_tree_lock);
	signals_exec(&process->signals);
	sched_use_mmu(&process->uspace->space.mmu);
	if (old_uspace)
		uspace_put(old_uspace);
	if (old_exe)
		exe_put(old_exe);
	vfork_done(process);
	process_fs->exec(process);
	arch_frame_start(arch_thread_frame(&process->thread->arch), draft->pc, draft->sp);
	arch_fpu_reset();
}

int exec_image(struct object *image, const char *path, const struct exec_args *args)
{
	struct process *process = current_process();
	struct draft draft;
	int err = draft_make(&draft, image, path, args);

	if (!err && current_killed())
		err = -EINTR;
	if (!err && draft.headers.late) {
		log_warn("proc",
			 "%s[%d]: killed by SIGSEGV: exec of %s with invalid program headers",
			 process->thread->name, process->pid, path);
		signal_force(process, SIGSEGV);
		err = -ENOEXEC;
	}
	if (err) {
		draft_discard(&draft);
		return err;
	}
	exec_headers_free(&draft.headers);
	commit(process, &draft, args->filename);
	return 0;
}
