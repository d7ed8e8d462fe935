/* SPDX-License-Identifier: MIT */
/* Core files: ELF files with what a process had in its memory and registers. */
/*
 * The layout is Linux's: the headers, a PT_NOTE, and a PT_LOAD for each mapping, whose bytes follow in whole pages.
 * What was never written, text, and files that are mapped are left out, but the first page of a program or library
 * (0x33; /proc/PID/coredump_filter may choose otherwise). A page of zeros that was never written is a hole in the file.
 *
 * The list of mappings is made first, with the notes of files, in pages of the kernel: no lock is held while the file is
 * written. Another process may have the same memory (CLONE_VM) and unmap some of it meanwhile, which then reads as zeros.
 */
#include "linux/fs/dump/core_file.h"

#include "abi/auxv.h"
#include "abi/core.h"
#include "abi/limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "linux/fs/dump/core_name.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/inode.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/mem/peek.h"
#include "linux/process/exec.h"
#include "linux/process/inspect.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/process/vdso.h"
#include "linux/signal/queue.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page.h"
#include "mm/space/space_visit.h"
#include "proc/mem_wait.h"
#include "proc/priority.h"
#include "linux/arch/regs.h"
#include "linux/process/thread_id.h"

/* As on Linux: without NT_FILE if it would be longer. */
#define FILE_NOTE_MAX (4ul << 20)

/* PF_DUMPCORE and PF_SIGNALED */
#define CORE_FLAGS 0x600

/* ---- bytes that are kept ---- */

/* Private to the thread that writes the core file, as all below. */
struct chunk {
	struct list link;
	size_t used;
	uint8_t bytes[PAGE_SIZE - 24];
};
_Static_assert(sizeof(struct chunk) == PAGE_SIZE, "a chunk is a page");

/* Bytes in the order in which they came. They count as the process's memory for the OOM killer. Private to
 * the thread. */
struct kept_bytes {
	struct list chunks;
	size_t len;
};

static bool kept_bytes_add(struct kept_bytes *bytes, const void *from, size_t n)
{
	while (n) {
		struct chunk *last = list_empty(&bytes->chunks)
					     ? NULL
					     : list_entry(bytes->chunks.prev, struct chunk, link);
		size_t part;

		if (!last || last->used == sizeof(last->bytes)) {
			last = mem_wait_kmalloc(sizeof(*last));
			if (!last)
				return false;
			last->used = 0;
			list_add_tail(&bytes->chunks, &last->link);
			counter_add(&current_process()->kept, 1);
		}
		part = MIN(n, sizeof(last->bytes) - last->used);
		memcpy(last->bytes + last->used, from, part);
		last->used += part;
		bytes->len += part;
		from = (const uint8_t *)from + part;
		n -= part;
	}
	return true;
}

static void kept_bytes_free(struct kept_bytes *bytes)
{
	struct list *node;

	while ((node = list_pop(&bytes->chunks))) {
		kfree(list_entry(node, struct chunk, link));
		counter_add(&current_process()->kept, -(size_t)1);
	}
}

/* ---- a core file that is being written ---- */

/* Private to the thread that writes the core file. */
struct core {
	const struct signal_info *info;
	struct uspace *uspace;
	struct file *file;
	uint64_t pos;	  /* of the next byte */
	uint64_t written; /* RLIMIT_CORE counts them, and no holes */
	uint64_t limit;
	bool in_hole;
	unsigned nsegments, nfiles, nthreads;
	struct kept_bytes segments; /* struct abi_elf_segment, without offsets */
	struct kept_bytes files;    /* of NT_FILE: start, end, and offset in pages of each */
	struct kept_bytes names;    /* and their names, terminated */
	/* Room for one of a kind. */
	char *path; /* PATH_MAX */
	struct abi_core_status status;
	struct arch_fpregs floats;
};

/* False: the file ends here, for want of room, at a limit, or by a kill. */
static bool core_put(struct core *core, const void *bytes, size_t n)
{
	struct user_iter from = user_iter_kernel((void *)bytes, n);

	if (n > core->limit - core->written)
		return false;
	while (from.left) {
		ssize_t done = core->file->ops->write(core->file, &from, &core->pos);

		if (done <= 0 || current_killed())
			return false;
		notify_file(core->file, IN_MODIFY);
		core->written += (size_t)done;
	}
	core->in_hole = false;
	return true;
}

