/* SPDX-License-Identifier: MIT */
/* Lays an ELF image out: reads the headers and maps the segments, whose pages are brought in by faults. */
#include "proc/exec_load.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/object/object_io.h"
#include "mm/phys/kmalloc.h"
#include "mm/verbs.h"
#include "mm/verbs/map.h"
#include "proc/mem_wait.h"
#include "proc/uspace.h"

/* As on Linux: the initial stack size, and the limits of how far below the top mmap begins. */
#define STACK_FIRST_BYTES (128ul << 10)
#define STACK_GUARD_PAGES 256
#define MMAP_GAP_LEAST	  (128ul << 20)
#define MMAP_GAP_MOST	  (USER_TOP / 6 * 5)

/* Where a position-independent image is loaded: two thirds up the user space. Its heap follows. */
#define DYN_BASE (USER_TOP / 3 * 2)

static const struct elf_limits limits = { .base = USER_BASE,
					  .top = USER_TOP,
					  .page_size = PAGE_SIZE };

static int read_phdrs(struct exec_headers *headers, struct object *object)
{
	size_t bytes = elf_phdr_bytes(&headers->image);
	ssize_t got = object_read_kernel(object, headers->image.phoff, headers->phdrs, bytes);
	int err;

	if (got < 0)
		return (int)got;
	if ((size_t)got != bytes)
		return -ENOEXEC;
	err = elf_parse_phdrs(&limits, headers->phdrs, &headers->image, &headers->late);
	return headers->late ? 0 : err;
}

static int read_table(struct exec_headers *headers, struct object *object)
{
	headers->phdrs = mem_wait_kmalloc(elf_phdr_bytes(&headers->image));
	if (!headers->phdrs)
		return -ENOMEM;
	return read_phdrs(headers, object);
}

int exec_headers_read(struct exec_headers *headers, struct object *object)
{
	char buf[ELF_HEADER_BYTES];
	ssize_t got = object_read_kernel(object, 0, buf, sizeof(buf));
	int err;

	*headers = (struct exec_headers){ 0 };
	if (got < 0)
		return (int)got;
	err = elf_parse_header(buf, (size_t)got, &headers->image);
	return err ? err : read_table(headers, object);
}

int exec_interp_read(struct exec_headers *headers, struct object *object)
{
	char buf[ELF_HEADER_BYTES];
	ssize_t got = object_read_kernel(object, 0, buf, sizeof(buf));
	int err;

	*headers = (struct exec_headers){ 0 };
	if (got < 0)
		return (int)got;
	if ((size_t)got < sizeof(buf))
		return -EIO;
	err = elf_parse_interp_header(buf, &headers->image);
	if (!err)
		err = read_table(headers, object);
	return err == -ENOEXEC ? -ELIBBAD : err;
}

int exec_interp_name(const struct exec_headers *headers, struct object *object, char **name_ret)
{
	uint64_t offset = headers->image.interp_offset, end;
	size_t bytes = headers->image.interp_bytes;
	char *name;
	ssize_t got;

	if (add_overflows(offset, bytes, &end) || end > INT64_MAX)
		return -EINVAL;
	name = mem_wait_kmalloc(bytes);
	if (!name)
		return -ENOMEM;
	got = object_read_kernel(object, offset, name, bytes);
	if (got == (ssize_t)bytes && name[bytes - 1] == '\0') {
		*name_ret = name;
		return 0;
	}
	kfree(name);
	if (got < 0)
		return (int)got;
	return got == (ssize_t)bytes ? -ENOEXEC : -EIO;
}

void exec_headers_free(struct exec_headers *headers)
{
	kfree(headers->phdrs);
	headers->phdrs = NULL;
}

static unsigned segment_prot(const struct elf_segment *segment)
{
	return (segment->flags & ELF_R ? VM_PROT_READ : 0) |
	       (segment->flags & ELF_W ? VM_PROT_WRITE : 0) |
	       (segment->flags & ELF_X ? VM_PROT_EXEC : 0);
}

/*
 * Maps the pages that contain bytes of the file. If the segment's memory continues after the file's
 * bytes, the rest of the last page reads as zeros. Otherwise that page is the file's own, so
 * processes can share it.
 */
static int map_file_part(struct space *space, struct object *object,
			 const struct elf_segment *segment, vaddr_t va)
{
	vaddr_t start = ALIGN_DOWN(va, PAGE_SIZE), end = ALIGN_UP(va + segment->filesz, PAGE_SIZE),
		at;
	struct map_request request = {
		.addr = start,
		.len = end - start,
		.prot = segment_prot(segment),
		.max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC,
		.flags = MAP_PRIVATE | MAP_FIXED,
		.object = object,
		.offset = segment->offset - (va - start),
		.backend = &vma_elf,
		.file_end = segment->memsz > segment->filesz ? va + segment->filesz : end,
		.vma_flags = segment->flags & ELF_X ? VMA_TEXT : 0,
	};

	return vm_map(space, &request, &at);
}

static int map_zero_part(struct space *space, const struct elf_segment *segment, vaddr_t va)
{
	vaddr_t end = ALIGN_UP(va + segment->memsz, PAGE_SIZE), at;
	vaddr_t start = segment->filesz ? ALIGN_UP(va + segment->filesz, PAGE_SIZE)
					: ALIGN_DOWN(va, PAGE_SIZE);
	struct map_request request = {
		.addr = start,
		.len = end - start,
		.prot = segment_prot(segment),
		.max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};

	return end > start ? vm_map(space, &request, &at) : 0;
}

