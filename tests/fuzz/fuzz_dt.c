/* SPDX-License-Identifier: MIT */
/* Device trees: every question that lib/fdt answers, held against libfdt where that accepts the tree too. */
#include <libfdt.h>
#include <stdio.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "lib/fdt.h"
#include "lib/string.h"

#define PATH_BYTES 1024
#define INDEXES	   3  /* of lists: so many are asked for */
#define NODES_MOST 64 /* of a tree that is compared: libfdt's ways to a parent are long */

/* What libfdt says of the node's property, by its name. */
static const uint8_t *their_prop(const void *blob, int node, const char *name, uint32_t *len)
{
	int n = 0;
	const void *data = node < 0 ? NULL : fdt_getprop(blob, node, name, &n);

	*len = data ? (uint32_t)n : 0;
	return data;
}

static uint64_t number_at(const uint8_t *p, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *p++;
	return value;
}

static uint32_t their_cells(const void *blob, int node, const char *name, uint32_t fallback)
{
	uint32_t len;
	const uint8_t *data = their_prop(blob, node, name, &len);

	return data && len >= 4 ? (uint32_t)number_at(data, 4) : fallback;
}

static int their_reg(const void *blob, int node, unsigned index, uint64_t *addr, uint64_t *size)
{
	int parent = node == 0 ? -1 : fdt_parent_offset(blob, node);
	uint32_t address_cells = their_cells(blob, parent, "#address-cells", 2);
	uint32_t size_cells = their_cells(blob, parent, "#size-cells", 1);
	uint32_t len, stride;
	const uint8_t *data = their_prop(blob, node, "reg", &len);

	if (!data)
		return -ENOENT;
	if (address_cells == 0 || address_cells > 2 || size_cells > 2)
		return -EINVAL;
	stride = 4 * (address_cells + size_cells);
	if (index >= len / stride)
		return -ENOENT;
	*addr = number_at(data + index * stride, 4 * address_cells);
	*size = number_at(data + index * stride + 4 * address_cells, 4 * size_cells);
	return 0;
}

static void compare_reg(const struct dt *dt, const void *blob, dt_node node)
{
	for (unsigned i = 0; i < INDEXES; i++) {
		uint64_t addr = 1, size = 1, their_addr = 1, their_size = 1;

		fuzz_equal(dt_reg(dt, node, i, &addr, &size),
			   their_reg(blob, node, i, &their_addr, &their_size));
		fuzz_check(addr == their_addr && size == their_size);
	}
}

/* A property in all the ways in which it may be read. */
static void compare_values(const struct dt *dt, const void *blob, dt_node node, const char *name)
{
	uint64_t number = 1;
	uint32_t len, cell, our_len = 1, left;
	const char *one;
	const uint8_t *data = their_prop(blob, node, name, &len);
	bool is_string = len > 0 && memchr(data, 0, len) == data + len - 1;

	fuzz_check(dt_prop(dt, node, name, &our_len) == data);
	fuzz_equal(our_len, len);
	fuzz_check(dt_string(dt, node, name) == (is_string ? (const char *)data : NULL));
	fuzz_equal(dt_number(dt, node, name, &number), len == 4 || len == 8 ? 0 : -EINVAL);
	fuzz_check(number == (len == 4 || len == 8 ? number_at(data, len) : 1));
	one = dt_strings(dt, node, name, &left);
	for (unsigned i = 0; i < INDEXES; i++) {
		fuzz_check(one == fdt_stringlist_get(blob, node, name, (int)i, NULL));
		one = one ? dt_strings_next(one, &left) : NULL;
		fuzz_equal(dt_cell(dt, node, name, i, &cell), i < len / 4 ? 0 : -ENOENT);
		fuzz_check(i >= len / 4 || cell == number_at(data + 4 * i, 4));
	}
}

static void compare_props(const struct dt *dt, const void *blob, dt_node node)
{
	unsigned index = 0;
	struct dt_prop prop;
	int at;

	fdt_for_each_property_offset(at, blob, node)
	{
		const char *name;
		int len;
		const void *data = fdt_getprop_by_offset(blob, at, &name, &len);

		fuzz_check(dt_prop_at(dt, node, index++, &prop));
		fuzz_check(strcmp(prop.name, name) == 0);
		fuzz_equal(prop.len, len);
		fuzz_check(prop.data == data);
		compare_values(dt, blob, node, name);
	}
	fuzz_check(!dt_prop_at(dt, node, index, &prop));
}

