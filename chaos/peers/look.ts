import type { Lab } from '../../lab/lab.js';
import { webHosts } from '../../peers/hosts.js';
import type { Questions } from './peer.js';

/** One host, asked on the host itself. `nothing`: no answer, or no file. */
export interface Look {
  readonly host: string;
  /** As `systemctl is-active` says it. */
  readonly service: string;
  readonly running: string;
  readonly onDisk: string;
}

async function lookAt(lab: Lab, host: string, { unit, running, onDisk }: Questions): Promise<Look> {
  const ask = async (script: string): Promise<string> => {
    const { stdout } = await lab.run(host, ['sh', '-c', script], { timeoutMs: 10_000 });
    return stdout.trim() === '' ? 'nothing' : stdout.trim();
  };
  const [service, serves, lies] = await Promise.all([
    ask(`systemctl is-active ${unit}`),
    ask(running),
    ask(onDisk),
  ]);
  return { host, service, running: serves, onDisk: lies };
}

/** Every web host. */
export async function lookAround(lab: Lab, questions: Questions): Promise<Look[]> {
  return Promise.all(webHosts(lab).map(({ name }) => lookAt(lab, name, questions)));
}

/** Whether every host runs one and the same version, and would start that very version again. */
export function isWhole(looks: readonly Look[]): boolean {
  const [first] = looks;
  return looks.every(
    ({ service, running, onDisk }) =>
      service === 'active' && running === first?.running && running === onDisk && running !== 'nothing',
  );
}
