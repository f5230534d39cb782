import type { DrawnFault } from '../draw-types.js';
import type { Place } from '../place.js';

/** There was nothing that the fault could have happened to. */
export class Missed extends Error {}

/**
 * Makes a fault happen, lets it last, and heals it; returns when it is healed.
 * @throws Missed
 */
export type Strike = (place: Place, fault: DrawnFault) => Promise<void>;
