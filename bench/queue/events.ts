import type { WorkflowHandle } from '@temporalio/client';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** One event of a history, as far as it is measured by. */
export type Event = NonNullable<History['events']>[number];

/** How many events a history has, in all and by kind. */
export interface Events {
  readonly total: number;
  /** By the event's kind: `ActivityTaskScheduled`. */
  readonly byKind: Readonly<Record<string, number>>;
}

/** The attributes of an event are in the one field that is named after its kind. */
const ATTRIBUTES = 'EventAttributes';

function kindOf(event: Event): string {
  const field = Object.entries(event).find(([name, value]) => name.endsWith(ATTRIBUTES) && value)?.[0];
  return field === undefined ? 'other' : field.charAt(0).toUpperCase() + field.slice(1, -ATTRIBUTES.length);
}

/** All events of one run of a workflow. */
export async function historyOf(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<Event[]> {
  return (await handle.fetchHistory()).events ?? [];
}

/** Counts the events of one run of a workflow. */
export async function eventsOf(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<Events> {
  const events = await historyOf(handle);
  const byKind: Record<string, number> = {};
  for (const event of events) byKind[kindOf(event)] = (byKind[kindOf(event)] ?? 0) + 1;
  return { total: events.length, byKind };
}

/** The server's time of an event, in milliseconds. */
export function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
}

/** When signals of a name came to a workflow. */
export function signalsAt(events: readonly Event[], name: string): number[] {
  return events
    .filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === name)
    .map(timeOf);
}

/** When a workflow first scheduled an activity; `undefined`: it never did. */
export function scheduledAt(events: readonly Event[], activity: string): number | undefined {
  const found = events.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
  return found && timeOf(found);
}
