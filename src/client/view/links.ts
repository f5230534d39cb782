/** Where a run can be seen in Temporal's Web UI; `null` when nobody can tell where that is. */
export function webUi(address: string, namespace: string, workflowId: string): string | null {
  const base = baseOf(address);
  return (
    base && `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`
  );
}

function baseOf(address: string): string | null {
  const given = process.env['TEMPORAL_UI_URL'];
  if (given !== undefined && given !== '') return given.replace(/\/+$/, '');
  if (/\.(tmprl\.cloud|temporal\.io)(:\d+)?$/.test(address)) return 'https://cloud.temporal.io';
  // A development server has its Web UI a thousand ports above.
  const [, host, port] = /^(127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(address) ?? [];
  return host === undefined ? null : `http://${host}:${Number(port) + 1000}`;
}
