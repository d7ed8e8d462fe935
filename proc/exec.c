/* SPDX-License-Identifier: MIT */
/* Replaces a process's image: builds the new one beside the old, where errors are harmless, then switches. */
#include "proc/exec.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/frame.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/script.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/object_io.h"
#include "mm/phys/kmalloc.h"
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

/* As on Linux: how many scripts may follow one another. */
#define SCRIPTS_MAX 5

/* A new image while it is being built. */
struct draft {
	struct exe *exe;
	struct exe *interp; /* of the program; NULL: it has none */
	struct uspace *uspace;
	struct exec_headers headers, interp_headers;
	vaddr_t pc, sp;
};

/* Frees what only the building needs. The interpreter may be written again. */
static void draft_done(struct draft *draft)
{
	if (draft->interp)
		exe_put(draft->interp);
	exec_headers_free(&draft->interp_headers);
	exec_headers_free(&draft->headers);
}

static void draft_discard(struct draft *draft)
{
	if (draft->uspace)
		uspace_put(draft->uspace);
	if (draft->exe)
		exe_put(draft->exe);
	draft_done(draft);
}

/* ---- scripts and interpreters ---- */

static int open_interp(const char *name, struct exe **exe_ret)
{
	struct object *object;
	char *path;
	int err = process_fs->open_interp(name, &object, &path);

	if (err)
		return err;
	err = exe_create(object, path, exe_ret);
	object_unuse(object);
	kfree(path);
	return err;
}

/*
 * The program of the draft is no ELF file. If it is a script, its interpreter becomes the program:
 * argv is then the interpreter's name, the argument of the line if there is one, the script's own
 * name, and the old argv without its first string. Returns 0, -ENOEXEC if it is no script, or
 * another error.
 */
static int follow_script(struct draft *draft, struct exec_args *args, bool first)
{
	char head[SCRIPT_HEAD_BYTES] = { 0 };
	const char *name, *arg;
	struct exe *interp;
	ssize_t got = object_read_kernel(draft->exe->object, 0, head, sizeof(head));
	int err;

	if (got < 0)
		return (int)got;
	err = script_parse(head, &name, &arg);
	if (err)
		return err;
	if (args->unreachable)
		return -ENOENT;
	if (first) { /* later ones have their names there already */
		exec_args_drop_first(args);
		err = exec_args_push(args, args->filename);
	}
	if (!err && arg)
		err = exec_args_push(args, arg);
	if (!err)
		err = exec_args_push(args, name);
	if (!err)
		err = exec_args_check(args);
	if (!err)
		err = open_interp(name, &interp);
	if (err)
		return err;
	exe_put(draft->exe);
	draft->exe = interp;
	return 0;
}

/* Reads the headers of the program, which is the last interpreter if the file is a script. */
static int draft_find_program(struct draft *draft, struct exec_args *args)
{
	for (unsigned scripts = 0;; scripts++) {
		int err;

		if (scripts > SCRIPTS_MAX)
			return -ELOOP;
		err = exec_headers_read(&draft->headers, draft->exe->object);
		if (err != -ENOEXEC || draft->headers.phdrs)
			return err;
		err = follow_script(draft, args, scripts == 0);
		if (err)
			return err;
	}
}

/* Opens the interpreter that the program asks for, and reads its headers. */
static int draft_find_interp(struct draft *draft)
{
	char *name;
	int err = exec_interp_name(&draft->headers, draft->exe->object, &name);

	if (err)
		return err;
	err = open_interp(name, &draft->interp);
	kfree(name);
	if (err)
		return err;
	return exec_interp_read(&draft->interp_headers, draft->interp->object);
}

static bool is_late(const struct draft *draft)
{
	return draft->headers.late || draft->interp_headers.late;
}

/* ---- the new image ---- */

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
static int draft_fill(struct draft *draft, const struct exec_args *args)
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
	err = exec_load(draft->uspace, draft->exe->object, &draft->headers, stack.top - stack.sp,
			&bias);
	if (err)
		return err;
	note_strings(&draft->uspace->layout, &stack, args);
	draft->exe->bias = bias;
	aux.entry = image->entry + bias;
	aux.phdr = image->phdr ? image->phdr + bias : 0;
	aux.phnum = image->phnum;
	aux.base = 0;
	draft->pc = aux.entry;
	draft->sp = stack.sp;
	if (draft->interp) {
		err = exec_load_interp(draft->uspace, draft->interp->object, &draft->interp_headers,
				       !image->is_dyn, &aux.base);
		if (err)
			return err;
		draft->pc = draft->interp_headers.image.entry + aux.base;
	}
	return exec_stack_write(&draft->uspace->space, &stack, args, &aux);
}

/* After an error, too, the draft is one for draft_discard(). */
static int draft_make(struct draft *draft, struct object *object, const char *path,
		      struct exec_args *args)
{
	int err;

	draft->exe = NULL;
	draft->interp = NULL;
	draft->uspace = NULL;
	draft->headers.phdrs = NULL;
	draft->interp_headers.phdrs = NULL;
	draft->interp_headers.late = false;
	err = exe_create(object, path, &draft->exe);
	if (!err)
		err = draft_find_program(draft, args);
	if (!err && draft->headers.image.has_interp)
		err = draft_find_interp(draft);
	if (err || is_late(draft))
		return err;
	draft->uspace = uspace_create();
	if (!draft->uspace)
		return -ENOMEM;
	copy_limits(current_process(), &draft->uspace->space);
	return draft_fill(draft, args);
}

/* A file that was run by its descriptor is called by its own name, even if that has been removed. */
static void set_comm(struct process *process, const struct exe *exe, const struct exec_args *args)
{
	static const char deleted[] = " (deleted)";
	const char *path = args->by_descriptor ? exe->path : args->filename;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name), cut = args->by_descriptor ? sizeof(deleted) - 1 : 0;

	if (cut && len > cut && strcmp(name + len - cut, deleted) == 0)
		len -= cut;
	str_copy(process->thread->name, name, MIN(len + 1, sizeof(process->thread->name)));
}

/* The point of no return: nothing below can fail. */
static void commit(struct process *process, struct draft *draft, const struct exec_args *args)
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
	child_sort(process);
	process->did_exec = true;
	set_comm(process, draft->exe, args);
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

int exec_image(struct object *image, const char *path, struct exec_args *args)
{
	struct process *process = current_process();
	struct draft draft;
	int err = draft_make(&draft, image, path, args);

	if (!err && current_killed())
		err = -EINTR;
	if (!err && is_late(&draft)) {
		log_warn("proc",
			 "%s[%d]: killed by SIGSEGV: exec of %s with invalid program headers",
			 process->thread->name, process->pid,
			 draft.headers.late ? path : draft.interp->path);
		signal_force(process, SIGSEGV);
		err = -ENOEXEC;
	}
	if (err) {
		draft_discard(&draft);
		return err;
	}
	draft_done(&draft);
	commit(process, &draft, args);
	return 0;
}
