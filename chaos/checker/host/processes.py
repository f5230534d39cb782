"""What runs on this host, from /proc alone: processes, who listens, who holds a lock. Fed to `python3 -` in the host."""
import os
import pwd

PROC = '/proc'
LISTENING = '0A'
TICKS = os.sysconf('SC_CLK_TCK')


def read(path):
    """Bytes of a file of /proc; empty when its process has ended meanwhile."""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:
        return b''


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ''  # a kernel thread, or ended meanwhile


def boot_time():
    lines = read(f'{PROC}/stat').split(b'\n')
    return next(int(line.split()[1]) for line in lines if line.startswith(b'btime '))


def user_name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def unit_of(pid):
    """The systemd unit by the process' cgroup."""
    for line in read(f'{PROC}/{pid}/cgroup').decode().splitlines():
        if line.startswith('0::') or ':name=systemd:' in line:
            names = [part for part in line.split('/') if part.endswith(('.service', '.scope'))]
            if names:
                return names[-1]
    return ''


def open_files(pid):
    """Links of all descriptors, by number."""
    directory = f'{PROC}/{pid}/fd'
    try:
        numbers = os.listdir(directory)
    except OSError:
        return {}
    return {number: link(f'{directory}/{number}') for number in numbers}


def mapped(pid):
    return {line.split(None, 5)[5] for line in read(f'{PROC}/{pid}/maps').decode(errors='replace').splitlines()
            if len(line.split(None, 5)) == 6}


def process(pid, root, booted):
    """`touches`: what it has open or mapped below the application's root, with the kernel's word where that is deleted."""
    status = read(f'{PROC}/{pid}/stat').decode(errors='replace')
    if status == '':
        return None
    fields = status.rpartition(')')[2].split()
    argv = read(f'{PROC}/{pid}/cmdline').decode(errors='replace').split('\0')[:-1]
    try:
        uid = os.stat(f'{PROC}/{pid}').st_uid
    except OSError:
        return None
    known = {*open_files(pid).values(), *mapped(pid)}
    return {
        'pid': int(pid), 'parent': int(fields[1]), 'user': user_name(uid), 'unit': unit_of(pid), 'argv': argv,
        'exe': link(f'{PROC}/{pid}/exe'), 'cwd': link(f'{PROC}/{pid}/cwd'),
        'startedMs': round((booted + int(fields[19]) / TICKS) * 1000),
        'touches': sorted(path for path in known if path.startswith(f'{root}/')),
    }


def processes(root):
    """All but this one and whoever let it in."""
    booted = boot_time()
    pids = [pid for pid in os.listdir(PROC) if pid.isdigit() and int(pid) != os.getpid()]
    return [found for found in (process(pid, root, booted) for pid in pids) if found]


def listeners(ports):
    """For each port the processes that have a listening socket of it: from the socket's inode to descriptors."""
    inodes = {port: set() for port in ports}
    for table in ('tcp', 'tcp6'):
        for line in read(f'{PROC}/net/{table}').decode().splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rpartition(':')[2], 16)
            if fields[3] == LISTENING and port in inodes:
                inodes[port].add(f'socket:[{fields[9]}]')
    owners = {str(port): set() for port in ports}
    for pid in filter(str.isdigit, os.listdir(PROC)):
        held = set(open_files(pid).values())
        for port in ports:
            if held & inodes[port]:
                owners[str(port)].add(int(pid))
    return {port: sorted(pids) for port, pids in owners.items()}


def locks(directories):
    """
    Locks on files below the directories. /proc/PID/fdinfo has the same lines as /proc/locks, for one open file each: the device
    and inode numbers of /proc/locks say nothing on a file system that is laid over another one.
    """
    found = []
    for pid in filter(str.isdigit, os.listdir(PROC)):
        for number, path in open_files(pid).items():
            if not path.startswith(tuple(f'{directory}/' for directory in directories)):
                continue
            info = read(f'{PROC}/{pid}/fdinfo/{number}').decode(errors='replace')
            lines = [' '.join(line.split()) for line in info.splitlines() if line.startswith('lock:')]
            found += [{'pid': int(pid), 'path': path, 'line': line} for line in lines]
    return found
