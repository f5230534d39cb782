/** Where a development server keeps its state and listens. */
export interface ServerPlace {
  /** SQLite file; made when it is not there. Its folder must exist. */
  readonly database: string;
  readonly port: number;
  readonly uiPort: number;
  /** Address of both; default 127.0.0.1. */
  readonly ip?: string;
}

/**
 * Dynamic configuration of the development server. The poll rates: the default of 20 a second and shard costs
 * 90 ms an activity. The time shift: every timer fires up to a second late by default. The attribute cache: without it a new search attribute is unknown for up to a minute.
 */
export const DYNAMIC_CONFIG: Readonly<Record<string, boolean | number | string>> = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxTimeShift': '50ms',
  'system.forceSearchAttributesCacheRefreshOnRead': true,
};

/**
 * How SQLite writes. With its own default, a journal that is made and deleted for each transaction, every one costs several waits for
 * the disk, and with hundreds of runs the server does nothing else. Every transaction is still on the disk before it counts.
 */
export const SQLITE_PRAGMAS: Readonly<Record<string, string>> = { journal_mode: 'wal', synchronous: 'full' };

/** Arguments of `temporal` for a development server. */
export function serverArguments({ database, port, uiPort, ip = '127.0.0.1' }: ServerPlace): string[] {
  return [
    ...['server', 'start-dev', '--db-filename', database, '--ip', ip],
    ...['--port', String(port), '--ui-port', String(uiPort), '--log-level', 'warn'],
    ...Object.entries(SQLITE_PRAGMAS).flatMap(([name, value]) => ['--sqlite-pragma', `${name}=${value}`]),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}