static bool core_put_bytes(struct core *core, const struct kept_bytes *bytes)
{
	const struct chunk *chunk;

	list_for_each_entry(chunk, &bytes->chunks, link)
		if (!core_put(core, chunk->bytes, chunk->used))
			return false;
	return true;
}

static void core_skip(struct core *core, size_t n)
{
	core->pos += n;
	core->in_hole = true;
}

/* ---- the list of mappings ---- */

static bool is_elf(struct space *space, vaddr_t va)
{
	static const char magic[] = { 0x7f, 'E', 'L', 'F' };
	char found[sizeof(magic)];

	return vm_copy_from(space, found, va, sizeof(found)) == 0 &&
	       memcmp(found, magic, sizeof(magic)) == 0;
}

/* The first page of a program or a library says what it is. */
static size_t bytes_of_text(struct core *core, const struct map_facts *map,
			    const struct inode *inode)
{
	if (map->offset || !(map->prot & VM_PROT_READ) || !inode)
		return 0;
	return inode->mode & 0111 || is_elf(&core->uspace->space, map->start) ? PAGE_SIZE : 0;
}

/* Page tables that are looked at in one hold of the space's lock. */
#define TABLES_AT_ONCE 4

/* A walk that looks for pages which a program has made its own. */
struct private_walk {
	vaddr_t next; /* where to go on */
	unsigned ntables;
	bool found;
};

static int look_for_private(void *arg, const struct mmu_leaf *leaf)
{
	struct private_walk *walk = arg;

	for (unsigned i = 0; i < leaf->count && !walk->found; i++) {
		struct mmu_entry entry = entry_load(&leaf->entries[i]);

		if (entry_is_blank(entry))
			continue;
		walk->found = !entry_has_page(entry) ||
			      page_kind(pfn_to_page(entry_pfn(entry))) == PAGE_ANON;
	}
	walk->next = mmu_leaf_end(leaf);
	return walk->found || --walk->ntables == 0;
}

/* Has a private mapping pages of its own in the range, resident or in swap? */
static bool has_private(struct space *space, vaddr_t start, vaddr_t end)
{
	struct private_walk walk = { .next = start };
	bool more = true;

	while (more && !walk.found && walk.next < end && vm_pause() == 0) {
		walk.ntables = TABLES_AT_ONCE;
		more = space_visit_piece(space, walk.next, end, look_for_private, &walk);
	}
	return walk.found;
}

/* How many bytes of the mapping the file has. The order is that of Linux's vma_dump_size(). */
static size_t bytes_to_dump(struct core *core, const struct map_facts *map,
			    const struct inode *inode)
{
	struct space *space = &core->uspace->space;
	const unsigned filter = atomic_load(&core->uspace->dump_filter);
	size_t all = map->end - map->start;

	if (vdso_name(map->object))
		return all;
	if (map->flags & VMA_DONTDUMP || (map->object && map->object->ops->unevictable))
		return 0;
	if (map->flags & VMA_SHARED && map->max_prot & VM_PROT_WRITE)
		return filter & (inode && inode->nlink ? DUMP_MAPPED_SHARED : DUMP_ANON_SHARED)
			       ? all
			       : 0;
	if (filter & DUMP_ANON_PRIVATE && !(map->flags & VMA_SHARED) &&
	    has_private(space, map->start, map->end))
		return all;
	if (!map->object)
		return 0;
	if (filter & DUMP_MAPPED_PRIVATE)
		return all;
	return filter & DUMP_ELF_HEADERS ? bytes_of_text(core, map, inode) : 0;
}

static bool list_file(struct core *core, const struct map_facts *map, struct inode *inode)
{
	const uint64_t place[] = { map->start, map->end, map->offset >> PAGE_SHIFT };

	if (inode)
		inode_name(inode, core->path, PATH_MAX);
	else
		str_copy(core->path, "/dev/zero (deleted)", PATH_MAX);
	core->nfiles++;
	return kept_bytes_add(&core->files, place, sizeof(place)) &&
	       kept_bytes_add(&core->names, core->path, strlen(core->path) + 1);
}

