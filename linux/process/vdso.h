/* SPDX-License-Identifier: MIT */
/* The vDSO: two pages that all programs share, mapped by exec. What runs of it is in user/vdso. */
#pragma once

#include "lib/types.h"

struct object;
struct uspace;

/* The object that programs run, as ELF file, which the build puts into the kernel. It fits in a page. */
extern const char vdso_image[], vdso_image_end[];

/* Creates the pages. Returns 0 or -ENOMEM. Called once, during boot. */
int vdso_init(void);

/*
 * Maps the pages into the space of a new image, and has its signal handlers return there. *code_ret is where the page of code is.
 * Returns 0 or -ENOMEM. Call with no lock held.
 */
int vdso_map(struct uspace *uspace, vaddr_t *code_ret);

void vdso_find_held(void); /* for the ledger */

/* Returns what maps calls a mapping of this object, or NULL if it is not of the vDSO. object may be NULL. Call with any locks. */
const char *vdso_name(const struct object *object);

/* Reads what the vDSO answers to riscv_hwprobe. Returns false if there is no such key. Call with any locks. */
bool vdso_hwprobe(int64_t key, uint64_t *value_ret);