/* Names that libfdt takes and we part, as with ':' or '/', lead elsewhere. */
static void compare_path(const struct dt *dt, const void *blob, dt_node node)
{
	char path[PATH_BYTES];

	if (fdt_get_path(blob, node, path, sizeof(path)) != 0 || strchr(path, ':') ||
	    strstr(path, "//") || fdt_path_offset(blob, path) < 0)
		return;
	fuzz_equal(dt_path(dt, path), fdt_path_offset(blob, path));
}

/* Is the status one of those that mean yes? */
static bool their_status(const void *blob, int node)
{
	uint32_t len;
	const uint8_t *status = their_prop(blob, node, "status", &len);

	return !status || (len == 5 && memcmp(status, "okay", 5) == 0) ||
	       (len == 3 && memcmp(status, "ok", 3) == 0);
}

static bool their_compatible(const void *blob, int node, const char *what)
{
	for (int i = 0;; i++) {
		const char *s = fdt_stringlist_get(blob, node, "compatible", i, NULL);

		if (!s || strcmp(s, what) == 0)
			return s != NULL;
	}
}

static void compare_phandle(const struct dt *dt, const void *blob, dt_node node)
{
	uint32_t phandle = their_cells(blob, node, "phandle", 0);
	int first = 0;

	if (phandle == 0)
		return;
	while (first >= 0 && their_cells(blob, first, "phandle", 0) != phandle)
		first = fdt_next_node(blob, first, NULL);
	fuzz_equal(dt_phandle(dt, phandle), first);
}

static void compare_node(const struct dt *dt, const void *blob, dt_node node)
{
	int theirs = fdt_first_subnode(blob, node);
	dt_node child;

	fuzz_check(strcmp(dt_name(dt, node), fdt_get_name(blob, node, NULL)) == 0);
	fuzz_equal(dt_parent(dt, node),
		   node == dt_root(dt) ? -ENOENT : fdt_parent_offset(blob, node));
	dt_for_each_child(child, dt, node)
	{
		fuzz_equal(child, theirs);
		theirs = fdt_next_subnode(blob, theirs);
	}
	fuzz_check(theirs < 0);
	compare_props(dt, blob, node);
	compare_reg(dt, blob, node);
	compare_path(dt, blob, node);
	compare_phandle(dt, blob, node);
	fuzz_equal(dt_available(dt, node), their_status(blob, node));
	fuzz_equal(dt_compatible(dt, node, "virtio,mmio"),
		   their_compatible(blob, node, "virtio,mmio"));
}

static void compare_tree(const struct dt *dt, const void *blob)
{
	int theirs = fdt_next_node(blob, -1, NULL);
	dt_node node, compatible = dt_next_compatible(dt, -1, "virtio,mmio");
	unsigned n = 0;

	for (node = dt_root(dt); node >= 0 && n++ < NODES_MOST; node = dt_next(dt, node)) {
		fuzz_equal(node, theirs);
		compare_node(dt, blob, node);
		theirs = fdt_next_node(blob, theirs, NULL);
		if (their_compatible(blob, node, "virtio,mmio")) {
			fuzz_equal(compatible, node);
			compatible = dt_next_compatible(dt, compatible, "virtio,mmio");
		}
	}
	if (node < 0) {
		fuzz_equal(theirs, -FDT_ERR_NOTFOUND);
		fuzz_equal(compatible, -ENOENT);
	}
}

static void compare_reserved(const struct dt *dt, const void *blob)
{
	int n = fdt_num_mem_rsv(blob);
	uint64_t addr, size, their_addr, their_size;

	for (int i = 0; i < n && i < INDEXES; i++) {
		fuzz_equal(dt_reserved(dt, (unsigned)i, &addr, &size), 0);
		fuzz_equal(fdt_get_mem_rsv(blob, i, &their_addr, &their_size), 0);
		fuzz_check(addr == their_addr && size == their_size);
	}
	/* libfdt ends the list by a size of 0, the specification by an address of 0 too. */
	if (dt_reserved(dt, (unsigned)n, &addr, &size) == 0)
		fuzz_check(addr != 0 && size == 0);
}