static bool list_map(struct core *core, const struct map_facts *map)
{
	struct object *object = map->object;
	struct inode *inode = object && object->ops->inode ? object->ops->inode(object) : NULL;
	const struct abi_elf_segment segment = {
		.type = PT_LOAD,
		.flags = (map->prot & VM_PROT_READ ? ELF_R : 0) |
			 (map->prot & VM_PROT_WRITE ? ELF_W : 0) |
			 (map->prot & VM_PROT_EXEC ? ELF_X : 0),
		.vaddr = map->start,
		.memsz = map->end - map->start,
		.filesz = bytes_to_dump(core, map, inode),
		.align = PAGE_SIZE,
	};
	bool done = true;

	core->nsegments++;
	if (object && !vdso_name(object))
		done = list_file(core, map, inode);
	path_put(inode);
	return done && kept_bytes_add(&core->segments, &segment, sizeof(segment));
}

static bool list_maps(struct core *core)
{
	struct map_facts map = { 0 };
	bool done = true;

	while (done && space_map_at(&core->uspace->space, map.end, &map) == 0) {
		done = list_map(core, &map);
		if (map.object)
			object_put(map.object);
	}
	return done && !current_killed();
}

/* ---- notes ---- */

static size_t note_bytes(size_t n)
{
	return sizeof(struct abi_elf_note) + 8 + ALIGN_UP(n, 4);
}

static bool put_note_head(struct core *core, unsigned type, size_t n)
{
	static const char name[8] = "CORE";
	const struct abi_elf_note note = { .namesz = 5, .descsz = (uint32_t)n, .type = type };

	return core_put(core, &note, sizeof(note)) && core_put(core, name, sizeof(name));
}

static bool put_padding(struct core *core, size_t n)
{
	static const char zeros[4];

	return core_put(core, zeros, ALIGN_UP(n, 4) - n);
}

static bool put_note(struct core *core, unsigned type, const void *bytes, size_t n)
{
	return put_note_head(core, type, n) && core_put(core, bytes, n) && put_padding(core, n);
}

static struct abi_core_time core_time(uint64_t ticks)
{
	uint64_t usec = clock_ticks_to_ns(ticks) / 1000;

	return (struct abi_core_time){ (int64_t)(usec / 1000000), (int64_t)(usec % 1000000) };
}

_Static_assert(sizeof(struct arch_regs) == sizeof(((struct abi_core_status *)0)->regs),
	       "both have all integer registers");

/* Times are the process's for its first thread, as on Linux. Call with process_tree_lock held. */
static void fill_status(struct core *core, struct thread *thread)
{
	const struct process *process = thread->process;
	const struct usage *children = &linux_process(process)->children_usage;
	struct usage usage = { 0 };
	struct arch_regs regs;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (thread == process->leader)
		usage = usage_times(process);
	else
		usage_add_thread(&usage, thread);
	core->status = (struct abi_core_status){
		.signo = core->info->sig,
		.cursig = (int16_t)core->info->sig,
		.sigpend = task_of(thread)->signals.pending.set,
		.sighold = task_of(thread)->signals.held,
		.pid = thread->tid,
		.ppid = process->parent ? process->parent->pid : 0,
		.pgrp = linux_process(process)->group,
		.sid = linux_process(process)->session,
		.utime = core_time(usage.user_ticks),
		.stime = core_time(usage.kernel_ticks),
		.cutime = core_time(children->user_ticks),
		.cstime = core_time(children->kernel_ticks),
		.fpvalid = 1,
	};
	arch_regs_get(&thread->arch, &regs);
	memcpy(core->status.regs, &regs, sizeof(regs));
	arch_fpregs_get(&thread->arch, &core->floats);
}

/* Fills in the next thread from *birth on that waits, but the running one. Returns whether there is one. */
static bool next_thread(struct core *core, uint64_t *birth)
{
	struct thread *thread;

	spin_lock(&process_tree_lock);
	while ((thread = thread_next(current_process(), *birth))) {
		*birth = thread->birth + 1;
		if (thread != current_thread() && !task_of(thread)->signals.exiting) {
			fill_status(core, thread);
			break;
		}
	}
	spin_unlock(&process_tree_lock);
	return thread != NULL;
}

static bool put_status(struct core *core)
{
	return put_note(core, NT_PRSTATUS, &core->status, sizeof(core->status));
}

static bool put_floats(struct core *core)
{
	return put_note(core, NT_FPREGSET, &core->floats, sizeof(core->floats));
}

