import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { isSystemError } from './system-error.js';

async function listen(port: number, ip: string): Promise<Server> {
  const server = createServer();
  server.listen(port, ip);
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/**
 * A port nobody listens on, which the system gives to nobody else for a minute unless it is asked for by number.
 * A connection that the listening side closed first keeps it (TIME_WAIT); without that, a server that takes other ports at its
 * start may be handed this very one.
 */
export async function freePort(ip = '127.0.0.1'): Promise<number> {
  const server = await listen(0, ip);
  const { port } = server.address() as AddressInfo;
  server.once('connection', (socket) => socket.end());
  const caller = connect(port, ip);
  caller.resume();
  await once(caller, 'close');
  await close(server);
  return port;
}

/** Whether a program may listen on that port now; throws on anything but "in use". */
export async function portIsFree(port: number, ip = '127.0.0.1'): Promise<boolean> {
  try {
    await close(await listen(port, ip));
    return true;
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return false;
    throw error;
  }
}
