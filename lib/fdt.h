/* SPDX-License-Identifier: MIT */
/* A reader of flattened device trees that trusts nothing in them. */
#pragma once

#include "lib/types.h"

/*
 * dt_init() walks the whole blob once; what it accepts is well nested, inside its bounds, and
 * terminated, so that the others need not fail for that. The blob must stay where it is, unchanged.
 * Big-endian values come out as numbers.
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

/* A node: its offset in the structure block. Negative: none (a negative errno). */
typedef int32_t dt_node;

struct dt_prop {
	const char *name;
	const void *data;
	uint32_t len; /* bytes */
};

/* Nesting deeper than this is refused. */
#define DT_DEPTH_MAX 32

/*
 * Reads a blob of which at most limit bytes may be looked at.
 * => 0; -EINVAL: not a device tree, or a broken one. *why (if why is not NULL) says what is wrong
 */
int dt_init(struct dt *dt, const void *blob, size_t limit, const char **why);

dt_node dt_root(const struct dt *dt);

/*
 * All nodes in the order of the blob, from the root on: parents before children.
 * => -ENOENT at the end
 */
dt_node dt_next(const struct dt *dt, dt_node node);
dt_node dt_first_child(const struct dt *dt, dt_node node);
dt_node dt_next_sibling(const struct dt *dt, dt_node node);
dt_node dt_parent(const struct dt *dt, dt_node node);

#define dt_for_each_child(child, dt, node) \
	for ((child) = dt_first_child(dt, node); (child) >= 0; (child) = dt_next_sibling(dt, child))

/* Name with its unit address ("memory@80000000"); the root's is "". */
const char *dt_name(const struct dt *dt, dt_node node);

/*
 * Finds a node by full path ("/soc/serial@10000000") or by alias ("serial0", "serial0/child"); what
 * follows a ':' is ignored, as in stdout-path. A component without unit address matches the first
 * node of that name.
 */
dt_node dt_path(const struct dt *dt, const char *path);

/* The node with that phandle. */
dt_node dt_phandle(const struct dt *dt, uint32_t phandle);

/*
 * The next node after `from` (a negative `from`: from the root on, inclusive) that is compatible
 * with `what`.
 */
dt_node dt_next_compatible(const struct dt *dt, dt_node from, const char *what);
bool dt_compatible(const struct dt *dt, dt_node node, const char *what);

/* False where "status" is there and neither "okay" nor "ok". */
bool dt_available(const struct dt *dt, dt_node node);

/* Property number `index` of a node, from 0. => false: there are not so many */
bool dt_prop_at(const struct dt *dt, dt_node node, unsigned index, struct dt_prop *ret);

/*
 * A property by name: its bytes and, where len is not NULL, their number.
 * => NULL: none (an empty one is not NULL)
 */
const void *dt_prop(const struct dt *dt, dt_node node, const char *name, uint32_t *len);

/* A property that is one string. => NULL: none, or without its NUL */
const char *dt_string(const struct dt *dt, dt_node node, const char *name);

/* String number `index` of a list of strings. => NULL: not so many */
const char *dt_string_at(const struct dt *dt, dt_node node, const char *name, unsigned index);

/*
 * A number of one or two cells, by the property's length.
 * => 0; -ENOENT; -EINVAL: of another length
 */
int dt_number(const struct dt *dt, dt_node node, const char *name, uint64_t *ret);

/* Cell number `index` of a property of cells. => 0; -ENOENT: no such property or cell */
int dt_cell(const struct dt *dt, dt_node node, const char *name, unsigned index, uint32_t *ret);

/*
 * Pair number `index` of "reg", with the parent's #address-cells and #size-cells (1 or 2; sizes
 * also 0). Ranges of buses are not applied: on the machines that we know they are the identity.
 * => 0; -ENOENT: not so many; -EINVAL: a parent with other numbers of cells
 */
int dt_reg(const struct dt *dt, dt_node node, unsigned index, uint64_t *addr, uint64_t *size);

/* Entry number `index` of the memory reservation block. => 0; -ENOENT: not so many */
int dt_reserved(const struct dt *dt, unsigned index, uint64_t *addr, uint64_t *size);