/* The arguments, with spaces between them, as far as they fit. */
static void read_arguments(const struct core *core, char args[80])
{
	const struct image_layout *layout = &core->uspace->layout;
	size_t n = MIN(layout->arg_end - layout->arg_start, (size_t)79);

	if (vm_copy_from(&core->uspace->space, args, layout->arg_start, n))
		memset(args, 0, n);
	for (size_t i = 0; i < n; i++)
		if (args[i] == '\0')
			args[i] = ' ';
}

static bool put_process(struct core *core)
{
	const struct thread *thread = current_thread();
	const struct process *process = thread->process;
	struct abi_core_info info = {
		.sname = 'R',
		.nice = thread->wish.nice,
		.flag = CORE_FLAGS,
		.uid = task_of(thread)->real_cred->uid,
		.gid = task_of(thread)->real_cred->gid,
		.pid = process->pid,
		.ppid = core->status.ppid,
		.pgrp = core->status.pgrp,
		.sid = core->status.sid,
	};

	memcpy(info.fname, process->leader->name, sizeof(info.fname));
	read_arguments(core, info.psargs);
	return put_note(core, NT_PRPSINFO, &info, sizeof(info));
}

static bool put_signal(struct core *core)
{
	struct {
		struct abi_siginfo info;
		uint8_t rest[128 - sizeof(struct abi_siginfo)];
	} note = { 0 };

	signal_info_to_abi(core->info, &note.info);
	return put_note(core, NT_SIGINFO, &note, 128);
}

/* Reads the auxiliary vector where exec has put it, behind argv and the environment. */
static size_t core_read_auxv(const struct core *core, struct abi_auxv auxv[LINUX_AUXV_COUNT])
{
	vaddr_t at = core->uspace->layout.auxv_start;

	if (vm_copy_from(&core->uspace->space, auxv, at, LINUX_AUXV_COUNT * sizeof(*auxv)))
		return 0;
	return LINUX_AUXV_COUNT * sizeof(*auxv);
}

static bool put_auxv(struct core *core)
{
	struct abi_auxv auxv[LINUX_AUXV_COUNT] = { 0 };
	size_t n = core_read_auxv(core, auxv);

	return put_note(core, NT_AUXV, auxv, MAX(n, sizeof(auxv)));
}

static size_t file_note_bytes(const struct core *core)
{
	return 2 * sizeof(uint64_t) + core->files.len + core->names.len;
}

static bool has_file_note(const struct core *core)
{
	return core->nfiles && file_note_bytes(core) <= FILE_NOTE_MAX;
}

static bool put_files(struct core *core)
{
	const uint64_t head[] = { core->nfiles, PAGE_SIZE };
	size_t n = file_note_bytes(core);

	if (!has_file_note(core))
		return true;
	return put_note_head(core, NT_FILE, n) && core_put(core, head, sizeof(head)) &&
	       core_put_bytes(core, &core->files) && core_put_bytes(core, &core->names) &&
	       put_padding(core, n);
}

static size_t all_notes_bytes(const struct core *core)
{
	size_t n = core->nthreads *
		   (note_bytes(sizeof(core->status)) + note_bytes(sizeof(core->floats)));

	n += note_bytes(sizeof(struct abi_core_info)) + note_bytes(128) +
	     note_bytes(LINUX_AUXV_COUNT * sizeof(struct abi_auxv));
	return has_file_note(core) ? n + note_bytes(file_note_bytes(core)) : n;
}

static bool put_notes(struct core *core)
{
	uint64_t birth = 0;

	spin_lock(&process_tree_lock);
	fill_status(core, current_thread());
	spin_unlock(&process_tree_lock);
	if (!put_status(core) || !put_process(core) || !put_signal(core) || !put_auxv(core) ||
	    !put_files(core) || !put_floats(core))
		return false;
	while (next_thread(core, &birth))
		if (!put_status(core) || !put_floats(core))
			return false;
	return true;
}

/* ---- headers and memory ---- */

static bool put_header(struct core *core)
{
	const struct abi_elf_header header = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.type = ET_CORE,
		.machine = EM_RISCV,
		.version = 1,
		.phoff = sizeof(header),
		.ehsize = sizeof(header),
		.phentsize = sizeof(struct abi_elf_segment),
		.phnum = (uint16_t)(core->nsegments + 1),
	};

	return core_put(core, &header, sizeof(header));
}

