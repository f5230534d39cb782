"""A disk without room: the ballast goes first, then a file is overwritten where it lies."""
import errno
import os

from given import HostTest, host


class FullDiskTest(HostTest):
    def setUp(self):
        super().setUp()
        self.unit = f'{host.UNIT_ROOT}/campus.service'
        host.write_durably(self.unit, b'# the unit of before, which is longer\n')
        self.addCleanup(setattr, host, 'write_durably', host.write_durably)
        self.really_write = host.write_durably
        host.write_durably = self.write_if_there_is_room

    def write_if_there_is_room(self, path, data, mode=0o644):
        if self.has_room():
            self.really_write(path, data, mode)
        else:
            raise OSError(errno.ENOSPC, 'No space left on device', path)

    def has_room(self):
        return False

    def test_the_ballast_makes_room(self):
        host.preallocate(self.app.ballast, 4096)
        self.has_room = lambda: not os.path.exists(self.app.ballast)
        host.write_with_ballast(self.app, self.unit, b'new\n')
        self.assertEqual(host.read_bytes(self.unit), b'new\n')

    def test_without_ballast_the_file_is_overwritten_in_place(self):
        before = os.stat(self.unit).st_ino
        host.write_with_ballast(self.app, self.unit, b'new\n')
        self.assertEqual(host.read_bytes(self.unit), b'new\n')
        self.assertEqual(os.stat(self.unit).st_ino, before)

    def test_somebody_else_may_take_the_room_of_the_ballast(self):
        host.preallocate(self.app.ballast, 4096)
        host.write_with_ballast(self.app, self.unit, b'new\n')
        self.assertEqual(host.read_bytes(self.unit), b'new\n')
        self.assertFalse(os.path.exists(self.app.ballast))

    def test_what_has_no_blocks_of_its_own_is_left_as_it_is(self):
        for path, data in ((f'{self.unit}.other', b'new\n'), (self.unit, b'x' * 65536)):
            with self.assertRaises(OSError) as caught:
                host.write_with_ballast(self.app, path, data)
            self.assertTrue(host.is_disk_full(caught.exception))
        self.assertEqual(host.read_bytes(self.unit), b'# the unit of before, which is longer\n')

    def test_the_result_of_a_change_needs_no_room_on_the_disk(self):
        self.assertTrue(self.app.results.startswith(host.RUN_ROOT))
