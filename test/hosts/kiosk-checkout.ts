import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parseDocument } from 'yaml';
import type { Lab, LabHost } from '../../lab/lab.js';
import { checkoutRoot } from '../../setup/checkout.js';

const BACKEND = 'kiosk-demo-backend.service';

/** Quick in tests; the defaults of the product are longer. */
const POLICY = {
  retries: { tries: 2, delay: '1s' },
  limits: { step: '60s', rollback: '60s' },
  checks: { attempts: 2, interval: '1s', timeout: '5s', phase: '60s', stabilise: '0s' },
};

const EMPTY_HOST = `
systemctl stop 'kiosk-demo-*.service' 'safeguard-kiosk-demo-*.service' 'safeguard-kiosk-demo-*.scope' 2>/dev/null
rm -rf /etc/systemd/system/kiosk-demo-* /etc/nginx/conf.d/kiosk-demo.conf /srv/kiosk/releases
rm -rf /var/lib/safeguard/kiosk-demo /var/lib/kiosk-demo-state.json
systemctl daemon-reload; systemctl reset-failed; systemctl restart nginx`;

/**
 * The kiosk's folder as its team has it, copied and pointed at the web hosts of a lab, on which nothing of the kiosk is left.
 */
export class KioskCheckout {
  private constructor(
    private readonly lab: Lab,
    /** The web hosts that it is deployed to. */
    readonly hosts: readonly LabHost[],
    readonly directory: string,
    /** Value of its one secret. */
    readonly token: string,
  ) {}

  /** Makes `<parent>/kiosk`, for the first `count` web hosts of the lab. */
  static async make(lab: Lab, parent: string, count = Infinity): Promise<KioskCheckout> {
    const hosts = lab.hosts.filter((host) => host.role === 'web').slice(0, count);
    const directory = join(parent, 'kiosk');
    const token = randomBytes(16).toString('hex');
    await cp(join(checkoutRoot(), 'examples', 'kiosk'), directory, { recursive: true });
    for (const left of ['releases', 'records', 'keys'])
      await rm(join(directory, left), { recursive: true, force: true });
    await mkdir(join(directory, 'keys'));
    await symlink(lab.keyFile, join(directory, 'keys', 'deploy'));
    await symlink(lab.knownHostsFile, join(directory, 'keys', 'known_hosts'));
    await writeFile(join(directory, 'keys', 'token'), `${token}\n`, { mode: 0o600 });
    const kiosk = new KioskCheckout(lab, hosts, directory, token);
    await kiosk.place();
    await kiosk.onHosts(['sh', '-c', EMPTY_HOST]);
    return kiosk;
  }

  get configFile(): string {
    return join(this.directory, 'safeguard.yaml');
  }

  /** Builds a release from the sources as they are now, with the kiosk's own script. */
  async build(version: string): Promise<void> {
    await execa(join(this.directory, 'build.sh'), [version]);
  }

  /** Changes the sources, as a commit would. */
  async edit(file: string, from: string, to: string): Promise<void> {
    const path = join(this.directory, file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    await writeFile(path, text.replaceAll(from, to));
  }

  /** Runs a command as root on every one of its hosts and answers what each printed. */
  async onHosts(argv: readonly string[], input = ''): Promise<string[]> {
    const done = await Promise.all(this.hosts.map((host) => this.lab.run(host.name, argv, { input })));
    return done.map(({ stdout }) => stdout.trim());
  }

  /** What every host answers at a URL of the kiosk, asked on the host itself. */
  async answers(url: string): Promise<string[]> {
    return this.onHosts(['curl', '-s', '-m', '5', `http://127.0.0.1${url}`]);
  }

  /** The one version that backend and site of every host serve, or a sentence that says how they differ. */
  async servedEverywhere(): Promise<string> {
    const sites = await this.answers(':8088/version.txt');
    const answers = await this.answers(':9100/version');
    const backends = answers.map((text) => /"v": "(.*)"/.exec(text)?.[1] ?? text);
    const versions = new Set([...sites, ...backends]);
    const [version = 'nothing'] = versions;
    return versions.size === 1
      ? version
      : `mixed: sites ${sites.join(', ')}; backends ${backends.join(', ')}`;
  }

  /** Identity of a unit's process on every host: another one after each restart. */
  async processes(unit: string = BACKEND): Promise<string[]> {
    return this.onHosts(['systemctl', 'show', '-p', 'MainPID,ExecMainStartTimestampMonotonic', unit]);
  }

  /** Its `safeguard.yaml` with the lab's addresses instead of the example's. */
  private async place(): Promise<void> {
    const document = parseDocument(await readFile(this.configFile, 'utf8'));
    const hosts = Object.fromEntries(this.hosts.map((host) => [host.name, host.address]));
    for (const [key, value] of Object.entries({ hosts, ...POLICY }))
      document.setIn(['environments', 'demo', key], value);
    await writeFile(this.configFile, document.toString());
  }
}
