/* SPDX-License-Identifier: MIT */
/* Limits that programs may rely on. */
#pragma once

/* The longest string of argv or envp, including its NUL: 32 pages. */
#define ABI_ARG_STRLEN_MAX 131072
/* The most bytes of argv and envp together: three quarters of 8 MiB. */
#define ABI_ARG_TOTAL_MAX  6291456

/* The Linux layer's: of names and groups. */

/* Writes to a pipe of up to so many bytes are atomic. */
#define PIPE_BUF	4096
/* Including the NUL. */
#define PATH_MAX	4096
/* Without the NUL. */
#define NAME_MAX	255
#define ABI_SYMLINK_MAX 40
/* The most supplementary groups. */
#define NGROUPS_MAX	65536
