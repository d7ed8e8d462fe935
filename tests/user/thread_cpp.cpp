/* SPDX-License-Identifier: MIT */
/* R150. Threads of C++: std::thread, std::async, promises, conditions, exceptions that go from one thread to another. */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <future>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

static std::mutex mutex;
static std::condition_variable cond;
static thread_local std::string own = "fresh";
static std::atomic<int> destroyed;

struct Counted {
	~Counted()
	{
		destroyed++;
	}
};

static void say(const std::string &text)
{
	std::string line = text + "\n";

	if (write(1, line.data(), line.size()) != (ssize_t)line.size())
		_exit(99);
}

static void threads()
{
	std::vector<std::thread> all;
	std::atomic<int> fresh{ 0 };
	long sum = 0;

	for (int i = 0; i < 8; i++)
		all.emplace_back([i, &sum, &fresh] {
			thread_local Counted counted;

			(void)&counted;
			fresh += own == "fresh";
			own = "of " + std::to_string(i);
			for (int n = 0; n < 200; n++) {
				std::lock_guard<std::mutex> lock(mutex);
				sum += i;
				if (n % 32 == 0)
					std::this_thread::yield();
			}
		});
	for (auto &thread : all)
		thread.join();
	say("sum " + std::to_string(sum) + ", fresh " + std::to_string(fresh) + ", destroyed " +
	    std::to_string(destroyed) + ", own " + own);
}

static long fall(int depth)
{
	Counted counted;

	if (depth == 0)
		throw std::runtime_error("the bottom");
	return fall(depth - 1) + 1;
}

static void exceptions()
{
	std::exception_ptr caught;
	int n = destroyed;

	std::thread([&caught] {
		try {
			fall(20);
		} catch (...) {
			caught = std::current_exception();
		}
	}).join();
	try {
		std::rethrow_exception(caught);
	} catch (const std::runtime_error &error) {
		say(std::string("from another thread: ") + error.what() + ", " +
		    std::to_string(destroyed - n) + " unwound");
	}
	/* Many at the same time, each caught where it was thrown. */
	std::vector<std::thread> all;
	std::atomic<int> good{ 0 };

	for (int i = 0; i < 6; i++)
		all.emplace_back([i, &good] {
			for (int round = 0; round < 20; round++) {
				try {
					if (i % 2)
						throw i;
					throw std::to_string(i);
				} catch (int number) {
					good += number == i;
				} catch (const std::string &text) {
					good += text == std::to_string(i);
				}
				std::this_thread::yield();
			}
		});
	for (auto &thread : all)
		thread.join();
	say("caught " + std::to_string(good));
}

static void futures()
{
	std::vector<std::future<long>> all;
	std::promise<std::string> promise;
	std::promise<void> broken;
	long sum = 0;

	for (int i = 0; i < 6; i++)
		all.push_back(std::async(std::launch::async, [i] {
			std::vector<long> numbers(1000);

			std::iota(numbers.begin(), numbers.end(), i);
			return std::accumulate(numbers.begin(), numbers.end(), 0l);
		}));
	for (auto &one : all)
		sum += one.get();
	say("sum " + std::to_string(sum));
	auto failing = std::async(std::launch::async, [] { return fall(3); });

	try {
		failing.get();
	} catch (const std::exception &error) {
		say(std::string("async: ") + error.what());
	}
	auto later = promise.get_future();

	say(later.wait_for(std::chrono::milliseconds(2)) == std::future_status::timeout ? "not yet" : "?");
	std::thread giver([&promise] { promise.set_value("kept"); });

	say(later.get());
	giver.join();
	auto never = broken.get_future();

	std::thread([](std::promise<void> taken) { (void)taken; }, std::move(broken)).detach();
	try {
		never.get();
	} catch (const std::future_error &error) {
		say(error.code() == std::future_errc::broken_promise ? "broken promise" : "?");
	}
}

static void conditions()
{
	std::vector<std::thread> all;
	std::shared_mutex shared;
	std::once_flag once;
	int turn = 0, done = 0, value = 0;

	for (int i = 0; i < 4; i++)
		all.emplace_back([i, &turn, &done, &once] {
			std::call_once(once, [&done] { done++; });
			for (int round = 0; round < 25; round++) {
				std::unique_lock<std::mutex> lock(mutex);

				cond.wait(lock, [i, &turn] { return turn % 4 == i; });
				turn++;
				cond.notify_all();
			}
		});
	for (auto &thread : all)
		thread.join();
	all.clear();
	say("turns " + std::to_string(turn) + ", once " + std::to_string(done));
	for (int i = 0; i < 4; i++)
		all.emplace_back([i, &shared, &value] {
			for (int round = 0; round < 50; round++) {
				if (i == 0) {
					std::unique_lock<std::shared_mutex> lock(shared);
					value++;
				} else {
					std::shared_lock<std::shared_mutex> lock(shared);
					if (value > 50)
						say("?");
				}
			}
		});
	for (auto &thread : all)
		thread.join();
	std::unique_lock<std::mutex> lock(mutex);

	say(cond.wait_for(lock, std::chrono::milliseconds(2)) == std::cv_status::timeout ? "timeout" : "woken");
	say("value " + std::to_string(value));
}

/* What nobody catches ends the process. */
static void uncaught()
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		std::thread([] { throw 1; }).join();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say("uncaught: signal " + std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}

int main()
{
	threads();
	exceptions();
	futures();
	conditions();
	uncaught();
	return 0;
}
