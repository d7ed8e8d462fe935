/* SPDX-License-Identifier: MIT */
/* Replaces a process's image: builds the new one beside the old, where errors are harmless, then switches. */
#include "linux/process/exec.h"

#include "abi/errno.h"
#include "abi/prctl.h"
#include "abi/resource.h"
#include "abi/rseq.h"
#include "arch/context.h"
#include "base/log.h"
#include "lib/bits.h"
#include "linux/process/script.h"
#include "lib/string.h"
#include "linux/process/children.h"
#include "linux/process/cred.h"
#include "linux/process/fork.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/robust.h"
#include "linux/process/rseq.h"
#include "linux/process/task.h"
#include "linux/process/vdso.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/send.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/phys/kmalloc.h"
#include "proc/child_tid.h"
#include "proc/exe.h"
#include "proc/exec_load.h"
#include "proc/exec_write.h"
#include "proc/futex.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/note.h"
#include "linux/process/script_args.h"

/* As on Linux: how many scripts may follow one another. */
#define SCRIPTS_MAX 5

/* A new image while it is being built. */
struct new_image {
	struct exe *exe;
	struct exe *interp; /* of the program; NULL: it has none */
	struct uspace *uspace;
	struct cred *cred; /* what it gives to the thread */
	bool unreadable;   /* its file, for the user that runs it */
	struct exec_rights rights;
	uint32_t personality;
	struct exec_headers headers, interp_headers;
	vaddr_t pc, sp;
};

/* Frees what only the building needs. The interpreter may be written again. */
static void new_image_done(struct new_image *new)
{
	if (new->interp)
		exe_put(new->interp);
	exec_headers_free(&new->interp_headers);
	exec_headers_free(&new->headers);
}

/* Others may attach to the process from now on, if its credentials let them. */
static void gains_end(void)
{
	spin_lock(&process_tree_lock);
	current_linux_process()->gains_by_exec--;
	spin_unlock(&process_tree_lock);
}

static void new_image_discard(struct new_image *new)
{
	if (new->uspace)
		uspace_put(new->uspace);
	if (new->exe)
		exe_put(new->exe);
	if (new->cred)
		cred_put(new->cred);
	if (new->rights.gains)
		gains_end();
	new_image_done(new);
}

/* ---- scripts and interpreters ---- */

static int exec_open_interp(const char *name, struct exe **exe_ret)
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
 * The program of the new image is no ELF file. If it is a script, its interpreter becomes the
 * program: argv is then the interpreter's name, the argument of the line if there is one, the
 * script's own name, and the old argv without its first string. Returns 0, -ENOEXEC if it is no
 * script, or another error.
 */
static int follow_script(struct new_image *new, struct exec_args *args, bool first)
{
	char head[SCRIPT_HEAD_BYTES] = { 0 };
	const char *name, *arg;
	struct exe *interp;
	ssize_t got = object_read_kernel(new->exe->object, 0, head, sizeof(head));
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
		err = exec_open_interp(name, &interp);
	if (err)
		return err;
	exe_put(new->exe);
	new->exe = interp;
	return 0;
}

/* Reads the headers of the program, which is the last interpreter if the file is a script. */
static int new_image_find_program(struct new_image *new, struct exec_args *args)
{
	for (unsigned scripts = 0;; scripts++) {
		int err;

		if (scripts > SCRIPTS_MAX)
			return -ELOOP;
		err = exec_headers_read(&new->headers, new->exe->object);
		if (err != -ENOEXEC || new->headers.phdrs)
			return err;
		err = follow_script(new, args, scripts == 0);
		if (err)
			return err;
	}
}

/* Opens the interpreter that the program asks for, and reads its headers. */
static int new_image_find_interp(struct new_image *new)
{
	char *name;
	int err = exec_interp_name(&new->headers, new->exe->object, &name);

	if (err)
		return err;
	err = exec_open_interp(name, &new->interp);
	kfree(name);
	if (err)
		return err;
	return exec_interp_read(&new->interp_headers, new->interp->object);
}

static bool is_late(const struct new_image *new)
{
	return new->headers.late || new->interp_headers.late;
}

/* ---- the new image ---- */

static void note_strings(struct image_layout *layout, const struct exec_stack *stack,
			 const struct exec_args *args)
{
	layout->stack_start = stack->sp;
	layout->arg_start = stack->strings;
	layout->arg_end = layout->env_start = stack->strings + args->argv_bytes;
	layout->env_end = stack->filename;
	layout->auxv_start = stack->auxv;
	layout->auxv_end = stack->auxv + stack->nauxv * sizeof(struct abi_auxv);
}