/* Of a tree that libfdt may refuse: answers that end, and lie inside. */
static void ask_everything(const struct dt *dt)
{
	unsigned nodes = 0;
	uint64_t a, b;
	uint32_t c, left;
	const char *one;

	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		struct dt_prop prop;

		fuzz_check(++nodes < dt->size && strlen(dt_name(dt, node)) < dt->size);
		fuzz_equal(dt_parent(dt, node) < 0, node == dt_root(dt));
		dt_reg(dt, node, 1, &a, &b);
		for (unsigned i = 0; nodes < NODES_MOST && dt_prop_at(dt, node, i, &prop); i++) {
			fuzz_check(strlen(prop.name) < dt->size);
			dt_string(dt, node, prop.name);
			one = dt_strings(dt, node, prop.name, &left);
			while (one)
				one = dt_strings_next(one, &left);
			dt_number(dt, node, prop.name, &a);
			dt_cell(dt, node, prop.name, 0, &c);
		}
	}
	for (unsigned i = 0; dt_reserved(dt, i, &a, &b) == 0; i++)
		fuzz_check(i < dt->size);
}

/* Ways that name nothing, or by an alias. */
static void ask_paths(const struct dt *dt, const void *blob, bool compare)
{
	static const char *const paths[] = { "",     "/",	"/soc",	     "/soc/serial",
					     "none", "serial0", "serial0:9", "bus/serial@20",
					     "raw",  "/soc//",	"rel" };
	uint32_t cell;

	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		dt_node node = dt_path(dt, paths[i]);
		bool named = compare && paths[i][0] != '\0' && !strchr(paths[i], '/');
		const char *alias = named ? fdt_get_alias(blob, paths[i]) : NULL;

		fuzz_check(node < (dt_node)dt->size);
		/* An alias of an alias is none of ours. */
		if (alias && alias[0] == '/' && !strchr(alias, ':') && dt_path(dt, alias) >= 0 &&
		    dt_string(dt, dt_path(dt, "/aliases"), paths[i]))
			fuzz_equal(node, dt_path(dt, alias));
	}
	fuzz_check(dt_phandle(dt, ~0u) < 0 ||
		   (dt_cell(dt, dt_phandle(dt, ~0u), "phandle", 0, &cell) == 0 && cell == ~0u));
	fuzz_check(!dt_prop(dt, -ENOENT, "reg", NULL));
}

/* Lengths that do not fit an int are too much for libfdt. */
static bool has_huge_word(const uint8_t *blob)
{
	for (uint32_t i = 0; i + 4 <= fdt_size_dt_struct(blob); i += 4)
		if (blob[fdt_off_dt_struct(blob) + i] & 0x80)
			return true;
	return false;
}

/* Trees that libfdt takes and we do not: why is known. */
static void check_refusal(const char *why, const void *blob, size_t size)
{
	static const char *const strict[] = {
		"it is nested too deeply", "of another version", "a property is in no node",
		"it ends inside a node",      /* that is, there is no root */
		"its reservations do not end" /* by an address of 0 too */
	};
	/* libfdt reads older versions, where it may crash. The specification wants the structs aligned. */
	bool known = size < 40 || fdt_version(blob) < 17 || fdt_check_full(blob, size) != 0 ||
		     fdt_off_dt_struct(blob) % 4 != 0 || has_huge_word(blob);

	for (unsigned i = 0; i < sizeof(strict) / sizeof(strict[0]); i++)
		known |= strcmp(why, strict[i]) == 0;
	if (!known)
		fuzz_fail(__FILE__, __LINE__, "libfdt accepts it, we say: %s", why);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct dt dt;
	int err = dt_init(&dt, data, size, &why);
	bool theirs;

	if (err != 0) {
		fuzz_equal(err, -EINVAL);
		fuzz_check(why != NULL);
		check_refusal(why, data, size);
		return false;
	}
	theirs = fdt_check_full(data, size) == 0;
	ask_everything(&dt);
	ask_paths(&dt, data, theirs);
	if (theirs) {
		compare_tree(&dt, data);
		compare_reserved(&dt, data);
	}
	return true;
}
