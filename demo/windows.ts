import type { Lab } from '../lab/lab.js';
import { portIsFree } from '../src/dev/ports.js';

/** Addresses on this machine's loopback that lead into the lab. */
export interface Windows {
  readonly ui: string;
  readonly site: string;
}

async function open(lab: Lab, name: string, wished: number, target: string): Promise<string> {
  const { port } = await lab.forward(name, (await portIsFree(wished)) ? wished : 0, target);
  return `http://127.0.0.1:${port}`;
}

/** Opens the Web UI and the first host's site to this machine's browser. */
export async function openWindows(lab: Lab): Promise<Windows> {
  return {
    ui: await open(lab, 'ui', 8233, '127.0.0.1:8233'),
    site: await open(lab, 'site', 8080, 'web-1:80'),
  };
}
