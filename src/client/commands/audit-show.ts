import { canonicalJson, type Json } from '../../domain/canonical-json.js';
import { storedTrails } from '../audit-trails.js';
import { configuration, type GlobalOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { auditTable, looksWrong } from '../view/audit.js';
import { placeOf } from './place.js';

/** Options of `safeguard audit show`. */
export interface AuditShowOptions extends GlobalOptions {
  /** The first moment that is shown. */
  readonly since?: Date;
}

/** `safeguard audit show`: what was decided and changed, by whom and why. */
export async function auditShow(
  terminal: Terminal,
  environment: string,
  options: AuditShowOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const trails = await storedTrails(configuration(options), place);
  const since = options.since?.toISOString() ?? '';
  const lines = trails.flatMap((trail) => trail.lines).filter(({ at }) => at >= since);
  if (options.json) for (const line of lines) terminal.out(canonicalJson(line as unknown as Json));
  else terminal.out(auditTable(environment, lines, terminal));
  const findings = trails.flatMap((trail) => trail.findings);
  if (findings.length > 0) terminal.err(looksWrong(environment, findings));
  return 0;
}
