import { SafeguardError } from '../../domain/errors.js';
import type { SshConnections } from '../ssh/connections.js';
import type { SshTarget } from '../ssh/target.js';
import type { ProbeOptions } from './attempt.js';
import { commandProbe } from './command.js';

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'NRestarts',
  'MainPID',
  'Result',
  'ActiveEnterTimestampMonotonic',
] as const;

/** State of a unit, in systemd's own words. */
export interface UnitState {
  /** `not-found` when there is no such unit. */
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** Restarts by systemd itself since somebody started it. */
  readonly restarts: number;
  /** When it became active last, in seconds of the host's monotonic clock; 0: never. */
  readonly activeAt: number;
  /** 0 when nothing runs. */
  readonly mainPid: number;
  /** `success`, or why the unit failed. */
  readonly result: string;
}

/** The command that asks for a unit's state. */
export function unitStateCommand(unit: string): readonly string[] {
  return ['systemctl', 'show', `--property=${PROPERTIES.join(',')}`, '--', unit];
}

/** Characters of one value; systemd's own words are short, and these end up in messages. */
const LONGEST_VALUE = 100;

/** Reads what `systemctl show` printed. */
export function parseUnitState(text: string): UnitState {
  const values = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const value = (name: (typeof PROPERTIES)[number]): string =>
    (values.get(name) ?? '').slice(0, LONGEST_VALUE);
  return {
    loadState: value('LoadState'),
    activeState: value('ActiveState'),
    subState: value('SubState'),
    restarts: Number(value('NRestarts')),
    activeAt: Number(value('ActiveEnterTimestampMonotonic')) / 1e6,
    mainPid: Number(value('MainPID')),
    result: value('Result'),
  };
}

/** Asks a host's systemd for a unit. Throws PROBE_FAILED when systemctl fails, and what `SshConnections.exec` throws. */
export async function systemdProbe(
  ssh: Pick<SshConnections, 'exec'>,
  target: SshTarget,
  unit: string,
  options: ProbeOptions = {},
): Promise<UnitState> {
  const { code, stdout, stderr } = await commandProbe(ssh, target, unitStateCommand(unit), options);
  if (code === 0) return parseUnitState(stdout);
  throw new SafeguardError(
    'PROBE_FAILED',
    `systemctl show ${unit} on ${target.name} failed: ${stderr.trim().slice(0, 500)}`,
  );
}

/** For how many seconds a host has been up. Throws PROBE_FAILED, and what `SshConnections.exec` throws. */
export async function uptimeProbe(
  ssh: Pick<SshConnections, 'exec'>,
  target: SshTarget,
  options: ProbeOptions = {},
): Promise<number> {
  const { stdout } = await commandProbe(ssh, target, ['cat', '/proc/uptime'], options);
  const seconds = Number.parseFloat(stdout);
  if (seconds >= 0) return seconds;
  throw new SafeguardError('PROBE_FAILED', `${target.name} does not say for how long it has been up.`);
}
