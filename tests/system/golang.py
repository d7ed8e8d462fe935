#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""R150. A program in Go: its runtime makes threads, sends them signals, and waits with epoll."""

import os
import shutil
import subprocess
import tempfile

from lib.guest import run
from lib.tap import Skip, case, equal, has, main

COMPILER = "go"
# What runtime.main leaves of a panic that nobody recovers.
PANIC_STATUS = 2

SOURCE = r"""
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func goroutines() {
	var group sync.WaitGroup
	squares := make(chan int, 100)

	for i := 0; i < 100; i++ {
		group.Add(1)
		go func(i int) { defer group.Done(); squares <- i * i }(i)
	}
	group.Wait()
	close(squares)
	sum := 0
	for square := range squares {
		sum += square
	}
	fmt.Println("squares", sum)
}

// Each keeps a thread of its own.
func threads() {
	done := make(chan int)

	for i := 0; i < 8; i++ {
		go func() { runtime.LockOSThread(); done <- fib(18) }()
	}
	for i := 0; i < 8; i++ {
		fmt.Println(<-done)
	}
}

func garbage() {
	for i := 0; i < 20; i++ {
		_ = make([]byte, 1<<20)
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println("collected", stats.NumGC > 0)
}

func waits() {
	timer := time.NewTimer(20 * time.Millisecond)
	<-timer.C
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-signals)
	from, to, _ := os.Pipe()
	go func() { time.Sleep(10 * time.Millisecond); to.Write([]byte("hello")) }()
	text := make([]byte, 5)
	n, _ := from.Read(text)
	fmt.Println(n, string(text))
}

// It is never asked for the hart: the runtime sends its thread a signal.
func preempted() {
	runtime.GOMAXPROCS(1)
	go func() {
		for {
		}
	}()
	time.Sleep(time.Millisecond)
	fmt.Println("preempted")
}

func main() {
	goroutines()
	threads()
	garbage()
	waits()
	preempted()
	defer func() { fmt.Println("recovered:", recover()); panic("last") }()
	var none map[string]int
	none["x"] = 1
}
"""

OUTPUT = (b"squares 328350\n" + 8 * b"2584\n" + b"collected true\nuser defined signal 1\n5 hello\npreempted\n"
          b"recovered: assignment to entry in nil map\n")


def build(folder):
    """Returns the program, which needs no C library."""
    if not shutil.which(COMPILER):
        raise Skip("go is not installed (golang-go)")
    source, program = os.path.join(folder, "main.go"), os.path.join(folder, "golang")
    with open(source, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    environment = dict(os.environ, CGO_ENABLED="0", GOOS="linux", GOARCH="riscv64", GO111MODULE="off",
                       GOCACHE=os.path.join(folder, "cache"), GOPATH=os.path.join(folder, "path"), GOFLAGS="")
    subprocess.run([COMPILER, "build", "-o", program, source], check=True, cwd=folder, env=environment)
    return program


@case
def R150_goroutines_channels_timers_signals_and_a_panic():
    with tempfile.TemporaryDirectory() as folder:
        done = run(program=build(folder), options=["--mem", "128M"])
    equal(OUTPUT, done.out, "output")
    has(done.err, b"panic: assignment to entry in nil map [recovered]", "standard error")
    equal(PANIC_STATUS, done.status, "status")


if __name__ == "__main__":
    main()
