/* SPDX-License-Identifier: MIT */
/* Programs of a few instructions, run by processes of tests. */
#include "tests/kernel/user_program.h"

#include "abi/mman.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define CODE_OFFSET PAGE_SIZE

static const struct program *as_program(void *arg)
{
	return arg;
}

int program_load(const struct program *program)
{
	struct uspace *us = current_process()->uspace;
	long text, data;
	int err;

	uspace_lock(us);
	us->space.brk_start = us->space.brk = us->space.brk_high = HEAP_AT;
	text = space_map(us, CODE_AT, PAGE_SIZE, READ_WRITE, 0);
	data = space_map(us, DATA_AT, PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	if (text < 0 || data < 0)
		return (int)(text < 0 ? text : data);
	err = user_copy_out(CODE_AT, program->code, program->n * sizeof(*program->code));
	if (err)
		return err;
	uspace_lock(us);
	err = vm_protect(&us->space, CODE_AT, PAGE_SIZE, READ | EXEC);
	uspace_unlock(us);
	return err;
}

int program_main(void *arg)
{
	if (program_load(as_program(arg)))
		return 99;
	ktest_enter(CODE_AT, 0);
}

/* As the ELF standard has them. */
struct header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct header) == ELF_HEADER_BYTES, "the header of the file format");
_Static_assert(sizeof(struct segment) == ELF_PHDR_BYTES, "the segment of the file format");

#define TYPE_EXEC     2
#define MACHINE_RISCV 243
#define SEGMENT_LOAD  1

static void put_header(char *to, unsigned nsegments)
{
	struct header header = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.type = TYPE_EXEC,
		.machine = MACHINE_RISCV,
		.version = 1,
		.entry = CODE_AT,
		.phoff = sizeof(header),
		.ehsize = sizeof(header),
		.phentsize = sizeof(struct segment),
		.phnum = (uint16_t)nsegments,
	};

	memcpy(to, &header, sizeof(header));
}

struct object *program_image(const struct program *program, unsigned bss_pages)
{
	size_t bytes = program->n * sizeof(*program->code);
	struct segment segments[2] = {
		{ SEGMENT_LOAD, ELF_R | ELF_X, CODE_OFFSET, CODE_AT, CODE_AT, bytes, bytes,
		  PAGE_SIZE },
		{ SEGMENT_LOAD, ELF_R | ELF_W, 0, DATA_AT, DATA_AT, 0, bss_pages * PAGE_SIZE,
		  PAGE_SIZE },
	};
	char head[sizeof(struct header) + sizeof(segments)];
	struct object *object = object_create_anon(0);

	if (!object)
		return NULL;
	put_header(head, bss_pages ? 2 : 1);
	memcpy(head + sizeof(struct header), segments, sizeof(segments));
	if (object_write_kernel(object, 0, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	    object_write_kernel(object, CODE_OFFSET, program->code, bytes) == (ssize_t)bytes)
		return object;
	object_put(object);
	return NULL;
}
