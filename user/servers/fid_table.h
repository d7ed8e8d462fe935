/* SPDX-License-Identifier: MIT */
/* The fids of a 9P client: numbers that it has chosen, and the file that each stands for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FIDS_MAX  16384u
#define FID_SLOTS 32768u /* at most half of them are in use, so a look-up is short */

struct fid {
	uint64_t file;
	uint32_t number;
	bool used, open;
};

/* All zeros is an empty table. It has its full size at once: a server may not be able to get memory
 * while it brings the page that somebody waits for. */
struct fid_table {
	unsigned count;
	struct fid slots[FID_SLOTS];
};

/* Returns the fid of that number, or NULL. It stays there until a fid is added or dropped. */
struct fid *fid_get(struct fid_table *table, uint32_t number);

/* Makes the number stand for that file, not open, whatever it was before. Returns 0 or -EMFILE. */
int fid_set(struct fid_table *table, uint32_t number, uint64_t file);

/* Returns whether there was one. */
bool fid_drop(struct fid_table *table, uint32_t number);

void fid_drop_all(struct fid_table *table);
