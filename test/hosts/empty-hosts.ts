import type { Lab } from '../../lab/lab.js';

const EMPTY_HOST = `
systemctl stop 'campus-production-*.service' 'safeguard-campus-production-*.service' 'safeguard-campus-production-*.scope' 2>/dev/null
rm -rf /etc/systemd/system/campus-production-* /etc/nginx/conf.d/campus-production.conf /opt/campus-production/releases
rm -rf /var/lib/safeguard/campus-production /run/safeguard/campus-production/results /run/safeguard/campus-production/startable /var/lib/campus-production-state.json
systemctl daemon-reload; systemctl reset-failed; systemctl restart nginx`;

const EMPTY_DATABASE =
  'drop schema if exists safeguard cascade; drop schema public cascade; create schema public; grant all on schema public to campus_production';

/** Hosts and database as if nothing had ever been deployed to them. */
export async function emptyHosts(lab: Lab): Promise<void> {
  const web = lab.hosts.filter((host) => host.role === 'web');
  const argv = [
    'runuser',
    '-u',
    'postgres',
    '--',
    'psql',
    '-q',
    '-d',
    'campus_production',
    '-c',
    EMPTY_DATABASE,
  ];
  const all = await Promise.all([
    ...web.map((host) => lab.run(host.name, ['sh', '-c', EMPTY_HOST])),
    lab.run('db-1', argv),
  ]);
  const failed = all.find((done) => done.exitCode !== 0);
  if (failed) throw new Error(failed.stderr);
}
