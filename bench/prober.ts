import { request, type Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** How often a host is asked, in milliseconds. */
export const INTERVAL_MS = 20;
const TIMEOUT_MS = 1_000;

/** Where visitors find a host's application. */
export interface Visited {
  /** URL whose whole answer is the site's version. */
  readonly site: string;
  /** URL whose answer holds the backend's as `"version": "…"`. */
  readonly backend: string;
}

/** `agent`: keeps connections; left out: each answer is one of a new connection, as a new visitor has it. `null`: none. */
function get(url: string, agent?: Agent): Promise<string | null> {
  return new Promise((resolve) => {
    const asking = request(url, { agent: agent ?? false, timeout: TIMEOUT_MS }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => resolve(answer.statusCode === 200 ? Buffer.concat(pieces).toString() : null));
    });
    // A host that does not answer is what is being measured.
    asking.on('error', () => resolve(null));
    asking.on('timeout', () => asking.destroy());
    asking.end();
  });
}

/** The version that a backend says it is; `null`: it does not answer. */
export async function backendVersion(url: string, agent?: Agent): Promise<string | null> {
  return /"version":\s*"([^"]+)"/.exec((await get(url, agent)) ?? '')?.[1] ?? null;
}

/** What visitors get from one host. */
async function served({ site, backend }: Visited): Promise<{ site: string | null; backend: string | null }> {
  const [page, version] = await Promise.all([get(site), backendVersion(backend)]);
  return { site: page?.trim() ?? null, backend: version };
}

/** Milliseconds until every host was seen to serve what is waited for, counted from the call. */
export async function untilServed(
  hosts: readonly Visited[],
  isServed: (seen: { site: string | null; backend: string | null }) => boolean,
  limitMs = 60_000,
): Promise<number> {
  const begun = performance.now();
  const onHost = async (host: Visited): Promise<void> => {
    while (!isServed(await served(host))) {
      if (performance.now() - begun > limitMs)
        throw new Error(`${host.backend} did not come to it in ${limitMs} ms`);
      await delay(INTERVAL_MS);
    }
  };
  await Promise.all(hosts.map(onHost));
  return performance.now() - begun;
}
