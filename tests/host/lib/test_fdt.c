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

	assert_int_equal(0, dt_init(&dt, blob, size, NULL));
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(0, dt_reserved(&dt, i, &a, &s));
		must(fdt_get_mem_rsv(blob, (int)i, &b, &t));
		assert_int_equal(b, a);
		assert_int_equal(t, s);
	}
	assert_int_equal(-ENOENT, dt_reserved(&dt, n, &a, &s));
}

void test_setup(void)
{
	fdt_blobs_init(test_argument);
}

TEST(against_libfdt)
{
	assert_true(compare_all(qemu_blob, qemu_size) > 20);
	assert_int_equal(5, compare_all(made_blob, made_size));
	compare_reserved(qemu_blob, qemu_size);
	compare_reserved(made_blob, made_size);
}

TEST(what_boot_asks)
{
	uint64_t addr, size, n;
	struct dt dt;
	dt_node node;
	uint32_t cell;

	assert_int_equal(0, dt_init(&dt, qemu_blob, qemu_size, NULL));
	node = dt_path(&dt, "/memory");
	assert_string_equal("memory@80000000", dt_name(&dt, node));
	assert_int_equal(0, dt_reg(&dt, node, 0, &addr, &size));
	assert_int_equal(0x80000000u, addr);
	assert_int_equal(256 << 20, size);
	/* A parent that does not say has 2 cells of address and 1 of size: the upper half here. */
	assert_int_equal(0, dt_reg_in(&dt, dt_path(&dt, "/chosen"), node, 0, &addr, &size));
	assert_int_equal(0, size);
	assert_int_equal(-ENOENT, dt_reg(&dt, node, 1, &addr, &size));
	node = dt_path(&dt, "/chosen");
	assert_string_equal("loglevel=info init=/init", dt_string(&dt, node, "bootargs"));
	assert_int_equal(0, dt_number(&dt, node, "linux,initrd-start", &n));
	assert_int_equal(0x88200000u, n);
	assert_int_equal(-EINVAL, dt_number(&dt, node, "rng-seed", &n));
	assert_int_equal(-ENOENT, dt_number(&dt, node, "none", &n));
	node = dt_path(&dt, dt_string(&dt, node, "stdout-path"));
	assert_true(dt_compatible(&dt, node, "ns16550a"));
	assert_true(dt_available(&dt, node));
	assert_int_equal(0, dt_cell(&dt, node, "interrupts", 0, &cell));
	assert_int_equal(10, cell);
	assert_int_equal(0, dt_number(&dt, dt_path(&dt, "/cpus"), "timebase-frequency", &n));
	assert_int_equal(10000000, n);
	assert_int_equal(0, dt_reg(&dt, dt_path(&dt, "/cpus/cpu@1"), 0, &addr, &size));
	assert_int_equal(1, addr);
	assert_int_equal(0, size);
}

TEST(search)
{
	unsigned count = 0;
	struct dt dt;
	dt_node node = -1;
	uint32_t phandle;

	assert_int_equal(0, dt_init(&dt, qemu_blob, qemu_size, NULL));
	while ((node = dt_next_compatible(&dt, node, "virtio,mmio")) >= 0)
		count++;
	assert_int_equal(8, count);
	node = dt_next_compatible(&dt, -1, "sifive,plic-1.0.0");
	assert_int_equal(0, dt_cell(&dt, node, "phandle", 0, &phandle));
	assert_int_equal(node, dt_phandle(&dt, phandle));
	assert_int_equal(-ENOENT, dt_phandle(&dt, 999999));
	assert_int_equal(-ENOENT, dt_next_compatible(&dt, -1, "nothing"));
}

TEST(paths_and_aliases)
{
	struct dt dt;
	dt_node serial;

	assert_int_equal(0, dt_init(&dt, made_blob, made_size, NULL));
	serial = dt_path(&dt, "/soc/serial@10");
	assert_true(serial > 0);
	assert_int_equal(dt_root(&dt), dt_path(&dt, "/"));
	assert_int_equal(serial, dt_path(&dt, "//soc//serial@10/"));
	assert_int_equal(serial, dt_path(&dt, "/soc/serial"));
	assert_int_equal(serial, dt_path(&dt, "serial0"));
	assert_int_equal(serial, dt_path(&dt, "serial0:115200n8"));
	assert_int_equal(serial, dt_path(&dt, "/soc/serial@10:115200/x"));
	assert_int_equal(serial, dt_path(&dt, "bus/serial@10"));
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
	uint32_t len = 1, left;
	const char *one;

	assert_int_equal(0, dt_init(&dt, made_blob, made_size, NULL));
	node = dt_phandle(&dt, 77);
	one = dt_strings_next(dt_strings(&dt, node, "compatible", &left), &left);
	assert_string_equal("three", one);
	assert_null(dt_strings_next(one, &left));
	assert_null(dt_strings(&dt, node, "empty", &left));
	assert_null(dt_strings(&dt, node, "missing", &left));
	assert_null(dt_string(&dt, node, "compatible"));
	assert_false(dt_available(&dt, node));
	assert_non_null(dt_prop(&dt, node, "empty", &len));
	assert_int_equal(0, len);
	assert_null(dt_string(&dt, node, "empty"));
	assert_int_equal(0, dt_reg(&dt, node, 0, &addr, &size));
	assert_int_equal(0x10, addr);
	assert_int_equal(0x200, size);
	node = dt_next_sibling(&dt, node);
	assert_string_equal("serial@20", dt_name(&dt, node));
	assert_false(dt_compatible(&dt, node, "unterminated"));
	assert_int_equal(-ENOENT, dt_reg(&dt, node, 0, &addr, &size));
	assert_int_equal(-ENOENT, dt_next_sibling(&dt, node));
	assert_int_equal(-ENOENT, dt_reg(&dt, dt_root(&dt), 0, &addr, &size));
}

/* Addresses have one cell or two, sizes at most two; anything else is refused, whatever `reg` has. */
TEST(cells_of_reg)
{
	static const uint8_t zeros[32];
	static uint8_t blob[65536];
	uint64_t addr, size;
	struct dt dt;

	for (uint32_t cells = 0; cells < 16; cells++) {
		uint32_t of_address = cells / 4, of_size = cells % 4;
		int node, err = of_address >= 1 && of_address <= 2 && of_size <= 2 ? 0 : -EINVAL;

		must(fdt_open_into(made_blob, blob, sizeof(blob)));
		node = fdt_node_offset_by_phandle(blob, 77);
		must(fdt_setprop(blob, node, "reg", zeros, sizeof(zeros)));
		node = fdt_parent_offset(blob, fdt_node_offset_by_phandle(blob, 77));
		must(fdt_setprop_u32(blob, node, "#address-cells", of_address));
		must(fdt_setprop_u32(blob, node, "#size-cells", of_size));
		assert_int_equal(0, dt_init(&dt, blob, sizeof(blob), NULL));
		assert_int_equal(err, dt_reg(&dt, dt_phandle(&dt, 77), 0, &addr, &size));
	}
}
