import { closeSync, openSync, writeSync } from 'node:fs';
import { SafeguardError } from '../domain/errors.js';

/** A file that is open for a report. */
export interface Report {
  write(text: string): void;
}

/**
 * Opens the file before anything is asked, so that no result is lost for a mistyped name.
 * @throws SafeguardError REQUEST_INVALID
 */
export function beginReport(file: string): Report {
  const descriptor = opened(file);
  return {
    write: (text) => {
      writeSync(descriptor, text);
      closeSync(descriptor);
    },
  };
}

function opened(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (cause) {
    throw new SafeguardError('REQUEST_INVALID', `${file} can't be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
