import type { Rest, Violation } from './types.js';
import { violation } from './violation.js';

/** Steps that change hosts or the database on the way there. */
const FORWARD = ['stage', 'activate', 'migrate', 'prepare'];

type Attributes = { readonly scheduledEventId?: string | number } | null;

interface HistoryEvent {
  readonly eventId?: string | number;
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType?: { readonly name?: string };
  } | null;
  readonly activityTaskCompletedEventAttributes?: Attributes;
  readonly activityTaskFailedEventAttributes?: Attributes;
  readonly activityTaskTimedOutEventAttributes?: Attributes;
  readonly activityTaskCanceledEventAttributes?: Attributes;
}

function endedBy(event: HistoryEvent): string | null {
  const ended =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  return ended?.scheduledEventId === undefined ? null : String(ended.scheduledEventId);
}

/** Activities of the way there that were still under way when the first one of the way back was given out, by a run's history. */
export function stillUnderWay(history: string): string[] {
  const { events = [] } = JSON.parse(history) as { events?: HistoryEvent[] };
  const open = new Map<string, string>();
  for (const event of events) {
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (name === 'restore') return [...open.values()];
    if (name !== undefined && FORWARD.includes(name)) open.set(String(event.eventId), name);
    open.delete(endedBy(event) ?? '');
  }
  return [];
}

/** Ways back that began too early, by Temporal's own histories. */
export function judgeWayBack({ histories }: Pick<Rest, 'histories'>): Violation[] {
  return [...histories].flatMap(([id, history]) => {
    const open = stillUnderWay(history);
    if (open.length === 0) return [];
    return [
      violation('I1', null, `The way back of ${id} began while ${open.join(', ')} still went on`, open),
    ];
  });
}
