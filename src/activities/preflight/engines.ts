import type { EnvironmentConfig } from '../../config/load.js';
import type { ContainerEngine } from '../../domain/host-protocol.js';
import type { HostRef } from '../../domain/plan.js';
import type { PreflightSeen } from '../../domain/preflight.js';
import { askEngine } from '../ask-engine.js';
import { targetOf, type Dependencies } from '../dependencies.js';
import { LIMIT_MS, needs, yes, type Item } from './item.js';

/** An engine that checks of one's own ask for containers. */
interface Used {
  readonly engine: ContainerEngine;
  readonly rootless: boolean;
  /** None of these checks would take a release back. */
  readonly onlyWarns: boolean;
}

function enginesOf({ ownChecks }: EnvironmentConfig): Used[] {
  const checks = ownChecks.filter((check) => check.kind === 'container');
  const used = new Map<string, Used>();
  for (const { engine, rootless, severity = 'critical' } of checks) {
    const key = `${engine} ${String(rootless)}`;
    const onlyWarns = severity !== 'critical' && (used.get(key)?.onlyWarns ?? true);
    used.set(key, { engine, rootless, onlyWarns });
  }
  return [...used.values()];
}

/** Of one host: whether the engines answer that its checks need (spec S3). `login`: a look that has to go well first. */
export function engineItems(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  host: HostRef,
  login: (signal: AbortSignal) => Promise<unknown>,
): Item[] {
  const target = targetOf(environment, host);
  return enginesOf(environment).map(({ engine, rootless, onlyWarns }) => ({
    name: 'container engine',
    target: host.name,
    look: async (signal): Promise<PreflightSeen> => {
      await needs('login', login(signal));
      const question = { engine, rootless, container: null };
      const limits = { signal, timeoutMs: LIMIT_MS };
      const { code, stdout, stderr } = await askEngine(dependencies, environment, target, question, limits);
      const whose = rootless ? environment.ssh.user : 'root';
      if (code === 0) return yes(`${engine} ${stdout.trim()}, as ${whose}`);
      const said = [stderr, stdout].map((text) => text.trim()).find((text) => text !== '') ?? 'nothing';
      return {
        verdict: 'fail',
        found: `${engine} does not answer ${whose} (status ${code ?? 'none'}): ${said}`,
        advice: `Install ${engine} on the host and let it answer ${whose}, or correct own_checks.`,
        ...(onlyWarns && { warns: true }),
      };
    },
  }));
}
