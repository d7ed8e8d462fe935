/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function against RFC 8439's vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/chacha.h"

/* Appendix A.1, vectors 1, 2 and 3: keys of zeros and one bit, nonce zero. */
static const struct {
	uint8_t last_key_byte;
	uint64_t counter;
	uint8_t begin[16];
} vectors[] = {
	{ 0,
	  0,
	  { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86,
	    0xbd, 0x28 } },
	{ 0,
	  1,
	  { 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d,
	    0x08, 0x0d } },
	{ 1,
	  1,
	  { 0x3a, 0xeb, 0x52, 0x24, 0xec, 0xf8, 0x49, 0x92, 0x9b, 0x9d, 0x82, 0x8d, 0xb1, 0xce,
	    0xd4, 0xdd } },
};

static void blocks_are_those_of_the_standard(void **state)
{
	struct chacha_block block;
	struct chacha_key key;

	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		memset(&key, 0, sizeof(key));
		((uint8_t *)&key)[sizeof(key) - 1] = vectors[i].last_key_byte;
		chacha_make(&key, vectors[i].counter, &block);
		assert_memory_equal(vectors[i].begin, &block, sizeof(vectors[i].begin));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_those_of_the_standard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("chacha", tests, NULL, NULL);
}
