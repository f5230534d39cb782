import { z } from 'zod';
import { SafeguardError } from '../../domain/errors.js';
import type { ProbeOptions } from './attempt.js';
import { httpProbe, type HttpAnswer } from './http.js';
import { dialOf, tlsOf } from './url.js';

/** Where a Prometheus is asked, and what makes it answer. */
export interface PrometheusPlace {
  /** Its address without `/api`, with a path where it is served below one. */
  readonly url: string;
  /** Where it lets in only whoever has a login. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates (PEM) that are trusted; left out: those that Node.js trusts. */
  readonly ca?: string | undefined;
}

/** One sample of an answer. */
export interface Sample {
  /** Empty for a scalar, and where the query leaves none. */
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite. */
  readonly value: number;
}

/** Characters of what Prometheus says in a message. */
const SAID_CHARACTERS = 300;
/** Statuses with which a proxy lets nobody in. */
const NOT_LET_IN: readonly number[] = [401, 403, 407];

const point = z.tuple([z.number(), z.string()]);
const answered = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: point })),
      }),
      z.object({ resultType: z.literal('scalar'), result: point }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

function parsed(body: string): z.output<typeof answered> | null {
  try {
    return answered.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    // No JSON is one more way of not being an answer of the API.
    return null;
  }
}

/** Go writes `+Inf`, which JavaScript calls Infinity. */
function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

/**
 * Reads an answer of `/api/v1/query` to an instant query that comes to a vector or a scalar.
 * @throws SafeguardError NOT_REACHED where nobody is let in, PROBE_FAILED
 */
export function readSamples(place: string, { status, body }: HttpAnswer): readonly Sample[] {
  const answer = parsed(body);
  if (answer?.status === 'error') {
    const said = `${answer.errorType}: ${answer.error.slice(0, SAID_CHARACTERS)}`;
    throw new SafeguardError('PROBE_FAILED', `Prometheus at ${place} answered ${status}: ${said}`);
  }
  if (NOT_LET_IN.includes(status))
    throw new SafeguardError('NOT_REACHED', `Prometheus at ${place} answered ${status}: it lets nobody in.`);
  if (status !== 200 || answer === null) {
    const said = JSON.stringify(body.slice(0, SAID_CHARACTERS));
    throw new SafeguardError(
      'PROBE_FAILED',
      `Prometheus at ${place} answered ${status} with what is no vector of its API: ${said}`,
    );
  }
  const { data } = answer;
  if (data.resultType === 'scalar') return [{ labels: {}, value: numberOf(data.result[1]) }];
  return data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
}

/**
 * Asks a Prometheus what a query comes to now.
 * @throws SafeguardError NOT_REACHED (a refused login included), PROBE_FAILED with what it said
 */
export async function queryPrometheus(
  { url, headers = {}, ca }: PrometheusPlace,
  query: string,
  limits: ProbeOptions,
): Promise<readonly Sample[]> {
  const base = new URL(url);
  const dial = dialOf(base);
  const answer = await httpProbe(dial, {
    path: `${base.pathname.replace(/\/$/, '')}/api/v1/query`,
    // As a form: a query in the address would stand in every message and in the logs of proxies.
    method: 'POST',
    hostName: base.host,
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ query }).toString(),
    ...(base.protocol === 'https:' ? { tls: tlsOf(base, ca) } : {}),
    ...limits,
  });
  return readSamples(dial.place, answer);
}
