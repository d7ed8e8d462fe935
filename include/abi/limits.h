/* SPDX-License-Identifier: MIT */
/* Sizes that programs may rely on. */
#pragma once

/* Writes to a pipe of up to so many bytes are not mixed with others. */
#define PIPE_BUF	4096
/* With the NUL. */
#define PATH_MAX	4096
/* Without a NUL. */
#define NAME_MAX	255
#define ABI_SYMLINK_MAX 40

/* Longest single string of argv or envp, with its NUL: 32 pages. */
#define ABI_ARG_STRLEN_MAX 131072
/* Bytes of argv and envp together at most: three quarters of 8 MiB. */
#define ABI_ARG_TOTAL_MAX  6291456
