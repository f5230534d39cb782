/**
 * Judges requests and answers by GitHub's description. In a thread of its own: `openapi-backend` is CommonJS that requires an ES
 * module, which Node can and Jest can't.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { OpenAPIBackend } from 'openapi-backend';

const api = new OpenAPIBackend({
  definition: JSON.parse(readFileSync(join(import.meta.dirname, 'description.json'), 'utf8')),
  apiRoot: workerData.root,
  coerceTypes: true,
  // Schemas are compiled when they are first needed: all of them together take seconds.
  quick: true,
  // Formats are for people here: no URL in the examples is meant to lead anywhere.
  ajvOpts: { strict: false, validateFormats: false },
});
api.register({
  notFound: () => ({ kind: 'unknown' }),
  validationFail: ({ validation }) => ({ kind: 'invalid', errors: validation.errors }),
});
await api.init();
for (const { operationId } of api.getOperations())
  api.register(operationId, ({ request: { params, query } }) => ({
    kind: 'valid',
    operation: operationId,
    params,
    query,
    example: api.mockResponseForOperation(operationId).mock,
  }));

/** What is wrong with an answer. */
function faults({ operation, body }) {
  const { errors } = api.validateResponse(body, operation, 200);
  return (errors ?? []).map(({ instancePath, message }) => `${operation} ${instancePath} ${message}`);
}

parentPort.on('message', async ({ id, request, answer }) => {
  const verdict = request ? await api.handleRequest(request) : faults(answer);
  parentPort.postMessage({ id, verdict });
});