/* Notes where the image's code and data are. */
static void note_segment(struct image_layout *layout, const struct elf_segment *segment, vaddr_t va)
{
	vaddr_t end = va + segment->filesz;

	if (segment->flags & ELF_X) {
		if (layout->code_end == 0 || va < layout->code_start)
			layout->code_start = va;
		layout->code_end = MAX(layout->code_end, end);
	}
	layout->data_start = MAX(layout->data_start, va);
	layout->data_end = MAX(layout->data_end, end);
}

/* Stores the end of the highest segment in *end_ret. */
static int map_segments(struct uspace *uspace, struct object *object,
			const struct exec_headers *headers, vaddr_t bias, vaddr_t *end_ret)
{
	struct space *space = &uspace->space;
	struct elf_segment segment;
	unsigned index = 0;

	uspace->layout = (struct image_layout){ 0 };
	while (elf_next_segment(&headers->image, headers->phdrs, &index, &segment)) {
		vaddr_t va = segment.vaddr + bias;
		int err = 0;

		if (segment.memsz == 0)
			continue;
		if (segment.filesz)
			err = map_file_part(space, object, &segment, va);
		if (!err && segment.memsz > segment.filesz)
			err = map_zero_part(space, &segment, va);
		if (err)
			return err;
		note_segment(&uspace->layout, &segment, va);
		*end_ret = MAX(*end_ret, va + segment.memsz);
	}
	space->image_data_bytes = uspace->layout.data_end - uspace->layout.data_start;
	return 0;
}

static int map_stack(struct space *space, size_t args_bytes, bool exec)
{
	size_t bytes = ALIGN_UP(args_bytes, PAGE_SIZE) + STACK_FIRST_BYTES;
	vaddr_t at;
	struct map_request request = {
		.prot = VM_PROT_READ | VM_PROT_WRITE | (exec ? VM_PROT_EXEC : 0),
		.max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN,
		.vma_flags = VMA_STACK,
	};

	bytes = MIN(bytes, MAX(ALIGN_DOWN(space->limit_stack, PAGE_SIZE),
			       ALIGN_UP(args_bytes, PAGE_SIZE)));
	request.addr = USER_TOP - bytes;
	request.len = bytes;
	return vm_map(space, &request, &at);
}

/* Sets where mmap begins, below the largest stack and its guard gap, and the heap. Call with the mmap lock held. */
static void exec_place(struct space *space, vaddr_t end)
{
	uint64_t gap = MIN(space->limit_stack, MMAP_GAP_MOST) + STACK_GUARD_PAGES * PAGE_SIZE;

	gap = MIN(MAX(gap, MMAP_GAP_LEAST), MMAP_GAP_MOST);
	space->mmap_top = space->mmap_up ? ALIGN_UP(DYN_BASE, PAGE_SIZE)
					 : ALIGN_DOWN(USER_TOP - gap, PAGE_SIZE);
	space->stack_top = USER_TOP;
	space->brk_start = space->brk = ALIGN_UP(end, PAGE_SIZE);
}

/*
 * Returns what is added to the image's addresses; 0 unless it is position-independent. An alignment
 * for which the user space has no room is ignored.
 */
static vaddr_t choose_bias(const struct elf_image *image)
{
	vaddr_t bias = ALIGN_DOWN(DYN_BASE - image->low, image->align);
	vaddr_t start = image->low + bias;

	if (!image->is_dyn)
		return 0;
	if (start < USER_BASE || start > DYN_BASE)
		bias = ALIGN_DOWN(DYN_BASE, PAGE_SIZE) - image->low;
	return bias;
}

int exec_load(struct uspace *uspace, struct object *object, const struct exec_headers *headers,
	      size_t args_bytes, vaddr_t *bias_ret)
{
	const struct elf_image *image = &headers->image;
	struct space *space = &uspace->space;
	vaddr_t bias = choose_bias(image), end = 0;
	int err;

	uspace_lock(uspace);
	exec_place(space, USER_BASE);
	err = map_stack(space, args_bytes, image->exec_stack);
	if (!err)
		err = map_segments(uspace, object, headers, bias, &end);
	if (!err)
		exec_place(space, end);
	uspace_unlock(uspace);
	*bias_ret = bias;
	return err;
}

/* Chooses what is added to the interpreter's addresses. */
static int exec_place_interp(struct space *space, const struct elf_image *image, bool prefer,
			     vaddr_t *bias_ret)
{
	vaddr_t start;
	int err;

	*bias_ret = 0;
	if (!image->is_dyn)
		return 0;
	if (image->high - image->low > USER_TOP - USER_BASE)
		return -ENOMEM;
	space_lock(space);
	err = map_choose_address(space, prefer ? image->low : 0, image->high - image->low, USER_TOP,
				 &start);
	space_unlock(space);
	if (!err)
		*bias_ret = start - image->low;
	return err;
}

int exec_load_interp(struct uspace *uspace, struct object *object,
		     const struct exec_headers *headers, bool prefer, vaddr_t *bias_ret)
{
	struct space *space = &uspace->space;
	/* What others see of the image, and what brk counts, is the program's. */
	struct image_layout layout = uspace->layout;
	size_t data_bytes = space->image_data_bytes;
	vaddr_t end = 0;
	int err;

	uspace_lock(uspace);
	err = exec_place_interp(space, &headers->image, prefer, bias_ret);
	if (!err)
		err = map_segments(uspace, object, headers, *bias_ret, &end);
	uspace_unlock(uspace);
	uspace->layout = layout;
	space->image_data_bytes = data_bytes;
	return err;
}
