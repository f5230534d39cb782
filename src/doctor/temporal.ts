import { isGrpcServiceError, type Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { missingSearchAttributes } from '../adapters/search-attributes.js';
import { connect, type TemporalSettings } from '../adapters/temporal-connection.js';
import { SafeguardError } from '../domain/errors.js';
import { taskQueue } from '../workflows/messages.js';
import { missing, ok, warning, type Finding } from '../domain/finding.js';

const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/** How long the server may take for one answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** A worker asks again at least once a minute; who did not for longer is gone. */
const GONE_AFTER_MS = 120_000;

const NOT_FOUND = 5;

async function namespaceFinding(connection: Connection, namespace: string): Promise<Finding> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return ok('namespace', namespace);
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    if ((error.code as number) !== NOT_FOUND)
      return warning(
        'namespace',
        `${namespace} can't be looked at: ${error.details}`,
        'Ask who runs the server.',
      );
    const command = `temporal operator namespace create --namespace ${namespace}`;
    return missing(
      'namespace',
      `The server has no namespace ${namespace}`,
      `Name another, or make it: ${command}`,
    );
  }
}

async function attributesFinding(connection: Connection, namespace: string): Promise<Finding> {
  const check = 'search-attributes';
  try {
    const names = await missingSearchAttributes(connection, namespace);
    if (names.length === 0) return ok(check, 'all are registered');
    return warning(
      check,
      `not registered yet: ${names.join(', ')}`,
      'A worker registers them when it starts.',
    );
  } catch (error) {
    if (error instanceof SafeguardError)
      return missing(
        check,
        error.message,
        'Have them removed by whoever runs the server, or take another namespace.',
      );
    if (!isGrpcServiceError(error)) throw error;
    return warning(check, `can't be looked at: ${error.details}`, 'Not needed, where a worker runs already.');
  }
}

/** A worker polls for workflows and for activities; whoever does the one does the other. */
async function workersFinding(
  connection: Connection,
  namespace: string,
  application: string,
): Promise<Finding> {
  const queue = taskQueue(application);
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
  });
  const there = pollers.filter(
    ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < GONE_AFTER_MS,
  );
  return there.length > 0
    ? ok('workers', `${there.map(({ identity }) => identity ?? 'unnamed').join(', ')} on task queue ${queue}`)
    : missing('workers', `Nobody polls task queue ${queue}`, 'Start one on the runner: safeguard worker');
}

/** What the Temporal server says; `application` is `null` where no configuration names one. */
export async function temporalFindings(
  settings: TemporalSettings,
  application: string | null,
): Promise<Finding[]> {
  const { address, namespace } = settings;
  let connection: Connection;
  try {
    connection = await connect(settings);
  } catch (error) {
    if (!(error instanceof SafeguardError)) throw error;
    const advice = 'Start one (safeguard dev), or say where it is: --address, TEMPORAL_ADDRESS.';
    return [missing('temporal', error.message, advice)];
  }
  try {
    return await connection.withDeadline(Date.now() + ANSWER_MS, async () => {
      const first = await namespaceFinding(connection, namespace);
      const reached = [ok('temporal', address), first];
      if (first.state === 'missing') return reached;
      return [
        ...reached,
        await attributesFinding(connection, namespace),
        ...(application === null ? [] : [await workersFinding(connection, namespace, application)]),
      ];
    });
  } finally {
    await connection.close();
  }
}
