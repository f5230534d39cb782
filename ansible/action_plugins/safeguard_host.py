"""The task `safeguard_host`: hands one request to safeguard-host on the host, and the archive's bytes after it.

Nothing is copied to the host and no Python of Ansible's starts there: the request goes where the worker's own SSH connection
would send it, in the same form. What it takes and answers: DOCUMENTATION in ansible/library/safeguard_host.py.
"""
from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

LIBRARY = Path(__file__).resolve().parent.parent / 'library' / 'safeguard_host.py'
# A play renews nothing: it ends within the longest lease, or is given up.
DEFAULTS = {'activate': {'lease': 3600}, 'prepare': {'peers': []}, 'commit': {'peers': []}}
# Names the descriptor of the file with the secrets of components, by name, that a worker lends.
LENT = 'SAFEGUARD_SECRETS'
SECRETS_BYTES = 16 * 1024**2
NUMBERS = ('epoch', 'step', 'try', 'attempt')


def load_program():
    """The program itself: its protocol and how it names releases are not written down twice. Read once, before a play forks for its hosts."""
    specification = importlib.util.spec_from_file_location('safeguard_host_program', LIBRARY)
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    return program


PROGRAM = load_program()


def lent_secrets() -> dict:
    """Read without moving on, since a play may stage several components."""
    lent = os.environ.get(LENT)
    return json.loads(os.pread(int(lent), SECRETS_BYTES, 0)) if lent else {}


def request_of(arguments: dict, check: bool) -> tuple:
    """The request, and the path of the archive that follows it (or None)."""
    given = {**arguments, **arguments.get('request', {})}
    given.pop('request', None)
    archive = given.pop('archive', None)
    request = {**DEFAULTS.get(given.get('operation'), {}), **given, 'protocol': PROGRAM.PROTOCOL}
    if 'manifest' in request:
        request.setdefault('digest', PROGRAM.digest_of(request['manifest']))
    if request.get('operation') == 'stage':
        request.setdefault('secrets', lent_secrets().get(request.get('component'), {}))
    # What is templated into a mapping may come as text.
    token = {name: int(value) if name in NUMBERS and isinstance(value, str) and value.isdigit() else value
             for name, value in request.get('token', {}).items()}
    if token:
        request['token'] = token
    if check and request.get('operation') != 'inspect':
        return {**request, 'check': True}, None
    return request, archive


def result_of(line: dict, digest) -> dict:
    """What the program answered, as Ansible has it."""
    if line.get('type') != 'result':
        return {'failed': True, 'changed': False, 'code': line.get('code'),
                'msg': f'{line.get("code")}: {line.get("message")}'}
    result = line['result']
    return {'changed': bool(result.get('changed')), 'result': result, 'digest': digest,
            **{key: result[key] for key in ('would', 'diff') if key in result}}


class ActionModule(ActionBase):
    """Runs on the controller; what it needs of the host is sudo for safeguard-host, as the worker does."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        # Whoever asks looks at the host by ssh; by another way, as `connection: local`, something else would be changed.
        if self._connection.transport != 'ssh':
            raise AnsibleActionFail(f'safeguard_host is carried out by ssh only, and this task has the connection {self._connection.transport}')
        request, archive = request_of(self._task.args, self._task.check_mode)
        data = json.dumps(request).encode() + b'\n'
        if archive is not None:
            data += Path(archive).read_bytes()
        answer = self._low_level_execute_command(f'sudo -n {PROGRAM.PROGRAM}', sudoable=False, in_data=data)
        lines = answer['stdout'].splitlines()
        if not lines:
            raise AnsibleActionFail(answer['stderr'].strip() or 'safeguard-host said nothing')
        return {**result, **result_of(json.loads(lines[-1]), request.get('digest'))}
