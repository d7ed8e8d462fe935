/* SPDX-License-Identifier: MIT */
/* What the sources beside tests/host/mm/rig.c need of cmocka, for grading programs: students need not install it. */
#ifndef LABS_LIB_HOST_CMOCKA_H
#define LABS_LIB_HOST_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>

#define lab_assert(condition, text)                                             \
	do {                                                                    \
		if (!(condition)) {                                             \
			printf("failed %s:%d: %s\n", __FILE__, __LINE__, text); \
			exit(98);                                               \
		}                                                               \
	} while (0)

#define fail_msg(...)                          \
	do {                                   \
		printf("failed " __VA_ARGS__); \
		exit(98);                      \
	} while (0)

#define assert_true(x)		   lab_assert(x, #x)
#define assert_false(x)		   lab_assert(!(x), "not " #x)
#define assert_non_null(x)	   lab_assert((x) != NULL, #x)
#define assert_null(x)		   lab_assert((x) == NULL, "no " #x)
#define assert_int_equal(y, x)	   lab_assert((x) == (y), #y " is " #x)
#define assert_ptr_equal(y, x)	   lab_assert((x) == (y), #y " is " #x)
#define assert_int_not_equal(y, x) lab_assert((x) != (y), #y " is not " #x)
#define assert_in_range(x, y, z)   lab_assert((y) <= (x) && (x) <= (z), #x " is in its range")

#endif
