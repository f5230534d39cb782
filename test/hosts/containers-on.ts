import type { Completed, Lab } from '../../lab/lab.js';

const IMAGE = 'localhost/still';
/** No registry is in reach: the image is a busybox, and says nothing by itself. */
const MAKE_IMAGE = `
set -e
rm -rf "$0"; mkdir -p "$0/bin"; cp /bin/busybox "$0/bin/"
for word in sh sleep test; do ln -s busybox "$0/bin/$word"; done
tar -C "$0" -cf "$0.tar" .; chmod a+r "$0.tar"`;

/** Containers of one user on a host of a lab; the lab has to be up `--with containers`. */
export class ContainersOn {
  constructor(
    private readonly lab: Lab,
    private readonly host: string,
    private readonly user: 'root' | 'deploy' = 'root',
  ) {}

  /** Makes the image that containers are started from. */
  async prepare(): Promise<void> {
    // Its own: another user's may be made at the same time.
    const files = `/tmp/still-${this.user}`;
    await this.must(['sh', '-c', MAKE_IMAGE, files]);
    // Else what belongs to a user ends with the user's last login.
    if (this.user !== 'root') await this.must(['loginctl', 'enable-linger', this.user]);
    await this.podman('import', '--quiet', `${files}.tar`, IMAGE);
  }

  /** Starts one that does nothing for a day. */
  async start(name: string, ...options: readonly string[]): Promise<void> {
    await this.podman('run', '--detach', '--name', name, ...options, IMAGE, '/bin/sleep', '86400');
  }

  /** Runs podman as the user, who has to be let. */
  async podman(...words: readonly string[]): Promise<string> {
    return this.must([...this.asUser(), 'podman', ...words]);
  }

  /** The same, whatever comes of it. */
  async tryPodman(...words: readonly string[]): Promise<Completed> {
    return this.lab.run(this.host, [...this.asUser(), 'podman', ...words]);
  }

  /** Leaves no container. */
  async removeAll(): Promise<void> {
    await this.tryPodman('rm', '--all', '--force', '--time', '0');
    if (this.user !== 'root') await this.lab.run(this.host, ['loginctl', 'disable-linger', this.user]);
  }

  private asUser(): string[] {
    if (this.user === 'root') return [];
    return ['runuser', '-u', this.user, '--', 'env', 'XDG_RUNTIME_DIR=/run/user/1000', 'HOME=/home/deploy'];
  }

  private async must(argv: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.lab.run(this.host, argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} on ${this.host} (${exitCode}): ${stderr}`);
    return stdout.trim();
  }
}

/** Ends the process that holds a user's namespaces: podman leaves it wherever it was asked for anything as that user, by a check too. */
export async function endNamespaces(lab: Lab, host: string, user: string): Promise<void> {
  const script = 'for process in $(pgrep -u "$0" podman); do kill -KILL "$process" || exit; done';
  const { exitCode, stderr } = await lab.run(host, ['sh', '-c', script, user]);
  if (exitCode !== 0) throw new Error(`The namespaces of ${user} on ${host} were not ended: ${stderr}`);
}
