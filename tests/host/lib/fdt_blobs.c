/* SPDX-License-Identifier: MIT */
/* Two device trees, and libfdt's view of them beside ours. */
#include "fdt_blobs.h"

#include <errno.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/fdt.h"
#include "test.h"

#define PATH_BYTES 512

char *qemu_blob;
size_t qemu_size;
char made_blob[2048];
size_t made_size;

void must(int r)
{
	if (r < 0)
		fail_msg("libfdt: %s", fdt_strerror(r));
}

static void make_blob(void)
{
	static const char compatible[] = "one,two\0three";
	void *blob = made_blob;

	must(fdt_create(blob, sizeof(made_blob)));
	must(fdt_add_reservemap_entry(blob, 0x80000000u, 0x80000));
	must(fdt_add_reservemap_entry(blob, 1ul << 40, 4096));
	must(fdt_finish_reservemap(blob));
	must(fdt_begin_node(blob, ""));
	must(fdt_begin_node(blob, "aliases"));
	must(fdt_property_string(blob, "serial0", "/soc/serial@10"));
	must(fdt_property_string(blob, "bus", "/soc"));
	must(fdt_property_string(blob, "loop", "loop"));
	must(fdt_property(blob, "raw", "abc", 3));
	must(fdt_end_node(blob));
	must(fdt_begin_node(blob, "soc"));
	must(fdt_property_u32(blob, "#address-cells", 1));
	must(fdt_property_u32(blob, "#size-cells", 1));
	must(fdt_begin_node(blob, "serial@10"));
	must(fdt_property(blob, "compatible", compatible, sizeof(compatible)));
	must(fdt_property_u64(blob, "reg", 0x1000000200ul));
	must(fdt_property_u32(blob, "phandle", 77));
	must(fdt_property_string(blob, "status", "disabled"));
	must(fdt_property(blob, "empty", NULL, 0));
	must(fdt_end_node(blob));
	must(fdt_begin_node(blob, "serial@20"));
	must(fdt_property(blob, "compatible", "unterminated", 12));
	must(fdt_property(blob, "reg", "abc", 3));
	must(fdt_end_node(blob));
	must(fdt_end_node(blob));
	must(fdt_end_node(blob));
	must(fdt_finish(blob));
	made_size = fdt_totalsize(blob);
}

void fdt_blobs_init(const char *path)
{
	qemu_blob = test_read_file(path, &qemu_size);
	make_blob();
}

/* Does libfdt read the same of this node? */
static void compare_node(const struct dt *dt, const void *blob, dt_node node)
{
	char path[PATH_BYTES];
	struct dt_prop prop;
	unsigned index = 0;
	int at;

	assert_string_equal(fdt_get_name(blob, node, NULL), dt_name(dt, node));
	assert_int_equal(node == dt_root(dt) ? -ENOENT : fdt_parent_offset(blob, node),
			 dt_parent(dt, node));
	fdt_for_each_property_offset(at, blob, node)
	{
		const char *name;
		int len;
		const void *data = fdt_getprop_by_offset(blob, at, &name, &len);

		assert_true(dt_prop_at(dt, node, index++, &prop));
		assert_string_equal(name, prop.name);
		assert_int_equal(len, prop.len);
		assert_ptr_equal(data, prop.data);
	}
	assert_false(dt_prop_at(dt, node, index, &prop));
	must(fdt_get_path(blob, node, path, sizeof(path)));
	/* A mutation may make names that libfdt takes and we part, as with ':'. */
	if (strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789-,@/") == strlen(path) &&
	    !strstr(path, "//"))
		assert_int_equal(MAX(fdt_path_offset(blob, path), -1), MAX(dt_path(dt, path), -1));
}

unsigned compare_all(const void *blob, size_t size)
{
	struct dt dt;
	dt_node node;
	unsigned count = 0;
	int theirs = fdt_next_node(blob, -1, NULL);

	assert_int_equal(0, dt_init(&dt, blob, size, NULL));
	for (node = dt_root(&dt); node >= 0; node = dt_next(&dt, node)) {
		dt_node child;
		int theirs_child = fdt_first_subnode(blob, node);

		assert_int_equal(theirs, node);
		compare_node(&dt, blob, node);
		dt_for_each_child(child, &dt, node)
		{
			assert_int_equal(theirs_child, child);
			theirs_child = fdt_next_subnode(blob, theirs_child);
		}
		assert_true(theirs_child < 0);
		theirs = fdt_next_node(blob, theirs, NULL);
		count++;
	}
	assert_int_equal(-FDT_ERR_NOTFOUND, theirs);
	return count;
}
