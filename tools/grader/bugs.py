# SPDX-License-Identifier: MIT
"""Builds kernels with a bug each, which the tests that a student writes have to find."""

import hashlib
import os
import shutil
import subprocess
import sys

import context_patch
from grader import build
from grader.lab import Wrong
from structure import files

SETUP = ["--cross-file", "cross-riscv64.ini", "-Dhost_tests=disabled", "-Dwerror=false"]


def read(path):
    """Returns a file's bytes; those of a link are its target's name."""
    if os.path.islink(path):
        return os.fsencode(os.readlink(path))
    with open(path, "rb") as file:
        return file.read()


def write(path, text):
    """Writes a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def digest_of(root, no_sources):
    """Returns a digest of a tree's files, as far as a kernel is made of them."""
    digest = hashlib.sha256()
    for name in files.load(root):
        if name not in no_sources:
            digest.update(name.encode() + b"\0" + read(os.path.join(root, name)))
    return digest


def copy_tree(root, tree):
    """Makes a folder equal to the tree's files, without touching those that are."""
    names = files.load(root)
    for name in names:
        there, here = os.path.join(root, name), os.path.join(tree, name)
        if os.path.isfile(here) and read(here) == read(there):
            continue
        os.makedirs(os.path.dirname(here), exist_ok=True)
        shutil.copy(there, here)
    for name in set(files.walked(tree)) - set(names):
        os.unlink(os.path.join(tree, name))


def copy_of(root, folder):
    """Returns the tree and the build of a copy of a tree, made or brought up to date there."""
    tree, made = os.path.join(folder, "tree"), os.path.join(folder, "build")
    copy_tree(root, tree)
    if not os.path.exists(os.path.join(made, "build.ninja")):
        done = subprocess.run(["meson", "setup", made, tree, *SETUP], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            raise Wrong("the kernels with bugs: " + done.stdout.decode(errors="replace").strip().splitlines()[-1])
    return tree, made


def with_bug(tree, made, patch, jobs, sources):
    """Builds the kernel of a tree with a bug in it, a context_patch.Patch, and takes the bug out again."""
    path = os.path.join(tree, patch.path)
    text = read(path).decode()
    write(path, patch.apply(text))
    try:
        build.kernel(made, [build.target(tree, "kernel")], jobs=jobs, sources=sources)
    finally:
        write(path, text)


def kernels(tree, patches, folder, made=None, no_sources=(), jobs=None):
    """Returns {bug: kernel} for {bug: patch}. The kernels are kept in the folder, and built from the tree in its build `made`,
    or without one in a copy of the tree. `no_sources` are files that no kernel is made of."""
    found, sealed = {}, [tree] if made else []  # a build of many submissions has to know what was read
    sources = digest_of(tree, no_sources) if patches else None
    for name, path in patches.items():
        try:
            patch, digest = context_patch.Patch(path), sources.copy()
            digest.update((patch.path + patch.change).encode())
            kernel, note = (os.path.join(folder, name + ending) for ending in (".elf", ".made-of"))
            found[name] = kernel
            if os.path.exists(note) and read(note).decode() == digest.hexdigest():
                continue
            os.makedirs(folder, exist_ok=True)
            if not made:
                print(f"grade: builds {len(patches)} kernels, each with a bug; this takes a minute", file=sys.stderr, flush=True)
                tree, made = copy_of(tree, folder)
            with_bug(tree, made, patch, jobs, sealed)
            shutil.copyfile(os.path.join(made, build.target(tree, "kernel")), kernel)
            write(note, digest.hexdigest())
        except (OSError, context_patch.Broken, build.Broken) as error:
            raise Wrong(f"the bug {name} cannot be put into the kernel: {error}") from None
    return found
