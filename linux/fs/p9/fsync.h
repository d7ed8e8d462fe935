/* SPDX-License-Identifier: MIT */
/* What fsync() and close() of an open file on a 9P server wait for, and which errors they return. */
#pragma once

#include "lib/types.h"

struct file;

/* The slot of an open: pages that were lost before it are no errors of this open file. */
int p9_file_opened(struct file *file);

/* Slots that wait for the server. Each open file returns the error of lost pages once. */
int p9_fsync(struct file *file, bool data_only);
int p9_file_flush(struct file *file);
