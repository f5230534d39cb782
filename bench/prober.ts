import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 20;
const TIMEOUT_MS = 1_000;

/** GET without keep-alive: each answer is one of a new connection, as a new visitor has it. `null`: none. */
function get(address: string, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const asking = request({ host: address, path, agent: false, timeout: TIMEOUT_MS }, (answer) => {
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

/** What visitors get from one host through nginx: the versions of the site and of the backend behind it. */
async function served(address: string): Promise<{ site: string | null; backend: string | null }> {
  const [site, info] = await Promise.all([get(address, '/version.txt'), get(address, '/actuator/info')]);
  const backend = /"version":\s*"([^"]+)"/.exec(info ?? '')?.[1] ?? null;
  return { site: site?.trim() ?? null, backend };
}

/** Milliseconds until every host serves `site` and `backend` at the same look, counted from the call. */
export async function untilServed(
  addresses: readonly string[],
  isServed: (seen: { site: string | null; backend: string | null }) => boolean,
  limitMs = 60_000,
): Promise<number> {
  const begun = performance.now();
  const onHost = async (address: string): Promise<void> => {
    while (!isServed(await served(address))) {
      if (performance.now() - begun > limitMs)
        throw new Error(`${address} did not come to it in ${limitMs} ms`);
      await delay(INTERVAL_MS);
    }
  };
  await Promise.all(addresses.map(onHost));
  return performance.now() - begun;
}