/* The headers of all segments: `visit` gets each with its place in the file. */
static bool for_each_segment(struct core *core, uint64_t offset,
			     bool (*visit)(struct core *core,
					   const struct abi_elf_segment *segment))
{
	struct abi_elf_segment segment;
	const struct chunk *chunk;
	size_t have = 0;

	list_for_each_entry(chunk, &core->segments.chunks, link) {
		for (size_t at = 0; at < chunk->used;) {
			size_t part = MIN(sizeof(segment) - have, chunk->used - at);

			memcpy((uint8_t *)&segment + have, chunk->bytes + at, part);
			at += part;
			have += part;
			if (have < sizeof(segment))
				continue;
			have = 0;
			segment.offset = offset;
			offset += segment.filesz;
			if (!visit(core, &segment))
				return false;
		}
	}
	return true;
}

static bool put_segment(struct core *core, const struct abi_elf_segment *segment)
{
	return core_put(core, segment, sizeof(*segment));
}

static bool put_page(struct core *core, vaddr_t va)
{
	struct space *space = &core->uspace->space;
	struct page *page = user_page_if_any(space, va);
	bool done;

	if (!page) {
		core_skip(core, PAGE_SIZE);
		return !current_killed();
	}
	done = core_put(core, page_address(page), PAGE_SIZE);
	put_user_page(space, page, VM_PROT_READ);
	return done;
}

static bool put_contents(struct core *core, const struct abi_elf_segment *segment)
{
	for (vaddr_t va = segment->vaddr; va < segment->vaddr + segment->filesz; va += PAGE_SIZE)
		if (!put_page(core, va) || vm_pause())
			return false;
	return true;
}

static bool put_all(struct core *core)
{
	uint64_t notes = sizeof(struct abi_elf_header) +
			 (core->nsegments + 1) * sizeof(struct abi_elf_segment);
	const struct abi_elf_segment segment = {
		.type = PT_NOTE, .offset = notes, .filesz = all_notes_bytes(core), .align = 4
	};
	uint64_t memory = ALIGN_UP(notes + segment.filesz, PAGE_SIZE);

	if (!put_header(core) || !put_segment(core, &segment) ||
	    !for_each_segment(core, memory, put_segment) || !put_notes(core))
		return false;
	core->pos = memory;
	return for_each_segment(core, memory, put_contents);
}

/* A hole at the end of the file needs a last byte. */
static void end_hole(struct core *core)
{
	static const char zero;

	if (!core->in_hole)
		return;
	core->pos--;
	(void)core_put(core, &zero, 1);
}

/* ---- the file ---- */

/*
 * As on Linux, a file that is there is removed, not written over, so that it need not be looked at: a link leads
 * nowhere, and another's file stays his.
 */
static struct file *open_core(const char *name)
{
	struct file *cwd = process_cwd(), *file = NULL;
	const struct inode *inode;
	int err;

	(void)fs_unlink(cwd, name);
	err = fs_open(cwd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600 & ~process_umask(),
		      &file);
	file_put(cwd);
	if (err)
		return NULL;
	inode = file->ops->has_inode ? file_inode(file) : NULL;
	if (inode && S_ISREG(inode->mode) && (inode->mode & 0677) == 0600 &&
	    inode->uid == current_cred()->fsuid && file->ops->write)
		return file;
	file_put(file);
	return NULL;
}

static struct core *core_create(const struct signal_info *info)
{
	struct core *core = mem_wait_kzalloc(sizeof(*core));
	struct process *process = current_process();

	if (!core)
		return NULL;
	core->info = info;
	core->uspace = process->uspace;
	core->limit = process_own_limit(RLIMIT_CORE);
	core->nthreads = linux_process(process)->signals.nthreads;
	list_init(&core->segments.chunks);
	list_init(&core->files.chunks);
	list_init(&core->names.chunks);
	core->path = mem_wait_kmalloc(PATH_MAX);
	if (core->path)
		return core;
	kfree(core);
	return NULL;
}

static void core_free(struct core *core)
{
	kept_bytes_free(&core->segments);
	kept_bytes_free(&core->files);
	kept_bytes_free(&core->names);
	if (core->file)
		file_put(core->file);
	kfree(core->path);
	kfree(core);
}

bool core_file_write(const struct signal_info *info)
{
	struct core *core = core_create(info);
	bool begun = false;

	if (!core)
		return false;
	if (core_name_make(core->path, PATH_MAX, info->sig) == 0)
		core->file = open_core(core->path);
	if (core->file && list_maps(core)) {
		begun = true;
		if (put_all(core))
			end_hole(core);
	}
	core_free(core);
	return begun;
}
