/** Exit status of a program that was told to end; what shells expect after Ctrl-C. */
export const STOPPED = 130;

/**
 * Calls back once when this process is told to end, by Ctrl-C or by whoever supervises it. It no longer ends by itself then. Ctrl-C
 * reaches every process of the terminal, and one that started another one tells it too: a second word changes nothing.
 */
export function whenStopped(end: () => void): void {
  let isStopped = false;
  const once = (): void => {
    if (isStopped) return;
    isStopped = true;
    end();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, once);
}
