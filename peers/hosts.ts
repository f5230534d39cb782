import type { Lab, LabHost } from '../lab/lab.js';

/** The hosts that applications are deployed to. */
export function webHosts(lab: Lab): LabHost[] {
  return lab.hosts.filter(({ role }) => role === 'web');
}

/** Runs a command as root on every web host at once. Throws with the name of one where it failed. */
export async function onEveryHost(
  lab: Lab,
  argv: readonly string[],
  input: string | Buffer = '',
): Promise<void> {
  await Promise.all(
    webHosts(lab).map(async ({ name }) => {
      const { exitCode, stderr } = await lab.run(name, argv, { input });
      if (exitCode !== 0) throw new Error(`${name}: ${argv.join(' ')}: ${stderr}`);
    }),
  );
}
