/* SPDX-License-Identifier: MIT */
/* The vDSO: a page of data, [vvar], and behind it one of code, [vdso]. All programs map the same two pages. */
#include "linux/process/vdso.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/vdso.h"
#include "arch/describe.h"
#include "arch/isa.h"
#include "base/clock.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/verbs.h"
#include "mm/verbs/map.h"
#include "proc/uspace.h"

static const struct object_ops vdso_ops = { .name = "vdso", .unevictable = true };

/* What is mapped, from below. */
enum { VDSO_DATA, VDSO_CODE, VDSO_PAGES };

static const struct {
	const char *name;
	unsigned prot, max_prot;
} parts[VDSO_PAGES] = {
	[VDSO_DATA] = { "[vvar]", VM_PROT_READ, VM_PROT_READ },
	[VDSO_CODE] = { "[vdso]", VM_PROT_READ | VM_PROT_EXEC,
			VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC },
};

/* const after boot: */
static struct object objects[VDSO_PAGES]; /* of a page each */
static struct vdso_data *data;		  /* the page of the first, which stays where it is */

static void fill_hwprobe(uint64_t value[RISCV_HWPROBE_KEYS])
{
	const struct arch_ids ids = arch_hart_ids();

	value[RISCV_HWPROBE_KEY_MVENDORID] = ids.vendor;
	value[RISCV_HWPROBE_KEY_MARCHID] = ids.architecture;
	value[RISCV_HWPROBE_KEY_MIMPID] = ids.implementation;
	value[RISCV_HWPROBE_KEY_BASE_BEHAVIOR] = RISCV_HWPROBE_BASE_BEHAVIOR_IMA;
	value[RISCV_HWPROBE_KEY_IMA_EXT_0] = arch_isa_extensions();
	value[RISCV_HWPROBE_KEY_CPUPERF_0] = arch_misaligned_speed();
	value[RISCV_HWPROBE_KEY_MISALIGNED_SCALAR] = arch_misaligned_speed();
	value[RISCV_HWPROBE_KEY_ZICBOZ_BLOCK_SIZE] = 0; /* cbo.zero is not allowed in user mode */
	value[RISCV_HWPROBE_KEY_HIGHEST_VIRT_ADDRESS] = USER_TOP;
	value[RISCV_HWPROBE_KEY_TIME_CSR_FREQ] = clock_timebase();
}

static void fill_data(void)
{
	vdso_data_begin(data, clock_deadline(0), clock_timebase());
	fill_hwprobe(data->hwprobe);
	clock_move_wall(&data->wall_at_boot_ns);
}

int vdso_init(void)
{
	const size_t size = (uintptr_t)vdso_image_end - (uintptr_t)vdso_image;
	struct page *page;

	for (unsigned i = 0; i < VDSO_PAGES; i++) {
		object_init(&objects[i], &vdso_ops, PAGE_SIZE);
		object_set_label(&objects[i], parts[i].name, BACKING_KERNEL);
	}
	if (object_write_kernel(&objects[VDSO_CODE], 0, vdso_image, size) != (ssize_t)size ||
	    object_page_wait(&objects[VDSO_DATA], 0, &page, false))
		return -ENOMEM;
	data = page_address(page);
	page_put(page); /* the index has it */
	fill_data();
	return 0;
}

int vdso_map(struct uspace *uspace, vaddr_t *code_ret)
{
	struct map_request request = {
		.len = PAGE_SIZE,
		.flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE,
		.keeps_max_prot = true,
	};
	struct space *space = &uspace->space;
	vaddr_t at;
	int err;

	uspace_lock(uspace);
	space_lock(space);
	err = map_choose_address(space, 0, VDSO_PAGES * PAGE_SIZE, USER_TOP, &at);
	space_unlock(space);
	for (unsigned i = 0; i < VDSO_PAGES && !err; i++) {
		request.addr = at + i * PAGE_SIZE;
		request.object = &objects[i];
		request.prot = parts[i].prot;
		request.max_prot = parts[i].max_prot;
		err = vm_map(space, &request, code_ret);
	}
	uspace->sigreturn = request.addr + VDSO_RT_SIGRETURN;
	uspace_unlock(uspace);
	return err ? -ENOMEM : 0;
}

void vdso_find_held(void)
{
	for (unsigned i = 0; i < VDSO_PAGES; i++)
		object_found(&objects[i]);
}

const char *vdso_name(const struct object *object)
{
	return object && object->ops == &vdso_ops ? parts[object - objects].name : NULL;
}

bool vdso_hwprobe(int64_t key, uint64_t *value_ret)
{
	if ((uint64_t)key >= RISCV_HWPROBE_KEYS)
		return false;
	*value_ret = data->hwprobe[key];
	return true;
}
