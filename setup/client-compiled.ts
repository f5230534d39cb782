import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Script } from 'node:vm';
import { checkoutRoot } from './checkout.js';

/** What `bin/bundle.js` loads. */
interface Bundle {
  readonly runCli: (words: readonly string[], version: string) => Promise<number>;
  readonly script: Script;
}

const EXAMPLE = ['--config', join(checkoutRoot(), 'examples', 'campus', 'safeguard.yaml')];
const UNIMPLEMENTED = '12';

/** A server in Temporal's place that knows none of its methods. */
async function refusing(): Promise<{ address: string; close: () => void }> {
  const server = createServer();
  server.on('stream', (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNIMPLEMENTED };
    stream.respond(headers, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, close: () => server.close() };
}

// Part of the build: carries out a command as far as it gets without Temporal, and keeps beside the bundle what Node.js has compiled for it.
const [folder = ''] = process.argv.slice(2);
const { loadBundle } = (await import(join(checkoutRoot(), 'bin', 'bundle.js'))) as {
  loadBundle: (from: string) => Bundle;
};
const { runCli, script } = loadBundle(folder);
const { address, close } = await refusing();
await runCli(['status', ...EXAMPLE, '--address', address], '');
close();
await writeFile(join(folder, 'main.compiled'), script.createCachedData());
