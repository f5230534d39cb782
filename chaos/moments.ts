import { setTimeout as delay } from 'node:timers/promises';
import type { DrawnFault } from './draw-types.js';
import { Missed } from './faults/fault.js';
import { STRIKES } from './faults/index.js';
import type { Place } from './place.js';
import type { Sightings } from './sightings.js';

/** What became of a fault. `missed`: its moment never came, or there was nothing it could happen to. */
export interface Struck extends DrawnFault {
  readonly hit: boolean;
  /** Since the timeline began; `null`: never. */
  readonly atMs: number | null;
  readonly why: string;
}

/** A fault that waits for its moment, happens, and is healed. */
export class Appointment {
  /** True from the moment on until the fault is healed. */
  isUnderWay = false;
  /** When it was healed, as `Date.now()` says it; `null`: not yet, or there was nothing to heal. */
  healedAt: number | null = null;
  readonly done: Promise<Struck>;
  private readonly over = new AbortController();

  constructor(
    private readonly fault: DrawnFault,
    private readonly place: Place,
    private readonly sightings: Sightings,
  ) {
    this.done = this.keep();
    // Whoever awaits it is told; until then it must not end the process.
    this.done.catch(() => undefined);
  }

  /** The moment does not come any more. */
  giveUp(): void {
    this.over.abort();
  }

  private async keep(): Promise<Struck> {
    const { fault, place } = this;
    const { moment, lastsMs, victim } = fault;
    if (!(await this.sightings.until(moment, this.over.signal)))
      return { ...fault, hit: false, atMs: null, why: `${moment.step} did not come` };
    this.isUnderWay = true;
    await delay(moment.afterMs);
    const atMs = place.timeline.note(`FAULT ${fault.fault} (victim ${victim}, ${lastsMs} ms)`);
    try {
      await STRIKES[fault.fault](place, fault);
      this.healedAt = Date.now();
      place.timeline.note(`healed: ${fault.fault}`);
      return { ...fault, hit: true, atMs, why: '' };
    } catch (error) {
      if (!(error instanceof Missed)) throw error;
      place.timeline.note(`missed: ${fault.fault}: ${error.message}`);
      return { ...fault, hit: false, atMs, why: error.message };
    } finally {
      this.isUnderWay = false;
    }
  }
}
