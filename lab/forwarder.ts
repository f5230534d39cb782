// Half of a forwarder: listens at one address, passes every connection on to another one. Two of them, joined by a
// unix socket, connect two network namespaces. Usage: forwarder.js FROM TO, each "PATH" or "HOST:PORT".
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { pipeline } from 'node:stream';

function parse(text: string): NetConnectOpts {
  if (text.startsWith('/')) return { path: text };
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

const [from = '', to = ''] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (incoming) => {
  const outgoing = connect({ ...parse(to), allowHalfOpen: true });
  pipeline(incoming, outgoing, incoming, (error) => {
    // One side broke off: the other one must hear of it too, and that is all there is to do about it.
    if (error) {
      incoming.destroy();
      outgoing.destroy();
    }
  });
});

server.once('error', (error) => {
  process.send?.({ error: error.message });
  process.exitCode = 1;
});
server.listen(parse(from), () => {
  const address = server.address();
  // Nobody waits for us any more once this is said; we live on alone.
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 }, () => process.disconnect());
});
process.once('SIGTERM', () => process.exit(0));
