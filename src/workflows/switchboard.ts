import { log, setHandler } from '@temporalio/workflow';
import { resolved } from '../domain/audit-events.js';
import type { Entity } from './entity.js';
import * as messages from './messages.js';

/** Lets people switch an environment off and on, announce freezes, and lift a quarantine. */
export function handleSwitches({ read, become, note }: Entity): void {
  setHandler(messages.resolveSignal, ({ by, reason }) => {
    log.warn('quarantine lifted', { by, reason });
    const { quarantine } = read();
    if (quarantine) note(resolved(quarantine, { by, reason }, new Date().toISOString()));
    become({ ...read(), quarantine: null });
  });
}
