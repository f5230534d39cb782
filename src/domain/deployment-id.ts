const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID = /^[a-z0-9][a-z0-9-]{7,63}$/;

/** `20261121-114512-k3f9ab`: sorts by time, reads as a date, unique by 30 random bits. `random` gives numbers in [0, 1). */
export function newDeploymentId(now: Date, random: () => number): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  const tail = Array.from({ length: 6 }, () => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? '0').join(
    '',
  );
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${tail}`;
}

/** True for what may be part of a workflow id, a file name and a unit name. */
export function isDeploymentId(text: string): boolean {
  return ID.test(text);
}
