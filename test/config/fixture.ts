import { parseConfig, type Config } from '../../src/config/load.js';

/** Where the fixture pretends to lie. */
export const FILE = '/srv/campus/safeguard.yaml';

/** A configuration with two environments, the second with overrides. */
export const GOOD = `application: campus

release:
  directory: releases/{version}

components:
  backend:
    kind: systemd
    artifact: backend.tar.gz
    user: campus
    port: 8080
    exec: [/usr/bin/java, -jar, '{release}/campus.jar', '--name={environment}']
    environment:
      DATABASE_URL: jdbc:postgresql://{vars.database_host}:{vars.database_port}/campus_{environment}
    secrets:
      DATABASE_PASSWORD: { env: CAMPUS_DB_PASSWORD }
    health:
      path: /actuator/health
      up: [/components/db/status]
      version: { path: /actuator/info, pointer: /build/version }
      api: [/api/courses]
  frontend:
    kind: static
    artifact: frontend.tar.gz
    routes: { /api/: backend }
    pages: [/, /login]

migrations:
  provider: flyway
  url: jdbc:postgresql://{vars.database_host}/campus_{environment}
  user: campus_{environment}
  password: { file: /run/secrets/db }
  minimum_tables: 10

cache: { host: '{vars.database_host}' }
environments:
  production:
    approval: { allowed_signers: keys/allowed_signers }
    policy: production
    hosts:
      web-1: 192.0.2.11
      web-2: { address: 192.0.2.12, port: 2222 }
    ssh: { user: deploy, key: keys/deploy, known_hosts: keys/known_hosts }
    vars: { database_host: 192.0.2.21, database_port: 5432 }
  staging:
    hosts: { web-1: 192.0.2.31 }
    ssh: { user: deploy, key: /etc/keys/deploy, known_hosts: keys/known_hosts }
    vars: { database_host: 192.0.2.41, database_port: 5433 }
    components:
      backend: { port: 8081 }
    retries: { tries: 5, delay: 2m }
    approval: { required: true }
`;

/** The configuration's text with one piece replaced, which must occur exactly once. */
export function changed(piece: string, by: string): string {
  const parts = GOOD.split(piece);
  if (parts.length !== 2) throw new Error(`${JSON.stringify(piece)} occurs ${parts.length - 1} times`);
  return parts.join(by);
}

/** Parses the text as if it lay in {@link FILE}. */
export function parsed(text: string = GOOD): Config {
  return parseConfig(FILE, text);
}

/** What is said about the text: the error's message. */
export function complaint(text: string): string {
  try {
    parsed(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was found wrong');
}
