import { z } from 'zod';

const result = z.object({
  host: z.string(),
  task: z.string(),
  action: z.string(),
  message: z.string(),
  /** Of a refusal of safeguard-host: its own code. */
  code: z.string().exactOptional(),
  /** What safeguard-host answered. */
  result: z.unknown().exactOptional(),
});

const event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('task'), task: z.string() }),
  z.object({ event: z.literal('waits') }),
  result.extend({ event: z.enum(['ok', 'failed', 'ignored', 'unreachable']) }),
]);

/** One line of `ansible/callback_plugins/safeguard_events.py`. */
export type PlayEvent = z.infer<typeof event>;
/** What a task came to on a host. */
export type TaskResult = Exclude<PlayEvent, { event: 'task' | 'waits' }>;

/** Reads one line; `null` when it is something else that Ansible or a plugin printed. */
export function readEvent(line: string): PlayEvent | null {
  try {
    const parsed = event.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    // No JSON, so none of ours.
    return null;
  }
}
