import { isGrpcServiceError, type Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SafeguardError } from '../domain/errors.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';

const NAMES = Object.values(SEARCH_ATTRIBUTES);

const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/**
 * Names of our search attributes that the namespace does not know.
 * @throws SafeguardError TEMPORAL_DENIED when one exists with another type; what the server's refusal throws otherwise
 */
export async function missingSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const wrong = NAMES.filter((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD);
  if (wrong.length > 0) {
    const message = `Search attributes of namespace ${namespace} exist with another type than Keyword: ${wrong.join(', ')}.`;
    throw new SafeguardError('TEMPORAL_DENIED', message);
  }
  return NAMES.filter((name) => !(name in customAttributes));
}

// gRPC's UNAVAILABLE and DEADLINE_EXCEEDED.
const UNREACHABLE_STATUS: readonly number[] = [14, 4];

function refusal(namespace: string, cause: unknown): SafeguardError {
  if (isGrpcServiceError(cause) && UNREACHABLE_STATUS.includes(cause.code)) {
    return new SafeguardError('TEMPORAL_UNREACHABLE', `Temporal stopped answering: ${cause.details}.`, {
      cause,
    });
  }
  const commands = NAMES.map((name) => `--name ${name} --type Keyword`).join(' ');
  const why = isGrpcServiceError(cause) ? cause.details : String(cause);
  const message =
    `The search attributes of namespace ${namespace} can't be registered (${why}). ` +
    `Have someone with the right run: temporal operator search-attribute create --namespace ${namespace} ${commands}`;
  return new SafeguardError('TEMPORAL_DENIED', message, { cause });
}

/**
 * Makes sure that the namespace knows our search attributes; does nothing when it does.
 * Throws TEMPORAL_DENIED, with the command for someone who may, when it can't, or TEMPORAL_UNREACHABLE.
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  try {
    const names = await missingSearchAttributes(connection, namespace);
    if (names.length === 0) return;
    const searchAttributes = Object.fromEntries(names.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if (error instanceof SafeguardError) throw error;
    throw refusal(namespace, error);
  }
}
