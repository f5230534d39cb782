import { log, setHandler } from '@temporalio/workflow';
import type { Entity } from './entity.js';
import * as messages from './messages.js';

/** Lets people switch an environment off and on, announce freezes, and lift a quarantine. */
export function handleSwitches({ read, become }: Entity): void {
  setHandler(messages.resolveSignal, ({ by, reason }) => {
    log.warn('quarantine lifted', { by, reason });
    become({ ...read(), quarantine: null });
  });
}
