import { EXIT_DIFFERS } from '../../domain/outcome.js';
import { checkedTrails } from '../audit-trails.js';
import { configuration, type GlobalOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { auditReport, describeTrails } from '../view/audit.js';
import { placeOf } from './place.js';

/** `safeguard audit verify`: finds lines of the audit trail that were changed, removed, moved or added. Changes nothing. */
export async function auditVerify(
  terminal: Terminal,
  environment: string,
  options: GlobalOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const checked = await checkedTrails(configuration(options), place, options);
  const report = auditReport(environment, checked);
  terminal.out(options.json ? JSON.stringify(report) : describeTrails(report, terminal.colour));
  return report.whole ? 0 : EXIT_DIFFERS;
}
