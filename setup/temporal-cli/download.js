// Lets the Temporal SDK download the Temporal CLI into the directory named by the first argument (version: the
// second). The SDK has no call for the download alone: it comes with starting a server, which is stopped at once.
// A process of its own, because the SDK's download can't be cancelled, and starting it fixes the process's Runtime.
import { Runtime } from '@temporalio/worker';

const [downloadDir, version] = process.argv.slice(2);
const runtime = Runtime.instance();
const server = await runtime.createEphemeralServer({
  type: 'dev-server',
  exe: {
    type: 'cached-download',
    downloadDir,
    version,
    ttl: 0,
    sdkName: 'sdk-typescript',
    sdkVersion: '1.24.0',
  },
  namespace: 'default',
  ip: '127.0.0.1',
  port: null,
  uiPort: null,
  dbFilename: null,
  ui: false,
  log: { format: 'pretty', level: 'error' },
  extraArgs: [],
});
await runtime.shutdownEphemeralServer(server);
