import { readFileSync, readlinkSync } from 'node:fs';
import { LabError } from './errors.js';

function canRead(link: string): boolean {
  try {
    readlinkSync(link);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function isKernelThread(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'kthreadd\n';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function firstNamespace(): string {
  if (canRead('/proc/1/ns/net')) return '/proc/1/ns/net';
  // Where init has a capability that root lacks, its namespaces are hidden; kernel threads live in the same one.
  if (isKernelThread(2) && canRead('/proc/2/ns/net')) return '/proc/2/ns/net';
  throw new LabError(
    'This machine hides its first network namespace from us (/proc/1/ns/net). Run the lab as root.',
  );
}

/** Puts a command into the machine's first network namespace, wherever the caller is. */
export function enterOutside(): string[] {
  return ['nsenter', `--net=${firstNamespace()}`];
}
