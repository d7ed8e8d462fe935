/* SPDX-License-Identifier: MIT */
/* Gives the running process a program of the archive, without a layer: builds the new image beside the old one, then switches. */
#include "abi/errno.h"
#include "arch/context.h"
#include "base/log.h"
#include "boot/alone/archive.h"
#include "boot/alone/files.h"
#include "boot/alone/process.h"
#include "boot/end.h"
#include "desc/fdtable.h"
#include "lib/string.h"
#include "mm/object/object.h"
#include "proc/child_tid.h"
#include "proc/exe.h"
#include "proc/exec_args.h"
#include "proc/exec_load.h"
#include "proc/exec_write.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "record/note.h"

#define STACK_MOST (8ul << 20)
#define NFDS_MAX   1024

struct new_image {
	struct exe *exe;
	struct uspace *uspace;
	struct exec_headers headers;
	vaddr_t pc, sp;
};

/* Lays the program and its strings out in the new space. */
static int image_fill(struct new_image *new, const struct exec_args *args)
{
	const struct elf_image *image = &new->headers.image;
	struct exec_aux aux = { .phnum = image->phnum };
	struct exec_stack stack;
	vaddr_t bias;
	int err = exec_stack_layout(&stack, USER_TOP, args->filename_bytes, args->bytes, args->argc,
				    args->envc, 0);

	if (!err)
		err = exec_load(new->uspace, new->exe->object, &new->headers, stack.top - stack.sp,
				&bias);
	if (err)
		return err;
	new->exe->bias = bias;
	aux.entry = image->entry + bias;
	aux.phdr = image->phdr ? image->phdr + bias : 0;
	new->pc = aux.entry;
	new->sp = stack.sp;
	return exec_stack_write(&new->uspace->space, &stack, args, &aux);
}

/* Programs with an interpreter are refused as what is none. */
static int image_make(struct new_image *new, struct object *object, const char *path,
		      const struct exec_args *args)
{
	int err = exe_create(object, path, &new->exe);

	if (!err)
		err = exec_headers_read(&new->headers, object);
	if (!err && (new->headers.late || new->headers.image.has_interp))
		err = -ENOEXEC;
	if (err)
		return err;
	new->uspace = uspace_create();
	if (!new->uspace)
		return -ENOMEM;
	if (unlikely(new->uspace->space.recorded))
		object_set_label(object, path, BACKING_FILE);
	new->uspace->space.limit_stack = STACK_MOST;
	return image_fill(new, args);
}

/* The other threads end, and this one becomes the leader. Returns 0; or -EINTR, if it is to end itself. */
static int image_end_others(struct process *process)
{
	struct thread *thread, *former = NULL;
	uint64_t seq;
	int err = 0;

	spin_lock(&process_tree_lock);
	if (current_killed())
		err = -EINTR;
	else
		for_each_thread(thread, process)
			if (thread != current_thread())
				thread_ask_to_end(thread);
	spin_unlock(&process_tree_lock);
	while (!err && atomic_load(&process->nlive) > 1) {
		seq = waitq_sample(&process->child_waitq);
		if (atomic_load(&process->nlive) > 1)
			err = thread_wait(&process->child_waitq, seq);
	}
	if (err)
		return err;
	spin_lock(&process_tree_lock);
	if (process->leader != current_thread()) {
		former = process->leader;
		thread_lead(current_thread());
	}
	spin_unlock(&process_tree_lock);
	if (former) {
		sched_wait_left(former);
		thread_destroy(former);
	}
	return 0;
}

/* Others may share the descriptors: from now on the thread has its own. */
static int unshare_descriptors(void)
{
	struct thread *thread = current_thread();
	struct fdtable *before = thread->fdtable, *own;

	if (!fdtable_is_shared(before))
		return 0;
	own = fdtable_copy(before);
	if (!own)
		return -ENOMEM;
	spin_lock(&process_tree_lock);
	thread->fdtable = own;
	spin_unlock(&process_tree_lock);
	fdtable_put(before);
	return 0;
}

/* The point of no return: nothing below can fail. */
static void image_commit(struct process *process, const struct new_image *new)
{
	struct uspace *old_uspace = process->uspace;
	struct exe *old_exe = process->exe;
	const char *slash = strrchr(new->exe->name, '/');

	if (old_uspace)
		child_tid_clear();
	spin_lock(&process_tree_lock);
	process->uspace = new->uspace;
	process->exe = new->exe;
	str_copy(process->leader->name, slash ? slash + 1 : new->exe->name, THREAD_NAME_LEN);
	spin_unlock(&process_tree_lock);
	sched_use_mmu(&process->uspace->space.mmu);
	if (old_uspace)
		uspace_put(old_uspace);
	if (old_exe)
		exe_put(old_exe);
	fdtable_become_only_user(current_thread()->fdtable);
	fdtable_close_on_exec(current_thread()->fdtable);
	arch_user_start(new->pc, new->sp);
}

int process_exec(struct object *object, const char *path, struct exec_args *args)
{
	struct process *process = current_process();
	struct new_image new = { 0 };
	int err = image_make(&new, object, path, args);

	if (!err)
		err = image_end_others(process);
	if (!err)
		err = unshare_descriptors();
	exec_headers_free(&new.headers);
	if (err) {
		if (new.uspace)
			uspace_put(new.uspace);
		if (new.exe)
			exe_put(new.exe);
		return err;
	}
	image_commit(process, &new);
	if (journal_is_on())
		journal_note_exec(current_space(), current_thread()->name);
	return 0;
}

/* ---- process 1 ---- */

static int first_exec(const char *path)
{
	struct object *object = archive_find(path);
	struct exec_args args;
	int err;

	if (!object)
		return -ENOENT;
	exec_args_init(&args, path, STACK_MOST);
	err = exec_args_add(&args, path, false);
	if (!err)
		err = process_exec(object, path, &args);
	exec_args_destroy(&args);
	return err;
}

/* Runs as process 1 in kernel mode. Its image is made as that of any other process. */
static void first_main(void *arg)
{
	const char *path = arg;
	int err;

	sched_first();
	err = first_exec(path);
	if (!err)
		err = console_give();
	if (!err)
		arch_enter_user();
	if (err == -ENOENT)
		log_error("boot",
			  "no init: %s is not in the boot archive; name another with init=PATH",
			  path);
	else if (err == -ENOEXEC)
		log_error("boot",
			  "no init: %s is no static program for this machine (a riscv64 ELF file)",
			  path);
	else if (err == -ENOMEM)
		log_error("boot", "no init: %s does not fit into memory", path);
	else
		log_error("boot", "no init: %s can't be started: error %d", path, err);
	boot_end_failed();
}

int process_begin_first(const char *path)
{
	int err;
	struct process *process = process_alloc(&err);
	struct thread *thread;

	if (!process)
		return err;
	process->nfds_max = NFDS_MAX;
	err = process_add_leader(process);
	if (err)
		return err; /* the boot fails now */
	thread = process->leader;
	thread->fdtable = fdtable_create();
	if (!thread->fdtable)
		return -ENOMEM;
	arch_thread_init(&thread->arch, thread->kstack, first_main, (void *)path);
	thread->arch.hart = arch_this_hart();
	spin_lock(&process_tree_lock);
	process_publish(process);
	thread_wake(thread);
	spin_unlock(&process_tree_lock);
	return 0;
}
