/* SPDX-License-Identifier: MIT */
/* The operations of prctl. */
#pragma once

#define PR_SET_NAME 15
#define PR_GET_NAME 16
