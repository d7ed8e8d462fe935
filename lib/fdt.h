/* SPDX-License-Identifier: MIT */
/* A reader of flattened device trees, which it does not trust. */
#pragma once

#include "lib/types.h"

/*
 * dt_init() walks the whole blob once. What it accepts is well nested, inside its bounds, and
 * terminated, so that the other functions need not fail for that. The blob must stay in place
 * unchanged. Big-endian values are returned as numbers.
 */
struct dt {
	const uint8_t *blob;
	uint32_t size; /* of the whole blob */
	uint32_t structs;
	uint32_t structs_size;
	uint32_t strings;
	uint32_t strings_size;
	uint32_t reserved; /* the memory reservation block */
};

/* A node: its offset in the structure block. A negative errno means that there is none. */
typedef int32_t dt_node;

struct dt_prop {
	const char *name;
	const void *data;
	uint32_t len; /* bytes */
};

/* A tree with deeper nesting is refused. */
#define DT_DEPTH_MAX 32

/*
 * Checks a blob, of which at most `limit` bytes may be read. Returns 0, or -EINVAL if it is not a
 * device tree, or a broken one. If why is not NULL, *why says what is wrong.
 */
int dt_init(struct dt *dt, const void *blob, size_t limit, const char **why);

dt_node dt_root(const struct dt *dt);

/*
 * dt_next() goes through all nodes in the order of the blob, from the root on: parents before
 * children. All four return -ENOENT if there is no such node.
 */
dt_node dt_next(const struct dt *dt, dt_node node);
dt_node dt_first_child(const struct dt *dt, dt_node node);
dt_node dt_next_sibling(const struct dt *dt, dt_node node);
dt_node dt_parent(const struct dt *dt, dt_node node);

#define dt_for_each_child(child, dt, node) \
	for ((child) = dt_first_child(dt, node); (child) >= 0; (child) = dt_next_sibling(dt, child))

/* The name with its unit address ("memory@80000000"); that of the root is "". */
const char *dt_name(const struct dt *dt, dt_node node);

/*
 * Finds a node by full path ("/soc/serial@10000000") or by alias ("serial0", "serial0/child"). Text
 * after a ':' is ignored, as in stdout-path. A component without unit address matches the first
 * node of that name.
 */
dt_node dt_path(const struct dt *dt, const char *path);

/* Finds the node with that phandle. */
dt_node dt_phandle(const struct dt *dt, uint32_t phandle);

/* Finds the next node after `from` (negative: from the root on) that is compatible with `what`. */
dt_node dt_next_compatible(const struct dt *dt, dt_node from, const char *what);
bool dt_compatible(const struct dt *dt, dt_node node, const char *what);

/* False if there is a "status" that is neither "okay" nor "ok". */
bool dt_available(const struct dt *dt, dt_node node);

/* Gets property number `index` of a node, from 0 on. Returns false if there are not so many. */
bool dt_prop_at(const struct dt *dt, dt_node node, unsigned index, struct dt_prop *ret);

/*
 * Finds a property by name. Returns its bytes and, unless len is NULL, their number in *len.
 * Returns NULL if there is none; for an empty property the result is not NULL.
 */
const void *dt_prop(const struct dt *dt, dt_node node, const char *name, uint32_t *len);

/* Returns a property that is one string; NULL if there is none, or if it is not terminated. */
const char *dt_string(const struct dt *dt, dt_node node, const char *name);

/*
 * dt_strings() returns the first of a list of strings, dt_strings_next() that behind another one; NULL if there is none, or if
 * it is not terminated. *left is the number of bytes from the string on.
 */
const char *dt_strings(const struct dt *dt, dt_node node, const char *name, uint32_t *left_ret);
const char *dt_strings_next(const char *string, uint32_t *left);

/* Reads a number of one or two cells. Returns 0, -ENOENT, or -EINVAL for another length. */
int dt_number(const struct dt *dt, dt_node node, const char *name, uint64_t *ret);

/* Reads cell number `index` of a property. Returns 0, or -ENOENT if there is none. */
int dt_cell(const struct dt *dt, dt_node node, const char *name, unsigned index, uint32_t *ret);

/*
 * Reads pair number `index` of "reg", with the parent's #address-cells and #size-cells (1 or 2;
 * sizes also 0). The ranges of buses are not applied: on all known machines they are the identity.
 * Returns 0, -ENOENT if there are not so many, or -EINVAL if the parent has other numbers of cells.
 */
int dt_reg(const struct dt *dt, dt_node node, unsigned index, uint64_t *addr, uint64_t *size);

/* dt_reg() for who knows the parent, which that finds by a walk of the tree. */
int dt_reg_in(const struct dt *dt, dt_node parent, dt_node node, unsigned index, uint64_t *addr,
	      uint64_t *size);

/* Reads entry number `index` of the memory reservation block. Returns 0 or -ENOENT. */
int dt_reserved(const struct dt *dt, unsigned index, uint64_t *addr, uint64_t *size);
