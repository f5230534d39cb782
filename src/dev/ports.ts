import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { isSystemError } from './system-error.js';

async function listenOnce(port: number, ip: string): Promise<number> {
  const server = createServer();
  server.listen(port, ip);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address.port;
}

/** A port that was free a moment ago. */
export function freePort(ip = '127.0.0.1'): Promise<number> {
  return listenOnce(0, ip);
}

/** Whether a program may listen on that port now; throws on anything but "in use". */
export async function portIsFree(port: number, ip = '127.0.0.1'): Promise<boolean> {
  try {
    await listenOnce(port, ip);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return false;
    throw error;
  }
}
