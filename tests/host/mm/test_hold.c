/* Another space's memory: copies, and pages that are held. */
#include "one_space.h"

#include "mm/hold.h"

static void test_hold(void **state) /* R29 */
{
	char buf[3 * PAGE_SIZE], back[3 * PAGE_SIZE];
	struct space other;
	struct page *page;

	(void)state;
	start();
	rig_create(&other);
	assert_int_equal(rig_map(&other, AT, 4 * PAGE_SIZE, RW, ANON | MAP_FIXED), AT);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 13 + 1);
	assert_int_equal(vm_copy_to(&other, AT + 100, buf, sizeof(buf)), 0);
	assert_int_equal(vm_copy_from(&other, back, AT + 100, sizeof(back)), 0);
	assert_memory_equal(buf, back, sizeof(buf));
	assert_int_equal(vm_copy_from(&other, back, AT + PAGE_SIZE, sizeof(back) + 1), -EFAULT);
	assert_int_equal(vm_protect(&other, AT, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(vm_hold(&other, AT, RIGHT_WRITE, &page), -EFAULT);
	assert_int_equal(vm_hold(&other, AT, RIGHT_READ, &page), 0);
	rig_destroy(&other);
	assert_int_equal(((char *)page_address(page))[100],
			 buf[0]); /* held, it outlives its space */
	page_put(page);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		isolated_test(test_hold),
	};

	return test_group("mm_hold", tests);
}
