"""Processes and cgroups that go away while they are looked at."""
import errno
import os
import subprocess
import unittest
from unittest import mock

from given import host


class GoesAwayTest(unittest.TestCase):
    def test_a_process_between_opening_and_reading_is_none(self):
        process = subprocess.Popen(['sleep', '60'])

        def open_and_end(path, *how, **more):
            file = open(path, *how, **more)
            process.kill()
            process.wait()
            return file

        with mock.patch.object(host, 'open', open_and_end, create=True):
            self.assertIsNone(host.read_text(f'/proc/{process.pid}/cmdline'))

    def cgroup_that_fails_with(self, number):
        failing = mock.patch.object(host, 'read_bytes', side_effect=OSError(number, os.strerror(number)))
        walking = mock.patch.object(os, 'walk', lambda path: [(path, [], [])])
        with failing, walking:
            return host.cgroup_processes('/system.slice/gone.service')

    def test_a_cgroup_has_nobody(self):
        for number in (errno.ENOENT, errno.ENODEV):
            self.assertEqual(self.cgroup_that_fails_with(number), [])

    def test_one_that_cannot_be_read_is_not_taken_for_gone(self):
        with self.assertRaises(OSError):
            self.cgroup_that_fails_with(errno.EIO)
