import type { WorkflowHandle } from '@temporalio/client';

/** How many events a history has, in all and by kind. */
export interface Events {
  readonly total: number;
  /** By the event's name, as `temporal workflow show` prints it without spaces: `ActivityTaskScheduled`. */
  readonly byKind: Readonly<Record<string, number>>;
}

/** The attributes of an event are in the one field that is named after its kind. */
const ATTRIBUTES = 'EventAttributes';

function kindOf(event: object): string {
  const field = Object.entries(event).find(([name, value]) => name.endsWith(ATTRIBUTES) && value)?.[0];
  return field === undefined ? 'other' : field.charAt(0).toUpperCase() + field.slice(1, -ATTRIBUTES.length);
}

/** Counts the events of one run of a workflow. */
export async function eventsOf(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<Events> {
  const { events = [] } = await handle.fetchHistory();
  const byKind: Record<string, number> = {};
  for (const event of events ?? []) byKind[kindOf(event)] = (byKind[kindOf(event)] ?? 0) + 1;
  return { total: events?.length ?? 0, byKind };
}
