import { SafeguardError } from '../../domain/errors.js';
import { EXIT_DIFFERS } from '../../domain/outcome.js';
import type { Config } from '../../config/load.js';
import { missing, ok, type Finding } from '../../domain/finding.js';
import { configuration, type GlobalOptions } from '../options.js';
import { settingsFrom } from '../session.js';
import type { Terminal } from '../terminal.js';
import { describeFindings } from '../view/findings.js';

/** Options of `safeguard doctor`. */
export interface DoctorOptions extends GlobalOptions {
  readonly client?: boolean;
}

function readConfig(options: GlobalOptions): { readonly config: Config | null; readonly finding: Finding } {
  const check = 'configuration';
  try {
    const config = configuration(options);
    return { config, finding: ok(check, config.file) };
  } catch (error) {
    if (!(error instanceof SafeguardError)) throw error;
    const advice = 'Mend it; safeguard config check judges it again.';
    return { config: null, finding: missing(check, error.message, advice) };
  }
}

/** `safeguard doctor`: what a deployment needs beside the hosts, and what to do about what is missing. */
export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<number> {
  const { config, finding } = readConfig(options);
  const settings = settingsFrom(options);
  // Loaded here, because it brings what talks to hosts; none is talked to.
  const { examine } = await import('../../doctor/doctor.js');
  const findings = [finding, ...(await examine({ settings, config, isRunner: options.client !== true }))];
  const isReady = findings.every(({ state }) => state !== 'missing');
  terminal.out(
    options.json ? JSON.stringify({ isReady, findings }) : describeFindings(findings, terminal.colour),
  );
  return isReady ? 0 : EXIT_DIFFERS;
}
