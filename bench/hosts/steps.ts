import { timeOf, type Event } from '../queue/events.js';

/** One activity, on every host at once where it has to do with hosts. Times in milliseconds from the start of the run. */
export interface Step {
  readonly activity: string;
  readonly from: number;
  readonly to: number;
  /** The longest that one of them waited until a worker took it up. */
  readonly waited: number;
}

interface Done {
  readonly activity: string;
  readonly scheduled: number;
  readonly started: number;
  readonly completed: number;
}

/** Goes on beside the others as long as the run lives. */
const BESIDE = 'holdLeases';

function activitiesOf(events: readonly Event[]): Done[] {
  const begun = timeOf(events[0] ?? {});
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const at = (id: unknown): number => timeOf(byId.get(Number(id)) ?? {}) - begun;
  return events.flatMap((event) => {
    const { scheduledEventId, startedEventId } = event.activityTaskCompletedEventAttributes ?? {};
    if (!scheduledEventId) return [];
    const { activityType } = byId.get(Number(scheduledEventId))?.activityTaskScheduledEventAttributes ?? {};
    const times = {
      scheduled: at(scheduledEventId),
      started: at(startedEventId),
      completed: timeOf(event) - begun,
    };
    return [{ activity: activityType?.name ?? '', ...times }];
  });
}

/** The steps of a run one after the other: activities of one name that overlap are one step. */
export function stepsOf(events: readonly Event[]): Step[] {
  const steps: Step[] = [];
  const inOrder = activitiesOf(events)
    .filter(({ activity }) => activity !== BESIDE)
    .sort((a, b) => a.scheduled - b.scheduled);
  for (const { activity, scheduled, started, completed } of inOrder) {
    const last = steps.at(-1);
    const waited = started - scheduled;
    if (last?.activity === activity && scheduled < last.to)
      steps[steps.length - 1] = {
        ...last,
        to: Math.max(last.to, completed),
        waited: Math.max(last.waited, waited),
      };
    else steps.push({ activity, from: scheduled, to: completed, waited });
  }
  return steps;
}

/** How long a run took, from its first event to its last. */
export function lengthOf(events: readonly Event[]): number {
  return timeOf(events.at(-1) ?? {}) - timeOf(events[0] ?? {});
}

/** What failed and was tried again, so that a run that took far longer than the others says why. */
export function failedTries(events: readonly Event[]): string[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  return events.flatMap((event) => {
    const ended = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (!ended) return [];
    const scheduled = byId.get(Number(ended.scheduledEventId))?.activityTaskScheduledEventAttributes;
    const why = [ended.failure?.message, ended.failure?.cause?.message].filter(Boolean).join(': ');
    return [`${scheduled?.activityType?.name ?? ''}: ${why}`];
  });
}
