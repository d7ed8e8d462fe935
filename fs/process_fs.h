/* SPDX-License-Identifier: MIT */
/* What a process has of the file system: descriptors, the working directory, the umask. */
#pragma once

/* Sets process_fs of proc/process.h. => once, at boot, when the root is there */
void process_fs_init(void);
