/* SPDX-License-Identifier: MIT */
/* The Linux layer's: extended attributes: limits and flags. */
#pragma once

#define XATTR_NAME_MAX 255u
#define XATTR_SIZE_MAX 65536u
#define XATTR_LIST_MAX 65536u

#define XATTR_CREATE  1u
#define XATTR_REPLACE 2u