/* Chooses by which ids the program acts. Those of a script are its interpreter's. */
static int choose_cred(struct new_image *new)
{
	struct image_ids ids;

	process_fs->image_ids(new->exe->object, &ids);
	new->cred = cred_for_exec(&ids, &new->rights);
	if (!new->cred)
		return -ENOMEM;
	new->unreadable = ids.unreadable;
	new->personality = current_task()->personality & ~PER_MASK;
	if (new->rights.distrusts)
		new->personality &= ~PER_CLEAR_ON_SETID;
	return 0;
}

/*
 * Gives the space the limits of the process. As on Linux, a program that acts for others has not the stack that its user
 * chose, by which that would choose the layout, too.
 */
static void copy_limits(struct new_image *new)
{
	struct space *space = &new->uspace->space;

	process_copy_limits(current_process(), space);
	if (new->rights.secure)
		space->limit_stack = MIN(space->limit_stack, STACK_DEFAULT);
}

/* Fills the new address space with everything that the image starts with. */
static int new_image_fill(struct new_image *new, const struct exec_args *args)
{
	const struct elf_image *image = &new->headers.image;
	static const struct abi_auxv rseq_sizes[] = {
		{ AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE },
		{ AT_RSEQ_ALIGN, sizeof(struct abi_rseq) },
	};
	const struct abi_auxv ids[] = {
		{ AT_UID, new->cred->uid },	   { AT_EUID, new->cred->euid },
		{ AT_GID, new->cred->gid },	   { AT_EGID, new->cred->egid },
		{ AT_SECURE, new->rights.secure },
	};
	struct abi_auxv vdso = { .type = AT_SYSINFO_EHDR };
	struct exec_aux aux = { .phnum = image->phnum,
				.first = &vdso,
				.nfirst = 1,
				.before = ids,
				.nbefore = ARRAY_SIZE(ids),
				.behind = rseq_sizes,
				.nbehind = ARRAY_SIZE(rseq_sizes) };
	struct exec_stack stack;
	vaddr_t bias;
	int err;

	_Static_assert(EXEC_AUXV_OWN + 1 + ARRAY_SIZE(ids) + ARRAY_SIZE(rseq_sizes) ==
			       LINUX_AUXV_COUNT,
		       "as others read it");
	err = exec_stack_layout(&stack, USER_TOP, args->filename_bytes, args->bytes, args->argc,
				args->envc, aux.nfirst + aux.nbefore + aux.nbehind);
	if (err)
		return err;
	err = exec_load(new->uspace, new->exe->object, &new->headers, stack.top - stack.sp, &bias);
	if (err)
		return err;
	note_strings(&new->uspace->layout, &stack, args);
	new->exe->bias = bias;
	aux.entry = image->entry + bias;
	aux.phdr = image->phdr ? image->phdr + bias : 0;
	new->pc = aux.entry;
	new->sp = stack.sp;
	if (new->interp) {
		err = exec_load_interp(new->uspace, new->interp->object, &new->interp_headers,
				       !image->is_dyn, &aux.base);
		if (err)
			return err;
		new->pc = new->interp_headers.image.entry + aux.base;
	}
	err = vdso_map(new->uspace, &vdso.value);
	if (err)
		return err;
	return exec_stack_write(&new->uspace->space, &stack, args, &aux);
}

/* Names the files of the image for the journal. */
static __attribute__((noinline, cold)) void label_files(const struct new_image *new)
{
	object_set_label(new->exe->object, new->exe->name, BACKING_FILE);
	if (new->interp)
		object_set_label(new->interp->object, new->interp->name, BACKING_FILE);
}

/* As on Linux, a program that may have any stack, or asks for it, has its mappings upwards from a fixed address. */
static bool maps_upwards(const struct new_image *new)
{
	return new->uspace->space.limit_stack == RLIM_INFINITY ||
	       new->personality &ADDR_COMPAT_LAYOUT;
}

/* The caller discards the new image with new_image_discard() after an error, too. */
static int new_image_make(struct new_image *new, struct object *object, const char *path,
			  struct exec_args *args)
{
	int err;

	new->exe = NULL;
	new->interp = NULL;
	new->uspace = NULL;
	new->cred = NULL;
	new->rights.gains = false;
	new->headers.phdrs = NULL;
	new->interp_headers.phdrs = NULL;
	new->interp_headers.late = false;
	err = exe_create(object, path, &new->exe);
	if (!err)
		err = new_image_find_program(new, args);
	if (!err && new->headers.image.has_interp)
		err = new_image_find_interp(new);
	if (!err && !is_late(new))
		err = choose_cred(new);
	if (err || is_late(new))
		return err;
	new->uspace = uspace_create();
	if (!new->uspace)
		return -ENOMEM;
	if (unlikely(new->uspace->space.recorded))
		label_files(new);
	copy_limits(new);
	new->uspace->space.mmap_up = maps_upwards(new);
	return new_image_fill(new, args);
}

