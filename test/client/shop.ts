import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Configuration of the application `shop`. */
export const SHOP = `application: shop
release: { directory: '/releases/{version}' }
components:
  backend:
    kind: systemd
    artifact: backend.tar.gz
    user: shop
    port: 8080
    exec: [/usr/bin/python3, '{release}/shop.py']
    health: { path: /health, version: { path: /info, pointer: /version } }
environments:
  dev:
    policy: dev
    hosts: { web1: 127.0.0.1 }
    ssh: { user: deploy, key: key, known_hosts: known_hosts }
  prod:
    policy: production
    approval: { allowed_signers: allowed_signers }
    hosts: { web1: 127.0.0.1, web2: 127.0.0.2 }
    ssh: { user: deploy, key: key, known_hosts: known_hosts }
`;

/** A folder with the configuration of an application `shop`, whose environments are `dev` and `prod`. */
export async function shopFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'safeguard-cli-'));
  await writeFile(join(folder, 'safeguard.yaml'), SHOP);
  return folder;
}
