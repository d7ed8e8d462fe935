/* SPDX-License-Identifier: MIT */
/* The device-tree reader: against libfdt, and what the boot asks of it. */
#include <errno.h>

#include "fdt_blobs.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "test.h"

static void compare_reserved(const void *blob, size_t size)
{
	unsigned n = (unsigned)fdt_num_mem_rsv(blob);
	uint64_t a, s, b, t;
	struct dt dt;

	assert_int_equal(dt_init(&dt, blob, size, NULL), 0);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(dt_reserved(&dt, i, &a, &s), 0);
		must(fdt_get_mem_rsv(blob, (int)i, &b, &t));
		assert_int_equal(a, b);
		assert_int_equal(s, t);
	}
	assert_int_equal(dt_reserved(&dt, n, &a, &s), -ENOENT);
}

void test_setup(void)
{
	fdt_blobs_init(test_argument);
}

TEST(against_libfdt)
{
	assert_true(compare_all(qemu_blob, qemu_size) > 20);
	assert_int_equal(compare_all(made_blob, made_size), 5);
	compare_reserved(qemu_blob, qemu_size);
	compare_reserved(made_blob, made_size);
}

TEST(what_boot_asks)
{
	uint64_t addr, size, n;
	struct dt dt;
	dt_node node;
	uint32_t cell;

	assert_int_equal(dt_init(&dt, qemu_blob, qemu_size, NULL), 0);
	node = dt_path(&dt, "/memory");
	assert_string_equal(dt_name(&dt, node), "memory@80000000");
	assert_int_equal(dt_reg(&dt, node, 0, &addr, &size), 0);
	assert_int_equal(addr, 0x80000000u);
	assert_int_equal(size, 256 << 20);
	assert_int_equal(dt_reg(&dt, node, 1, &addr, &size), -ENOENT);
	node = dt_path(&dt, "/chosen");
	assert_string_equal(dt_string(&dt, node, "bootargs"), "loglevel=info init=/init");
	assert_int_equal(dt_number(&dt, node, "linux,initrd-start", &n), 0);
	assert_int_equal(n, 0x88200000u);
	assert_int_equal(dt_number(&dt, node, "rng-seed", &n), -EINVAL);
	assert_int_equal(dt_number(&dt, node, "none", &n), -ENOENT);
	node = dt_path(&dt, dt_string(&dt, node, "stdout-path"));
	assert_true(dt_compatible(&dt, node, "ns16550a"));
	assert_true(dt_available(&dt, node));
	assert_int_equal(dt_cell(&dt, node, "interrupts", 0, &cell), 0);
	assert_int_equal(cell, 10);
	assert_int_equal(dt_number(&dt, dt_path(&dt, "/cpus"), "timebase-frequency", &n), 0);
	assert_int_equal(n, 10000000);
	assert_int_equal(dt_reg(&dt, dt_path(&dt, "/cpus/cpu@1"), 0, &addr, &size), 0);
	assert_int_equal(addr, 1);
	assert_int_equal(size, 0);
}

TEST(search)
{
	unsigned count = 0;
	struct dt dt;
	dt_node node = -1;
	uint32_t phandle;

	assert_int_equal(dt_init(&dt, qemu_blob, qemu_size, NULL), 0);
	while ((node = dt_next_compatible(&dt, node, "virtio,mmio")) >= 0)
		count++;
	assert_int_equal(count, 8);
	node = dt_next_compatible(&dt, -1, "sifive,plic-1.0.0");
	assert_int_equal(dt_cell(&dt, node, "phandle", 0, &phandle), 0);
	assert_int_equal(dt_phandle(&dt, phandle), node);
	assert_int_equal(dt_phandle(&dt, 999999), -ENOENT);
	assert_int_equal(dt_next_compatible(&dt, -1, "nothing"), -ENOENT);
}

TEST(paths_and_aliases)
{
	struct dt dt;
	dt_node serial;

	assert_int_equal(dt_init(&dt, made_blob, made_size, NULL), 0);
	serial = dt_path(&dt, "/soc/serial@10");
	assert_true(serial > 0);
	assert_int_equal(dt_path(&dt, "/"), dt_root(&dt));
	assert_int_equal(dt_path(&dt, "//soc//serial@10/"), serial);
	assert_int_equal(dt_path(&dt, "/soc/serial"), serial);
	assert_int_equal(dt_path(&dt, "serial0"), serial);
	assert_int_equal(dt_path(&dt, "serial0:115200n8"), serial);
	assert_int_equal(dt_path(&dt, "/soc/serial@10:115200/x"), serial);
	assert_int_equal(dt_path(&dt, "bus/serial@10"), serial);
	assert_true(dt_path(&dt, "/soc/serial@1") < 0);
	assert_true(dt_path(&dt, "/so") < 0);
	assert_true(dt_path(&dt, "") < 0);
	assert_true(dt_path(&dt, "loop") < 0);
	assert_true(dt_path(&dt, "raw") < 0);
	assert_true(dt_path(&dt, "serial") < 0);
}

TEST(odd_properties)
{
	uint64_t addr, size;
	struct dt dt;
	dt_node node;
	uint32_t len = 1;

	assert_int_equal(dt_init(&dt, made_blob, made_size, NULL), 0);
	node = dt_phandle(&dt, 77);
	assert_string_equal(dt_string_at(&dt, node, "compatible", 1), "three");
	assert_null(dt_string_at(&dt, node, "compatible", 2));
	assert_null(dt_string(&dt, node, "compatible"));
	assert_false(dt_available(&dt, node));
	assert_non_null(dt_prop(&dt, node, "empty", &len));
	assert_int_equal(len, 0);
	assert_null(dt_string(&dt, node, "empty"));
	assert_int_equal(dt_reg(&dt, node, 0, &addr, &size), 0);
	assert_int_equal(addr, 0x10);
	assert_int_equal(size, 0x200);
	node = dt_next_sibling(&dt, node);
	assert_string_equal(dt_name(&dt, node), "serial@20");
	assert_false(dt_compatible(&dt, node, "unterminated"));
	assert_int_equal(dt_reg(&dt, node, 0, &addr, &size), -ENOENT);
	assert_int_equal(dt_next_sibling(&dt, node), -ENOENT);
	assert_int_equal(dt_reg(&dt, dt_root(&dt), 0, &addr, &size), -ENOENT);
}
