import { until, type CampusLab } from './campus-lab.js';

/**
 * Names of files, without what runs are known to leave (releases, results, captures, forensics, notes of files found whole), what systemd itself writes, and
 * contents: what a run wrote anew is no residue. systemd names a service's own /tmp anew at each start.
 */
const FILES = `find /run /tmp /var/tmp /etc /opt /var/lib /var/backups /home /root -xdev \
  \\( -path '/run/systemd' -o -path '/run/log' -o -path '/run/udev' -o -path '/run/user' -o -path '/var/lib/systemd' \
  -o -path '/opt/campus-production/releases/*/*' -o -path '/var/backups/deployment-*/*' \
  -o -path '/run/safeguard/campus-production/results/*' -o -path '/run/safeguard/campus-production/seen' \\) -prune -o -printf 'file %y %m %u %p\\n' \
  | sed -E 's,/releases/[0-9a-f]{64}$,/releases/(a release),; s,(systemd-private-[^/]*)-[A-Za-z0-9]{6}(/|$),\\1\\2,' | sort -u`;

const UNITS = `systemctl list-units --all --plain --no-legend | awk '$1 !~ /^(session-|user)/ {print "unit", $1, $3, $4}' | sort`;
const PROCESSES = `ps -eo user:32,comm --no-headers | awk '$2 !~ /^(ps|awk|sort|sh)$/ {print "process", $1, $2}' | sort`;
const PORTS = `ss -Hltnu | awk '{print "port", $1, $5}' | sort`;

/** No session of the deploying user is left, and nothing that it started with sudo. */
async function untilAlone(campus: CampusLab, host: string): Promise<void> {
  const { deployUser } = campus.lab;
  await until(`nobody is logged in on ${host}`, async () => {
    const { exitCode } = await campus.lab.run(host, ['pgrep', '-u', deployUser]);
    return exitCode !== 0;
  });
}

/** Everything on a host that a run could leave behind, one line each. There must be no worker, whose connections would show. */
export async function inventory(campus: CampusLab, host: string): Promise<string[]> {
  await untilAlone(campus, host);
  const script = [FILES, UNITS, PROCESSES, PORTS].join('\n');
  const { exitCode, stdout, stderr } = await campus.lab.run(host, ['sh', '-c', script]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.split('\n');
}
