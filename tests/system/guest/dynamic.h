/* SPDX-License-Identifier: MIT */
/* What the libraries of the dynamic program have. */
#pragma once

extern int lib_began;
extern int lib_data;
extern __thread int lib_tls;

int lib_add(int a, int b);
int (*lib_pointer(void))(int a, int b);
int lib_data_is(void);
int lib_tls_is(void);

/* Of the library that the first one needs. */
extern int deep_began;
int deep_add(int a, int b);
