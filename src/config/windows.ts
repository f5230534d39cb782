import { z } from 'zod';

const calendarWindow = z.strictObject({ name: z.string() });

/** Times without deployments, and the only times with them. */
export const windowsSection = z
  .strictObject({
    timezone: z.string().optional(),
    freeze: z.array(calendarWindow).optional(),
    allowed: z.array(calendarWindow).optional(),
  })
  .default({});
