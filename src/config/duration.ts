import { z } from 'zod';
import { DURATION, secondsOf } from '../domain/duration.js';

/** `30s`, `5m`, `6h`, `2d` → seconds. */
export const duration = z
  .string()
  .regex(DURATION, 'expected a duration such as 30s, 5m or 6h')
  .transform((text) => secondsOf(text) ?? 0);
