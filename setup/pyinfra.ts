import { pythonEnvironment } from './python-environment.js';

/** Measured against; nothing of ours needs it. */
export const PYINFRA = '3.10.0';

/**
 * A Python virtual environment with pyinfra, built once: the directory that has `bin/pyinfra`.
 * Throws when this machine has no Python that it runs on.
 */
export async function pyinfraVenv(): Promise<string> {
  return pythonEnvironment('pyinfra', PYINFRA, [`pyinfra==${PYINFRA}`]);
}
