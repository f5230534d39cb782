"""What lies on this host: releases by their bytes, scratch files, changes by systemd's journal, and secrets that leaked."""
import fnmatch
import glob
import hashlib
import json
import os
import stat
import subprocess

# Where something may have been written; the journal has another reader.
TREES = ['/etc', '/home', '/opt', '/root', '/run', '/srv', '/tmp', '/usr/local', '/var']
STARTED = '39f53479d3a045ac8e11786248231fbf'
FAILED = 'd9b373ed55a64feb8242e02dbe79a49c'
# Became inactive; stopped; failed.
ENDED = ('7ad2d189f7e94e70a38c781354912448', '9d1aaa27d60140bd96365438aad20286', FAILED)


def run(*argv, given=b''):
    return subprocess.run(argv, input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def digest(path):
    if os.path.islink(path):
        return f'link to {os.readlink(path)}'
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def tree(directory):
    """SHA-256 of every file by its path, and when the newest of them was changed in any way, in milliseconds."""
    files, changed = {}, 0
    for parent, folders, names in os.walk(directory):
        for name in [*names, *(folder for folder in folders if os.path.islink(f'{parent}/{folder}'))]:
            path = f'{parent}/{name}'
            files[os.path.relpath(path, directory)] = digest(path)
            changed = max(changed, os.lstat(path).st_ctime_ns // 1_000_000)
    return {'files': files, 'changedMs': changed}


def releases(root):
    """Folders of all releases, by path below `releases`, and what lies beside them that is neither hidden notes nor a manifest."""
    top, found, others = f'{root}/releases', {}, []
    for name in sorted(os.listdir(top) if os.path.isdir(top) else []):
        if name.startswith('.') or not os.path.isdir(f'{top}/{name}'):
            others.append(f'{top}/{name}')
            continue
        for entry in sorted(os.listdir(f'{top}/{name}')):
            path = f'{top}/{name}/{entry}'
            if os.path.isdir(path):
                found[f'{name}/{entry}'] = tree(path)
            elif not fnmatch.fnmatch(entry, '.*.files') and not fnmatch.fnmatch(entry, '.*.env') and entry != 'manifest.json':
                others.append(path)
    return {'components': found, 'others': others}


def scratch(name):
    """Files under names that are given only while something is being written."""
    patterns = [f'/var/lib/safeguard/{name}/*.new-*', f'/var/lib/{name}-*.new-*', f'/etc/systemd/system/{name}-*.new-*',
                f'/etc/nginx/conf.d/*.new-*', '/var/backups/deployment-forensics/.new-*',
                '/var/backups/deployment-state/*.new-*', f'/run/safeguard/{name}/*.scope.json',
                f'/run/safeguard/{name}/*.phase*', f'/run/safeguard/{name}/lease']
    return sorted(path for pattern in patterns for path in glob.glob(pattern))


def units(name):
    listed = run('systemctl', 'list-units', '--all', '--output=json', f'{name}-*', 'safeguard-*')
    return [{'name': unit['unit'], 'active': unit['active'], 'sub': unit['sub']} for unit in json.loads(listed or b'[]')]


def changes(name, since, running):
    """
    Transient units of changes with systemd's own times, in microseconds of the kernel that all hosts share. What was cut off by
    the end of its boot ended when that boot was last heard of, at the latest; `to` is null for what runs now.
    """
    ids = [f'MESSAGE_ID={one}' for one in (STARTED, *ENDED)]
    told = run('journalctl', '--quiet', '--output=json', '--output-fields=UNIT,MESSAGE_ID,MESSAGE,_BOOT_ID',
               f'--since=@{since}', '_PID=1', *ids)
    began, done, last = {}, [], {}
    for entry in map(json.loads, told.splitlines()):
        unit, boot, at = entry.get('UNIT', ''), entry['_BOOT_ID'], int(entry['__MONOTONIC_TIMESTAMP'])
        last[boot] = at
        if not unit.startswith(f'safeguard-{name}-'):
            continue
        if entry['MESSAGE_ID'] == STARTED:
            # Started <unit> - safeguard <operation> <application>-<environment>.
            words = str(entry.get('MESSAGE', '')).partition(' - safeguard ')[2].split()
            began[unit, boot] = {'unit': unit, 'operation': words[0] if words else '', 'from': at, 'to': None, 'boot': boot,
                                 'failed': False}
            done.append(began[unit, boot])
        elif (unit, boot) in began:
            began[unit, boot]['to'] = at
            began[unit, boot]['failed'] |= entry['MESSAGE_ID'] == FAILED
    here = run('cat', '/proc/sys/kernel/random/boot_id').decode().strip().replace('-', '')
    for change in done:
        if change['to'] is None and not (change['boot'] == here and change['unit'] in running):
            change['to'] = last[change['boot']] if change['boot'] != here else change['from']
    return done


def starts(name, since):
    """When the backend began to listen, in the same microseconds, and as which version by its own first words."""
    told = run('journalctl', '--quiet', '--output=json', '--output-fields=MESSAGE,_BOOT_ID', f'--since=@{since}',
               f'_SYSTEMD_UNIT={name}-backend.service')
    said = [(entry, str(entry.get('MESSAGE', '')).split()) for entry in map(json.loads, told.splitlines())]
    return [{'boot': entry['_BOOT_ID'], 'at': int(entry['__MONOTONIC_TIMESTAMP']), 'version': words[1]}
            for entry, words in said if words[2:4] == ['listens', 'on']]


def leaked_files(forms):
    """`<mode> <owner> <path>` of files that have one of the forms. They come on standard input: arguments are for everyone to see."""
    found = run('grep', '-rslF', '--devices=skip', '--exclude-dir=journal', '-f', '-', *TREES, given='\n'.join(forms).encode())
    told = []
    for path in found.decode(errors='replace').splitlines():
        try:
            known = os.stat(path)
        except OSError:
            continue  # gone meanwhile
        told.append({'path': path, 'mode': stat.S_IMODE(known.st_mode), 'uid': known.st_uid})
    return told


def leaked_in_journal(forms, since):
    """Who wrote the entries that have one of the forms; never the entries."""
    text = run('journalctl', '--quiet', '--output=export', f'--since=@{since}')
    wanted = [form.encode() for form in forms]
    if not any(form in text for form in wanted):
        return []
    entries = [entry for entry in text.split(b'\n\n') if any(form in entry for form in wanted)]
    return sorted({' '.join(line.decode(errors='replace') for line in entry.split(b'\n')
                            if line.startswith((b'SYSLOG_IDENTIFIER=', b'_SYSTEMD_UNIT=', b'_PID='))
                            and not any(form in line for form in wanted)) for entry in entries})


def leaked_in_arguments(forms, all_processes):
    return [{'pid': one['pid'], 'exe': one['exe']} for one in all_processes
            if any(form in ' '.join(one['argv']) for form in forms)]
