/* SPDX-License-Identifier: MIT */
/* Reads the device tree: memory, reserved memory, and /chosen. */
#include "boot/device_tree.h"

#include "abi/errno.h"
#include "arch/page.h"
#include "lib/bits.h"
#include "lib/string.h"

/* A larger device tree is invalid. */
#define DTB_MAX (2u << 20)

/* The first reserved ranges are the kernel and the device tree. */
#define NRESERVED_OWN 2

struct boot_info boot_info; /* const after boot */

static int add_range(struct phys_range *ranges, unsigned *n, uint64_t start, uint64_t size)
{
	uint64_t end;

	if (size == 0)
		return 0;
	if (add_overflows(start, size, &end))
		return -EINVAL;
	if (*n == BOOT_RANGES)
		return -ENOSPC;
	ranges[(*n)++] = (struct phys_range){ .start = start, .end = end };
	return 0;
}

static int boot_range_reserve(struct boot_info *info, uint64_t start, uint64_t size)
{
	return add_range(info->reserved, &info->nreserved, start, size);
}

static int read_memory(struct boot_info *info)
{
	uint64_t start, size;
	dt_node node;

	dt_for_each_child(node, &info->dt, dt_root(&info->dt))
	{
		const char *type = dt_string(&info->dt, node, "device_type");

		if (!type || strcmp(type, "memory") != 0 || !dt_available(&info->dt, node))
			continue;
		for (unsigned i = 0; dt_reg(&info->dt, node, i, &start, &size) == 0; i++)
			/* Memory beyond the direct map or BOOT_RANGES ranges is not used. */
			if (start < PHYS_TOP && add_range(info->ram, &info->nram, start,
							  MIN(size, PHYS_TOP - start)) == -EINVAL)
				return -EINVAL;
	}
	return info->nram > 0 ? 0 : -ENOENT;
}

/* No reserved range may be missed, so here too many ranges are an error. */
static int read_reserved(struct boot_info *info)
{
	uint64_t start, size;
	dt_node node, top = dt_path(&info->dt, "/reserved-memory");
	int err = 0;

	for (unsigned i = 0; !err && dt_reserved(&info->dt, i, &start, &size) == 0; i++)
		err = boot_range_reserve(info, start, size);
	info->first_node = info->nreserved;
	if (top < 0)
		return err;
	dt_for_each_child(node, &info->dt,
			  top) for (unsigned i = 0;
				    !err && dt_reg(&info->dt, node, i, &start, &size) == 0; i++)
		err = boot_range_reserve(info, start, size);
	return err;
}

/*
 * Does the range overlap the kernel, the device tree, or the range of a reserving node?
 * Reservations in the tree's header do not count, because one of them may be for the archive
 * itself.
 */
static bool boot_range_is_taken(const struct boot_info *info, struct phys_range range)
{
	for (unsigned i = 0; i < info->nreserved; i++)
		if ((i < NRESERVED_OWN || i >= info->first_node) &&
		    range.start < info->reserved[i].end && info->reserved[i].start < range.end)
			return true;
	return false;
}

static int read_initrd(struct boot_info *info, dt_node chosen)
{
	uint64_t start, end;

	if (dt_number(&info->dt, chosen, "linux,initrd-start", &start) != 0 ||
	    dt_number(&info->dt, chosen, "linux,initrd-end", &end) != 0)
		return 0;
	if (end <= start)
		return end == start ? 0 : -EINVAL;
	info->initrd = (struct phys_range){ start, end };
	if (boot_range_is_taken(info, info->initrd))
		return -EINVAL;
	return boot_range_reserve(info, start, end - start);
}

/* Returns the end of the memory range that contains `at`, or 0 if none does. */
static paddr_t boot_memory_end(const struct boot_info *info, paddr_t at)
{
	for (unsigned i = 0; i < info->nram; i++)
		if (info->ram[i].start <= at && at < info->ram[i].end)
			return info->ram[i].end;
	return 0;
}

static bool is_memory(const struct boot_info *info, struct phys_range range)
{
	while (range.start < range.end) {
		range.start = boot_memory_end(info, range.start);
		if (range.start == 0)
			return false;
	}
	return true;
}

/* The kernel, the tree and the archive must be in memory. Returns an error message, or NULL. */
static const char *check_places(const struct boot_info *info)
{
	if (!is_memory(info, info->reserved[0]))
		return "the kernel is outside the memory that it describes";
	if (!is_memory(info, info->reserved[1]))
		return "the tree itself is outside the memory that it describes";
	if (info->initrd.end != 0 && !is_memory(info, info->initrd))
		return "the boot archive is outside the memory that it describes";
	return NULL;
}

static void read_cpus(struct boot_info *info)
{
	dt_node cpus = dt_path(&info->dt, "/cpus"), cpu;
	uint32_t cell;

	info->timebase = dt_cell(&info->dt, cpus, "timebase-frequency", 0, &cell) == 0 ? cell : 0;
	dt_for_each_child(cpu, &info->dt, cpus)
	{
		const char *type = dt_string(&info->dt, cpu, "device_type");

		if (type && strcmp(type, "cpu") == 0 && dt_available(&info->dt, cpu))
			info->ncpus++;
	}
}

int boot_info_read(paddr_t dtb, unsigned long hart_id, const char **why_ret)
{
	struct boot_info *info = &boot_info;
	struct phys_range image = arch_image();
	dt_node chosen;
	int err;

	info->hart_id = hart_id;
	err = dt_init(&info->dt, arch_phys_to_virt(dtb), DTB_MAX, why_ret);
	if (err)
		return err;
	*why_ret = "too many reserved ranges";
	if (boot_range_reserve(info, image.start, image.end - image.start) ||
	    boot_range_reserve(info, dtb, info->dt.size))
		return -EINVAL;
	chosen = dt_path(&info->dt, "/chosen");
	info->cmdline = dt_string(&info->dt, chosen, "bootargs");
	if (!info->cmdline)
		info->cmdline = "";
	info->model = dt_string(&info->dt, dt_root(&info->dt), "model");
	info->rng_seed = dt_prop(&info->dt, chosen, "rng-seed", &info->rng_seed_len);
	read_cpus(info);
	if (read_reserved(info) != 0)
		return -EINVAL;
	*why_ret =
		"linux,initrd-start and linux,initrd-end are no valid range, or overlap a reserved one";
	if (read_initrd(info, chosen) != 0)
		return -EINVAL;
	*why_ret = "no usable memory node";
	if (read_memory(info) != 0)
		return -EINVAL;
	*why_ret = check_places(info);
	if (*why_ret)
		return -EINVAL;
	*why_ret = "no timebase-frequency";
	return info->timebase != 0 ? 0 : -EINVAL;
}
