/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the flags of splice, tee and vmsplice. */
#pragma once

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL	  15u /* with MOVE, MORE and GIFT, which change nothing */
