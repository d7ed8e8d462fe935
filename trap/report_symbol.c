/* SPDX-License-Identifier: MIT */
/* Reads the running image's symbols from its file, only when a report needs a name. */
#include "trap/report_symbol.h"

#include "lib/elf_symbol.h"
#include "lib/format.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/phys/page_alloc.h"
#include "proc/exe.h"
#include "proc/process.h"

/* With fewer free frames than this no name is looked up: reading the file may need some. */
#define FRAMES_NEEDED 256

static ssize_t read_image(void *arg, uint64_t pos, void *to, size_t n)
{
	struct object *object = arg;

	return object_read_kernel(object, pos, to, n);
}

bool symbol_text(vaddr_t addr, char *buf, size_t size)
{
	const struct exe *exe = current_process()->exe;
	struct elf_symbol symbol;
	struct elf_file file;

	buf[0] = '\0';
	if (!exe || page_alloc_free_count() < FRAMES_NEEDED)
		return false;
	file = (struct elf_file){ .read = read_image, .arg = exe->object };
	if (elf_find_symbol(&file, addr - exe->bias, &symbol) != 0)
		return false;
	ksnprintf(buf, size, " <%s+0x%lx>", symbol.name, (unsigned long)symbol.offset);
	return symbol.variable;
}
