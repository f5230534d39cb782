import { z } from 'zod';
import { DURATION, DURATION_BOUNDS, secondsOf } from '../domain/duration.js';

/** `30s`, `5m`, `6h`, `2d` → seconds. */
export const duration = z
  .string()
  .regex(DURATION, `expected a duration such as 30s, 5m or 6h: ${DURATION_BOUNDS}`)
  .transform((text) => secondsOf(text) ?? 0);

/** As {@link duration}, and `0s` for none at all. */
export const durationOrNone = z
  .string()
  .regex(
    new RegExp(`^0s$|${DURATION.source}`),
    `expected a duration such as 0s, 30s or 5m: 0s, or ${DURATION_BOUNDS}`,
  )
  .transform((text) => secondsOf(text) ?? 0);
