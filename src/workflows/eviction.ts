import { log, setHandler } from '@temporalio/workflow';
import { evicted, objectionToEviction } from '../domain/environment-state.js';
import { tell, type Entity } from './entity.js';
import * as messages from './messages.js';

/** Lets people take hosts out of an environment; refused to their face when it can't be. */
export function handleEvictions({ read, become }: Entity): void {
  setHandler(
    messages.evict,
    async ({ host: hostName, by, reason }) => {
      const host = read().hosts.find((known) => known.name === hostName);
      if (!host) throw new Error(`There is no host ${hostName}.`);
      const eviction = { host, by, reason, at: new Date().toISOString(), withdrawn: false };
      log.warn('host evicted', { host: hostName, by, reason });
      become(evicted(read(), eviction));
      const { holder } = read();
      if (holder) await tell(holder, messages.hostEvicted, { host: hostName });
      return eviction;
    },
    {
      validator: ({ host, by, reason }: messages.EvictionWish) => {
        const objection =
          by && reason ? objectionToEviction(read(), host) : 'Say who evicts the host, and why.';
        if (objection !== null) throw new Error(objection);
      },
    },
  );
}
