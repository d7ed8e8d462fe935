/* SPDX-License-Identifier: MIT */
/* An incremental copying garbage collector. Write faults show which pages the program changes. */
/*
 * During a collection the program uses the old space, and the collector copies a few cells after
 * each of its steps. The old space is read-only. The first write to a page faults; the handler
 * marks the page dirty and makes it writable. At the end the collector updates the copies of cells
 * on dirty pages only, redirects the roots to the copies and exchanges the spaces. Cells that were
 * made during the collection are copied too.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "faults.h"

#define CELLS	  8192ul /* of a space */
#define SPACE	  (CELLS * sizeof(struct cell))
#define PAGES	  (SPACE / PAGE)
#define TREES	  8
#define KEYS	  256 /* of a tree */
#define STEPS	  40000
#define BEGIN_AT  (CELLS / 4) /* cells in use when a collection begins */
#define AT_A_TIME 4

/* A node of a search tree. */
struct cell {
	struct cell *left, *right;
	uint64_t key;
	uint64_t check; /* ~key */
};

static struct cell *space, *other; /* the program's cells; the copies */
static size_t used, copied, scanned;
static struct cell *root[TREES];
static uint32_t copy_of[CELLS];	   /* index of the copy + 1; 0: none yet */
static volatile bool dirty[PAGES]; /* volatile: any write to the space may run the handler */
static volatile bool collecting;
static bool present[TREES][KEYS]; /* the keys that the trees must hold */
static long collections, cells_copied;

static bool collector_serve(char *page)
{
	size_t i = (size_t)(page - (char *)space) / PAGE;

	if (!collecting || page < (char *)space || i >= PAGES || dirty[i])
		return false;
	dirty[i] = true;
	return mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0;
}

/* ---- the collector ---- */

/* Returns the copy of a cell. Makes it if there is none. */
static struct cell *collector_copy(struct cell *cell)
{
	size_t i;

	if (!cell)
		return NULL;
	i = (size_t)(cell - space);
	if (!copy_of[i]) {
		other[copied] = *cell;
		copy_of[i] = (uint32_t)++copied;
	}
	return &other[copy_of[i] - 1];
}

/* Copies the children of up to `most` copied cells. Returns whether there are more to scan. */
static bool scan(size_t most)
{
	for (; most && scanned < copied; most--, scanned++) {
		collector_copy(other[scanned].left);
		collector_copy(other[scanned].right);
	}
	return scanned < copied;
}

static void collector_begin(void)
{
	memset(copy_of, 0, sizeof(copy_of));
	for (size_t i = 0; i < PAGES; i++)
		dirty[i] = false;
	copied = scanned = 0;
	collecting = true;
	if (mprotect(space, SPACE, PROT_READ) != 0)
		faults_die("mprotect");
	for (int t = 0; t < TREES; t++)
		collector_copy(root[t]);
}

/* Copies the cells on dirty pages again. All copies are then scanned again. */
static void update(void)
{
	for (size_t i = 0; i < used; i++)
		if (copy_of[i] && dirty[i * sizeof(struct cell) / PAGE])
			other[copy_of[i] - 1] = space[i];
	scanned = 0;
}

static void redirect(void)
{
	for (size_t i = 0; i < copied; i++) {
		other[i].left = collector_copy(other[i].left);
		other[i].right = collector_copy(other[i].right);
	}
	for (int t = 0; t < TREES; t++)
		root[t] = collector_copy(root[t]);
}

static void collector_finish(void)
{
	struct cell *old = space;

	update();
	for (int t = 0; t < TREES; t++)
		collector_copy(root[t]);
	while (scan(CELLS))
		;
	redirect();
	collecting = false;
	if (mprotect(old, SPACE, PROT_READ | PROT_WRITE) != 0)
		faults_die("mprotect");
	space = other;
	other = old;
	used = copied;
	collections++;
	cells_copied += (long)copied;
}

static void collect_some(void)
{
	if (!collecting && used >= BEGIN_AT)
		collector_begin();
	if (collecting && !scan(AT_A_TIME))
		collector_finish();
}

/* ---- the program ---- */

static struct cell *new_cell(uint64_t key)
{
	struct cell *cell;

	if (used == CELLS && !collecting)
		collector_begin();
	if (used == CELLS)
		collector_finish();
	if (used == CELLS)
		faults_die("out of cells");
	cell = &space[used++];
	*cell = (struct cell){ .key = key, .check = ~key };
	return cell;
}

static struct cell **collector_find(struct cell **at, uint64_t key)
{
	while (*at && (*at)->key != key)
		at = key < (*at)->key ? &(*at)->left : &(*at)->right;
	return at;
}

static void insert(int t, uint64_t key)
{
	struct cell *cell;

	if (*collector_find(&root[t], key))
		return;
	cell = new_cell(key); /* may move the tree */
	*collector_find(&root[t], key) = cell;
	present[t][key] = true;
}

/* Removes a key. The cell becomes garbage; the cell with the next larger key takes its place. */
static void remove_key(int t, uint64_t key)
{
	struct cell **at = collector_find(&root[t], key), **next;
	struct cell *gone = *at, *heir;

	if (!gone)
		return;
	present[t][key] = false;
	if (!gone->left || !gone->right) {
		*at = gone->left ? gone->left : gone->right;
		return;
	}
	for (next = &gone->right; (*next)->left;)
		next = &(*next)->left;
	heir = *next;
	*next = heir->right;
	heir->left = gone->left;
	heir->right = gone->right;
	*at = heir;
}

static size_t collector_count(int t, const struct cell *cell, uint64_t least, uint64_t most,
			      bool *right)
{
	if (!cell)
		return 0;
	*right &= cell->key >= least && cell->key <= most && cell->check == ~cell->key &&
		  present[t][cell->key];
	return 1 + collector_count(t, cell->left, least, cell->key - 1, right) +
	       collector_count(t, cell->right, cell->key + 1, most, right);
}

static bool collector_is_right(void)
{
	bool right = true;

	for (int t = 0; t < TREES; t++) {
		size_t expected = 0;

		for (int key = 0; key < KEYS; key++)
			expected += present[t][key];
		right &= collector_count(t, root[t], 0, KEYS, &right) == expected;
	}
	return right;
}

void collector_run(struct faults_result *ret)
{
	uint64_t random = 3;

	space = (struct cell *)faults_reserve(2 * SPACE);
	other = space + CELLS;
	mprotect(space, 2 * SPACE, PROT_READ | PROT_WRITE);
	faults_handle(collector_serve);
	ret->right = true;
	for (int i = 0; i < STEPS; i++) {
		uint64_t r = faults_random(&random);
		int t = (int)(r >> 40) % TREES;

		if (r & 1)
			insert(t, r >> 8 & (KEYS - 1));
		else
			remove_key(t, r >> 8 & (KEYS - 1));
		collect_some();
		if (i % 1000 == 0)
			ret->right &= collector_is_right();
	}
	ret->right &= collector_is_right();
	ret->faults = faults_handled();
	ret->figures[0] = collections;
	ret->figures[1] = cells_copied;
	faults_handle_end();
	munmap(space < other ? space : other, 2 * SPACE);
}