/* A file that was run by its descriptor is called by its own name, even if that has been removed. */
static void set_comm(struct process *process, const struct exe *exe, const struct exec_args *args)
{
	static const char deleted[] = " (deleted)";
	const char *path = args->by_descriptor ? exe->name : args->filename;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name), cut = args->by_descriptor ? sizeof(deleted) - 1 : 0;

	if (cut && len > cut && strcmp(name + len - cut, deleted) == 0)
		len -= cut;
	str_copy(process->leader->name, name, MIN(len + 1, sizeof(process->leader->name)));
}

/*
 * The other threads end, and this one becomes the leader. Returns 0; or -EINTR, if a kill or another
 * thread's exec came first.
 */
static int become_only_thread(struct process *process)
{
	struct thread *former;
	uint64_t seq;
	int err = 0;

	if (!signals_exec_begin())
		return -EINTR;
	while (!err && atomic_load(&process->nlive) > 1) {
		seq = waitq_sample(&process->child_waitq);
		if (atomic_load(&process->nlive) > 1)
			err = thread_wait(&process->child_waitq, seq);
	}
	signals_exec_done();
	if (err)
		return err;
	ptimers_exec(); /* while this thread has the id that those on its clock know */
	former = task_lead();
	if (former) {
		sched_wait_left(former);
		thread_destroy(former);
	}
	return 0;
}

/* Other processes may share descriptors and signals' actions with this one: it goes on with its own. */
static int unshare_state(void)
{
	int err = process_fs->exec_begin();

	return err ? err : signals_unshare();
}

/*
 * The point of no return: nothing below can fail. Until the credentials are there as well, others see the new memory with
 * the old ones.
 */
static void commit(struct process *process, struct new_image *new, const struct exec_args *args)
{
	struct linux_process *own = linux_process(process);
	struct uspace *old_uspace = process->uspace;
	struct exe *old_exe = process->exe;

	if (old_uspace) {
		new->uspace->has_device = atomic_load_relaxed(&old_uspace->has_device);
		futex_robust_exit();
		if (pi_owns(&current_task()->pi))
			pi_let_go();
		child_tid_clear();
		space_count(&old_uspace->space);
		new->uspace->space.mdwe = mdwe_inherited(&old_uspace->space);
		new->uspace->space.thp_disabled =
			atomic_load_relaxed(&old_uspace->space.thp_disabled);
	}
	new->uspace->undumpable = new->unreadable || new->cred->euid != new->cred->uid ||
				  new->cred->egid != new->cred->gid ||
				  cred_acts_for_others(new->cred);
	spin_lock(&process_tree_lock);
	if (old_uspace) /* in the same hold: others add what the process has used before and what its memory says */
		usage_add_space(&own->past_usage, process, &old_uspace->space);
	process->uspace = new->uspace;
	own->borrows_space = false;
	if (new->rights.secure) {
		own->death_signal = 0; /* whoever made the process may not signal it any more */
		process_limit_stack(process, STACK_DEFAULT);
	}
	process_copy_limits(process, &new->uspace->space); /* they may have changed meanwhile */
	process->exe = new->exe;
	own->exit_signal = SIGCHLD;
	child_sort(process);
	own->has_execed = true;
	set_comm(process, new->exe, args);
	spin_unlock(&process_tree_lock);
	cred_commit(new->cred);
	current_task()->personality = new->personality;
	if (new->rights.gains)
		gains_end();
	signals_exec();
	rseq_exec();
	sched_use_mmu(&process->uspace->space.mmu);
	if (old_uspace)
		uspace_put(old_uspace);
	if (old_exe)
		exe_put(old_exe);
	vfork_done();
	process_fs->exec();
	if (unlikely(atomic_load_relaxed(&new->uspace->has_device)))
		atomic_store(&new->uspace->has_device, process_fs->drives());
	arch_user_start(new->pc, new->sp);
}

int exec_image(struct object *image, const char *path, struct exec_args *args)
{
	struct process *process = current_process();
	struct new_image new;
	int tid = current_thread()->tid;
	int err = new_image_make(&new, image, path, args);

	if (!err && current_killed())
		err = -EINTR;
	if (!err && !is_late(&new))
		err = become_only_thread(process);
	if (!err && !is_late(&new))
		err = unshare_state();
	if (!err && is_late(&new)) {
		log_warn("proc",
			 "%s[%d]: killed by SIGSEGV: exec of %s with invalid program headers",
			 current_thread()->name, process->pid,
			 new.headers.late ? path : new.interp->name);
		signal_die(&(const struct signal_info){ .sig = SIGSEGV, .code = SI_KERNEL });
		err = -ENOEXEC;
	}
	if (err) {
		new_image_discard(&new);
		return err;
	}
	new_image_done(&new);
	commit(process, &new, args);
	if (journal_is_on())
		journal_note_exec(current_space(), current_thread()->name);
	if (unlikely(current_thread()->traced))
		ptrace_exec_event(tid);
	return 0;
}
