/* SPDX-License-Identifier: MIT */
/* The ledger of references: each has a holder (hardened build only). */
#pragma once

#ifdef FAULTLINE_HARDENED

/*
 * From now on, ledger_check() also looks for the holder of each reference to what has a struct
 * counted (mm/check/counted.h), of each pin of a page, and of each descriptor that is set aside.
 * Call once, during boot.
 */
void holders_init(void);

#else

static inline void holders_init(void)
{
}

#endif
