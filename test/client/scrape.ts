import { expect } from '@jest/globals';

/** Lines of a scrape by metric and environment: `deployment_queue_length prod` → 2. */
export async function scraped({ port }: { readonly port: number }): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(200);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, environment, value] =
        /^(\w+)\{application="shop",environment="(\w+)"\} (\S+)$/.exec(line) ?? [];
      return [`${name} ${environment}`, Number(value)];
    }),
  );
}
