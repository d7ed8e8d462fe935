/* SPDX-License-Identifier: MIT */
/* What open files have in common that are on no file system and have no other end. */
#pragma once

#include "desc/file.h"

/* Slots of struct file_ops. In /proc the file is called by the name of its kind. */
int anon_file_stat(struct file *file, struct abi_stat *st);
ssize_t anon_file_label(struct file *file, char *buf, size_t size);
