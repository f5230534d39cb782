"""What a play does, as JSON lines on standard output: read by src/adapters/ansible/events.ts."""
from __future__ import annotations

import ctypes
import json
import os
import signal
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r'''
name: safeguard_events
type: stdout
short_description: One line of JSON for each task that begins and for each result
description:
  - Of results only what is needed is written, so that nothing secret that a task was given gets out.
'''

# What is kept of a result; a task with no_log has none of it.
FIELDS = ('code', 'result', 'would')
MESSAGE_CHARACTERS = 2_000
PR_SET_PDEATHSIG = 1
# Set for plays that find on their standard input what to carry out: a line of JSON each, host → requests.
REQUESTS = 'SAFEGUARD_REQUESTS'
# Process id of the worker that started the play; not there where a person did.
WORKER = 'SAFEGUARD_WORKER'


def end_with_worker() -> None:
    """A worker that is killed takes its play along, as one that ends it does: Ansible ends what it has forked. The play would begin task
    after task beside that of the next worker, or wait for ever, since its thread for results ends when it has nobody to tell."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    worker = os.environ.get(WORKER)
    # It may have been killed before.
    if worker is not None and os.getppid() != int(worker):
        raise SystemExit(1)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'safeguard_events'

    def __init__(self) -> None:
        super().__init__()
        end_with_worker()

    def v2_playbook_on_play_start(self, play):
        """Each play of requests.yml waits to be told what to carry out. One whose worker is gone carries out nothing."""
        if REQUESTS in os.environ:
            told = self.next_line()
            if not told:
                raise SystemExit(1)
            play.vars = {**play.vars, 'safeguard_requests': json.loads(told)}

    def next_line(self) -> str:
        """Nothing, where nobody is there to tell."""
        try:
            self.emit('waits')
        except OSError:
            return ''
        return sys.stdin.readline()

    def emit(self, event: str, **fields) -> None:
        sys.stdout.write(json.dumps({'event': event, **fields}) + '\n')
        sys.stdout.flush()

    def told(self, event: str, result) -> None:
        values = result.result
        # Of a loop's item, this is told as a failure.
        self.emit('unreachable' if values.get('unreachable') else event, host=result.host.get_name(), task=result.task.get_name(), action=result.task.action,
                  message=str(values.get('msg', ''))[:MESSAGE_CHARACTERS],
                  **{name: values[name] for name in FIELDS if name in values})

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.emit('task', task=task.get_name())

    def v2_runner_on_ok(self, result):
        # A loop's items were told one by one.
        if 'results' not in result.result:
            self.told('ok', result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if 'results' not in result.result:
            self.told('ignored' if ignore_errors else 'failed', result)

    def v2_runner_on_unreachable(self, result):
        self.told('unreachable', result)

    def v2_runner_item_on_ok(self, result):
        self.told('ok', result)

    def v2_runner_item_on_failed(self, result):
        self.told('failed', result)
