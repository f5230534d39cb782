import { log, setHandler } from '@temporalio/workflow';
import type { AuditEvent } from '../domain/audit.js';
import type { SwitchWish } from '../domain/switches.js';
import { objectionToSwitch, switched } from '../domain/switching.js';
import type { Entity } from './entity.js';
import * as messages from './messages.js';
import { handleResolution } from './resolution.js';

const ACTIONS = {
  disable: 'disabled',
  enable: 'enabled',
  pause: 'paused',
  resume: 'resumed',
  freeze: 'frozen',
  unfreeze: 'unfrozen',
} as const satisfies Record<SwitchWish['kind'], AuditEvent['action']>;

/**
 * Lets people switch an environment off and on, announce freezes, and lift a quarantine. A switch ends by itself when its time is
 * over: whoever looks compares it with the time of the look, so that an environment which nobody looks at does nothing.
 */
export function handleSwitches(entity: Entity): void {
  const { read, become, note } = entity;
  setHandler(
    messages.flip,
    (wish) => {
      const at = new Date().toISOString();
      const { by, reason, kind } = wish;
      const before = read().switches;
      const switches = switched(before, wish, at);
      log.info('switched', { kind, by, reason });
      become({ ...read(), switches });
      if (isAnother(before, switches)) note(event(wish, at));
      return switches;
    },
    {
      validator: (wish: SwitchWish) => {
        const objection = objectionToSwitch(read().switches, wish, new Date().toISOString());
        if (objection !== null) throw new Error(objection);
      },
    },
  );
  handleResolution(entity);
}

/** A command that is run again finds everything as it wants it; that is no event. */
function isAnother(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

function event({ kind, by, reason }: SwitchWish, at: string): AuditEvent {
  return {
    key: `${kind}/${at}/${by}`,
    at,
    by,
    identity: 'claimed',
    action: ACTIONS[kind],
    reason,
    deploymentId: null,
    version: null,
    commit: null,
    planHash: null,
    outcome: null,
  };
}
