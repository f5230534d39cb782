import type { CheckAtRest } from './types.js';

/** Nothing is looked at yet. */
export const checkAtRest: CheckAtRest = () => Promise.resolve([]);
