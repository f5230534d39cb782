import type { AuditConfig } from '../config/load.js';
import type { AuditLine, TrailPlace } from '../domain/audit.js';
import type { StoredLine } from '../domain/audit-check.js';
import { AuditDirectory } from './audit-store-directory.js';
import type { Trails } from './audit-store-path.js';
import { AuditBucket } from './audit-store-s3.js';

/** Where lines of audit trails are kept, each under a name of its own that nothing is ever written over. */
export interface AuditStore {
  /**
   * Keeps a line for good; one that is there already, byte for byte, is kept.
   * @throws SafeguardError AUDIT_NOT_WRITTEN; AUDIT_BROKEN when something else lies there
   */
  keep(line: AuditLine): Promise<void>;
  /**
   * The lives of an environment that there are trails of, in no order.
   * @throws SafeguardError AUDIT_NOT_WRITTEN when the store can't be read
   */
  lives(where: Trails): Promise<string[]>;
  /** Everything that lies where the lines of one life lie, in no order. @throws as {@link lives} */
  read(place: TrailPlace): Promise<StoredLine[]>;
}

/** The store that `safeguard.yaml` names. */
export function auditStore(config: AuditConfig): AuditStore {
  return config.kind === 'directory' ? new AuditDirectory(config.directory) : new AuditBucket(config);
}
