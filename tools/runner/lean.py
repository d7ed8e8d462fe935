# SPDX-License-Identifier: MIT
"""What each run needs of modules that take longer to load than QEMU to be found: shutil and tempfile."""

import os


def which(name):
    """Returns the path of a command, or None."""
    for folder in os.get_exec_path():
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


class Folder:
    """A new folder, which only this user may enter."""

    def __init__(self, prefix):
        place = os.environ.get("TMPDIR") or "/tmp"
        while True:
            self.name = os.path.join(place, prefix + os.urandom(6).hex())
            try:
                os.mkdir(self.name, 0o700)
                return
            except FileExistsError:
                continue

    def cleanup(self):
        """Removes it with the files that are in it."""
        for name in os.listdir(self.name):
            os.unlink(os.path.join(self.name, name))
        os.rmdir(self.name)
